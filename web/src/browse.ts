// What the views of drive and bed share: the list of a folder, the way to it, what is
// selected of it, and what can be done with that. What of it is seen is parts/Browser.vue.
import { computed, nextTick, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { line, type Failure } from './ask'
import { again, fail, inquire, turned, turnedFiles, unanswered, undoable, type Question } from './bubbles'
import { begin, inTasks, tooMany } from './copying'
import { changed, type Change, type Listing } from './listing'
import { go, place } from './place'
import { kept, narrow } from './prefs'
import { selectionOf, type Selection } from './selection'
import { ended } from './tasks'
import type { Crumb, Order } from './wire'
import { say, t } from './words'

export interface Browsable {
  id: string | number
  name: string
  folder: boolean
  parent: string | number
  size: number
  waits?: boolean // it is not there before the server has said so
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
  folderOf: (name: string, parent: T['id']) => T // one that is about to be made
  before: (folder: T, e: T) => boolean // that is where it is listed
  mkdir: (parent: T['id'], name: string) => Promise<T['id']>
  rename: (id: T['id'], name: string) => Promise<unknown>
  renameHint?: (e: T) => string | undefined
  move: (ids: T['id'][], to: T['id'], done: T['id'][]) => Promise<unknown> // done gets those that were moved
  takes?: () => boolean // files that are let go here are uploaded
  take?: (files: DataTransfer, to: T['id']) => Promise<void>
}

// comesBefore says whether a folder that is being made stands before an entry: by name, or first
// where the newest do, else behind the other folders.
export function comesBefore(f: Browsable, e: Browsable, { by, desc }: Order<string>): boolean {
  if (!e.folder) return true
  if (by === 'file_name') return desc ? f.name > e.name : f.name < e.name
  return desc && by !== 'size'
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
  moveTo: (to: T['id']) => void
  gone: (list: T[]) => void // takes out of sight what was deleted; the keys stay where they are
  asked: ShallowRef<Asked<T>[]>
  act: (list: T[], run: (done: T['id'][]) => Promise<unknown>, undo?: Undo<T>) => Promise<boolean>
  follow: (ids: T['id'][], start: (part: T['id'][]) => Promise<string>) => Promise<void> // begins tasks that publish again, and shows them
  menuAt: Ref<{ x: number; y: number } | undefined>
  grid: Ref<GridHandle | undefined>
  main: Ref<HTMLElement | undefined>
  focus: () => void // the list has the keys, or the place where it is to be
}

// Undo is how what was done of something is told and undone.
export interface Undo<T extends Browsable> {
  said: (n: number) => string
  back: (done: T['id'][], was: string) => Promise<unknown> // was: the name before
}

interface Wanted<T extends Browsable> extends Change<T> {
  where: string // "": in no list
  folders: boolean // it is of folders too
  was?: string // of what is renamed: the name that the server has when it is asked
}
// Asked is a change that is not answered yet, or whose answer no list has taken in. It is
// shown where it was asked for, wherever one has been meanwhile.
interface Asked<T extends Browsable> extends Wanted<T> {
  answered: Promise<{ problem?: unknown }>
  became?: Change<T>
}
const everything = shallowRef<Asked<any>[]>([]) // of drive and bed: an id of the one is none of the other
const here = (): string => JSON.stringify(place.value)

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
  const main = ref<HTMLElement>()
  const focus = (): void => void nextTick(() => (grid.value ? grid.value.focus() : main.value?.focus({ preventScroll: true })))
  const shifted = ref(0)
  const asked: ShallowRef<Asked<T>[]> = everything

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
    const over = asked.value.filter((c) => c.became)
    if (over.length > 0) {
      path.value = path.value.map((c) => changed<Crumb<T['id']>>(c, over.map((x) => x.became!)) ?? c)
      listing.value.settle(over.filter((c) => c.where === here()).map((c) => c.became!))
      asked.value = asked.value.filter((c) => !c.became)
    }
    await listing.value.reload().catch((e: unknown) => listing.value.items.value.length > 0 && fail(e))
  }
  watch([listing, asked, here], () => listing.value.show(asked.value.filter((c) => c.where === here())), { immediate: true, flush: 'sync' })
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
      if (!document.activeElement?.closest('[role=tree], input')) focus()
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
  watch([turned, turnedFiles], reload)
  watch(turned, () => shifted.value++)

  // What is to be shown in its folder is selected when that is there.
  let wanted: T | undefined
  function arrive(): void {
    const e = wanted
    if (!e || e.parent !== of.folder()) return
    wanted = undefined
    selection.only([e])
    const i = selection.cursor.value
    if (i >= 0) grid.value?.toSight(i)
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

  // does shows at once what is asked for, and offers to undo it. Where the server says no it
  // is put right, and the reason thrown. What is about the same entries is asked for one after
  // the other.
  async function does(wanted: Wanted<T>, run: (done: T['id'][]) => Promise<unknown>, undo?: Undo<T>): Promise<void> {
    const ids = [...wanted.ids]
    const before = asked.value.filter((c) => ids.some((id) => c.ids.has(id)))
    async function answer(): Promise<{ done: T['id'][]; id?: unknown; problem?: unknown }> {
      await Promise.all(before.map((c) => c.answered))
      const renamed = before.filter((c) => c.name !== undefined).at(-1)
      if (renamed && (await renamed.answered).problem) mine.was = renamed.was
      const done: T['id'][] = []
      try {
        const id = await run(done)
        return { done: ids, id }
      } catch (problem) {
        return { done, problem }
      }
    }
    const answered = answer()
    const mine: Asked<T> = { ...wanted, answered }
    asked.value = [...asked.value, mine]
    unanswered.value++
    const said = ({ done }: { done: T['id'][] }): string => (done.length > 0 ? undo!.said(done.length) : '')
    if (undo) undoable(undo.said(ids.length), wanted.folders, async () => undo.back((await answered).done, mine.was ?? ''), answered.then(said))
    const { done, id, problem } = await answered
    unanswered.value--
    const made = wanted.made && { ...wanted.made, entry: { ...wanted.made.entry, id: id as T['id'], waits: false } }
    mine.became = problem ? { ids: new Set(done) } : { ...wanted, made }
    ;(wanted.folders ? turned : turnedFiles).value++
    if (problem) throw problem
  }
  // act takes what it is about out of sight, unless it stays, and out of the selection. What
  // could not be done is selected again, where one has neither selected something else nor gone
  // elsewhere, which both make the selection another one.
  async function act(list: T[], run: (done: T['id'][]) => Promise<unknown>, undo?: Undo<T>, stay = false): Promise<boolean> {
    const ids = new Set(list.map((e) => e.id))
    let done: T['id'][] = []
    const answered = does({ ids, where: stay ? '' : here(), folders: list.some((e) => e.folder) }, (d) => run((done = d)), undo)
    selection.leave(ids)
    const left = selection.chosen.value
    focus()
    try {
      await answered
      return true
    } catch (e) {
      const over = new Set(done)
      if (selection.chosen.value === left) selection.only([...left.values(), ...list.filter((x) => !over.has(x.id))])
      fail(e)
      return false
    }
  }
  // asks asks for a name, and again where it is refused, unless one has gone elsewhere, or has
  // asked for something else of the same entry.
  function asks(q: Omit<Question, 'run'>, run: (name: string, where: string) => Promise<void>, entry?: T): void {
    const where = here()
    const still = (): boolean => where === here() && !asked.value.some((c) => !c.became && entry && c.ids.has(entry.id))
    const whole: Question = { ...q, run: async (name) => void run(name, where).catch((e: Error) => (still() ? again({ ...whole, value: name }, e) : fail(e))) }
    inquire(whole)
  }

  function moveTo(to: T['id']): void {
    const list = chosen.value
    const undo: Undo<T> = {
      said: (n) => say('move.done', n),
      async back(done) {
        const ids = new Set(done)
        const moved = list.filter((e) => ids.has(e.id))
        for (const parent of new Set(moved.map((e) => e.parent))) await of.move(moved.filter((e) => e.parent === parent).map((e) => e.id), parent, [])
      },
    }
    const found = place.value.view === 'drive' && place.value.search !== '' // in the whole drive, wherever it lies
    void act(list, (done) => of.move(list.map((e) => e.id), to, done), undo, found)
  }

  function gone(list: T[]): void {
    const ids = new Set(list.map((e) => e.id))
    listing.value.settle([{ ids }])
    selection.leave(ids)
  }

  return {
    of,
    mode,
    listing,
    selection,
    path,
    crumbs: computed(() => path.value.map((c) => changed<Crumb<T['id']>>(c, asked.value) ?? c).map((c) => ({ id: String(c.id), name: c.name, to: of.to(c.id) }))),
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
      if (of.fixed?.() || e.waits) return
      if (of.picture(e)) {
        selection.only([e])
        full.value = true
        return
      }
      if (!e.folder) return of.open(e)
      path.value = [...path.value, { id: e.id, name: e.name }]
      go(of.to(e.id))
    },
    mkdir() {
      const parent = of.folder()
      asks({ title: t('folder.new'), value: '', action: t('folder.make') }, (name, where) => {
        const entry = { ...of.folderOf(name, parent), waits: true }
        return does({ ids: new Set(), where, folders: true, made: { entry, before: (e) => of.before(entry, e) } }, () => of.mkdir(parent, name))
      })
    },
    rename() {
      const e = one.value
      if (!e || of.fixed?.()) return
      const q = { title: t('rename.title'), text: of.renameHint?.(e), value: e.name, stem: !e.folder, action: t('rename.go') }
      const run = async (name: string, where: string): Promise<void> => {
        if (name === e.name) return
        const undo: Undo<T> = { said: () => t('rename.done', { name }), back: (_, was) => of.rename(e.id, was) }
        await does({ ids: new Set([e.id]), name, was: e.name, where, folders: e.folder }, () => of.rename(e.id, name), undo)
      }
      asks(q, run, e)
    },
    moving: ref(false),
    moveTo,
    gone,
    asked,
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
    main,
    focus,
  }
}
