// What the views of drive and bed share: the list of a folder, the way to it, what is
// selected of it, and what can be done with that. What of it is seen is parts/Browser.vue.
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { line, type Failure } from './ask'
import { fail, inquire, turned, undoable } from './bubbles'
import { begin, inTasks, tooMany } from './copying'
import type { Listing } from './listing'
import { go } from './place'
import { kept, narrow } from './prefs'
import { selectionOf, type Selection } from './selection'
import { ended } from './tasks'
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
  depends: (() => unknown)[] // where one of these changes the list begins anew
  list: () => Listing<T>
  way: (id: T['id']) => Promise<Crumb<T['id']>[]>
  to: (id: T['id']) => string
  picture: (e: T) => boolean
  open: (e: T) => void // what is neither folder nor picture
  mkdir: (parent: T['id'], name: string) => Promise<unknown>
  rename: (id: T['id'], name: string) => Promise<unknown>
  renameHint?: (e: T) => string | undefined
  move: (ids: T['id'][], to: T['id'], done: T['id'][]) => Promise<unknown> // done gets those that were moved
  takes?: () => boolean // files that are let go here are uploaded
  take?: (files: DataTransfer, to: T['id']) => Promise<void>
}

// Choice is what can be done with what is selected.
export interface Choice {
  key: string
  label: string
  run: () => void
  press?: string // the key that does it
  icon?: string // it is of use to who looks at a picture
}

export interface Browser<T extends Browsable> {
  of: Kind<T>
  mode: Ref<'grid' | 'list'>
  listing: ShallowRef<Listing<T>>
  selection: Selection<T>
  path: Ref<Crumb<T['id']>[]>
  crumbs: ComputedRef<{ id: string; name: string; to: string }[]>
  lost: ShallowRef<Error | undefined> // why the folder is not there
  nothing: ComputedRef<boolean>
  reload: () => Promise<void>
  shifted: Ref<number> // counts what may have changed folders
  chosen: ComputedRef<T[]>
  weight: ComputedRef<number>
  one: ComputedRef<T | undefined>
  details: ComputedRef<T | undefined> // the one to be looked at closer
  pinned: Ref<boolean>
  look: () => void
  peek: () => void // looks as long as the sheet is there: then nothing is selected
  unlook: () => void
  full: Ref<boolean> // the one fills the page
  step: (by: 1 | -1) => Promise<void> // to the next picture
  open: (e: T) => void
  show: (e: T) => void // goes to the folder it is in
  mkdir: () => void
  rename: () => void
  moving: Ref<boolean> // the target is asked for
  moveTo: (to: T['id']) => Promise<void>
  gone: (list: T[]) => void // takes out of sight what was deleted; the keys stay where they are
  act: (list: T[], run: () => Promise<unknown>) => Promise<boolean>
  follow: (ids: T['id'][], start: (part: T['id'][]) => Promise<string>) => Promise<void> // begins tasks that publish again, and shows them
  menuAt: Ref<{ x: number; y: number } | undefined>
  grid: Ref<GridHandle | undefined>
}

export interface GridHandle {
  focus: () => void
  toSight: (index: number) => void
}

