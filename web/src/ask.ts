// How the page asks the API: one function, and what goes wrong in words.
import { reactive } from 'vue'
import { has, language, t } from './words'

// Failure is what the server refused, or that it could not be asked. Its words are of the
// language in which it is read.
export class Failure extends Error {
  constructor(
    readonly word: string,
    private readonly words: () => string,
  ) {
    super()
  }
  get message(): string {
    return this.words()
  }
}

// line is whether there is a server, and a session on it; uid is whose, and 0 as long as
// nobody knows. leaving says that the page is about to begin anew: nothing begins any more.
export const line = reactive({ signedIn: undefined as boolean | undefined, uid: 0, away: false, back: 0, leaving: false })

interface Envelope<T> {
  code: number
  message: string
  data: T
  error?: { code: string; message: string }
  'x-traceID'?: string
}

type Fields = Record<string, unknown>

// patience is how long an answer is waited for: the server gives up before. Of what changes
// something nobody knows then whether it was done.
export const patience = 60_000

export async function ask<T>(method: 'GET' | 'POST' | 'PUT', path: string, fields: Fields = {}, changes = method !== 'GET'): Promise<T> {
  let res: Response
  let text: string
  try {
    res = await fetch(method === 'GET' ? path + query(fields) : path, {
      method,
      signal: AbortSignal.timeout(patience),
      ...(method === 'GET' ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(fields) }),
    })
    text = await res.text()
  } catch (e) {
    if ((e as Error).name === 'TimeoutError') throw changes ? new Failure('uncertain', () => t('said.uncertain')) : new Failure('slow', () => t('wrong.slow'))
    lost()
    throw away()
  }
  return read<T>(res.status, text)
}

export const get = <T>(path: string, fields?: Fields): Promise<T> => ask<T>('GET', path, fields)
export const post = <T>(path: string, fields?: Fields): Promise<T> => ask<T>('POST', path, fields)
// reads is for what changes nothing, and asks for more than an address holds.
export const reads = <T>(path: string, fields?: Fields): Promise<T> => ask<T>('POST', path, fields, false)

// read takes the data out of an answer.
export function read<T>(status: number, text: string): T {
  let e: Envelope<T>
  try {
    e = JSON.parse(text) as Envelope<T>
  } catch {
    if (status >= 500) lost() // a proxy before a server that is not there
    throw status >= 500 ? away() : new Failure('internal', () => t('wrong.status', { status }))
  }
  if (e.code === 0) return e.data
  const word = e.error?.code ?? 'internal'
  if (word === 'no_token' || word === 'token_expired') {
    if (!line.leaving) line.signedIn = false
    line.uid = 0
    throw new Failure(word, () => t('wrong.session'))
  }
  if (has('said.' + word)) throw new Failure(word, () => t('said.' + word, { trace: e['x-traceID'] ?? '' }))
  const english = e.error?.message ?? e.message
  throw new Failure(word, () => (language.value === 'zh' ? e.message + '。' : english.charAt(0).toUpperCase() + english.slice(1) + '.'))
}

function query(fields: Fields): string {
  const q = new URLSearchParams()
  for (const [name, v] of Object.entries(fields)) {
    for (const one of Array.isArray(v) ? v : [v]) if (one !== undefined) q.append(name, String(one))
  }
  const text = q.toString()
  return text ? '?' + text : ''
}

export const away = (): Failure => new Failure('away', () => t('wrong.away'))

// lost looks for the server until it is back.
export function lost(): void {
  if (line.away) return
  line.away = true
  const look = async (): Promise<void> => {
    const there = await fetch('/readyz', { cache: 'no-store', signal: AbortSignal.timeout(10_000) }).then((r) => r.ok, () => false)
    if (!there) return void setTimeout(look, 2000)
    line.away = false
    line.back++
  }
  setTimeout(look, 1000)
}

export const signIn = (name: string, password: string): ReturnType<typeof enterBy> => enterBy({ name, password })

// enterBy signs in by name and password or by a link, and answers "" or the word of what was
// wrong, with the minutes to wait.
export async function enterBy(what: Record<string, string>): Promise<{ word: string; minutes: number }> {
  let res: Response
  try {
    res = await fetch('/web/sign-in', { method: 'POST', body: new URLSearchParams(what), signal: AbortSignal.timeout(patience) })
  } catch {
    return { word: 'away', minutes: 0 }
  }
  if (res.status === 204) return { word: '', minutes: 0 }
  const minutes = Math.ceil(Number(res.headers.get('Retry-After') ?? 0) / 60)
  return { word: [401, 403, 429].includes(res.status) ? await res.text() : 'internal', minutes }
}
