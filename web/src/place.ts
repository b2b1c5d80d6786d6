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
// toSearch is a search of the whole drive, or of the folder of the bed that is looked at.
export const toSearch = (text: string): string => (place.value.view === 'bed' ? `#/bed/${place.value.folder}/${encodeURIComponent(text)}` : `#/search/${encodeURIComponent(text)}`)
// toWhole is where a search leads back to.
export const toWhole = (): string => (place.value.view === 'bed' ? toBed(place.value.folder) : toDrive())
export function go(to: string): void {
  location.hash = to
}
