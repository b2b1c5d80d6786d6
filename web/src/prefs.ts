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

export const narrow = ref(false)
const slim = matchMedia('(max-width: 720px)')
narrow.value = slim.matches
slim.addEventListener('change', () => (narrow.value = slim.matches))
