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

// numbered is a list of pages of a known number of entries, each fetched by itself.
export function numbered<T extends Listed>(size: number, fetchPage: (page: number) => Promise<{ total: number; list: T[] }>, came?: (list: T[]) => void): Listing<T> {
  const items = shallowRef<(T | undefined)[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const problem = shallowRef<Error>()
  let all: (T | undefined)[] = [] // without changes
  let changes: Change<T>[] = []
  let standing: number[] | undefined // where in all each of items stands, -1: nowhere; undefined: where it stands in items
  let late = false // pages have come that items have not
  let turn = 0
  let pages = new Map<number, Promise<void>>()
  let seen: [number, number] = [0, 0]

  function apply(list: Change<T>[]): { items: (T | undefined)[]; standing: number[] } {
    const out = { items: [] as (T | undefined)[], standing: [] as number[] }
    for (let i = 0; i < all.length; i++) {
      const e = all[i] && changed(all[i]!, list)
      if (all[i] && !e) continue
      out.items.push(e)
      out.standing.push(i)
    }
    for (const { made } of list) {
      if (!made || out.items.some((e) => e?.folder && e.name === made.entry.name)) continue // it has come already
      const i = out.items.findIndex((e) => !e || made.before(e))
      const at = i < 0 ? out.items.length : i
      out.items.splice(at, 0, made.entry)
      out.standing.splice(at, 0, -1)
    }
    return out
  }
  function put(list: (T | undefined)[]): void {
    all = list
    late = false
    const now = changes.length > 0 ? apply(changes) : { items: all, standing: undefined }
    standing = now.standing
    if (items.value === now.items) triggerRef(items)
    else items.value = now.items
  }
  // catchUp puts the pages that have come. With changes that goes over all of the list: it is
  // done once for those of a frame, and before who asked for them looks.
  function catchUp(): void {
    if (late) put(all)
  }

  function page(n: number): Promise<void> {
    const known = pages.get(n)
    if (known) return known
    const mine = turn
    const asked = pages
    const p = fetchPage(n).then(
      ({ total, list }) => {
        if (mine !== turn) return
        const same = total === all.length
        const now = same ? all : Array.from({ length: total }, (_, i) => all[i])
        list.forEach((item, i) => (now[(n - 1) * size + i] = item))
        state.value = 'ready'
        if (!same || changes.length === 0) put(now)
        else if (!late) {
          late = true
          requestAnimationFrame(catchUp)
        }
        came?.(list)
      },
      (e: Error) => {
        asked.delete(n) // the next look asks again
        if (mine !== turn) return
        problem.value = e
        if (all.length === 0) state.value = 'failed'
        throw e
      },
    )
    p.catch(() => undefined)
    asked.set(n, p)
    return p
  }

  async function need(from: number, to: number): Promise<void> {
    try {
      for (let asked = -1; asked !== turn; ) {
        asked = turn
        const wanted = new Set(all.length === 0 ? [1] : [])
        for (let i = from; i < Math.min(to, items.value.length); i++) {
          const at = standing ? standing[i]! : i
          if (at >= 0) wanted.add(Math.floor(at / size) + 1)
        }
        const list = [...wanted]
        // Not all at once: a range may be a hundred thousand long.
        for (let i = 0; i < list.length && asked === turn; i += 4) await Promise.all(list.slice(i, i + 4).map(page))
      }
    } finally {
      catchUp()
    }
  }
  return {
    items,
    state,
    problem,
    need,
    see(from, to) {
      seen = [from, to]
      return need(from, to)
    },
    async reload() {
      turn++
      pages = new Map()
      if (state.value === 'failed') state.value = 'loading'
      await page(1)
      await need(...seen)
    },
    show(list) {
      if (list.length === 0 && changes.length === 0) return
      changes = list
      put(all)
    },
    settle(list) {
      if (state.value === 'ready') put(apply(list).items)
    },
  }
}
