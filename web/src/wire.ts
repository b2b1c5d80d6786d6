// The shapes of the API that the page reads, and the calls that more than one place makes.
import { ask, get, post, reads } from './ask'

export interface Entry {
  id: number
  name: string
  folder: boolean
  parent: number
  size: number
  etag: string
  picture: boolean
  at: string
}

export interface BedEntry {
  id: string
  name: string
  folder: boolean
  parent: string
  size: number
  etag: string
  at: string
  updated: string
  url: string
}

interface V1Item {
  fileID: number
  filename: string
  parentFileId: number
  type: number
  size: number
  etag: string
  category: number
  updateAt: string
}

interface BedItem {
  fileId: string
  filename: string
  parentFileId: string
  type: number
  size: number
  etag: string
  createAt: string
  updateAt: string
  downloadURL: string
}

const formats = ['png', 'gif', 'jpeg', 'tiff', 'webp', 'jpg', 'tif', 'svg', 'bmp']
export const extension = (name: string): string => /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
export const isPicture = (name: string): boolean => formats.includes(extension(name))

export const pageSize = 100
export const most = 100 // ids of a call

export interface Order<By extends string> {
  by: By
  desc: boolean
}
export type DriveOrder = Order<'file_name' | 'size' | 'update_at'>
export type BedOrder = Order<'file_name' | 'size' | 'create_at'>

export async function driveList(q: { parent: number; page: number; order: DriveOrder; trash?: boolean; search?: string }): Promise<{ total: number; list: Entry[] }> {
  const r = await get<{ total: number; fileList: V1Item[] | null }>('/api/v1/file/list', {
    parentFileId: q.parent,
    page: q.page,
    limit: pageSize,
    orderBy: q.order.by,
    orderDirection: q.order.desc ? 'desc' : 'asc',
    foldersFirst: q.trash ? undefined : true,
    trashed: q.trash || undefined,
    searchData: q.search || undefined,
  })
  const list = (r.fileList ?? []).map((f) => ({
    id: f.fileID,
    name: f.filename,
    folder: f.type === 1,
    parent: f.parentFileId,
    size: f.size,
    etag: f.etag,
    picture: f.type === 0 && isPicture(f.filename),
    at: f.updateAt,
  }))
  return { total: r.total, list }
}

// bedList answers a page of a folder; begins is what the names begin with, "" for all.
export async function bedList(q: { parent: string; page: number; order: BedOrder; begins: string }): Promise<{ total: number; list: BedEntry[] }> {
  const r = await reads<{ total: number; fileList: BedItem[] }>('/api/v1/oss/file/list', {
    parentFileId: q.parent,
    page: q.page,
    limit: pageSize,
    orderBy: q.order.by,
    orderDirection: q.order.desc ? 'desc' : 'asc',
    searchData: q.begins,
  })
  return { total: r.total, list: r.fileList.map(bedEntry) }
}

// foldersOf are the folders right in one of drive or bed, which come first in its list. ""
// is the root.
export async function foldersOf(kind: 'drive' | 'bed', id: string, limit: number): Promise<{ list: Crumb<string>[]; more: boolean }> {
  const found: Crumb<string>[] = []
  const add = (list: { id: number | string; name: string; folder: boolean }[]): boolean => {
    found.push(...list.filter((f) => f.folder).map((f) => ({ id: String(f.id), name: f.name })))
    return list.every((f) => f.folder) && found.length <= limit
  }
  if (kind === 'bed') {
    for (let last = ''; last !== '-1'; ) {
      const r = await reads<{ lastFileId: string; fileList: BedItem[] }>('/api/v1/oss/file/list', { parentFileId: id, limit: pageSize, lastFileId: last }) // counts nothing
      if (!add(r.fileList.map(bedEntry))) break
      last = r.lastFileId
    }
    found.sort((a, b) => a.name.localeCompare(b.name))
  } else {
    for (let page = 1; ; page++) {
      const { list } = await driveList({ parent: Number(id || 0), page, order: { by: 'file_name', desc: false } })
      if (!add(list) || list.length < pageSize) break
    }
  }
  return { list: found.slice(0, limit), more: found.length > limit }
}

const bedEntry = (f: BedItem): BedEntry => ({
  id: f.fileId,
  name: f.filename,
  folder: f.type === 1,
  parent: f.parentFileId,
  size: f.size,
  etag: f.etag,
  at: f.createAt,
  updated: f.updateAt,
  url: f.downloadURL,
})

export interface Crumb<ID> {
  id: ID
  name: string
}

