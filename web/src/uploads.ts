// Uploads into the drive: they go on in the corner, three at a time, whatever else the
// page shows. Content that the account has needs no bytes, and what is there already is
// not put there twice. What the page did not finish, the next one goes on with.
import { computed, reactive, ref, shallowReactive, shallowRef, triggerRef, watch } from 'vue'
import { away, Failure, get, line, lost, patience, post, read } from './ask'
import { during, toast } from './bubbles'
import { forget, keep, note, unsent, type Unsent } from './unsent'
import { drivePath, type Crumb } from './wire'
import { say, t } from './words'

// Taken is what becomes of an upload whose name other content has.
export type Taken = 'replace' | 'both' | 'skip'

// Batch is what came together; taken is what was said for all of it, left how many of it have
// not ended.
interface Batch {
  taken?: Taken
  left: number
}

export interface Upload {
  readonly id: number
  readonly key: string // the same for the same file at the same place
  readonly uid: number
  readonly file: File
  readonly parent: number
  readonly path: string // below the parent, with "/" between folders
  readonly batch: Batch
  state: 'waiting' | 'hashing' | 'sending' | 'asked' | 'done' | 'failed'
  instant: boolean
  checked: number // bytes that its etag is made of
  sent: number
  etag: string
  preupload: string // of an upload that is open on the server
  slice: number // the next one of it
  sliceSize: number
  taken: Taken | '' // '': nobody has its name, as far as is known
  anew: boolean // it was begun a second time, as the server had given up the first
  gone: boolean // nobody wants it any more
  problem: Error | undefined
}

export interface Dropped {
  file: File
  path: string
}

const atOnce = 3
const pauseOfBusy = 5000

export const paused = ref(false)
export const landed = reactive({ times: 0, deep: false }) // counts once a second at most
let landing = 0
// There may be a hundred thousand: they are counted as they go, never walked.
const counts = reactive({ all: 0, done: 0, failed: 0, instant: 0, bytes: 0, sent: 0 })
export const sums = computed(() => ({ ...counts, active: counts.done + counts.failed < counts.all }))

let queue: Upload[] = []
let head = 0 // of the queue
const moving = shallowReactive(new Set<Upload>())
const failed = shallowReactive<Upload[]>([])
const lately = shallowReactive<Upload[]>([]) // done
const asking = shallowRef<Upload[]>([]) // wait for a word about their names
export const asked = computed(() => asking.value[0])
const open = new Map<string, Upload>() // by key
const left = new Map<string, Unsent>() // by key: begun by an earlier page, without its content

// shown is what goes on, then what failed, then some of the rest.
export const shown = computed(() => [...moving, ...failed.slice(0, 50), ...(counts.all > 0 ? queue.slice(head, head + 30).filter((u) => !u.gone) : []), ...lately])

let lastID = 0
let resting = 0
let halts = 0
const requests = new Map<Upload, XMLHttpRequest>()
let folders = new Map<number, Promise<Crumb<number>[]>>()

function made(uid: number, parent: number, { file, path }: Dropped, batch: Batch, known?: Unsent): Upload {
  const key = [uid, parent, path, known?.size ?? file.size, known?.lastModified ?? file.lastModified].join('/')
  const was = known ?? left.get(key)
  left.delete(key)
  const { etag = '', preupload = '', slice = 1, sliceSize = 0, taken = '' } = was ?? {}
  return shallowReactive({
    ...{ id: ++lastID, key, uid, file, parent, path, batch, state: 'waiting', instant: false, checked: 0, sent: 0 },
    ...{ etag, preupload, slice, sliceSize, taken, anew: false, gone: false, problem: undefined },
  } as Upload)
}

// add puts uploads into the queue; kept says that their content lies in the browser.
function add(list: Upload[], kept = false): void {
  let size = 0
  for (const u of list) {
    open.set(u.key, u)
    queue.push(u)
    u.batch.left++
    size += u.file.size
    if (u.slice > 1) sentOf(u, (u.slice - 1) * u.sliceSize)
  }
  counts.bytes += size
  counts.all += list.length
  keep(list, kept)
  go()
}

