// What the views of drive and bed share: the list of a folder, the way to it, what is
// selected of it, and what can be done with that. What of it is seen is parts/Browser.vue.
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { line, type Failure } from './ask'
import { fail, inquire, toast } from './bubbles'
import type { Listing } from './listing'
import { go } from './place'
import { kept, narrow } from './prefs'
import { selectionOf, type Selection } from './selection'
import { ended, loadTasks, wanted } from './tasks'
import type { Crumb } from './wire'
import { say, t } from './words'

export interface Browsable {
  id: string | number
  name: string
  folder: boolean
  parent: string | number
  size: number
}

// Kind is what is different of drive and bed.
export interface Kind<T extends Browsable> {
  kind: 'drive' | 'bed'
  folder: () => T['id']
  root: T['id']
  fixed?: () => boolean // nothing of this list is opened, moved or looked at closer
  depends: () => unknown[] // where one of these changes the list begins anew
  list: () => Listing<T>
  way: (id: T['id']) => Promise<Crumb<T['id']>[]>
  to: (id: T['id']) => string
  open: (e: T) => void // what is no folder
  mkdir: (parent: T['id'], name: string) => Promise<unknown>
  rename: (id: T['id'], name: string) => Promise<unknown>
  renameHint?: (e: T) => string | undefined
  move: (ids: T['id'][], to: T['id']) => Promise<unknown>
}

// Choice is what can be done with what is selected.
export interface Choice {
  key: string
  label: string
  run: () => void
}

export interface Browser<T extends Browsable> {
  of: Kind<T>
  mode: Ref<'grid' | 'list'>
  listing: ShallowRef<Listing<T>>
  selection: Selection<T>
  path: Ref<Crumb<T['id']>[]>
  crumbs: ComputedRef<{ name: string; to: string }[]>
  lost: Ref<string> // why the folder is not there
  nothing: ComputedRef<boolean>
  reload: () => Promise<void>
  shifted: Ref<number> // counts what may have changed folders
  chosen: ComputedRef<T[]>
  weight: ComputedRef<number>
  one: ComputedRef<T | undefined>
  details: ComputedRef<T | undefined> // the one to be looked at closer
  pinned: Ref<boolean>
  look: () => void
  unlook: () => void
  open: (e: T) => void
  mkdir: () => void
  rename: () => void
  moving: Ref<boolean> // the target is asked for
  moveTo: (to: T['id']) => Promise<void>
  gone: (list: T[]) => void // takes out of sight what is being deleted
  follow: (start: () => Promise<string>) => Promise<boolean> // begins a task and shows it
  menuAt: Ref<{ x: number; y: number } | undefined>
  grid: Ref<{ focus: () => void } | undefined>
}

export function browse<T extends Browsable>(of: Kind<T>, showTasks: () => void): Browser<T> {
  const mode = kept<'grid' | 'list'>(of.kind + 'Mode', 'grid')
  const listing = shallowRef(of.list())
  const selection = selectionOf<T>(() => listing.value)
  const path = ref([]) as Ref<Crumb<T['id']>[]>
  const lost = ref('')
  const grid = ref<{ focus: () => void }>()
  const shifted = ref(0)

  // find asks for the way to where we are.
  function find(): void {
    const id = of.folder()
    if (id === of.root) return
    of.way(id).then(
      (p) => id === of.folder() && (path.value = p),
      (e: Failure) => id === of.folder() && e.word === 'not_found' && (lost.value = e.message),
    )
  }
  async function reload(): Promise<void> {
    await listing.value.reload().catch((e: unknown) => listing.value.items.value.length > 0 && fail(e))
  }
  watch(
    () => [of.folder(), of.fixed?.() === true, line.signedIn, ...of.depends()] as const,
    (now, before) => {
      if (before) listing.value = of.list()
      selection.clear()
      selection.cursor.value = -1
      void reload()
      if (before && now[0] === before[0] && now[1] === before[1] && now[2] === before[2]) return
      lost.value = ''
      const i = path.value.findIndex((c) => c.id === now[0])
      path.value = i < 0 ? [] : path.value.slice(0, i + 1)
      find()
      if (!document.activeElement?.closest('[role=tree]')) grid.value?.focus()
    },
    { immediate: true },
  )
  watch(
    () => line.back,
    () => {
      find()
      void reload()
    },
  )
  watch(ended, reload)

  const chosen = selection.list
  const one = computed(() => (chosen.value.length === 1 ? chosen.value[0] : undefined))
  const looking = ref(false) // of a phone: a sheet for the moment
  const pinned = kept('details', true) // else: a place of its own, so that nothing moves when something is selected
  watch(one, (x) => {
    if (!x) looking.value = false
  })
  function look(on: boolean): void {
    if (narrow.value) looking.value = on
    else pinned.value = on
  }

  async function moveTo(to: T['id']): Promise<void> {
    const list = chosen.value
    await of.move(list.map((e) => e.id), to)
    gone(list)
    void reload()
    shifted.value++
    const back = async (): Promise<void> => {
      for (const parent of new Set(list.map((e) => e.parent))) await of.move(list.filter((e) => e.parent === parent).map((e) => e.id), parent)
      await reload()
      shifted.value++
    }
    toast(say('move.done', list.length), { label: t('undo.it'), run: () => void back().catch(fail) })
  }
  function gone(list: T[]): void {
    const ids = new Set(list.map((e) => e.id))
    listing.value.drop((e) => ids.has(e.id))
    selection.clear()
    grid.value?.focus()
  }

  return {
    of,
    mode,
    listing,
    selection,
    path,
    crumbs: computed(() => path.value.map((c) => ({ name: c.name, to: of.to(c.id) }))),
    lost,
    nothing: computed(() => listing.value.state.value === 'ready' && listing.value.items.value.length === 0 && listing.value.ended.value),
    reload,
    shifted,
    chosen,
    weight: computed(() => chosen.value.reduce((n, e) => n + e.size, 0)),
    one,
    details: computed(() => (one.value && !of.fixed?.() && (narrow.value ? looking.value : pinned.value) ? one.value : undefined)),
    pinned,
    look: () => look(narrow.value || !pinned.value),
    unlook: () => look(false),
    open(e) {
      if (of.fixed?.()) return
      if (!e.folder) return of.open(e)
      path.value = [...path.value, { id: e.id, name: e.name }]
      go(of.to(e.id))
    },
    mkdir() {
      const parent = of.folder()
      inquire({ title: t('folder.new'), value: '', action: t('folder.make'), run: async (name) => void (await of.mkdir(parent, name), await reload(), shifted.value++) })
    },
    rename() {
      const e = one.value
      if (!e || of.fixed?.()) return
      inquire({
        title: t('rename.title'),
        text: of.renameHint?.(e),
        value: e.name,
        stem: !e.folder,
        action: t('rename.go'),
        run: async (name) => {
          if (name === e.name) return
          await of.rename(e.id, name)
          selection.clear()
          listing.value.change((x) => x.id === e.id, (x) => ({ ...x, name }))
          toast(t('rename.done', { name }), { label: t('undo.it'), run: () => void of.rename(e.id, e.name).then(() => (reload(), shifted.value++), fail) })
          void reload()
          shifted.value++
        },
      })
    },
    moving: ref(false),
    moveTo,
    gone,
    async follow(start) {
      try {
        wanted.value = await start()
        await loadTasks().catch(() => undefined) // the task has begun all the same
        selection.clear()
        showTasks()
        return true
      } catch (e) {
        fail(e)
        return false
      }
    },
    menuAt: ref<{ x: number; y: number }>(),
    grid,
  }
}
