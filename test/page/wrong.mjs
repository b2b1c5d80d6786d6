// What a person sees of the page where something goes wrong: a reload amid an upload, a
// server that refuses, a file that changes, another person in another tab.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch, lying, steps, until } from './browser.mjs'

const { PAGE_URL: base, PAGE_NAME: name, PAGE_PASSWORD: password, PAGE_OTHER: other, PAGE_OTHER_PASSWORD: otherPassword } = process.env

const dir = mkdtempSync(join(tmpdir(), 'page-'))
const made = (called, bytes) => {
  writeFileSync(join(dir, called), bytes)
  return join(dir, called)
}
const browser = await launch()
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
context.setDefaultTimeout(60000)
const wrong = []
async function open() {
  const page = await context.newPage()
  page.on('pageerror', (e) => wrong.push(e.message))
  page.on('dialog', (d) => d.accept()) // "leave this page?"
  await page.goto(base + '/')
  return page
}
async function signIn(page, who, secret) {
  await page.fill('input[name=name]', who)
  await page.fill('input[name=password]', secret)
  await page.keyboard.press('Enter')
  await account(page).waitFor()
}
const account = (page) => page.getByRole('button', { name: 'Account menu' })
const door = (page) => page.locator('input[name=password]')
async function signOut(page) {
  await account(page).click()
  await page.getByText('Sign out').click()
}
const see = (text) => page.getByText(text).first().waitFor()
const list = (page) => page.evaluate(async () => (await (await fetch('/api/v1/file/list?parentFileId=0&page=1&limit=100&orderBy=file_name&orderDirection=asc')).json()).data.fileList)
const names = async (page) => (await list(page)).map((f) => f.filename)
const refusal = (code) => ({ status: 200, contentType: 'application/json', body: JSON.stringify({ code: 1, message: code, data: null, 'x-traceID': 'trace', error: { code, message: code } }) })
const corner = () => page.getByRole('region', { name: 'Upload' })
const input = 'input[type=file][multiple]'
async function close() {
  await corner().getByRole('button', { name: 'Close' }).click()
  await corner().waitFor({ state: 'detached' })
}


// leaveBehind closes a tab that has uploads.
async function leaveBehind() {
  const tab = await open()
  await account(tab).waitFor()
  await tab.route('**/upload/v2/file/create', () => undefined) // never answered
  const { files } = await lying(tab)
  await tab.setInputFiles(input, [0, 1, 2].map((i) => made(`behind${i}.bin`, randomBytes(100))))
  await until(async () => (await lying(tab)).files === files + 3, 'it is not written down')
  await tab.close()
}

let page