export function browse<T extends Browsable>(of: Kind<T>, showTasks: () => void): Browser<T> {
  const mode = kept<'grid' | 'list'>(of.kind + 'Mode', 'grid')
  const listing = shallowRef(of.list())
  const selection = selectionOf<T>(() => listing.value)
  const path = ref([]) as Ref<Crumb<T['id']>[]>
  const lost = shallowRef<Error>()
  const grid = ref<GridHandle>()
  const shifted = ref(0)

  // find asks for the way to where we are.
  function find(): void {
    const id = of.folder()
    if (id === of.root) return
    of.way(id).then(
      (p) => id === of.folder() && (path.value = p),
      (e: Failure) => id === of.folder() && e.word === 'not_found' && (lost.value = e),
    )
  }
  async function reload(): Promise<void> {
    await listing.value.reload().catch((e: unknown) => listing.value.items.value.length > 0 && fail(e))
  }
  watch(
    [of.folder, () => of.fixed?.() === true, () => line.signedIn, ...of.depends],
    (now, before) => {
      if (before.length > 0) listing.value = of.list()
      selection.clear()
      selection.cursor.value = -1
      void reload().then(arrive)
      if (now[0] === before[0] && now[1] === before[1] && now[2] === before[2]) return
      lost.value = undefined
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
  watch(turned, () => {
    void reload()
    shifted.value++
  })

  // What is to be shown in its folder is selected when that is there.
  let wanted: T | undefined
  function arrive(): void {
    const e = wanted
    if (!e || e.parent !== of.folder()) return
    wanted = undefined
    selection.only(e)
    const i = listing.value.items.value.findIndex((x) => x?.id === e.id)
    if (i < 0) return
    selection.cursor.value = i
    grid.value?.toSight(i)
  }

  const chosen = selection.list
  const one = computed(() => (chosen.value.length === 1 ? chosen.value[0] : undefined))
  const looking = ref(false) // of a phone: a sheet for the moment
  let peeked = false
  const full = ref(false)
  const pinned = kept('details', true) // else: a place of its own, so that nothing moves when something is selected
  watch(one, (x) => {
    if (!x) looking.value = full.value = false
  })
  function look(on: boolean): void {
    if (narrow.value) looking.value = on
    else pinned.value = on
    if (peeked && !on) selection.clear()
    peeked = false
  }

  let steps = 0
  async function step(by: 1 | -1): Promise<void> {
    const l = listing.value
    const mine = ++steps
    let i = l.items.value.findIndex((e) => e !== undefined && e.id === one.value?.id)
    if (i < 0) return
    for (i += by; i >= 0; i += by) {
      try {
        await l.need(i, i + 1)
      } catch (e) {
        return mine === steps ? fail(e) : undefined
      }
      if (mine !== steps || l !== listing.value || !full.value || i >= l.items.value.length) return
      const e = l.items.value[i]
      if (!e || !of.picture(e)) continue
      selection.touch(i, {})
      grid.value?.toSight(i)
      return
    }
  }

  // act shows at once what was asked for; where the server says no, it is put right.
  async function act(list: T[], run: () => Promise<unknown>): Promise<boolean> {
    const ids = new Set(list.map((e) => e.id))
    selection.leave(ids)
    grid.value?.focus()
    let well = true
    await listing.value.without((e) => ids.has(e.id), run).catch((e: unknown) => {
      well = false
      fail(e)
    })
    void reload()
    shifted.value++
    return well
  }

  async function moveTo(to: T['id']): Promise<void> {
    const list = chosen.value
    const done: T['id'][] = []
    try {
      await of.move(list.map((e) => e.id), to, done)
    } finally {
      const ids = new Set(done)
      const moved = list.filter((e) => ids.has(e.id))
      if (moved.length > 0) {
        gone(moved)
        void reload()
        shifted.value++
        undoable(say('move.done', moved.length), () => back(moved))
      }
    }
  }
  async function back(moved: T[]): Promise<void> {
    for (const parent of new Set(moved.map((e) => e.parent))) await of.move(moved.filter((e) => e.parent === parent).map((e) => e.id), parent, [])
  }
  function gone(list: T[]): void {
    const ids = new Set(list.map((e) => e.id))
    listing.value.drop((e) => ids.has(e.id))
    selection.leave(ids)
  }

  return {
    of,
    mode,
    listing,
    selection,
    path,
    crumbs: computed(() => path.value.map((c) => ({ id: String(c.id), name: c.name, to: of.to(c.id) }))),
    lost,
    nothing: computed(() => listing.value.state.value === 'ready' && listing.value.items.value.length === 0),
    reload,
    shifted,
    chosen,
    weight: computed(() => chosen.value.reduce((n, e) => n + e.size, 0)),
    one,
    details: computed(() => (one.value && !of.fixed?.() && (narrow.value ? looking.value : pinned.value) ? one.value : undefined)),
    pinned,
    look: () => look(narrow.value || !pinned.value),
    peek() {
      if (!narrow.value) return
      look(true)
      peeked = true
    },
    unlook: () => look(false),
    full,
    step,
    show(e) {
      wanted = e
      go(of.to(e.parent))
    },
    open(e) {
      if (of.fixed?.()) return
      if (of.picture(e)) {
        selection.only(e)
        full.value = true
        return
      }
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
          undoable(t('rename.done', { name }), () => of.rename(e.id, e.name))
          void reload()
          shifted.value++
        },
      })
    },
    moving: ref(false),
    moveTo,
    gone,
    act,
    async follow(ids, start) {
      const problem = tooMany(ids.length, true)
      if (problem) return fail(new Error(problem))
      try {
        await begin(inTasks(ids), start, (part) => selection.leave(new Set(part)))
        selection.clear()
        showTasks()
      } catch (e) {
        fail(e)
      }
    },
    menuAt: ref<{ x: number; y: number }>(),
    grid,
  }
}
