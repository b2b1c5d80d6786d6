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
  cursor: Ref<number> // -1: nowhere
  touch(index: number, how: { range?: boolean; more?: boolean }): void
  all(): Promise<void>
  gathering: Ref<boolean> // what there is to be selected; clear ends it
  clear(): void
  leave(ids: Set<T['id']>): void // these go out of it
  only(item: T): void
}

export function selectionOf<T extends Selectable>(listing: () => Listing<T>): Selection<T> {
  const chosen = shallowRef(new Map<T['id'], T>())
  const cursor = ref(-1)
  const gathering = ref(false)
  let anchor = -1
  let turn = 0

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
  async function range(from: number, to: number, keep: boolean): Promise<void> {
    const [a, b] = from < to ? [from, to] : [to, from]
    const l = listing()
    const mine = other()
    try {
      await l.need(a, b + 1)
    } catch (e) {
      return fail(e)
    }
    if (l !== listing() || mine !== turn) return
    const next = new Map(keep ? chosen.value : [])
    put(next, l.items.value.slice(a, b + 1))
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
      if (how.range && anchor < 0) anchor = cursor.value < 0 ? index : cursor.value
      cursor.value = index
      if (how.range) return void range(anchor, index, how.more === true)
      other()
      anchor = index
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
      anchor = -1
      chosen.value = new Map()
    },
    leave(ids) {
      other()
      anchor = -1
      chosen.value = new Map([...chosen.value].filter(([id]) => !ids.has(id)))
    },
    only(item) {
      other()
      chosen.value = new Map([[item.id, item]])
    },
  }
}
