// Long lists of the server, of which only what is looked at is fetched.
import { ref, shallowRef, triggerRef, type Ref, type ShallowRef } from 'vue'

export interface Listing<T> {
  items: ShallowRef<(T | undefined)[]> // undefined: not fetched yet
  state: Ref<'loading' | 'ready' | 'failed'>
  problem: Ref<string>
  total: Ref<number> // as far as it is known
  ended: Ref<boolean> // the total is known
  need(from: number, to: number): Promise<void> // fetches what is missing of a range
  see(from: number, to: number): Promise<void> // the same for what is in sight, which a reload looks at again
  reload(): Promise<void> // what is there stays until it is replaced
  drop(gone: (item: T) => boolean): void // at once, before the server has said so
  change(which: (item: T) => boolean, to: (item: T) => T): void
}

function common<T>() {
  const items = shallowRef<(T | undefined)[]>([])
  const total = ref(0)
  return {
    items,
    total,
    state: ref<'loading' | 'ready' | 'failed'>('loading'),
    problem: ref(''),
    drop(gone: (item: T) => boolean) {
      const before = items.value.length
      items.value = items.value.filter((i) => i === undefined || !gone(i))
      total.value = Math.max(0, total.value - before + items.value.length)
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
        c.state.value = 'ready'
        triggerRef(c.items)
        came?.(list)
      },
      (e: Error) => {
        asked.delete(n) // the next look asks again
        if (mine !== turn) return
        c.problem.value = e.message
        if (c.items.value.length === 0) c.state.value = 'failed'
        throw e
      },
    )
    p.catch(() => undefined)
    asked.set(n, p)
    return p
  }

  async function need(from: number, to: number): Promise<void> {
    const first = Math.floor(from / size) + 1
    const last = Math.max(first, Math.ceil(Math.min(to, Math.max(c.total.value, size)) / size))
    // Not all at once: a range may be a hundred thousand long.
    for (let n = first; n <= last; n += 4) {
      await Promise.all(Array.from({ length: Math.min(4, last - n + 1) }, (_, i) => page(n + i)))
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
  return { ...c, ended: ref(true), need, see, reload }
}

// chained is a list whose pages are fetched one after the other.
export function chained<T>(fetchNext: (last: string) => Promise<{ last: string; list: T[] }>): Listing<T> {
  const c = common<T>()
  const ended = ref(false)
  let turn = 0
  let last = ''
  let seen = 0
  let running: Promise<void> | undefined

  function next(): Promise<void> {
    if (running) return running
    const mine = turn
    running = fetchNext(last).then(
      (r) => {
        if (mine !== turn) return
        running = undefined
        c.items.value = c.items.value.concat(r.list)
        last = r.last
        ended.value = r.last === '-1'
        c.total.value = c.items.value.length
        c.state.value = 'ready'
      },
      (e: Error) => {
        if (mine !== turn) return
        running = undefined
        c.problem.value = e.message
        if (c.items.value.length === 0) c.state.value = 'failed'
        throw e
      },
    )
    running.catch(() => undefined)
    return running
  }

  async function need(_: number, to: number): Promise<void> {
    const mine = turn
    while (mine === turn && !ended.value && c.items.value.length < to) await next()
  }
  function see(_: number, to: number): Promise<void> {
    seen = to
    return need(0, to)
  }
  // What is there is replaced at once, as far as somebody has looked.
  async function reload(): Promise<void> {
    const mine = ++turn
    running = undefined
    if (c.state.value === 'failed') c.state.value = 'loading'
    let list: T[] = []
    let at = ''
    try {
      do {
        const r = await fetchNext(at)
        if (mine !== turn) return
        list = list.concat(r.list)
        at = r.last
      } while (at !== '-1' && list.length < seen)
    } catch (e) {
      if (mine !== turn) return
      c.problem.value = (e as Error).message
      if (c.items.value.length === 0) c.state.value = 'failed'
      throw e
    }
    turn++
    running = undefined
    c.items.value = list
    c.total.value = list.length
    last = at
    ended.value = at === '-1'
    c.state.value = 'ready'
    await need(0, seen)
  }
  return { ...c, ended, need, see, reload }
}