// upload takes what uid has let go: the session may have ended while it was read, and then it
// waits for uid to sign in again.
export function upload(uid: number, parent: number, files: Dropped[], batch = begun()): void {
  if (!uid || line.leaving) return
  add(files.map((f) => made(uid, parent, f, batch)).filter((u) => (open.get(u.key)?.state ?? 'failed') === 'failed'))
}

// begun is a new batch: what has ended before it is not shown any more.
function begun(): Batch {
  if (!sums.value.active) clearDone()
  return reactive({ left: 0 })
}

// takeUp goes on with what an earlier page has not finished.
export async function takeUp(): Promise<void> {
  const uid = line.uid
  const all = await unsent(uid)
  if (uid !== line.uid || all.length === 0) return
  for (const x of all) if (!x.file) left.set(x.key, x)
  const here = all.filter((x) => x.file && !open.has(x.key))
  const batch: Batch = reactive({ taken: 'both', left: 0 }) // whoever could say something else may have gone
  add(here.map((x) => made(uid, x.parent, { file: x.file!, path: x.path }, batch, x)), true)
  if (left.size > 0) toast(say('upload.left', left.size))
}

export function pause(on: boolean): void {
  paused.value = on
  if (on) for (const x of requests.values()) x.abort()
  else go()
}

export function again(): void {
  counts.failed = 0
  for (const u of failed.splice(0)) {
    Object.assign(u, { state: 'waiting', problem: undefined, anew: false })
    u.batch.left++
    queue.push(u)
  }
  go()
}

// answer says what becomes of the upload that was asked about, or of all of its batch.
export function answer(how: Taken, forAll: boolean): void {
  const first = asked.value
  if (!first) return
  if (forAll) first.batch.taken = how
  const said = new Set(forAll ? asking.value.filter((u) => u.batch === first.batch) : [first])
  asking.value = asking.value.filter((u) => !said.has(u))
  for (const u of said) {
    if (how === 'skip') drop(u)
    else wait(Object.assign(u, { taken: how }))
  }
  go()
}

// drop gives up one upload that has not ended well.
export function drop(u: Upload): void {
  u.gone = true
  requests.get(u)?.abort()
  unhash(u)
  if (u.preupload) void cancel(u.preupload)
  u.batch.left--
  counts.all--
  counts.bytes -= u.file.size
  counts.sent -= u.sent
  open.delete(u.key)
  forget([u.key])
}

// cancel frees the room that an upload has at the server, which else does so a day later.
const cancel = (preuploadID: string): Promise<unknown> => post('/upload/v2/file/upload_cancel', { preuploadID }).catch(() => undefined)

// release pauses and frees all that room, while there is a session to do it; where it takes
// long, the server does so a day later. What goes on all the same begins anew.
export async function release(): Promise<void> {
  pause(true)
  const told: Promise<unknown>[] = []
  for (const x of [...open.values(), ...left.values()]) {
    if (x.preupload) told.push(cancel(x.preupload))
    Object.assign(x, { preupload: '', slice: 1 })
  }
  await Promise.race([Promise.all(told), new Promise((r) => setTimeout(r, 2000))])
}

// halt ends all in this page; the next one goes on with it.
export function halt(): void {
  halts++
  for (const u of open.values()) u.gone = true
  for (const x of requests.values()) x.abort()
  worker?.terminate()
  broken()
  paused.value = false
  clear()
}

export function stop(): void {
  for (const x of [...open.values(), ...left.values()]) if (x.preupload) void cancel(x.preupload)
  forget([...open.keys(), ...left.keys()])
  left.clear()
  halt()
}

// clearDone is for when all have ended.
export function clearDone(): void {
  forget(open.keys()) // those that failed
  clear()
}