// drivePath are the folders from below the root to one.
export async function drivePath(id: number): Promise<Crumb<number>[]> {
  const path: Crumb<number>[] = []
  while (id !== 0 && path.length < 128) {
    const d = await get<{ filename: string; parentFileID: number }>('/api/v1/file/detail', { fileID: id })
    path.unshift({ id, name: d.filename })
    id = d.parentFileID
  }
  return path
}

export async function foldersByID(ids: number[]): Promise<{ id: number; name: string; parent: number }[]> {
  const { fileList } = await reads<{ fileList: { fileId: number; filename: string; parentFileId: number }[] }>('/api/v1/file/infos', { fileIds: ids })
  return fileList.map((f) => ({ id: f.fileId, name: f.filename, parent: f.parentFileId }))
}

const inTrash = async (fileIds: number[]): Promise<number[]> =>
  (await reads<{ fileList: { fileId: number; trashed: number }[] }>('/api/v1/file/infos', { fileIds })).fileList.filter((f) => f.trashed === 1).map((f) => f.fileId)

export async function bedPath(id: string): Promise<Crumb<string>[]> {
  const path: Crumb<string>[] = []
  while (id !== '' && path.length < 128) {
    const d = await get<BedItem>('/api/v1/oss/file/detail', { fileID: id })
    if (d.fileId === d.parentFileId || d.parentFileId === '' || d.parentFileId === '0') break // the root
    path.unshift({ id, name: d.filename })
    id = d.parentFileId
  }
  return path
}

export type PublishState = 'unpublished' | 'current' | 'outdated'

export interface Published {
  fileId: number
  state: PublishState
  published: { imageID: string; filename: string; path: string; downloadURL: string; publishedAt: string; state: 'current' | 'outdated'; etag: string }[]
  more: boolean
}

export const published = async (ids: number[]): Promise<Published[]> => (await get<{ list: Published[] }>('/api/v1/oss/source/published', { fileIDs: ids })).list

// inParts calls for as many ids as one call takes, one after the other; done gets those that
// a call was well with, also where a later one fails.
export async function inParts<ID>(ids: ID[], call: (part: ID[]) => Promise<unknown>, done: ID[] = []): Promise<void> {
  for (let i = 0; i < ids.length; i += most) {
    const part = ids.slice(i, i + most)
    await call(part)
    done.push(...part)
  }
}

export const drive = {
  mkdir: async (parent: number, name: string) => (await post<{ dirID: number }>('/upload/v1/file/mkdir', { parentID: parent, name })).dirID,
  rename: (id: number, name: string) => ask('PUT', '/api/v1/file/name', { fileId: id, fileName: name }),
  move: (ids: number[], to: number, done?: number[]) => inParts(ids, (fileIDs) => post('/api/v1/file/move', { fileIDs, toParentFileID: to }), done),
  trash: (ids: number[], done?: number[]) => inParts(ids, (fileIDs) => post('/api/v1/file/trash', { fileIDs }), done),
  // recover answers those that stay in the trash, as the folder they were in is there too: it
  // may be in another part of what is asked for, so they are asked for again. done gets those
  // that are back, also where a later part fails. To who gives it it is well that some are back
  // already: a try may have been done of which no answer came.
  recover: async (ids: number[], done?: Set<number>): Promise<number[]> => {
    const stay: number[] = []
    const put = async (fileIDs: number[]): Promise<number[]> => (await post<{ abnormalFileIDs: number[] }>('/api/v1/file/recover', { fileIDs })).abnormalFileIDs
    await inParts(ids, async (fileIDs) => {
      const abnormal: number[] = await put(fileIDs).catch(async (e: { word?: string }) => {
        if (!done || e.word !== 'not_trashed') throw e
        const rest = await inTrash(fileIDs)
        return rest.length > 0 ? put(rest) : []
      })
      stay.push(...abnormal)
      if (done) fileIDs.filter((id) => !abnormal.includes(id)).forEach((id) => done.add(id))
    })
    return ids.length > most && stay.length > 0 && stay.length < ids.length ? drive.recover(stay, done) : stay
  },
  recoverTo: (ids: number[], to: number) => inParts(ids, (fileIDs) => post('/api/v1/file/recover/by_path', { fileIDs, parentFileID: to })),
  remove: (ids: number[], done?: number[]) => inParts(ids, (fileIDs) => post('/api/v1/file/delete', { fileIDs }), done),
  republish: async (ids: number[]) => (await post<{ taskID: string }>('/api/v1/oss/source/republish', { fileIDs: ids })).taskID,
  // The address works for whoever has it, so it is asked for when it is wanted.
  download: async (id: number) => here((await get<{ downloadUrl: string }>('/api/v1/file/download_info', { fileId: id })).downloadUrl),
  // archive is where several are had as one file.
  archive: async (fileIDs: number[], filename: string) => here((await reads<{ downloadUrl: string }>('/api/v1/file/archive_info', { fileIDs, filename })).downloadUrl),
}
// here is an address as this page reaches it, whatever the server takes itself for.
function here(address: string): string {
  const u = new URL(address)
  return u.pathname + u.search
}

