// Long lists of the server, of which only what is looked at is fetched.
import { ref, shallowRef, triggerRef, type Ref, type ShallowRef } from 'vue'

export interface Listing<T> {
  items: ShallowRef<(T | undefined)[]> // undefined: not fetched yet
  state: Ref<'loading' | 'ready' | 'failed'>
  problem: ShallowRef<Error | undefined>
  total: Ref<number>
  need(from: number, to: number): Promise<void> // fetches what is missing of a range, also where a reload comes between
  see(from: number, to: number): Promise<void> // the same for what is in sight, which a reload looks at again
  reload(): Promise<void> // what is there stays until it is replaced
  drop(gone: (item: T) => boolean): void // at once, before the server has said so
  without<R>(gone: (item: T) => boolean, run: () => Promise<R>): Promise<R> // drops as long as something runs, also of what comes meanwhile
  change(which: (item: T) => boolean, to: (item: T) => T): void
}

function common<T>() {
  const items = shallowRef<(T | undefined)[]>([])
  const total = ref(0)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const problem = shallowRef<Error>()
  const hidden = new Set<(item: T) => boolean>()

  function drop(gone: (item: T) => boolean): void {
    const before = items.value.length
    items.value = items.value.filter((i) => i === undefined || !gone(i))
    total.value = Math.max(0, total.value - before + items.value.length)
  }
  return {
    items,
    total,
    state,
    problem,
    drop,
    // came is told when something was put in.
    came() {
      state.value = 'ready'
      hidden.forEach(drop)
    },
    failed(e: Error) {
      problem.value = e
      if (items.value.length === 0) state.value = 'failed'
    },
    async without<R>(gone: (item: T) => boolean, run: () => Promise<R>): Promise<R> {
      hidden.add(gone)
      drop(gone)
      try {
        return await run()
      } finally {
        hidden.delete(gone)
      }
    },
    change(which: (item: T) => boolean, to: (item: T) => T) {
      items.value = items.value.map((i) => (i !== undefined && which(i) ? to(i) : i))
    },
  }
}

// numbered is a list of pages of a known number of entries, each fetched by itself.
export function numbered<T>(size: number, fetchPage: (page: number) => Promise<{ total: number; list: T[] }>, came?: (list: T[]) => void): Listing<T> {
  const c = common<T>()
  let turn = 0
  let pages = new Map<number, Promise<void>>()
  let seen: [number, number] = [0, 0]

  function page(n: number): Promise<void> {
    const known = pages.get(n)
    if (known) return known
    const mine = turn
    const asked = pages
    const p = fetchPage(n).then(
      ({ total, list }) => {
        if (mine !== turn) return
        if (total !== c.items.value.length) c.items.value = Array.from({ length: total }, (_, i) => c.items.value[i])
        list.forEach((item, i) => (c.items.value[(n - 1) * size + i] = item))
        c.total.value = total
        triggerRef(c.items)
        c.came()
        came?.(list)
      },
      (e: Error) => {
        asked.delete(n) // the next look asks again
        if (mine !== turn) return
        c.failed(e)
        throw e
      },
    )
    p.catch(() => undefined)
    asked.set(n, p)
    return p
  }

  async function need(from: number, to: number): Promise<void> {
    for (let asked = -1; asked !== turn; ) {
      asked = turn
      const first = Math.floor(from / size) + 1
      const last = Math.max(first, Math.ceil(Math.min(to, Math.max(c.total.value, size)) / size))
      // Not all at once: a range may be a hundred thousand long.
      for (let n = first; n <= last && asked === turn; n += 4) {
        await Promise.all(Array.from({ length: Math.min(4, last - n + 1) }, (_, i) => page(n + i)))
      }
    }
  }
  function see(from: number, to: number): Promise<void> {
    seen = [from, to]
    return need(from, to)
  }
  async function reload(): Promise<void> {
    turn++
    pages = new Map()
    if (c.state.value === 'failed') c.state.value = 'loading'
    await page(1)
    await need(...seen)
  }
  return { ...c, need, see, reload }
}
