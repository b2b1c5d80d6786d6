// The texts in both languages, and numbers, sizes and dates as the reader writes them.
import { computed, ref } from 'vue'
import { createI18n } from 'vue-i18n'
import en from './text/en.json'
import zh from './text/zh.json'

export type Language = 'zh' | 'en'

const kept = localStorage.getItem('language')
const first: Language = kept === 'zh' || kept === 'en' ? kept : navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'

export const i18n = createI18n({ legacy: false, locale: first, fallbackLocale: 'en', messages: { zh, en } as Record<string, typeof en> })

export const language = ref<Language>(first)

export function speak(l: Language): void {
  language.value = l
  i18n.global.locale.value = l
  localStorage.setItem('language', l)
  document.documentElement.lang = l === 'zh' ? 'zh-CN' : 'en'
}
speak(first)
if (!kept) localStorage.removeItem('language') // the browser's own says it, until somebody chooses

export const t = i18n.global.t as (key: string, named?: Record<string, unknown> | number, plural?: number) => string

export const has = (key: string): boolean => i18n.global.te(key)

// say is a text with a count, which decides its form.
export const say = (key: string, n: number, more: Record<string, unknown> = {}): string => t(key, { n: count(n), ...more }, n)

const locale = computed(() => (language.value === 'zh' ? 'zh-CN' : 'en'))
const plain = computed(() => new Intl.NumberFormat(locale.value))
const tenth = computed(() => new Intl.NumberFormat(locale.value, { maximumFractionDigits: 1 }))
const day = computed(() => new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }))
const near = computed(() => new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' }))

export const count = (n: number): string => plain.value.format(n)

export function bytes(n: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']
  let i = 0
  while (n >= 1000 && i < units.length - 1) {
    n /= 1024
    i++
  }
  return `${i === 0 || n >= 100 ? plain.value.format(Math.round(n)) : tenth.value.format(n)} ${units[i]}`
}

// dateOf reads a time of the wire, which is written as in China.
const dateOf = (wire: string): Date => new Date(wire.slice(0, 19).replace(' ', 'T') + '+08:00')

export const time = (wire: string): string => (wire ? day.value.format(dateOf(wire)) : '')

export function ago(wire: string): string {
  if (!wire) return ''
  const seconds = Math.round((dateOf(wire).getTime() - Date.now()) / 1000)
  const n = Math.abs(seconds)
  if (n < 60) return t('now')
  if (n < 3600) return near.value.format(Math.round(seconds / 60), 'minute')
  if (n < 86400) return near.value.format(Math.round(seconds / 3600), 'hour')
  if (n < 86400 * 7) return near.value.format(Math.round(seconds / 86400), 'day')
  return time(wire)
}
