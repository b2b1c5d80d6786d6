// Where entries of the drive lie, in words: the names of their folders are asked for many at
// a time, and kept until something may have moved.
import { reactive, ref } from 'vue'
import { asking } from './asking'
import { foldersByID, inParts } from './wire'
import { t } from './words'

const known = reactive(new Map<number, { name: string; parent: number }>())
const turn = ref(0) // who shows a way asks anew in the next one
const wanted = new Set<number>() // all that was asked for: what does not come is asked for again by itself
let next: number[] = []
let due = 0
const { ask, forget } = asking(foldersByID, (list, ids) => {
  ids.forEach((i) => known.set(i, { name: '…', parent: 0 })) // what was deleted for good
  list.forEach((f) => known.set(f.id, { name: f.name, parent: f.parent }))
})

// wayOf is the way to a folder, or "" until it is known.
export function wayOf(id: number): string {
  const names: string[] = []
  void turn.value
  for (let n = 0; id !== 0 && n < 128; n++) {
    const f = known.get(id)
    if (!f) {
      want(id)
      return ''
    }
    names.unshift(f.name)
    id = f.parent
  }
  return [t('drive.title'), ...names].join(' / ')
}
export function forgetWays(): void {
  forget()
  wanted.clear()
  next = []
  known.clear()
  turn.value++
}

function want(id: number): void {
  if (wanted.has(id)) return
  wanted.add(id)
  next.push(id)
  due ||= window.setTimeout(() => {
    due = 0
    void inParts(next, ask)
    next = []
  }, 40)
}
