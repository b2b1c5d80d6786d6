// Where the reader is: the part of the address behind #.
import { computed, ref } from 'vue'

const hash = ref(location.hash)
addEventListener('hashchange', () => (hash.value = location.hash))

export type Place = { view: 'drive'; folder: number; search: string } | { view: 'trash' } | { view: 'bed'; folder: string; search: string }

export const place = computed<Place>(() => {
  const [, view, rest = ''] = /^#\/?([a-z]*)\/?(.*)$/.exec(hash.value) ?? []
  if (view === 'bed') {
    const [folder = '', text] = rest.split('/')
    return { view, folder: /^[a-z0-9]*$/i.test(folder) ? folder : '', search: decoded(text ?? '') }
  }
  if (view === 'trash') return { view }
  if (view === 'search') return { view: 'drive', folder: 0, search: decoded(rest) }
  return { view: 'drive', folder: /^\d+$/.test(rest) ? Number(rest) : 0, search: '' }
})

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export const toDrive = (folder = 0): string => (folder === 0 ? '#/drive' : `#/drive/${folder}`)
export const toBed = (folder = ''): string => (folder === '' ? '#/bed' : `#/bed/${folder}`)
export function go(to: string): void {
  location.hash = to
}

let before = toDrive() // where the search of the drive began

// search looks for a text in the whole drive, or in the folder of the bed that is looked at;
// without one it goes back to where that began. What is typed on is one step of the history.
export function search(text: string): void {
  const now = place.value
  const already = now.view !== 'trash' && now.search !== ''
  if (!already && now.view !== 'bed') before = location.hash || toDrive()
  const whole = now.view === 'bed' ? toBed(now.folder) : before
  const to = text === '' ? whole : now.view === 'bed' ? `#/bed/${now.folder}/${encodeURIComponent(text)}` : `#/search/${encodeURIComponent(text)}`
  if (already) location.replace(to)
  else go(to)
}
