// What the account's owner and an operator ask, and its shapes.
import { ask, get, post } from '../ask'
import { t } from '../words'

export interface Client {
  clientID: string
  name: string
  appName: string
  createAt: string
  usedAt: string
}
export interface Made {
  clientID: string
  clientSecret: string
}
export interface Token {
  tokenID: string
  page: boolean
  clientID: string
  clientName: string
  createAt: string
  usedAt: string
  expireAt: string
  address: string
  asking: boolean
}
export interface Allowed {
  clientID: string
  appName: string
  scope: string
  createAt: string
  expireAt: string
}
export interface Account {
  uid: number
  name: string
  operator: boolean
  state: 'enabled' | 'disabled' | 'unpublished'
  used: number
  quota: number
  entries: number
  maxEntries: number
  createAt: string
}
export interface Health {
  ready: boolean
  problem: '' | 'draining' | 'database' | 'store' | 'room' | 'moved'
  version: string
  database: 'sqlite' | 'postgres'
  store: 'folder' | 'bucket'
  room: number
  waiting: number
  running: number
  oldest: number
}

export const own = {
  password: (oldPassword: string, newPassword: string) => post('/api/v1/user/password', { oldPassword, newPassword }),
  clients: () => get<{ list: Client[]; max: number }>('/api/v1/user/client/list'),
  make: (name: string) => post<Made>('/api/v1/user/client/create', { name }),
  rename: (clientID: string, name: string) => ask('PUT', '/api/v1/user/client/name', { clientID, name }),
  remove: (clientID: string) => post('/api/v1/user/client/delete', { clientID }),
  tokens: (cursor: string) => get<{ list: Token[]; nextCursor: string; apps: Allowed[] }>('/api/v1/user/token/list', { cursor: cursor || undefined, limit: 50 }),
  end: (tokenID: string) => post('/api/v1/user/token/delete', { tokenID }),
  endApp: (clientID: string) => post('/api/v1/user/token/delete', { clientID }),
}

export const operator = {
  accounts: (lastUID: number) => get<{ list: Account[]; lastUID: number }>('/api/v1/operator/account/list', { lastUID, limit: 50 }),
  add: (name: string, quota: number) => post<Made & { uid: number; password: string }>('/api/v1/operator/account/create', { name, quota }),
  set: (uid: number, change: { quota?: number; maxEntries?: number; state?: Account['state'] }) => post<Account>('/api/v1/operator/account/set', { uid, ...change }),
  health: () => get<Health>('/api/v1/operator/health'),
}

export const clientName = (c: { name: string; appName?: string }): string => c.name || c.appName || t('clients.unnamed')

// copy puts a text on the clipboard; where the page came without encryption there is none.
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'hidden'
    const dialog = document.querySelector('[aria-modal="true"]') ?? document.body // the focus may not leave it
    dialog.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}

// sizeOf reads 500M, 10 GB or 1.5T; -1 for no limit, undefined for what is none.
export function sizeOf(text: string): number | undefined {
  const said = text.trim().toUpperCase()
  if (noLimit(said)) return -1
  const m = /^(\d+(?:\.\d+)?)\s*([KMGTP]?)(?:I?B)?$/.exec(said)
  if (!m) return undefined
  return Math.round(Number(m[1]) * 1024 ** (m[2] ? 'KMGTP'.indexOf(m[2]) + 1 : 0))
}
export const noLimit = (text: string): boolean => ['', '-', '∞', 'UNLIMITED', t('accounts.unlimited').toUpperCase()].includes(text.trim().toUpperCase())
