// Computes etags beside the page, so that it never stands still. One file at a time.
import { MD5 } from './md5'

const piece = 4 << 20

async function hash(id: number, file: File): Promise<void> {
  try {
    const md5 = new MD5()
    for (let at = 0; at < file.size; at += piece) {
      md5.add(new Uint8Array(await file.slice(at, at + piece).arrayBuffer()))
      postMessage({ id, done: Math.min(at + piece, file.size) })
    }
    postMessage({ id, etag: md5.hex() })
  } catch {
    postMessage({ id, unreadable: true }) // it has been moved or changed meanwhile
  }
}

let last = Promise.resolve()
onmessage = (e: MessageEvent<{ id: number; file: File }>) => {
  last = last.then(() => hash(e.data.id, e.data.file))
}
