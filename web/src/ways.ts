// Where entries of the drive lie, in words: the names of their folders are asked for many at
// a time, and kept until something may have moved.
import { reactive, watch } from 'vue'
import { line } from './ask'
import { foldersByID, most } from './wire'
import { t } from './words'

const known = reactive(new Map<number, { name: string; parent: number }>())
const wanted = new Set<number>()
const missed = new Set<number>() // could not be asked for: they are when the server is back
let due = 0

// wayOf is the way to a folder, or "" until it is known.
export function wayOf(id: number): string {
  const names: string[] = []
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
export const forgetWays = (): void => known.clear()

function want(id: number): void {
  wanted.add(id)
  due ||= window.setTimeout(() => {
    due = 0
    const ids = [...wanted].slice(0, most)
    ids.forEach((i) => wanted.delete(i))
    if (wanted.size > 0) want([...wanted][0]!)
    foldersByID(ids).then(
      (list) => {
        ids.forEach((i) => known.set(i, { name: '…', parent: 0 })) // what was deleted for good
        list.forEach((f) => known.set(f.id, { name: f.name, parent: f.parent }))
      },
      () => ids.forEach((i) => missed.add(i)),
    )
  }, 40)
}
watch(
  () => line.back,
  () => {
    missed.forEach(want)
    missed.clear()
  },
)
