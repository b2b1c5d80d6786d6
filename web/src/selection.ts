// What is selected of a list, and where the keys are.
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { during, fail, toast } from './bubbles'
import type { Listing } from './listing'
import { count, t } from './words'

interface Selectable {
  id: string | number
  name: string
  folder: boolean
  waits?: boolean // it can't be selected
}

export interface Selection<T extends Selectable> {
  chosen: ShallowRef<Map<T['id'], T>>
  list: ComputedRef<T[]>
  cursor: Ref<number> // -1: nowhere; it stays on its entry where others come or go before that
  touch(index: number, how: { range?: boolean; more?: boolean }): void
  all(): Promise<void>
  gathering: Ref<boolean> // what there is to be selected; clear ends it
  clear(): void
  leave(ids: Set<T['id']>): void // these go out of it
  only(items: T[]): void
}

// Spot is a place in a list: that of an entry, wherever it stands by then.
interface Spot<T extends Selectable> {
  index: number // where it stood last
  id: T['id'] | undefined // undefined: not fetched yet
}

export function selectionOf<T extends Selectable>(listing: () => Listing<T>): Selection<T> {
  const chosen = shallowRef(new Map<T['id'], T>())
  const keysAt = shallowRef<Spot<T>>({ index: -1, id: undefined })
  const cursor = computed({ get: () => where(keysAt.value), set: (i) => (keysAt.value = spot(i)) })
  const gathering = ref(false)
  let anchor: Spot<T> | undefined
  let turn = 0

  const spot = (index: number): Spot<T> => ({ index, id: listing().items.value[index]?.id })
  function where(s: Spot<T>): number {
    const items = listing().items.value
    if (s.id === undefined) s.id = items[s.index]?.id
    else if (items[s.index]?.id !== s.id) {
      const i = items.findIndex((e) => e?.id === s.id)
      if (i >= 0) s.index = i
    }
    return Math.min(s.index, items.length - 1)
  }

  // What is selected is shown as the list has it now.
  watch(
    () => listing().items.value,
    (items) => {
      if (chosen.value.size === 0) return
      const next = new Map(chosen.value)
      let changed = false
      for (const item of items) {
        if (!item || !next.has(item.id) || next.get(item.id) === item) continue
        next.set(item.id, item)
        changed = true
      }
      if (changed) chosen.value = next
    },
    { deep: 1 }, // pages are put into the list that is there
  )

  // other begins something else, which ends what is being gathered.
  function other(): number {
    gathering.value = false
    return ++turn
  }
  async function range(from: Spot<T>, to: Spot<T>, keep: boolean): Promise<void> {
    const ends = (): [number, number] => (where(from) < where(to) ? [where(from), where(to)] : [where(to), where(from)])
    const [a, b] = ends()
    const l = listing()
    const mine = other()
    try {
      await l.need(a, b + 1)
    } catch (e) {
      return fail(e)
    }
    if (l !== listing() || mine !== turn) return
    const [first, last] = ends() // by now
    const next = new Map(keep ? chosen.value : [])
    put(next, l.items.value.slice(first, last + 1))
    chosen.value = next
  }
  function put(into: Map<T['id'], T>, items: (T | undefined)[]): void {
    for (const item of items) if (item && !item.waits) into.set(item.id, item)
    if (items.includes(undefined)) toast(t('selected.missing'), undefined, 'bad')
  }
  return {
    chosen,
    cursor,
    list: computed(() => [...chosen.value.values()]),
    touch(index, how) {
      const before = cursor.value
      cursor.value = index
      if (how.range) return void range((anchor ??= spot(before < 0 ? index : before)), keysAt.value, how.more === true)
      other()
      anchor = spot(index)
      const item = listing().items.value[index]
      if (!item) return
      const next = new Map(how.more ? chosen.value : [])
      if (how.more && next.has(item.id)) next.delete(item.id)
      else if (!item.waits) next.set(item.id, item)
      chosen.value = next
    },
    async all() {
      const l = listing()
      const mine = other()
      const bubble = during()
      gathering.value = true
      try {
        for (let to = 400; to - 400 < l.items.value.length; to += 400) {
          await l.need(to - 400, to)
          if (l !== listing() || mine !== turn) return
          if (to < l.items.value.length) bubble.tell(t('selected.gathering', { n: count(Math.min(to, l.items.value.length)) }))
        }
        await l.need(0, l.items.value.length) // a reload may have come between
        if (l !== listing() || mine !== turn) return
      } catch (e) {
        return fail(e)
      } finally {
        bubble.end()
        if (mine === turn) gathering.value = false
      }
      const next = new Map<T['id'], T>()
      put(next, l.items.value)
      chosen.value = next
    },
    gathering,
    clear() {
      other()
      anchor = undefined
      chosen.value = new Map()
    },
    leave(ids) {
      other()
      anchor = undefined
      const { id } = keysAt.value
      if (id !== undefined && ids.has(id)) cursor.value = where(keysAt.value) // on what stands there now
      chosen.value = new Map([...chosen.value].filter(([x]) => !ids.has(x)))
    },
    only(items) {
      other()
      keysAt.value = { index: cursor.value, id: items.at(-1)?.id }
      chosen.value = new Map(items.map((e) => [e.id, e]))
    },
  }
}
