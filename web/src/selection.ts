// What is selected of a list, and where the keys are.
import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Listing } from './listing'

export interface Selection<T extends { id: string | number }> {
  chosen: ShallowRef<Map<T['id'], T>>
  list: ComputedRef<T[]>
  cursor: Ref<number> // -1: nowhere
  touch(index: number, how: { range?: boolean; more?: boolean }): void
  all(): Promise<void>
  clear(): void
  only(item: T): void
}

export function selectionOf<T extends { id: string | number }>(listing: () => Listing<T>): Selection<T> {
  const chosen = shallowRef(new Map<T['id'], T>())
  const cursor = ref(-1)
  let anchor = 0

  async function range(from: number, to: number, keep: boolean): Promise<void> {
    const [a, b] = from < to ? [from, to] : [to, from]
    const l = listing()
    await l.need(a, b + 1)
    if (l !== listing()) return
    const next = new Map(keep ? chosen.value : [])
    for (const item of l.items.value.slice(a, b + 1)) if (item) next.set(item.id, item)
    chosen.value = next
  }
  return {
    chosen,
    cursor,
    list: computed(() => [...chosen.value.values()]),
    touch(index, how) {
      cursor.value = index
      if (how.range) return void range(anchor, index, how.more === true)
      anchor = index
      const item = listing().items.value[index]
      if (!item) return
      const next = new Map(how.more ? chosen.value : [])
      if (how.more && next.has(item.id)) next.delete(item.id)
      else next.set(item.id, item)
      chosen.value = next
    },
    async all() {
      const l = listing()
      await l.need(0, Infinity)
      if (l !== listing()) return
      chosen.value = new Map(l.items.value.flatMap((i) => (i ? [[i.id, i]] : [])))
    },
    clear() {
      chosen.value = new Map()
    },
    only(item) {
      chosen.value = new Map([[item.id, item]])
    },
  }
}
