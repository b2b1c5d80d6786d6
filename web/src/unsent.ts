// What is still to be uploaded, so that a page that is loaded again goes on with it. It
// lies in the browser: what is known of each, and its content as long as there is room.
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

// change is for what may fail: the uploads go on without.
async function change(run: (facts: IDBObjectStore, files: IDBObjectStore) => void): Promise<void> {
  try {
    const tx = (await database()).transaction(['facts', 'files'], 'readwrite')
    run(tx.objectStore('facts'), tx.objectStore('files'))
  } catch {
    // no room, or a browser that keeps nothing
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
})

const written = new Set<string>() // keys of which there is anything
const withContent = new Map<string, number>()
let keptBytes = 0

export function keep(list: Upload[]): void {
  const room = list.slice(0, Math.max(0, mostFiles - withContent.size))
  if (room.length === 0) return
  for (const u of room) written.add(u.key)
  void change((facts, files) => {
    for (const u of room) {
      facts.put(factsOf(u))
      if (keptBytes + u.file.size > mostBytes) continue
      keptBytes += u.file.size
      withContent.set(u.key, u.file.size)
      files.put(u.file, u.key)
    }
  })
}

export function note(u: Upload): void {
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
