// What the scripts of this folder share: a browser, eyes on what goes wrong in a page, and
// pictures.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { deflateSync } from 'node:zlib'
import { chromium } from 'playwright-core'

export const { PAGE_URL: base, PAGE_NAME: name, PAGE_PASSWORD: password, PAGE_SHOTS: shots, PAGE_FAILED: failed } = process.env

// Chromium's headless shell does the same pages with a third less work: it has no window.
const shell = '/usr/bin/chromium-headless-shell'

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? (existsSync(shell) ? shell : '/usr/bin/chromium'),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})

export const nothing = '**/nothing'

// another is a browser that nobody has used. Nothing moves in it, which would have to be waited
// for and drawn; page.mjs has it as most people do.
export async function another({ holds = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', reducedMotion: 'reduce', ...options })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base })
  context.setDefaultTimeout(60000)
  await context.addInitScript(remember)
  // What is asked for in the moment in which a browser begins to hold requests, or ends, may be lost
  // to who waits for it: where some are held it holds them all the time, without its cache.
  if (holds) await context.route(nothing, (r) => r.continue())
  return context
}

// remember keeps in a page what hands did last, and counts what of the mouse came to it.
function remember() {
  window.hands = { mouse: 0, last: [] }
  for (const type of ['mousedown', 'mouseup', 'click', 'contextmenu', 'keydown'])
    addEventListener(
      type,
      (e) => {
        if (type !== 'keydown') hands.mouse++
        const { tagName, ariaLabel, className } = e.target?.closest?.('button') ?? e.target ?? {}
        hands.last.push(`${Math.round(e.timeStamp)} ms: ${type} ${e.key ?? ''} ${tagName} ${ariaLabel ?? className}`)
        hands.last.splice(0, hands.last.length - 12)
      },
      true,
    )
}

// soon answers what a page says, or nothing where it doesn't in a while.
const soon = (answer) => Promise.race([answer.catch(() => undefined), new Promise((r) => setTimeout(r, 5000).unref())])

// A click of which nothing at all came to the page was lost in the browser. It is told, and made again.
const blank = await browser.newPage()
const locator = Object.getPrototypeOf(blank.locator('html'))
await blank.close()
const { click } = locator
locator.click = async function (options) {
  const counted = () => soon(this.page().evaluate(() => window.hands && `${performance.timeOrigin} ${hands.mouse}`))
  const before = await counted()
  await click.call(this, options)
  if (before === undefined || (await counted()) !== before) return
  console.log(`the browser lost a click on ${this}`)
  await click.call(this, options)
}

// signIn is at the door of a page.
export async function signIn(page, who = name, secret = password) {
  await page.fill('input[name=name]', who)
  await page.fill('input[name=password]', secret)
  await page.keyboard.press('Enter')
}

// wrong is what no page should have done.
export const wrong = []

// script does all of a script. What goes wrong is told and shown, and it ends with another
// code than 0 then.
export async function script(called, does) {
  try {
    await does()
    assert.deepEqual(wrong, [])
  } catch (e) {
    console.error(`not ok ${steps.at}: ${e.stack}`)
    console.error(wrong.join('\n'))
    const pages = browser.contexts().flatMap((c) => c.pages())
    for (const [i, p] of pages.entries()) {
      const path = `${failed ?? tmpdir()}/${called}-failed${i || ''}.png`
      await p.screenshot({ path, timeout: 5000 }).then(() => console.error(`shown: ${path}`), () => undefined)
      console.error(`page ${i}, ${p.url()}:\n${await soon(p.evaluate(() => window.hands?.last.join('\n')))}`)
    }
    process.exitCode = 1
  } finally {
    await browser.close()
  }
}

// watch writes down what a page should not do: errors, warnings, what its policy forbids,
// requests to another host. expected says of a message that it should be there.
export function watch(page, expected = () => false) {
  page.on('pageerror', (e) => wrong.push('error: ' + e.message))
  page.on('console', (m) => {
    if (['error', 'warning'].includes(m.type()) && !expected(m)) wrong.push(`console: ${m.text()} ${m.location().url}`)
  })
  page.on('request', (r) => {
    if (!r.url().startsWith(base) && !/^(data|blob):/.test(r.url())) wrong.push('asks another host: ' + r.url())
  })
}

// steps tell what of a script was done; at is the one that is under way, shown the page that a
// picture is taken of after each where somebody wants pictures.
export const steps = {
  at: 'begin',
  shown: () => undefined,
  async does(what, fn) {
    this.at = what
    const began = performance.now()
    await fn()
    if (shots) await this.shown()?.screenshot({ path: `${shots}/${what.replace(/\W+/g, '-')}.png` })
    console.log(`ok ${what}, ${Math.round(performance.now() - began)} ms`)
  },
}

// answer answers a question for a name, once its field has the keys and what it chooses is chosen.
export async function answer(page, text, of) {
  const field = page.getByRole('dialog', of && { name: of }).getByRole('textbox')
  await field.waitFor()
  await page.waitForFunction(() => document.activeElement?.matches('[role=dialog] input') && (document.activeElement.value === '' || (document.activeElement.selectionStart === 0 && document.activeElement.selectionEnd > 0)))
  await field.fill(text)
}

// refusal is what the server answers where it refuses.
export const refusal = (code) => ({ status: 200, contentType: 'application/json', body: JSON.stringify({ code: 1, message: code, data: null, 'x-traceID': 'trace', error: { code, message: code } }) })

// data and post ask the server as who is signed in at a page; list and names are of a folder of the drive.
export const data = (page, path, q) => page.evaluate(async ([p, args]) => (await (await fetch(p + '?' + new URLSearchParams(args))).json()).data, [path, q])
export const post = (page, path, body) =>
  page.evaluate(async ([p, b]) => (await (await fetch(p, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(b) })).json()).data, [path, body])
