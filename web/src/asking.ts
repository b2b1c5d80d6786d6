// What could not be asked for is asked for again: later each time, and at once when the
// server is back.
import { getCurrentScope, onScopeDispose, watch } from 'vue'
import { line } from './ask'
import { inParts } from './wire'

export interface Asking<ID> {
  ask: (ids: ID[]) => Promise<void> // for as many as one call takes
  forget: () => void // also what is under way
}

// asking takes in what fetch answers; missed is told of those that it did not answer for.
export function asking<ID, R>(fetch: (ids: ID[]) => Promise<R>, take: (r: R, ids: ID[]) => void, missed: (ids: ID[]) => void = () => undefined): Asking<ID> {
  const open = new Set<ID>()
  let turn = 0
  let tries = 0
  let due = 0
  let going = false

  async function ask(ids: ID[]): Promise<void> {
    const mine = turn
    ids.forEach((id) => open.delete(id)) // as long as they are asked for
    try {
      const r = await fetch(ids)
      if (mine !== turn) return
      if (open.size === 0) tries = 0
      take(r, ids)
    } catch {
      if (mine !== turn) return
      ids.forEach((id) => open.add(id))
      missed(ids)
      later()
    }
  }
  function later(): void {
    if (!going && open.size > 0) due ||= window.setTimeout(again, 5000 * 2 ** Math.min(tries++, 4))
  }
  // again goes once at a time, and not behind the door.
  async function again(): Promise<void> {
    clearTimeout(due)
    due = 0
    if (going || line.away || !line.uid) return
    const mine = turn
    going = true
    await inParts([...open], async (ids) => mine === turn && (await ask(ids)))
    going = false
    later()
  }
  function forget(): void {
    turn++
    tries = 0
    open.clear()
    clearTimeout(due)
    due = 0
  }
  watch(
    () => line.back,
    () => {
      tries = 0
      void again()
    },
  )
  if (getCurrentScope()) onScopeDispose(forget)
  return { ask, forget }
}
