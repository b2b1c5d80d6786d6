// Where the reader is: the part of the address behind #.
import { computed, ref } from 'vue'

const hash = ref(location.hash)
addEventListener('hashchange', () => (hash.value = location.hash))

export type Place = { view: 'drive'; folder: number; search: string } | { view: 'trash' } | { view: 'bed'; folder: string }

export const place = computed<Place>(() => {
  const [, view, rest = ''] = /^#\/?([a-z]*)\/?(.*)$/.exec(hash.value) ?? []
  if (view === 'bed') return { view, folder: /^[a-z0-9]*$/i.test(rest) ? rest : '' }
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
export const toSearch = (text: string): string => `#/search/${encodeURIComponent(text)}`
export function go(to: string): void {
  location.hash = to
}
