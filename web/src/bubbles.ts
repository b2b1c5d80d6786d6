// What is said for a moment at the edge, and what is asked before something is done.
import { reactive, shallowRef } from 'vue'

export interface Toast {
  id: number
  text: string
  kind: 'plain' | 'bad'
  action?: { label: string; run: () => void }
}

export const toasts = reactive<Toast[]>([])
let last = 0

export function toast(text: string, action?: Toast['action'], kind: Toast['kind'] = 'plain'): void {
  const same = toasts.find((x) => x.text === text)
  if (same && !action) return
  if (same) dismiss(same.id) // what is undone is what was done last
  const id = ++last
  toasts.push({ id, text, kind, action })
  if (toasts.length > 3) toasts.shift()
  setTimeout(() => dismiss(id), action || kind === 'bad' ? 9000 : 4000)
}

// during is a toast about what takes a while: it stays until it is dismissed, and its text
// may be set again.
export function during(): { tell: (text: string) => void; end: () => void } {
  const id = ++last
  return {
    tell(text) {
      const there = toasts.find((x) => x.id === id)
      if (there) there.text = text
      else toasts.push({ id, text, kind: 'plain' })
    },
    end: () => dismiss(id),
  }
}

export function dismiss(id: number): void {
  const i = toasts.findIndex((x) => x.id === id)
  if (i >= 0) toasts.splice(i, 1)
}

// fail says what went wrong, where nothing else shows it.
export function fail(e: unknown): void {
  const word = (e as { word?: string }).word
  if (word === 'away' || word === 'no_token' || word === 'token_expired') return // the page says so itself
  toast(e instanceof Error ? e.message : String(e), undefined, 'bad')
}

export interface Question {
  title: string
  text?: string
  value?: string // asks for a name; where it is undefined, for a yes
  stem?: boolean // the ending of the name is not selected
  action: string
  danger?: boolean
  run: (value: string) => Promise<unknown>
}

export const question = shallowRef<Question>()
export function inquire(q: Question): void {
  question.value = q
}
