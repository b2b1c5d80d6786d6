// Long lists of the server, of which only what is looked at is fetched.
import { ref, shallowRef, triggerRef, type Ref, type ShallowRef } from 'vue'

interface Named {
  id: string | number
  name: string
}
interface Listed extends Named {
  folder: boolean
}

// Change is what is asked for: these are gone or, with a name, called so; and one is there
// that was not, before the first of which that is said.
export interface Change<T extends Named> {
  ids: ReadonlySet<T['id']>
  name?: string
  made?: { entry: T; before: (e: T) => boolean }
}

// changed is what changes make of an entry: undefined where it is gone.
export function changed<T extends Named>(e: T, changes: Omit<Change<T>, 'made'>[]): T | undefined {
  for (const { ids, name } of changes) {
    if (!ids.has(e.id)) continue
    if (name === undefined) return undefined
    e = { ...e, name }
  }
  return e
}

export interface Listing<T extends Listed> {
  items: ShallowRef<(T | undefined)[]> // undefined: not fetched yet
  state: Ref<'loading' | 'ready' | 'failed'>
  problem: ShallowRef<Error | undefined>
  need(from: number, to: number): Promise<void> // fetches what is missing of a range, also where a reload comes between
  see(from: number, to: number): Promise<void> // the same for what is in sight, which a reload looks at again
  reload(): Promise<void> // what is there stays until it is replaced
  show(changes: Change<T>[]): void // shows it with these, whatever comes in
  settle(changes: Change<T>[]): void // these have been done
}

function common<T extends Listed>() {
  const items = shallowRef<(T | undefined)[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const problem = shallowRef<Error>()
  let all: (T | undefined)[] = [] // without changes
  let changes: Change<T>[] = []
  let from: number[] | undefined // where in all each of items stands, -1: nowhere; undefined: where it stands in items

  function apply(list: Change<T>[]): { items: (T | undefined)[]; from: number[] } {
    const out = { items: [] as (T | undefined)[], from: [] as number[] }
    for (let i = 0; i < all.length; i++) {
      const e = all[i] && changed(all[i]!, list)
      if (all[i] && !e) continue
      out.items.push(e)
      out.from.push(i)
    }
    for (const { made } of list) {
      if (!made || out.items.some((e) => e?.folder && e.name === made.entry.name)) continue // it has come already
      const i = out.items.findIndex((e) => !e || made.before(e))
      const at = i < 0 ? out.items.length : i
      out.items.splice(at, 0, made.entry)
      out.from.splice(at, 0, -1)
    }
    return out
  }
  function put(list: (T | undefined)[]): void {
    all = list
    const now = changes.length > 0 ? apply(changes) : { items: all, from: undefined }
    from = now.from
    if (items.value === now.items) triggerRef(items)
    else items.value = now.items
  }
  return {
    items,
    state,
    problem,
    all: () => all,
    at: (i: number): number => (from ? from[i]! : i),
    came(list: (T | undefined)[]) {
      state.value = 'ready'
      put(list)
    },
    failed(e: Error) {
      problem.value = e
      if (all.length === 0) state.value = 'failed'
    },
    show(list: Change<T>[]) {
      if (list.length === 0 && changes.length === 0) return
      changes = list
      put(all)
    },
    settle(list: Change<T>[]) {
      if (state.value === 'ready') put(apply(list).items)
    },
  }
}

// numbered is a list of pages of a known number of entries, each fetched by itself.
export function numbered<T extends Listed>(size: number, fetchPage: (page: number) => Promise<{ total: number; list: T[] }>, came?: (list: T[]) => void): Listing<T> {
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
        const old = c.all()
        const all = total === old.length ? old : Array.from({ length: total }, (_, i) => old[i])
        list.forEach((item, i) => (all[(n - 1) * size + i] = item))
        c.came(all)
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
      const wanted = new Set(c.all().length === 0 ? [1] : [])
      for (let i = from; i < Math.min(to, c.items.value.length); i++) if (c.at(i) >= 0) wanted.add(Math.floor(c.at(i) / size) + 1)
      const list = [...wanted]
      // Not all at once: a range may be a hundred thousand long.
      for (let i = 0; i < list.length && asked === turn; i += 4) await Promise.all(list.slice(i, i + 4).map(page))
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
