// The copy tasks of the account, as they go on. One tab of a browser listens to the
// server and tells the others; without events they ask.
import { computed, reactive, ref, watch } from 'vue'
import { get, line, post, reads } from './ask'
import type { Undone } from './wire'
import { say, t } from './words'

export interface Task {
  taskID: string
  status: 1 | 2 | 3 | 4 // running, done, failed, waiting
  failCode: string
  failMsg: string
  total: number
  copied: number
  replaced: number
  skipped: number
  failed: number
  bytes: number
  createAt: string
  startAt: string
  finishAt: string
  undoAt: string
  retryOf: string
}

const known = reactive(new Map<string, Task>())
export const seen = ref(new Set<string>()) // ended ones that somebody has looked at
export const wanted = ref('') // the one to be looked at next
export const last = ref('') // of the list; "-1" at its end
export const loaded = ref(false)
export const ended = ref(0) // counts ends: what is published has changed

// Times are in seconds: of two tasks of one second the list says which is the newer.
const rank = new Map<string, number>()
let newest = 0
let oldest = 0
export const tasks = computed(() => [...known.values()].sort((a, b) => (a.createAt === b.createAt ? rank.get(b.taskID)! - rank.get(a.taskID)! : a.createAt < b.createAt ? 1 : -1)))
export const goesOn = (x: Task): boolean => x.status === 1 || x.status === 4
export const open = computed(() => tasks.value.filter(goesOn))
export const done = (x: Task): number => x.copied + x.replaced + x.skipped + x.failed
// result says in words what has become of one that has ended.
export function result(x: Task): string {
  if (x.failCode === 'cancelled') return t('tasks.cancelled')
  if (x.status === 3) return t('tasks.failed')
  const good = x.copied + x.replaced
  const parts = [good > 0 ? say('tasks.published', good) : '', x.failed > 0 ? say('tasks.someFailed', x.failed) : ''].filter(Boolean)
  return parts.join(t('tasks.and')) || t('tasks.nothing')
}
export const kind = (x: Task): string => (goesOn(x) ? 'busy' : x.failCode === 'cancelled' ? 'warn' : x.status === 3 || x.failed > 0 ? 'bad' : 'good')
// fresh is the newest that has ended while the page was open, and was not looked at.
export const fresh = computed(() => tasks.value.find((x) => !goesOn(x) && news.has(x.taskID) && !seen.value.has(x.taskID)))
const news = reactive(new Set<string>())

// put takes in where a task stands; old says that it may have ended before anybody
// looked. What was asked for earlier may come later: nothing goes back.
function put(x: Task, old = false): void {
  const before = known.get(x.taskID)
  if (before && !goesOn(before) && (goesOn(x) || (before.undoAt && !x.undoAt))) return
  if (before && goesOn(x) && done(x) < done(before)) return
  if (!before && !rank.has(x.taskID)) rank.set(x.taskID, ++newest)
  known.set(x.taskID, x)
  if (goesOn(x) || old || (before && !goesOn(before))) return
  news.add(x.taskID)
  ended.value++
}

export function look(id: string): void {
  seen.value = new Set(seen.value).add(id)
}

export async function loadTasks(more = false): Promise<void> {
  const r = await get<{ list: Task[]; lastTaskID: string }>('/api/v1/oss/source/copy/list', { limit: more ? 50 : 20, lastTaskID: more ? last.value : '' })
  const old = more || !loaded.value
  const unknown = r.list.filter((x) => !rank.has(x.taskID))
  if (old) unknown.forEach((x) => rank.set(x.taskID, --oldest))
  else unknown.reverse().forEach((x) => rank.set(x.taskID, ++newest))
  for (const x of r.list) put(x, old && x.taskID !== wanted.value)
  if (more || last.value === '') last.value = r.lastTaskID
  loaded.value = true
}

export async function taskOf(id: string): Promise<void> {
  put({ ...known.get(id), ...(await get<Task>('/api/v1/oss/source/copy/process', { taskID: id })), taskID: id })
}

export const cancel = (id: string) => post('/api/v1/oss/source/copy/cancel', { taskID: id })
// retry tries again what has failed, or of that the lines of the ledger that are named.
export const retry = async (id: string, seqs?: number[]) => (await post<{ taskID: string }>('/api/v1/oss/source/copy/retry', { taskID: id, seqs })).taskID
export const undo = async (id: string, dryRun: boolean) => {
  const path = '/api/v1/oss/source/copy/undo'
  if (dryRun) return await reads<Undone>(path, { taskID: id, dryRun })
  const r = await post<Undone>(path, { taskID: id, dryRun })
  ended.value++
  await taskOf(id).catch(() => undefined) // it is undone all the same
  return r
}

interface Told {
  uid: number
  tasks: Task[]
}
const channel = new BroadcastChannel('tuchuang-tasks')
channel.onmessage = (e: MessageEvent<Told>) => {
  if (e.data.uid === line.uid) e.data.tasks.forEach((x) => put(x))
}
const tell = (list: Task[]): void => channel.postMessage({ uid: line.uid, tasks: list.map((x) => ({ ...x })) } satisfies Told) // what is reactive can't be sent

// catchUp asks where the tasks stand, and tells the other tabs where this one does so for all.
const catchUp = (forAll: boolean): Promise<void> => loadTasks().then(() => (forAll ? tell(tasks.value.slice(0, 20)) : undefined), () => undefined)

let polling = 0
function poll(on: boolean, forAll: boolean): void {
  clearInterval(polling)
  const look = (): void => {
    if (line.uid && !line.away && (forAll || !document.hidden)) void catchUp(forAll)
  }
  polling = on ? window.setInterval(look, 3000) : 0
}

let source: EventSource | undefined
let due = 0
function listen(): void {
  clearTimeout(due)
  source?.close()
  if (!line.uid) return poll(false, true)
  const s = (source = new EventSource('/api/v1/oss/source/copy/events'))
  s.onopen = () => {
    poll(false, true)
    void catchUp(true) // of what went on while nobody listened
  }
  s.addEventListener('task', (e) => {
    const x = JSON.parse((e as MessageEvent<string>).data) as Task
    put(x)
    tell([x])
  })
  s.onerror = () => {
    poll(true, true)
    if (s.readyState === EventSource.CLOSED) due = window.setTimeout(listen, 5000) // else it comes back by itself
  }
}

// Only where a page is safe from others on the way are there locks. Without them each tab
// asks: six that listen would leave a browser no line for anything else.
let begun = false
function begin(): void {
  begun = true
  if (!navigator.locks) return poll(true, false)
  void navigator.locks.request('tuchuang-events', () => {
    listen()
    watch(() => line.uid, listen)
    return new Promise<void>(() => undefined)
  })
}
export function followTasks(): void {
  loadTasks().catch(() => undefined)
  if (!begun) begin()
}
watch(
  () => line.back,
  () => void loadTasks().catch(() => undefined),
)