function clear(): void {
  queue = []
  head = 0
  moving.clear()
  failed.splice(0)
  asking.value = []
  lately.splice(0)
  open.clear()
  folders = new Map()
  Object.assign(counts, { all: 0, done: 0, failed: 0, instant: 0, bytes: 0, sent: 0 })
}

function sentOf(u: Upload, n: number): void {
  if (u.gone) return
  n = Math.min(n, u.file.size)
  counts.sent += n - u.sent
  u.sent = n
}

function go(): void {
  while (moving.size < atOnce && !paused.value && !resting && !line.away) {
    const u = queue[head]
    if (!u || (!u.gone && u.uid !== line.uid)) return
    if (++head === queue.length) {
      queue = []
      head = 0
    }
    if (u.gone) continue
    moving.add(u)
    u.state = u.etag ? 'sending' : 'hashing'
    void one(u)
      .catch((e: unknown) => end(u, e))
      .finally(() => {
        moving.delete(u)
        go()
      })
  }
}
watch(() => [line.back, line.uid], go) // what was broken off goes on by itself

function wait(u: Upload): void {
  u.state = 'waiting'
  if (head > 0) queue[--head] = u
  else queue.unshift(u)
}

// end decides what becomes of an upload that was broken off.
function end(u: Upload, e: unknown): void {
  if (u.gone) return
  const word = e instanceof Failure ? e.word : ''
  if (word === 'upload_not_found' || word === 'hash_mismatch') {
    Object.assign(u, { preupload: '', slice: 1 })
    if (word === 'hash_mismatch') u.etag = ''
    sentOf(u, 0)
    note(u)
  }
  if (['paused', 'away', 'no_token', 'token_expired'].includes(word)) return wait(u)
  if (word === 'upload_not_found' && !u.anew) {
    u.anew = true
    return wait(u)
  }
  if (['unavailable', 'uncertain', 'too_many_requests', 'slow'].includes(word)) {
    resting ||= window.setTimeout(() => ((resting = 0), go()), pauseOfBusy)
    return wait(u)
  }
  if (word === 'asked') {
    u.state = 'asked'
    asking.value.push(u)
    triggerRef(asking)
    return
  }
  u.state = 'failed'
  u.problem = e as Error
  u.batch.left--
  counts.failed++
  failed.push(u)
}

function arrived(u: Upload, instant: boolean): void {
  if (u.gone) return
  sentOf(u, u.file.size)
  u.instant = instant
  u.state = 'done'
  u.batch.left--
  counts.done++
  if (instant) counts.instant++
  lately.unshift(u)
  lately.splice(30)
  open.delete(u.key)
  forget([u.key])
  if (u.path.includes('/')) landed.deep = true // folders came with it
  landing ||= window.setTimeout(() => ((landing = 0), landed.times++), 800)
}

const stands = (): Failure => new Failure('paused', () => '')

// wanted throws where an upload is to stand still.
function wanted(u: Upload): void {
  if (u.gone || paused.value || u.uid !== line.uid) throw stands()
}

async function one(u: Upload): Promise<void> {
  if (!u.etag) {
    u.etag = await etagOf(u)
    wanted(u)
  }
  for (;;) {
    if (!u.preupload && (await create(u))) return arrived(u, true)
    wanted(u)
    u.state = 'sending'
    for (const n = Math.ceil(u.file.size / u.sliceSize); u.slice <= n; wanted(u)) {
      await send(u, u.slice)
      if (u.slice++ < n) note(u)
    }
    try {
      await complete(u)
      return arrived(u, false)
    } catch (e) {
      if ((e as Failure).word !== 'name_taken' || u.taken) throw e
    }
    wanted(u)
    if (await isThere(u)) return arrived(u, true) // another page has brought it
    Object.assign(u, { preupload: '', slice: 1 })
    decide(u)
  }
}