export const list = (page, folder = 0) => data(page, '/api/v1/file/list', { parentFileId: folder, page: 1, limit: 100, orderBy: 'file_name', orderDirection: 'asc' })
export const names = async (page, folder) => (await list(page, folder)).fileList.map((f) => f.filename)

// queue tells a page, as another tab would, of tasks that wait, or have ended. A reload forgets them.
export const queue = (page, n, waits) =>
  page.evaluate(
    async ([n, status]) => {
      const { uid } = (await (await fetch('/api/v1/user/info')).json()).data
      const task = { status, failCode: '', failMsg: '', total: 0, copied: 0, replaced: 0, skipped: 0, failed: 0, bytes: 0, createAt: '2020-01-01 00:00:00', startAt: '', finishAt: '', undoAt: '', retryOf: '' }
      const channel = new BroadcastChannel('tuchuang-tasks')
      channel.postMessage({ uid, tasks: Array.from({ length: n }, (_, i) => ({ ...task, taskID: 'queued' + i })) })
      channel.close()
    },
    [n, waits ? 4 : 2],
  )

// lying counts what of uploads lies in the browser of a page.
export const lying = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        indexedDB.open('tuchuang', 1).onsuccess = ({ target: { result: db } }) => {
          const tx = db.transaction(['facts', 'files'])
          const [facts, files] = ['facts', 'files'].map((name) => tx.objectStore(name).count())
          tx.oncomplete = () => (db.close(), done({ facts: facts.result, files: files.result }))
        }
      }),
  )

// until looks again and again whether something is so. A promise is to waitForFunction of
// playwright as good as kept.
export async function until(is, what) {
  for (const end = Date.now() + 60000; !(await is()); await new Promise((r) => setTimeout(r, 50))) assert.ok(Date.now() < end, what)
}

// png makes a picture of one colour.
export function png(r, g, b, side = 64) {
  const table = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1
    return n >>> 0
  })
  const crc = (buf) => (buf.reduce((c, x) => table[(c ^ x) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(data.length, 0)
    body.copy(out, 4)
    out.writeUInt32BE(crc(body), body.length + 4)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const line = Buffer.concat([Buffer.from([0]), Buffer.from(Array.from({ length: side }, () => [r, g, b]).flat())])
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: side }, () => line)))), chunk('IEND', Buffer.alloc(0))])
}

// sticksOut names what is wider than the page, or than the window or bar that it stands in. Widths
// are rounded, and fonts differ: a pixel is nothing.
export const sticksOut = (page) =>
  page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll('[role=dialog], [role=dialog] .modal, .details, .selected, header.bar, .toolbar')]
      .filter((e) => e.clientWidth > 0 && (e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1))
      .map((e) => `${e.tagName}.${e.className} ${e.scrollWidth} > ${e.clientWidth}`),
  )
