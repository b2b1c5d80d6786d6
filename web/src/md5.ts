// MD5 of what comes in pieces: the platform's etag. Browsers have none of their own.
const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const sines = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0)

export class MD5 {
  private state = new Int32Array([0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476])
  private words = new Int32Array(16)
  private rest = new Uint8Array(64)
  private kept = 0
  private size = 0

  add(bytes: Uint8Array): void {
    this.size += bytes.length
    let at = 0
    if (this.kept > 0) {
      at = Math.min(64 - this.kept, bytes.length)
      this.rest.set(bytes.subarray(0, at), this.kept)
      this.kept += at
      if (this.kept < 64) return
      this.block(this.rest, 0)
      this.kept = 0
    }
    for (; at + 64 <= bytes.length; at += 64) this.block(bytes, at)
    this.rest.set(bytes.subarray(at), 0)
    this.kept = bytes.length - at
  }

  hex(): string {
    const bits = this.size * 8
    const end = new Uint8Array(this.kept < 56 ? 64 - this.kept : 128 - this.kept)
    end[0] = 0x80
    const view = new DataView(end.buffer)
    view.setUint32(end.length - 8, bits >>> 0, true)
    view.setUint32(end.length - 4, Math.floor(bits / 2 ** 32), true)
    this.add(end)
    return [...new Uint8Array(this.state.buffer)].map((b) => b.toString(16).padStart(2, '0')).join('')
  }

  private block(from: Uint8Array, at: number): void {
    const w = this.words
    for (let i = 0; i < 16; i++) {
      const p = at + i * 4
      w[i] = from[p]! | (from[p + 1]! << 8) | (from[p + 2]! << 16) | (from[p + 3]! << 24)
    }
    const s = this.state
    let a = s[0]!
    let b = s[1]!
    let c = s[2]!
    let d = s[3]!
    for (let i = 0; i < 64; i++) {
      const round = i >> 4
      let f: number
      let g: number
      if (round === 0) {
        f = (b & c) | (~b & d)
        g = i
      } else if (round === 1) {
        f = (d & b) | (~d & c)
        g = (5 * i + 1) & 15
      } else if (round === 2) {
        f = b ^ c ^ d
        g = (3 * i + 5) & 15
      } else {
        f = c ^ (b | ~d)
        g = (7 * i) & 15
      }
      const sum = (a + f + sines[i]! + w[g]!) | 0
      const by = shifts[round * 4 + (i & 3)]!
      a = d
      d = c
      c = b
      b = (b + ((sum << by) | (sum >>> (32 - by)))) | 0
    }
    s[0] = (s[0]! + a) | 0
    s[1] = (s[1]! + b) | 0
    s[2] = (s[2]! + c) | 0
    s[3] = (s[3]! + d) | 0
  }
}
