// What is said for a moment at the edge, and what is asked before something is done.
import { reactive, ref, shallowRef } from 'vue'
import { line } from './ask'
import { t } from './words'

export interface Toast {
  id: number
  text: string
  kind: 'plain' | 'bad'
  action?: { label: string; run: () => void }
  lasts: number // milliseconds; 0: until it is dismissed
}

export const toasts = reactive<Toast[]>([])
const ends = new Map<number, number>()
let last = 0

export function toast(text: string, action?: Toast['action'], kind: Toast['kind'] = 'plain'): void {
  put(text, action, kind)
}
function put(text: string, action: Toast['action'], kind: Toast['kind']): number {
  const same = toasts.find((x) => x.text === text)
  if (same && !action) return same.id
  if (same) dismiss(same.id) // what is undone is what was done last
  const id = ++last
  toasts.push({ id, text, kind, action, lasts: action || kind === 'bad' ? 9000 : 4000 })
  const over = toasts.length > 3 && toasts.find((x) => x.lasts > 0 && x.id !== id)
  if (over) dismiss(over.id)
  letGo(id)
  return id
}

// hold keeps what somebody is about to read or press.
export function hold(id: number): void {
  clearTimeout(ends.get(id))
}
export function letGo(id: number): void {
  hold(id)
  const lasts = toasts.find((x) => x.id === id)?.lasts
  if (lasts) ends.set(id, window.setTimeout(() => dismiss(id), lasts))
}

// during is a toast about what takes a while: it stays until it is dismissed, which is
// for good, and its text may be set again.
export function during(action?: Toast['action']): { tell: (text: string) => void; end: () => void } {
  const id = ++last
  let told = false
  return {
    tell(text) {
      const there = toasts.find((x) => x.id === id)
      if (there) there.text = text
      else if (!told) toasts.push({ id, text, kind: 'plain', action, lasts: 0 })
      told = true
    },
    end: () => dismiss(id),
  }
}

export function dismiss(id: number): void {
  hold(id)
  ends.delete(id)
  const i = toasts.findIndex((x) => x.id === id)
  if (i >= 0) toasts.splice(i, 1)
}

// What can be undone, the newest last: by its bubble, or by a key when that has gone.
interface Undo {
  text: string // "" where nothing was done
  at: number // how late it was asked for
  bubble: number
  answered: Promise<unknown>
  folders: boolean // it is of folders too
  run: () => Promise<unknown>
}
const undos: Undo[] = []
let forgotten = 0 // how often
const undoing: Undo[] = [] // one after the other

// What may have changed any list, whichever is looked at by then, is counted: turned what may
// be of folders too, turnedFiles what is of files alone.
export const turned = ref(0)
export const turnedFiles = ref(0)

// unanswered is how many changes, and undos of them, are not answered yet: what is left of
// them ends with the page.
export const unanswered = ref(0)

// undoable tells that something is done, and how it is undone; answered says what was done of
// it in the end, and "" where it was nothing.
export function undoable(text: string, folders: boolean, run: () => Promise<unknown>, answered: Promise<string>): void {
  const it: Undo = {
    text,
    at: ++last,
    bubble: 0,
    folders,
    run,
    answered: answered.then((did) => {
      if (did === it.text) return
      it.text = did
      if (!undos.includes(it)) return
      dismiss(it.bubble)
      if (did) tell(it)
      else undos.splice(undos.indexOf(it), 1)
    }),
  }
  offer(it)
}
function tell(it: Undo): void {
  it.bubble = put(it.text, { label: t('undo.it'), run: () => take(it) }, 'plain')
}
function offer(it: Undo): void {
  tell(it)
  undos.push(it)
  undos.sort((a, b) => a.at - b.at)
  if (undos.length > 20) undos.shift()
}
function take(it: Undo): void {
  const i = undos.indexOf(it)
  if (i < 0) return
  undos.splice(i, 1)
  dismiss(it.bubble)
  if (undoing.push(it) === 1) void work()
}
// work undoes what is to be undone, each once it is answered. Where that fails the others are
// offered again: they may stand on the one that is not undone.
async function work(): Promise<void> {
  const mine = forgotten
  for (let it; mine === forgotten && (it = undoing[0]); undoing.shift()) {
    unanswered.value++
    const bubble = during()
    const slow = setTimeout(() => mine === forgotten && bubble.tell(t('undo.doing', { what: it.text })), 1000)
    try {
      await it.answered
      if (mine !== forgotten) return
      if (!it.text) continue
      await it.run()
      bubble.end()
      if (mine !== forgotten) return
      toast(t('undo.did', { what: it.text }))
    } catch (e) {
      if (mine !== forgotten) return
      const again = undoing.splice(0)
      if (!passing.includes((e as { word?: string }).word ?? '')) again.shift()
      again.filter((x) => x.text).sort((a, b) => a.at - b.at).forEach(offer)
      fail(e)
    } finally {
      clearTimeout(slow)
      bubble.end()
      unanswered.value--
      ;(it.folders ? turned : turnedFiles).value++
    }
  }
}
// What was refused for one of these may go well later; for another one it would not.
const passing = ['away', 'internal', 'unavailable', 'uncertain', 'disk_full', 'too_many_requests']
export function undoNewest(): void {
  const it = undos.at(-1)
  if (it) take(it)
}

// forget is for when somebody else may come.
export function forget(): void {
  question.value = undefined
  toasts.splice(0)
  forgotten++
  undos.splice(0)
  undoing.splice(0)
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
  problem?: Error // why it is asked once more
  run: (value: string) => Promise<unknown>
}

export const question = shallowRef<Question>()
export function inquire(q: Question): void {
  question.value = q
}

// again asks once more what was refused after its question had gone, where nobody is at
// something else by then.
export function again(q: Question, problem: Error): void {
  if (!line.uid) return
  if (question.value || document.querySelector('[aria-modal="true"]') || document.activeElement?.matches('input, textarea')) fail(problem)
  else inquire({ ...q, problem })
}