try {
  page = await open()
  await signIn(page, name, password)
  const files = [made('a.bin', randomBytes(1000)), made('b.bin', randomBytes(2000)), made('empty.bin', '')]

  await steps.does('what is dropped again is not there twice', async () => {
    for (let i = 0; i < 2; i++) {
      await page.setInputFiles(input, files)
      await see('3 files uploaded')
      await close()
      assert.deepEqual(await names(page), ['a.bin', 'b.bin', 'empty.bin'])
    }
  })

  await steps.does('other content under the same name stands beside it', async () => {
    made('a.bin', randomBytes(1500))
    await page.setInputFiles(input, files.slice(0, 1))
    await see('1 file uploaded')
    await close()
    assert.deepEqual(await names(page), ['a(1).bin', 'a.bin', 'b.bin', 'empty.bin'])
  })

  await steps.does('a busy server is asked again', async () => {
    let asked = 0
    await page.route('**/upload/v2/file/create', (r) => (++asked === 1 ? r.fulfill(refusal('unavailable')) : r.continue()))
    await page.setInputFiles(input, made('busy.bin', randomBytes(100)))
    await see('1 file uploaded')
    assert.equal(asked, 2)
    await page.unroute('**/upload/v2/file/create')
    await close()
  })

  await steps.does('a file that changes is not a lost server', async () => {
    let go
    const gate = new Promise((r) => (go = r))
    await page.route('**/upload/v2/file/create', async (r) => (await gate, r.continue()))
    const asked = page.waitForRequest('**/upload/v2/file/create')
    await page.setInputFiles(input, made('changes.bin', randomBytes(5000)))
    await asked
    made('changes.bin', randomBytes(100))
    go()
    await see('The file can\'t be read.')
    assert.equal(await page.locator('.away').count(), 0)
    await page.unroute('**/upload/v2/file/create')
    await close()
  })

  await steps.does('an upload goes on after a reload', async () => {
    const content = randomBytes(40 << 20)
    let creates = 0
    page.on('request', (r) => (creates += r.url().endsWith('/upload/v2/file/create') ? 1 : 0))
    let slices = 0
    let held = true
    await page.route('**/upload/v2/file/slice', (r) => {
      if (++slices === 1 || !held) return r.continue()
    })
    await page.setInputFiles(input, made('large.bin', content))
    await until(
      () =>
        page.evaluate(
          () =>
            new Promise((done) => {
              const r = indexedDB.open('tuchuang', 1)
              r.onsuccess = () => {
                const q = r.result.transaction('facts').objectStore('facts').getAll()
                q.onsuccess = () => (r.result.close(), done(q.result.some((x) => x.path === 'large.bin' && x.slice === 2)))
              }
            }),
        ),
      'the first slice is not noted',
    )
    held = false
    await page.reload()
    await see('1 file uploaded')
    assert.equal(creates, 1, 'it began anew')
    const there = (await list(page)).find((f) => f.filename === 'large.bin')
    assert.equal(there.etag, createHash('md5').update(content).digest('hex'))
    await page.unroute('**/upload/v2/file/slice')
    await close()
  })

  await steps.does('of thousands of files none is forgotten', async () => {
    const to = await page.evaluate(async () => (await (await fetch('/upload/v1/file/mkdir', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ parentID: 0, name: 'thousands' }) })).json()).data.dirID)
    await page.goto(`${base}/#/drive/${to}`)
    await see('This folder is empty')
    let creates = 0
    await page.route('**/upload/v2/file/create', (r) => (++creates <= 30 ? r.continue() : undefined))
    const many = await page.evaluateHandle(() => {
      const d = new DataTransfer()
      for (let i = 0; i < 2050; i++) d.items.add(new File([`number ${i}`], `${i}.txt`))
      return d
    })
    await page.dispatchEvent('section.view', 'drop', { dataTransfer: many })
    await until(async () => {
      const { facts, files } = await lying(page)
      return facts === 2020 && files === 2000
    }, 'of what goes the content of others takes the room')
    await page.reload()
    await see('20 uploads were not finished')
    await corner().getByText('Uploading 0 of 2,000').waitFor()
    await corner().getByRole('button', { name: 'Stop all uploads' }).click()
    await corner().waitFor({ state: 'detached' })
    await page.unroute('**/upload/v2/file/create')
    await page.goto(base + '/#/drive')
    await page.getByRole('option', { name: 'thousands' }).waitFor()
  })

  await steps.does('what is stopped has no room at the server any more', async () => {
    await page.route('**/upload/v2/file/slice', () => undefined) // never sent
    const begun = page.waitForRequest('**/upload/v2/file/slice')
    await page.setInputFiles(input, made('stopped.bin', randomBytes(100000)))
    await begun
    const told = page.waitForResponse('**/upload/v2/file/upload_cancel')
    await corner().getByRole('button', { name: 'Stop all uploads' }).click()
    assert.equal((await (await told).json()).code, 0)
    await page.unroute('**/upload/v2/file/slice')
    assert.ok(!(await names(page)).includes('stopped.bin'))
  })

  await steps.does('an open menu has the keys', async () => {
    const grid = page.getByRole('listbox')
    const at = () => grid.getAttribute('aria-activedescendant')
    await grid.focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    const before = await at()
    await page.keyboard.press('Shift+F10')
    await page.locator('.n-dropdown-menu').waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    assert.equal(await at(), before)
    await page.keyboard.press('Escape')
    await page.locator('.n-dropdown-menu').waitFor({ state: 'detached' })
    await see('1 selected')
    await page.keyboard.press('ArrowLeft')
    assert.notEqual(await at(), before)
  })

  await steps.does('a link that is out of date is renewed from the drive', async () => {
    const picture = () => Buffer.concat([Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'), randomBytes(8)])
    await page.setInputFiles(input, made('old.png', picture()))
    await see('1 file uploaded')
    await close()
    const cell = page.getByRole('option', { name: 'old.png' })
    await cell.click()
    await page.getByRole('toolbar').getByRole('button', { name: 'Publish' }).click()
    await page.getByRole('button', { name: 'Publish 1 picture' }).click()
    await page.getByRole('heading', { name: '1 published' }).waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.badge.current').waitFor()
    const bytes = picture()
    const code = await page.evaluate(async ([list, etag]) => {
      const form = new FormData()
      for (const [k, v] of Object.entries({ parentFileID: '0', filename: 'old.png', duplicate: '2', etag, size: String(list.length) })) form.append(k, v)
      form.append('file', new Blob([new Uint8Array(list)]), 'old.png')
      return (await (await fetch('/upload/v2/file/single/create', { method: 'POST', body: form })).json()).code
    }, [[...bytes], createHash('md5').update(bytes).digest('hex')])
    assert.equal(code, 0)
    await page.reload()
    await page.locator('.badge.outdated').waitFor()
    await cell.click()
    await page.getByRole('complementary', { name: 'Details' }).getByRole('button', { name: 'Publish again' }).click()
    await page.getByRole('heading', { name: '1 published' }).waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.badge.current').waitFor()
  })

  await steps.does('a thumbnail that the server was too busy for is asked for again', async () => {
    const busy = '<svg xmlns="http://www.w3.org/2000/svg" width="164" height="123"/>'
    const thumbnails = /\/file\/thumbnail\?/
    await page.route(thumbnails, (r) => (r.request().url().includes('again=') ? r.continue() : r.fulfill({ contentType: 'image/svg+xml', body: busy })))
    const asked = page.waitForResponse(/\/file\/thumbnail\?.*again=1/)
    await page.reload()
    assert.equal((await asked).status(), 200)
    await page.unroute(thumbnails)
  })

  await steps.does('what of a list did not come is said, and asked for again', async () => {
    const folder = await page.evaluate(async () => {
      const mkdir = async (parentID, name) =>
        (await (await fetch('/upload/v1/file/mkdir', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ parentID, name }) })).json()).data.dirID
      const top = await mkdir(0, 'many')
      for (let i = 0; i < 130; i++) await mkdir(top, 'd' + String(i).padStart(3, '0'))
      return top
    })
    const second = /file\/list\?.*page=2&/
    await page.route(second, (r) => r.fulfill(refusal('unavailable')))
    await page.goto(`${base}/#/drive/${folder}`)
    await page.getByRole('option', { name: 'd000' }).waitFor()
    const grid = page.getByRole('listbox')
    await grid.focus()
    await page.keyboard.press('Control+a')
    await page.locator('.toast.bad').waitFor()
    await grid.evaluate((e) => (e.scrollTop = e.scrollHeight))
    await see('Some of the list did not load.')
    await page.unroute(second)
    await page.locator('.missing').getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('option', { name: 'd129' }).waitFor()
    await page.keyboard.press('Control+a')
    await see('130 selected')
  })

  await steps.does('a reload that fails leaves the list', async () => {
    const lists = /\/api\/v1\/file\/list\?/
    await page.route(lists, (r) => r.fulfill(refusal('internal')))
    await page.getByRole('button', { name: 'New folder' }).click()
    await page.getByRole('dialog').getByRole('textbox').fill('one more')
    await page.keyboard.press('Enter')
    await see('the operator can find it by trace')
    await page.getByRole('option', { name: 'd129' }).waitFor()
    await page.unroute(lists)
  })

  await steps.does('a sign-out that fails is said', async () => {
    await page.route('**/web/sign-out', (r) => r.fulfill({ status: 500, body: '' }))
    await signOut(page)
    await see('you are still signed in')
    assert.equal(await door(page).count(), 0)
    await page.unroute('**/web/sign-out')
  })

  await steps.does('signing out frees what was begun; where it fails the upload goes on', async () => {
    let slices = 0
    await page.route('**/upload/v2/file/slice', (r) => (++slices === 1 ? undefined : r.continue()))
    await page.route('**/web/sign-out', (r) => r.fulfill({ status: 500, body: '' }))
    const begun = page.waitForRequest('**/upload/v2/file/slice')
    await page.setInputFiles(input, made('going.bin', randomBytes(100000)))
    await begun
    const told = page.waitForResponse('**/upload/v2/file/upload_cancel')
    await signOut(page)
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
    assert.equal((await (await told).json()).code, 0)
    await page.getByRole('dialog').getByText('you are still signed in').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await see('1 file uploaded')
    await page.unroute('**/upload/v2/file/slice')
    await page.unroute('**/web/sign-out')
    await close()
  })

  await steps.does('nothing of one person is left to the next', async () => {
    const second = await open()
    await account(second).waitFor()
    await leaveBehind()
    await page.goto(base + '/#/search/b.bin')
    await page.getByRole('option', { name: 'b.bin' }).waitFor()
    await page.route('**/upload/v2/file/create', () => undefined) // never answered
    const asked = page.waitForRequest('**/upload/v2/file/create')
    await page.setInputFiles(input, [0, 1, 2, 3, 4].map((i) => made(`secret${i}.bin`, randomBytes(100))))
    await asked
    await signOut(second)
    await door(second).waitFor()
    await door(page).waitFor()
    assert.deepEqual(await lying(page), { facts: 0, files: 0 }, 'what was not sent lies in the browser')
    await page.unroute('**/upload/v2/file/create')
    await signIn(second, other, otherPassword)
    await account(page).waitFor() // the other tab is let in too
    await page.getByText('Drop pictures here').waitFor()
    assert.ok(page.url().endsWith('/#/drive'), 'what was searched for is left in the address')
    assert.ok(!(await page.content()).includes('secret'))
    assert.deepEqual(await names(page), [])
    await second.close()
  })

  await steps.does('what was to be forgotten when a page went the next one forgets', async () => {
    await leaveBehind()
    await page.evaluate(async () => localStorage.setItem('forget/' + (await (await fetch('/api/v1/user/info')).json()).data.uid, ''))
    await page.reload()
    await account(page).waitFor()
    assert.deepEqual(await lying(page), { facts: 0, files: 0 })
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((k) => k.startsWith('forget/'))), [])
  })

  await steps.does('a refusal at the beginning is shown', async () => {
    await leaveBehind()
    await page.route('**/api/v1/user/info', (r) => r.fulfill(refusal('disabled')))
    await page.reload()
    await see('The account is disabled.')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.unroute('**/api/v1/user/info')
    await door(page).waitFor()
    assert.deepEqual(await lying(page), { facts: 0, files: 0 }, 'what was not sent lies in the browser')
  })
  assert.deepEqual(wrong, [])
} catch (e) {
  console.error(`not ok ${steps.at}: ${e.stack}`)
  console.error(wrong.join('\n'))
  await page.screenshot({ path: join(tmpdir(), 'page-wrong.png') }).catch(() => undefined)
  process.exitCode = 1
} finally {
  await browser.close()
  rmSync(dir, { recursive: true, force: true })
}
