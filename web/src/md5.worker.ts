// Computes etags beside the page, so that it never stands still. One file at a time.
import { md5 } from 'js-md5'

const piece = 4 << 20

const unwanted = new Set<number>()

async function hash(id: number, file: File): Promise<void> {
  try {
    const sum = md5.create()
    for (let at = 0; at < file.size; at += piece) {
      if (unwanted.delete(id)) return
      sum.update(await file.slice(at, at + piece).arrayBuffer())
      postMessage({ id, done: Math.min(at + piece, file.size) })
    }
    postMessage({ id, etag: sum.hex() })
  } catch {
    postMessage({ id, unreadable: true }) // it has been moved or changed meanwhile
  }
}

let last = Promise.resolve()
onmessage = (e: MessageEvent<{ id: number; file?: File }>) => {
  const { id, file } = e.data
  if (file) last = last.then(() => hash(id, file))
  else unwanted.add(id)
}