export const bed = {
  mkdir: async (parent: string, name: string) => (await post<{ list: { dirID: string }[] }>('/upload/v1/oss/file/mkdir', { parentID: parent, name: [name], type: 1 })).list[0]!.dirID,
  rename: (id: string, name: string) => ask('PUT', '/api/v1/oss/file/name', { fileID: id, fileName: name }),
  move: (ids: string[], to: string, done?: string[]) => inParts(ids, (fileIDs) => post('/api/v1/oss/file/move', { fileIDs, toParentFileID: to }), done),
  // links are how many images go with these, in folders too; remove takes no more along. Both
  // are for as many as one call takes.
  links: async (fileIDs: string[]) => (await reads<{ links: number }>('/api/v1/oss/file/delete', { fileIDs, dryRun: true })).links,
  remove: (fileIDs: string[], links: number) => post('/api/v1/oss/file/delete', { fileIDs, links }),
  // removeEmpty leaves a folder alone in which something is.
  removeEmpty: async (id: string) => {
    const { fileList } = await reads<{ fileList: BedItem[] }>('/api/v1/oss/file/list', { parentFileId: id, limit: 1 })
    if (fileList.length === 0) await bed.remove([id], 0)
  },
  republish: async (ids: string[]) => (await post<{ taskID: string }>('/api/v1/oss/source/republish', { imageIDs: ids })).taskID,
}

export interface BedDetail {
  width: number // 0: not known
  height: number
}
export const bedDetail = (id: string): Promise<BedDetail> => get<BedDetail>('/api/v1/oss/file/detail', { fileID: id })

// Source is what an image was published of, as the drive has it now.
export interface Source {
  fileId: number // 0: it is there no more
  path: string
  state: 'current' | 'outdated' | 'gone'
}
export const sourceOf = async (id: string): Promise<Source | undefined> => (await get<{ sources?: Source[] }>('/api/v1/oss/source/published', { imageIDs: [id] })).sources?.[0]

export type Outcome = 'open' | 'copied' | 'replaced' | 'skipped' | 'failed'

export interface Item {
  seq: number
  fileId: number
  filename: string
  sourcePath: string
  targetPath: string
  etag: string
  size: number
  outcome: Outcome
  reason: string
  reasonMessage: string
  reasonMessageEn: string
  imageID: string
  downloadURL?: string
}

export interface Plan {
  planID: string
  total: number
  copied: number
  replaced: number
  skipped: number
  failed: number
  renamed: number
  bytes: number
  reasons: Record<string, number>
  limit: null | { failCode: string; failMsg: string; max: number; found: number }
  items: Item[]
  nextCursor: number
}

// together is what two plans do, one after the other. What is known of b's pictures follows
// once all of a's are.
export function together(a: Plan, b: Plan): Plan {
  const reasons = { ...a.reasons }
  for (const [r, n] of Object.entries(b.reasons)) reasons[r] = (reasons[r] ?? 0) + n
  return {
    planID: '',
    total: a.total + b.total,
    copied: a.copied + b.copied,
    replaced: a.replaced + b.replaced,
    skipped: a.skipped + b.skipped,
    failed: a.failed + b.failed,
    renamed: a.renamed + b.renamed,
    bytes: a.bytes + b.bytes,
    reasons,
    limit: a.limit ?? b.limit,
    items: a.nextCursor < 0 ? [...a.items, ...b.items] : a.items,
    nextCursor: a.nextCursor < 0 ? b.nextCursor : a.nextCursor,
  }
}

export interface Undone {
  removed: number
  restored: number
  kept: { imageID: string; filename: string; reason: string; reasonMessage: string; reasonMessageEn: string }[]
}

export const thumbOf = (kind: 'drive' | 'bed', id: number | string, etag: string, size: 128 | 320 | 1280): string =>
  `/api/v1${kind === 'bed' ? '/oss' : ''}/file/thumbnail?fileID=${id}&size=${size}&v=${etag.slice(0, 8)}`
