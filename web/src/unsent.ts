// What is still to be uploaded, so that a page that is loaded again goes on with it. It
// lies in the browser: what is known of each, and its content as long as there is room.
import { line } from './ask'
import type { Upload } from './uploads'

export interface Unsent {
  key: string
  tab: string // the one that sends it
  at: number
  uid: number
  parent: number
  path: string
  size: number
  lastModified: number
  etag: string
  preupload: string
  slice: number
  sliceSize: number
  taken: Upload['taken']
  file?: File
}

const mostBytes = 2 ** 30 // browsers make copies
const mostFiles = 2000
const open24 = 24 * 3600 * 1000 // as long as the server keeps an upload

const tab = Math.random().toString(36).slice(2)
const tabs = new BroadcastChannel('tuchuang-unsent')
const heard = new Set<string>()
tabs.onmessage = (e: MessageEvent<string>) => {
  if (e.data === '') tabs.postMessage(tab)
  else heard.add(e.data)
}

let opened: Promise<IDBDatabase> | undefined
function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const r = indexedDB.open('tuchuang', 1)
    r.onupgradeneeded = () => {
      r.result.createObjectStore('facts', { keyPath: 'key' })
      r.result.createObjectStore('files')
    }
    r.onsuccess = () => resolve(r.result)
    r.onerror = () => reject(r.error as Error)
  })
  return opened
}

// change is for what may fail: the uploads go on without. It answers, when it has ended,
// whether it was done.
async function change(run: (facts: IDBObjectStore, files: IDBObjectStore) => void): Promise<boolean> {
  try {
    const tx = (await database()).transaction(['facts', 'files'], 'readwrite')
    const ended = new Promise<boolean>((end) => {
      tx.oncomplete = () => end(true)
      tx.onabort = () => end(false)
    })
    run(tx.objectStore('facts'), tx.objectStore('files'))
    return await ended
  } catch {
    return false // a browser that keeps nothing, or content that can't be read
  }
}

const factsOf = (u: Upload): Unsent => ({
  key: u.key,
  tab,
  at: Date.now(),
  uid: u.uid,
  parent: u.parent,
  path: u.path,
  size: u.file.size,
  lastModified: u.file.lastModified,
  etag: u.etag,
  preupload: u.preupload,
  slice: u.slice,
  sliceSize: u.sliceSize,
  taken: u.taken,
})

const written = new Set<string>() // keys of which there is anything
const withContent = new Map<string, number>()
let keptBytes = 0
let without: Upload[] = [] // their content waits for room
let writing = false

function counted(u: Upload): void {
  withContent.set(u.key, u.file.size)
  keptBytes += u.file.size
}

// keep writes down what is known of each, and then their content. there says that this is
// there already.
export function keep(list: Upload[], there = false): void {
  if (line.leaving) return
  for (const u of list) {
    written.add(u.key)
    if (there) counted(u)
  }
  void change((facts) => list.forEach((u) => facts.put(factsOf(u))))
  if (there) return
  without = without.concat(list.filter((u) => u.file.size <= mostBytes))
  void fill()
}

// fill writes content as long as there is room, each by itself: where one can't be written,
// the others are not lost with it.
async function fill(): Promise<void> {
  if (writing) return
  writing = true
  let full = false // the disk: the next one waits until something has gone
  while (!full && !line.leaving && without.length > 0) {
    const u = without[0]!
    if (written.has(u.key)) {
      if (withContent.size >= mostFiles || keptBytes + u.file.size > mostBytes) break
      full = !(await change((_, files) => files.put(u.file, u.key)))
      if (!full && written.has(u.key)) counted(u)
    }
    without.shift()
  }
  writing = false
}

export function note(u: Upload): void {
  if (u.gone || line.leaving) return
  written.add(u.key)
  void change((facts) => facts.put(factsOf(u)))
}

export function forget(keys: Iterable<string>): void {
  const list = [...keys].filter((key) => written.delete(key))
  if (list.length === 0) return
  for (const key of list) {
    keptBytes -= withContent.get(key) ?? 0
    withContent.delete(key)
  }
  void change((facts, files) => {
    for (const key of list) {
      facts.delete(key)
      files.delete(key)
    }
  })
  void fill()
}

// What of an account is to be forgotten is noted first, so that a page that goes amid that
// leaves the rest to the next one.
const mark = 'forget/'

// markForgotten marks all uploads of an account, in whichever tab; where nobody knows whose
// they are, those of all accounts.
export function markForgotten(uid = 0): void {
  localStorage.setItem(mark + uid, '')
}

// forgetMarked waits no longer than somebody would.
export async function forgetMarked(): Promise<void> {
  const marks = Object.keys(localStorage).filter((name) => name.startsWith(mark))
  const done = marks.map(async (name) => {
    const uid = Number(name.slice(mark.length))
    const keys = uid ? IDBKeyRange.bound(`${uid}/`, `${uid}0`, false, true) : IDBKeyRange.lowerBound('') // "0" follows "/"
    const gone = await change((facts, files) => {
      facts.delete(keys)
      files.delete(keys)
    })
    if (gone) localStorage.removeItem(name)
  })
  await Promise.race([Promise.all(done), new Promise((r) => setTimeout(r, 5000))])
}

const whole = <T>(r: IDBRequest<T>): Promise<T> => new Promise((resolve, reject) => ((r.onsuccess = () => resolve(r.result)), (r.onerror = () => reject(r.error as Error))))

// unsent is what tabs that are gone have left of an account's uploads.
export async function unsent(uid: number): Promise<Unsent[]> {
  try {
    const all = await whole((await database()).transaction('facts').objectStore('facts').getAll() as IDBRequest<Unsent[]>)
    if (all.length === 0) return []
    for (const x of all) written.add(x.key)
    tabs.postMessage('')
    await new Promise((r) => setTimeout(r, 500)) // those that are there answer
    const old = all.filter((x) => Date.now() - x.at > open24)
    forget(old.map((x) => x.key))
    const mine = all.filter((x) => x.uid === uid && !old.includes(x) && x.tab !== tab && !heard.has(x.tab))
    const files = (await database()).transaction('files').objectStore('files')
    return await Promise.all(mine.map(async (x) => ({ ...x, file: await whole(files.get(x.key) as IDBRequest<File | undefined>) })))
  } catch {
    return []
  }
}