// create answers whether there is nothing left to be sent.
async function create(u: Upload): Promise<boolean> {
  const inFolders = u.path.includes('/')
  try {
    const c = await post<{ reuse: boolean; preuploadID?: string; sliceSize?: number }>('/upload/v2/file/create', {
      parentFileID: u.parent,
      filename: inFolders ? '/' + u.path : u.path,
      containDir: inFolders,
      etag: u.etag,
      size: u.file.size,
      duplicate: u.taken === 'replace' ? 2 : u.taken === 'both' ? 1 : 0,
    })
    if (u.gone) {
      if (c.preuploadID) void cancel(c.preuploadID)
      throw stands()
    }
    if (c.reuse) return true
    Object.assign(u, { preupload: c.preuploadID, sliceSize: c.sliceSize, slice: 1 })
    note(u)
    return false
  } catch (e) {
    if ((e as Failure).word !== 'name_taken' || u.taken) throw e
  }
  wanted(u)
  if (await isThere(u)) return true
  decide(u)
  return create(u)
}

// decide says what becomes of an upload whose name other content has. Where nobody has said
// so yet somebody is asked, and the others go on.
function decide(u: Upload): void {
  wanted(u)
  const { taken } = u.batch
  if (!taken) throw new Failure('asked', () => '')
  if (taken === 'skip') drop(u)
  wanted(u)
  u.taken = taken
}

async function complete(u: Upload): Promise<void> {
  for (;;) {
    try {
      const c = await post<{ completed: boolean }>('/upload/v2/file/upload_complete', { preuploadID: u.preupload })
      if (c.completed) return
    } catch (e) {
      if ((e as Failure).word !== 'verifying') throw e
    }
    await new Promise((r) => setTimeout(r, 1000))
    wanted(u)
  }
}

interface Found {
  filename: string
  parentFileId: number
  type: number
  etag: string
  size: number
  trashed: number
}

// isThere looks whether the file that has an upload's name has its content too.
async function isThere(u: Upload): Promise<boolean> {
  const names = u.path.normalize('NFC').split('/')
  const name = names.pop()!
  for (let last = 0; last >= 0; wanted(u)) {
    const r = await get<{ lastFileId: number; fileList: Found[] }>('/api/v2/file/list', { parentFileId: 0, limit: 100, searchData: name, searchMode: 1, lastFileId: last })
    for (const f of r.fileList) {
      if (f.type !== 0 || f.trashed || f.etag !== u.etag || f.size !== u.file.size) continue
      const above = await way(f.parentFileId)
      const from = u.parent === 0 ? 0 : above.findIndex((c) => c.id === u.parent) + 1
      if ((u.parent === 0 || from > 0) && above.slice(from).map((c) => c.name).join('/') === names.join('/')) return true
    }
    last = r.lastFileId
  }
  return false
}

// way is the way to a folder, which is asked for until it has come once.
function way(id: number): Promise<Crumb<number>[]> {
  let path = folders.get(id)
  if (path) return path
  folders.set(id, (path = drivePath(id)))
  path.catch(() => folders.get(id) === path && folders.delete(id))
  return path
}

// send sends a slice. A request of the old kind, as the new one tells no progress. A line on which
// nothing moves any more is a lost one.
function send(u: Upload, n: number): Promise<void> {
  const from = (n - 1) * u.sliceSize
  const slice = u.file.slice(from, from + u.sliceSize)
  const form = new FormData()
  form.append('preuploadID', u.preupload)
  form.append('sliceNo', String(n))
  form.append('slice', slice, 'slice')
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest()
    requests.set(u, x)
    x.open('POST', '/upload/v2/file/slice')
    let idle = 0
    let hangs = false
    const moves = (): void => {
      clearTimeout(idle)
      idle = window.setTimeout(() => ((hangs = true), x.abort()), patience)
    }
    const gone = (): void => {
      lost()
      reject(away())
    }
    x.upload.onprogress = (e) => {
      moves()
      sentOf(u, from + e.loaded)
    }
    x.onload = () => {
      try {
        read(x.status, x.responseText)
        resolve()
      } catch (e) {
        reject(e)
      }
    }
    // A file that has changed looks to the browser as a line that was lost.
    x.onerror = () =>
      void slice.slice(0, 1).arrayBuffer().then(
        gone,
        () => reject(unreadable()),
      )
    x.onabort = () => (hangs ? gone() : reject(stands()))
    x.onloadend = () => {
      clearTimeout(idle)
      if (requests.get(u) === x) requests.delete(u)
    }
    moves()
    x.send(form)
  })
}

