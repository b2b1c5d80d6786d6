// What this browser remembers.
import { ref, watch, type Ref } from 'vue'
import { paint } from './tokens'

export function kept<T>(name: string, first: T): Ref<T> {
  let value = first
  try {
    const text = localStorage.getItem(name)
    if (text !== null) value = JSON.parse(text) as T
  } catch {
    // what can't be read is as if it were not there
  }
  const r = ref(value) as Ref<T>
  watch(r, (v) => localStorage.setItem(name, JSON.stringify(v)), { deep: true })
  return r
}

const system = matchMedia('(prefers-color-scheme: dark)')
export const scheme = kept<'system' | 'light' | 'dark'>('scheme', 'system')
export const isDark = ref(false)
function apply(): void {
  isDark.value = scheme.value === 'system' ? system.matches : scheme.value === 'dark'
  paint(isDark.value)
}
watch(scheme, apply)
system.addEventListener('change', apply)
apply()

function media(query: string): Ref<boolean> {
  const m = matchMedia(query)
  const r = ref(m.matches)
  m.addEventListener('change', () => (r.value = m.matches))
  return r
}
export const narrow = media('(max-width: 720px)')
export const wide = media('(min-width: 1000px)') // there is room for the folders
