// Uploads into the drive: they go on in the corner, three at a time, whatever else the
// page shows. Content that the account has needs no bytes.
import { computed, reactive, ref, shallowReactive, watch } from 'vue'
import { away, Failure, line, lost, post, read } from './ask'
import { t } from './words'

export interface Upload {
  readonly id: number
  readonly file: File
  readonly parent: number
  readonly path: string // below the parent, with "/" between folders
  state: 'waiting' | 'hashing' | 'sending' | 'done' | 'failed'
  instant: boolean
  sent: number
  etag: string
  preupload: string // of an upload that is open on the server
  slice: number // the next one of it
  sliceSize: number
  problem: string
}

export const uploads = shallowReactive<Upload[]>([])
export const paused = ref(false)
export const landed = reactive({ times: 0, folders: new Set<number>() })

const atOnce = 3
let lastID = 0
let running = 0
const requests = new Set<XMLHttpRequest>()

export const sums = computed(() => {
  const s = { all: uploads.length, done: 0, failed: 0, instant: 0, bytes: 0, sent: 0, active: false }
  for (const u of uploads) {
    s.bytes += u.file.size
    s.sent += u.state === 'done' ? u.file.size : u.sent
    if (u.state === 'done') s.done++
    else if (u.state === 'failed') s.failed++
    if (u.instant) s.instant++
  }
  s.active = s.done + s.failed < s.all
  return s
})

export function upload(parent: number, files: { file: File; path: string }[]): void {
  if (!sums.value.active) clearDone()
  for (const { file, path } of files) {
    uploads.push(shallowReactive({ id: ++lastID, file, parent, path, state: 'waiting', instant: false, sent: 0, etag: '', preupload: '', slice: 1, sliceSize: 0, problem: '' }))
  }
  go()
}

export function pause(on: boolean): void {
  paused.value = on
  if (on) for (const x of requests) x.abort()
  else go()
}

export function again(): void {
  for (const u of uploads) if (u.state === 'failed') Object.assign(u, { state: 'waiting', problem: '', sent: 0, preupload: '', slice: 1 })
  go()
}

export function stop(): void {
  const open = uploads.filter((u) => u.state !== 'done')
  for (const u of open) u.state = 'failed'
  for (const x of requests) x.abort()
  uploads.splice(0)
  paused.value = false
}

export function clearDone(): void {
  uploads.splice(0, uploads.length, ...uploads.filter((u) => u.state !== 'done' && u.state !== 'failed'))
}

function go(): void {
  while (running < atOnce && !paused.value && !line.away && line.signedIn !== false) {
    const u = uploads.find((x) => x.state === 'waiting')
    if (!u) return
    u.state = 'hashing'
    running++
    void one(u).finally(() => {
      running--
      go()
    })
  }
}
watch(() => [line.back, line.signedIn], go) // what was broken off goes on by itself

async function one(u: Upload): Promise<void> {
  try {
    u.etag ||= await etagOf(u.file)
    if (u.preupload === '') {
      const inFolders = u.path.includes('/')
      const c = await post<{ reuse: boolean; preuploadID?: string; sliceSize?: number }>('/upload/v2/file/create', {
        parentFileID: u.parent,
        filename: inFolders ? '/' + u.path : u.path,
        containDir: inFolders,
        etag: u.etag,
        size: u.file.size,
        duplicate: 1,
      })
      if (c.reuse) return ended(u, true)
      u.preupload = c.preuploadID!
      u.sliceSize = c.sliceSize!
      u.slice = 1
    }
    u.state = 'sending'
    for (const n = Math.max(1, Math.ceil(u.file.size / u.sliceSize)); u.slice <= n; u.slice++) {
      await send(u, u.slice)
    }
    for (;;) {
      try {
        const c = await post<{ completed: boolean }>('/upload/v2/file/upload_complete', { preuploadID: u.preupload })
        if (c.completed) return ended(u, false)
      } catch (e) {
        if ((e as Failure).word !== 'verifying') throw e
      }
      await new Promise((r) => setTimeout(r, 1000))
    }
  } catch (e) {
    const word = (e as Failure).word
    if (word === 'paused' || word === 'away' || word === 'no_token' || word === 'token_expired') {
      if (u.state !== 'failed') u.state = 'waiting'
      return
    }
    if (word === 'upload_not_found') u.preupload = '' // it has expired
    u.state = 'failed'
    u.problem = e instanceof Error ? e.message : String(e)
  }
}

function ended(u: Upload, instant: boolean): void {
  u.instant = instant
  u.state = 'done'
  landed.times++
  landed.folders.add(u.parent)
}

// send sends a slice. A request of the old kind, as the new one tells no progress.
function send(u: Upload, n: number): Promise<void> {
  const from = (n - 1) * u.sliceSize
  const form = new FormData()
  form.append('preuploadID', u.preupload)
  form.append('sliceNo', String(n))
  form.append('slice', u.file.slice(from, from + u.sliceSize), 'slice')
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest()
    requests.add(x)
    x.open('POST', '/upload/v2/file/slice')
    x.upload.onprogress = (e) => (u.sent = Math.min(u.file.size, from + e.loaded))
    x.onload = () => {
      try {
        read(x.status, x.responseText)
        resolve()
      } catch (e) {
        reject(e)
      }
    }
    x.onerror = () => {
      lost()
      reject(away())
    }
    x.onabort = () => reject(new Failure('paused', ''))
    x.onloadend = () => requests.delete(x)
    x.send(form)
  })
}

let worker: Worker | undefined
const asked = new Map<number, { resolve: (etag: string) => void; reject: (e: Error) => void }>()
let lastAsked = 0

function etagOf(file: File): Promise<string> {
  if (!worker) {
    worker = new Worker(new URL('./md5.worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = (e: MessageEvent<{ id: number; etag?: string; unreadable?: boolean }>) => {
      const a = asked.get(e.data.id)
      if (e.data.etag) a?.resolve(e.data.etag)
      else if (e.data.unreadable) a?.reject(new Failure('unreadable', t('upload.unreadable')))
      else return
      asked.delete(e.data.id)
    }
  }
  return new Promise((resolve, reject) => {
    const id = ++lastAsked
    asked.set(id, { resolve, reject })
    worker!.postMessage({ id, file })
  })
}

// dropped reads what was let go over the page, with all that is in folders.
export async function dropped(data: DataTransfer): Promise<{ file: File; path: string }[]> {
  const entries = [...data.items].map((i) => i.webkitGetAsEntry()).filter((e) => e !== null)
  if (entries.length === 0) return [...data.files].map((file) => ({ file, path: file.name }))
  const out: { file: File; path: string }[] = []
  const walk = async (e: FileSystemEntry, below: string): Promise<void> => {
    const path = below + e.name
    if (e.isFile) {
      out.push({ file: await new Promise<File>((y, n) => (e as FileSystemFileEntry).file(y, n)), path })
      return
    }
    const reader = (e as FileSystemDirectoryEntry).createReader()
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((y, n) => reader.readEntries(y, n))
      if (some.length === 0) return
      for (const x of some) await walk(x, path + '/')
    }
  }
  for (const e of entries) await walk(e, '')
  return out.filter((f) => !/(^|\/)(\.DS_Store|Thumbs\.db)$/.test(f.path))
}

export const picked = (list: FileList | null): { file: File; path: string }[] => [...(list ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }))