const unreadable = (): Failure => new Failure('unreadable', () => t('upload.unreadable'))

let worker: Worker | undefined
const hashing = new Map<number, { u: Upload; resolve: (etag: string) => void; reject: (e: Error) => void }>()

// broken ends the worker, which the next file gets a new one of.
function broken(): void {
  worker = undefined
  for (const a of hashing.values()) a.reject(new Failure('stale', () => t('wrong.stale')))
  hashing.clear()
}

// unhash ends the work on an etag that nobody wants.
function unhash(u: Upload): void {
  hashing.get(u.id)?.reject(stands())
  if (hashing.delete(u.id)) worker?.postMessage({ id: u.id })
}

function etagOf(u: Upload): Promise<string> {
  if (!worker) {
    worker = new Worker(new URL('./md5.worker.ts', import.meta.url), { type: 'module' })
    worker.onerror = broken
    worker.onmessage = (e: MessageEvent<{ id: number; done?: number; etag?: string; unreadable?: boolean }>) => {
      const a = hashing.get(e.data.id)
      if (!a) return
      if (e.data.done !== undefined) return void (a.u.checked = e.data.done)
      if (e.data.etag) a.resolve(e.data.etag)
      else a.reject(unreadable())
      hashing.delete(e.data.id)
    }
  }
  return new Promise((resolve, reject) => {
    hashing.set(u.id, { u, resolve, reject })
    worker!.postMessage({ id: u.id, file: u.file })
  })
}

// litter is what systems leave in folders.
const litter = /(^|\/)(\.DS_Store|Thumbs\.db)$/

// dropped uploads what was let go over the page, with all that is in folders. A large one takes
// a while to read: what was found goes already.
export async function dropped(uid: number, parent: number, data: DataTransfer): Promise<void> {
  const entries = [...data.items].map((i) => i.webkitGetAsEntry()).filter((e) => e !== null)
  if (entries.length === 0) return upload(uid, parent, [...data.files].map((file) => ({ file, path: file.name })))
  const [batch, began, bubble] = [begun(), halts, during()]
  let found: Dropped[] = []
  let all = 0
  let unread = 0
  const portion = (): void => {
    if (halts === began) upload(uid, parent, found, batch)
    found = []
  }
  const ticks = setInterval(() => {
    portion()
    bubble.tell(say('upload.reading', all))
  }, 300)
  const walk = async (e: FileSystemEntry, below: string): Promise<void> => {
    const path = below + e.name
    if (e.isFile) {
      if (litter.test(path)) return
      found.push({ file: await new Promise<File>((y, n) => (e as FileSystemFileEntry).file(y, n)), path })
      all++
      return
    }
    const reader = (e as FileSystemDirectoryEntry).createReader()
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((y, n) => reader.readEntries(y, n))
      if (some.length === 0) return
      for (const x of some) {
        if (halts !== began) return // all was stopped
        await walk(x, path + '/').catch(() => unread++)
      }
    }
  }
  for (const e of entries) await walk(e, '').catch(() => unread++)
  clearInterval(ticks)
  bubble.end()
  portion()
  if (unread > 0) toast(say('upload.unread', unread), undefined, 'bad')
}

export const picked = (list: FileList | null): Dropped[] => [...(list ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name })).filter((d) => !litter.test(d.path))
