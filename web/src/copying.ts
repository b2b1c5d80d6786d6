// Copy tasks of any number of things: each takes so many, so there may be several, which the
// server does one after the other.
import { computed } from 'vue'
import { fail } from './bubbles'
import { me } from './session'
import { loadTasks, open, wanted } from './tasks'
import { count, say, t } from './words'

const limits = () => me.value!.copyLimits

export function inTasks<T>(list: T[]): T[][] {
  const { ids } = limits()
  return Array.from({ length: Math.ceil(list.length / ids) }, (_, i) => list.slice(i * ids, (i + 1) * ids))
}

const room = computed(() => Math.max(0, limits().tasks - open.value.length))

// tooMany says, where that is so, why so many can't be published now, or again, and what to do.
export function tooMany(n: number, again = false): string {
  const needed = Math.ceil(n / limits().ids)
  if (needed <= room.value) return ''
  if (room.value === 0) return say(again ? 'publish.noRoomAgain' : 'publish.noRoom', open.value.length)
  return t(again ? 'publish.tooManyAgain' : 'publish.tooMany', { n: count(n), tasks: count(needed), room: count(room.value), most: count(room.value * limits().ids) })
}

// begin begins one task for each part; done is told of each part that has begun.
export async function begin<P>(parts: P[], start: (part: P) => Promise<string>, done: (part: P) => void = () => undefined): Promise<void> {
  let begun = 0
  try {
    for (const p of parts) {
      const id = await start(p)
      if (begun++ === 0) wanted.value = id
      done(p)
    }
  } finally {
    if (begun > 0) await loadTasks().catch(() => undefined) // they have begun all the same
    if (begun > 0 && begun < parts.length) fail(new Error(t('publish.begun', { n: count(begun), of: count(parts.length) })))
  }
}
