// What a person sees of the page where something goes wrong: a reload amid an upload, a
// server that refuses, a file that changes, another person in another tab.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { another, answer, base, data, list, lying, name, names, password, png, post, queue, refusal, script, signIn as at, steps, until, watch } from './browser.mjs'

const { PAGE_OTHER: other, PAGE_OTHER_PASSWORD: otherPassword } = process.env

const dir = mkdtempSync(join(tmpdir(), 'page-'))
const made = (called, bytes) => {
  writeFileSync(join(dir, called), bytes)
  return join(dir, called)
}
const context = await another({ holds: true, viewport: { width: 1280, height: 800 } })
let expected = 'status of 401' // what the browser says of what goes wrong by intention
async function open() {
  const page = await context.newPage()
  watch(page, (m) => expected !== '' && m.text().includes(expected))
  page.on('dialog', (d) => d.accept()) // "leave this page?"
  await page.goto(base + '/')
  return page
}
async function signIn(page, who, secret) {
  await at(page, who, secret)
  await account(page).waitFor()
  expected = ''
}
const account = (page) => page.getByRole('button', { name: 'Account menu' })
const door = (page) => page.locator('input[name=password]')
async function signOut(page) {
  await account(page).click()
  await page.getByText('Sign out').click()
}
const see = (text) => page.getByText(text).first().waitFor()
const mkdir = async (page, name, parentID = 0) => (await post(page, '/upload/v1/file/mkdir', { parentID, name })).dirID
const corner = () => page.getByRole('region', { name: 'Upload' })
const input = 'input[type=file][multiple]'
const button = (name) => page.getByRole('button', { name, exact: true })
async function stopAll() {
  await corner().getByRole('button', { name: 'Stop all uploads' }).click()
  await page.getByRole('dialog', { name: 'Stop all uploads?' }).getByRole('button', { name: 'Stop', exact: true }).click()
  await corner().waitFor({ state: 'detached' })
}
async function close() {
  await corner().getByRole('button', { name: 'Close' }).click()
  await corner().waitFor({ state: 'detached' })
}

// hurry lets the page wait less for answers, until what it answers is called.
async function hurry(times) {
  await page.evaluate((times) => {
    const { timeout } = AbortSignal
    AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / times)
    window.unhurried = () => (AbortSignal.timeout = timeout)
  }, times)
  return () => page.evaluate(() => void window.unhurried())
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

await script('wrong', async () => {
  page = await open()
  await signIn(page, name, password)
  const files = [made('a.bin', randomBytes(1000)), made('b.bin', randomBytes(2000)), made('empty.bin', '')]

  await steps.does('what is dropped again is not there twice', async () => {
    for (let i = 0; i < 2; i++) {
      await page.setInputFiles(input, files)
      const { x } = await corner().boundingBox()
      await see('3 files uploaded')
      await page.getByRole('option', { name: 'a.bin' }).waitFor()
      assert.equal((await corner().boundingBox()).x, x, 'it moves as the first files are there')
      await close()
      assert.deepEqual(await names(page), ['a.bin', 'b.bin', 'empty.bin'])
    }
  })

  await steps.does('what becomes of other content under a taken name is asked for, without a mouse', async () => {
    made('a.bin', randomBytes(1500))
    await page.setInputFiles(input, files.slice(0, 1))
    await corner().getByRole('alert').getByText('a.bin').waitFor()
    assert.equal(await corner().getByText('Do this for all').count(), 0, 'there is one alone')
    for (let tabs = 0; !(await button('Keep both').evaluate((e) => e === document.activeElement)); tabs++) {
      assert.ok(tabs < 80, 'the keyboard does not come there')
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await see('1 file uploaded')
    await close()
    assert.deepEqual(await names(page), ['a(1).bin', 'a.bin', 'b.bin', 'empty.bin'])
  })

  await steps.does('others go on meanwhile, and what is said is for all that came together', async () => {
    const before = (await list(page)).fileList
    await page.setInputFiles(input, [made('a.bin', randomBytes(1600)), made('b.bin', randomBytes(2600)), made('empty.bin', randomBytes(10)), made('c.bin', randomBytes(300))])
    await page.getByRole('option', { name: 'c.bin' }).waitFor()
    await corner().getByText('Do this for all').click()
    await button('Skip').click()
    await see('1 file uploaded')
    await close()
    assert.deepEqual((await list(page)).fileList.filter((f) => f.filename !== 'c.bin'), before)
    assert.deepEqual(await lying(page), { facts: 0, files: 0 })
  })

  await steps.does('where nobody was asked before a reload both are kept', async () => {
    await page.setInputFiles(input, files.slice(0, 1))
    await button('Keep both').waitFor()
    await page.reload()
    await see('1 file uploaded')
    await close()
    assert.ok((await names(page)).includes('a(2).bin'))
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

  await steps.does('a line on which nothing moves any more is a lost one, and what it took goes again', async () => {
    await page.evaluate(() => {
      const { setTimeout } = window
      window.setTimeout = (run, ms, ...rest) => setTimeout(run, ms >= 60000 ? ms / 50 : ms, ...rest)
      window.unhurried = () => (window.setTimeout = setTimeout)
    })
    let asked = 0
    await page.route('**/upload/v2/file/slice', (r) => void (++asked > 1 && r.continue())) // the first is never answered
    await page.setInputFiles(input, made('hangs.bin', randomBytes(3000)))
    await see('1 file uploaded')
    assert.equal(asked, 2)
    await page.unroute('**/upload/v2/file/slice')
    await page.evaluate(() => void window.unhurried())
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
    expected = 'ERR_UPLOAD_FILE_CHANGED'
    go()
    await see('The file can\'t be read.')
    await button('中, 中文').click()
    await see('文件无法读取')
    await button('EN, English').click()
    expected = ''
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
    await corner().getByText('40 %').waitFor() // a slice of 16 MiB has come
    held = false
    await page.reload()
    await see('1 file uploaded')
    assert.equal(creates, 1, 'it began anew')
    const there = (await list(page)).fileList.find((f) => f.filename === 'large.bin')
    assert.equal(there.etag, createHash('md5').update(content).digest('hex'))
    await page.unroute('**/upload/v2/file/slice')
    await close()
  })

  await steps.does('of thousands of files none is forgotten', async () => {
    await page.goto(`${base}/#/drive/${await mkdir(page, 'thousands')}`)
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
    await stopAll()
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
    await stopAll()
    assert.equal((await (await told).json()).code, 0)
    await page.unroute('**/upload/v2/file/slice')
    assert.ok(!(await names(page)).includes('stopped.bin'))
  })

  await steps.does('one upload is stopped, and the others go on after a pause', async () => {
    let held = true
    await page.route('**/upload/v2/file/slice', (r) => (held ? undefined : r.continue()))
    let sent = 0
    const count = (r) => (sent += r.url().endsWith('/upload/v2/file/slice') ? 1 : 0)
    page.on('request', count)
    await page.setInputFiles(input, ['one.bin', 'two.bin', 'three.bin'].map((called) => made(called, randomBytes(1000))))
    await until(() => sent === 3, 'not all three are sent')
    const told = page.waitForResponse('**/upload/v2/file/upload_cancel')
    await button('Stop two.bin').click()
    assert.equal((await (await told).json()).code, 0)
    await corner().getByText('Uploading 0 of 2').waitFor()
    await button('Pause').click()
    await corner().getByText('Uploads paused').waitFor()
    held = false
    await button('Go on').click()
    await see('2 files uploaded')
    assert.equal(sent, 5)
    page.off('request', count)
    await page.unroute('**/upload/v2/file/slice')
    await close()
    const there = await names(page)
    assert.deepEqual(['one.bin', 'two.bin', 'three.bin'].map((n) => there.includes(n)), [true, false, true])
  })

  await steps.does('a folder that is dropped goes while it is still read', async () => {
    // What the system would hand over: a folder that takes its time.
    const data = await page.evaluateHandle(() => {
      const file = (name) => ({ isFile: true, name, file: (take) => take(new File([name + ' of the album'], name)) })
      const parts = [[file('first.txt'), file('.DS_Store')], [file('second.txt')], []]
      const rest = new Promise((go) => (window.readOn = go))
      const album = { isFile: false, name: 'album', createReader: () => ({ readEntries: (take) => (parts.length === 3 ? take(parts.shift()) : rest.then(() => take(parts.shift()))) }) }
      DataTransferItem.prototype.webkitGetAsEntry = () => album
      const d = new DataTransfer()
      d.items.add(new File(['x'], 'album'))
      return d
    })
    await page.dispatchEvent('section.view', 'drop', { dataTransfer: data })
    await see('1 file uploaded')
    await see('Reading the folder: 1 file so far')
    await page.evaluate(() => window.readOn())
    await see('2 files uploaded')
    await page.getByText('Reading the folder').waitFor({ state: 'detached' })
    await close()
    await page.reload()
    await page.getByRole('option', { name: 'album' }).dblclick()
    await page.getByRole('option', { name: 'second.txt' }).waitFor()
    assert.deepEqual(await page.getByRole('option').evaluateAll((all) => all.map((e) => e.getAttribute('aria-label'))), ['first.txt', 'second.txt'])
    await page.goto(base + '/#/drive')
  })

  await steps.does('a folder is chosen', async () => {
    for (const at of ['chosen', 'chosen/below']) mkdirSync(join(dir, at))
    for (const at of ['chosen/.DS_Store', 'chosen/x.txt', 'chosen/below/Thumbs.db', 'chosen/below/y.txt']) made(at, randomBytes(20))
    await page.setInputFiles('input[type=file][webkitdirectory]', join(dir, 'chosen'))
    await see('2 files uploaded')
    await close()
    await page.getByRole('option', { name: 'chosen' }).dblclick()
    await page.getByRole('option', { name: 'x.txt' }).waitFor()
    await page.getByRole('option', { name: 'below' }).dblclick()
    await page.getByRole('option', { name: 'y.txt' }).waitFor()
    await page.goto(base + '/#/drive')
    await page.getByRole('option', { name: 'chosen' }).waitFor()
  })

  await steps.does('a screenshot is pasted', async () => {
    await page.evaluate(async (bytes) => navigator.clipboard.write([new ClipboardItem({ 'image/png': new Blob([new Uint8Array(bytes)], { type: 'image/png' }) })]), [...png(1, 2, 3)])
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Control+v')
    await see('1 file uploaded')
    await close()
    assert.equal((await names(page)).filter((n) => /^Screenshot 20\d\d-.*\.png$/.test(n)).length, 1)
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
    await page.setInputFiles(input, made('old.png', picture()))
    await button('Replace').click()
    await see('1 file uploaded')
    await page.locator('.badge.outdated').waitFor()
    await cell.click()
    const [corners, details, bar] = await Promise.all([corner(), page.getByRole('complementary', { name: 'Details' }), page.getByRole('toolbar')].map((l) => l.boundingBox()))
    assert.ok(corners.x + corners.width <= details.x, 'the links are covered')
    assert.ok(corners.y + corners.height <= bar.y, 'what can be done with the selection is covered')
    await close()
    await page.getByRole('complementary', { name: 'Details' }).getByRole('button', { name: 'Publish again' }).click()
    await page.getByRole('heading', { name: '1 published' }).waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.badge.current').waitFor()
  })

  await steps.does('what is known of a picture is asked again where that failed', async () => {
    const { fileID } = (await list(page)).fileList.find((f) => f.filename === 'old.png')
    const { imageID } = (await data(page, '/api/v1/oss/source/published', { fileIDs: fileID })).list[0].published[0]
    await post(page, '/api/v1/oss/file/delete', { fileIDs: [imageID] })
    let asked = 0
    await page.route('**/source/published*', (r) => (++asked === 1 ? r.fulfill(refusal('internal')) : r.continue()))
    await page.getByRole('button', { name: 'New folder' }).click()
    await answer(page, 'beside')
    await page.keyboard.press('Enter')
    await until(() => asked > 0, 'it is not asked at all')
    await page.locator('.badge.current').waitFor({ state: 'detached' })
    assert.ok(asked > 1)
    await page.unroute('**/source/published*')
  })

  await steps.does('what could not be asked for is asked for again once at a time', async () => {
    const asked = []
    let held = true
    await page.route('**/api/v1/file/infos', (r) => (!held ? r.continue() : asked.push(r) === 1 ? r.fulfill(refusal('internal')) : undefined))
    await page.goto(base + '/#/search/y.txt')
    const cell = page.getByRole('option', { name: 'y.txt' })
    await cell.click()
    await until(() => asked.length === 1, 'nobody asks where it lies')
    // The server is away for a moment, and again when it is asked already.
    await page.route('**/api/v1/file/download_info?*', (r) => r.abort())
    expected = 'Failed to load resource'
    for (let i = 0; i < 2; i++) {
      const listed = page.waitForResponse('**/api/v1/file/list?*searchData=y.txt*')
      await page.keyboard.press('d')
      await page.locator('.away').waitFor()
      await page.locator('.away').waitFor({ state: 'detached' })
      await listed
      await until(() => asked.length > 1, 'it is not asked for again')
    }
    expected = ''
    await page.unroute('**/api/v1/file/download_info?*')
    const [below] = asked[0].request().postDataJSON().fileIds
    assert.deepEqual(asked.map((r) => r.request().postDataJSON().fileIds), [[below], [below]])
    held = false
    await asked[1].continue()
    await cell.getByText('Drive / chosen / below').waitFor()
    await page.unroute('**/api/v1/file/infos')
    await page.goto(base + '/#/drive')
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
    const folder = await mkdir(page, 'many')
    for (let i = 0; i < 130; i++) await mkdir(page, 'd' + String(i).padStart(3, '0'), folder)
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
    await answer(page, 'one more')
    await page.keyboard.press('Enter')
    await see('the operator can find it by trace')
    await page.getByRole('option', { name: 'd129' }).waitFor()
    await page.unroute(lists)
  })

  await steps.does('an undo that broke off half-way is offered again, for the rest', async () => {
    const top = page.url().split('/').at(-1)
    await page.getByRole('dialog').waitFor({ state: 'detached' }) // it gives the keys back
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Control+a')
    await see('131 selected')
    await page.keyboard.press('Delete')
    await see('This folder is empty')
    const asked = []
    await page.route('**/api/v1/file/recover', (r) => (asked.push(r.request().postDataJSON().fileIDs.length) === 2 ? r.fulfill(refusal('disk_full')) : r.continue()))
    await button('Undo').last().click()
    await see('The server\'s disk is full')
    await page.keyboard.press('Control+z')
    await see('Undone: 131 items moved to the trash')
    assert.equal((await list(page, top)).total, 131)
    assert.deepEqual(asked, [100, 31, 31])
    await page.unroute('**/api/v1/file/recover')
  })

  await steps.does('an undo that nobody answers does not hold up others, which are not done behind its back', async () => {
    const folder = (name) => page.getByRole('option', { name })
    await page.getByRole('listbox').evaluate((e) => (e.scrollTop = 0))
    for (const name of ['d010', 'd011']) {
      await folder(name).click()
      await page.keyboard.press('Delete')
      await folder(name).waitFor({ state: 'detached' })
    }
    const end = await hurry(20)
    let asked = 0
    await page.route('**/api/v1/file/recover', () => void asked++)
    await until(async () => (await page.keyboard.press('Control+z'), asked > 0), 'no undo begins')
    await page.keyboard.press('Control+z') // waits for the other
    await see('Nobody can say whether it was done.')
    await end()
    await page.unroute('**/api/v1/file/recover')
    await page.keyboard.press('Control+z')
    await folder('d011').waitFor()
    assert.equal(await folder('d010').count(), 0)
    assert.equal(asked, 1)
    await page.keyboard.press('Control+z')
    await folder('d010').waitFor()
  })

  await steps.does('what of a recovery was refused is selected again', async () => {
    const was = page.url()
    const top = was.split('/').at(-1)
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Control+a')
    await see('131 selected')
    await page.keyboard.press('Delete')
    await see('This folder is empty')
    await until(async () => (await list(page, top)).total === 0, 'they are not all in the trash')
    await page.goto(base + '/#/trash')
    await page.getByRole('option', { name: 'd000' }).waitFor()
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Control+a')
    await page.getByText(/^1\d\d selected/).waitFor()
    let asked = 0
    await page.route('**/api/v1/file/recover', (r) => (++asked === 2 ? r.fulfill(refusal('disk_full')) : r.continue()))
    const recover = page.getByRole('toolbar').getByRole('button', { name: 'Recover' })
    await recover.click()
    await page.locator('.toast.bad').getByText('The server\'s disk is full').last().waitFor()
    await page.getByText(/^\d\d selected/).waitFor() // a hundred are back
    await recover.click()
    await until(async () => (await list(page, top)).total === 131, 'they do not come back')
    await page.unroute('**/api/v1/file/recover')
    await page.goto(was)
    await page.getByRole('option', { name: 'd000' }).waitFor()
  })

  await steps.does('an undo that was done, of which no answer came, is done when it is asked for again', async () => {
    const top = page.url().split('/').at(-1)
    const bad = () => page.locator('.toast.bad').allInnerTexts()
    const before = await bad()
    // Of the second one somebody else puts one back into the trash meanwhile.
    for (const [called, again] of [[['d000', 'd001', 'd002'], []], [['d003', 'd004'], ['d004']]]) {
      const ids = (await list(page, top)).fileList.filter((f) => again.includes(f.filename)).map((f) => f.fileID)
      await page.getByRole('option', { name: called[0] }).click()
      await page.getByRole('option', { name: called.at(-1) }).click({ modifiers: ['Shift'] })
      await see(`${called.length} selected`)
      await page.keyboard.press('Delete')
      await page.getByRole('option', { name: called[0] }).waitFor({ state: 'detached' })
      await page.locator('.toast').getByText(`${called.length} items moved to the trash`, { exact: true }).waitFor()
      let tries = 0
      let lost = false
      await page.route('**/api/v1/file/recover', async (r) => {
        if (++tries > 1) return r.continue()
        assert.equal((await (await r.fetch()).json()).code, 0)
        await r.abort()
        lost = true
      })
      expected = 'Failed to load resource'
      await page.keyboard.press('Control+z')
      await until(() => lost, 'it is not asked for')
      await page.locator('.toast', { hasText: `${called.length} items moved to the trash` }).filter({ has: button('Undo') }).last().waitFor() // it is offered again, beside the one that goes
      await page.locator('.away').waitFor({ state: 'detached' })
      expected = ''
      if (ids.length > 0) await post(page, '/api/v1/file/trash', { fileIDs: ids })
      await page.keyboard.press('Control+z')
      await see(`Undone: ${called.length} items moved to the trash`)
      for (const name of called) await page.getByRole('option', { name }).waitFor()
      assert.equal((await list(page, top)).total, 131)
      assert.equal(tries, 2 + ids.length)
      await page.unroute('**/api/v1/file/recover')
    }
    assert.deepEqual((await bad()).filter((x) => !before.includes(x)), [])
  })

  const deletes = '**/api/v1/oss/file/delete'
  // crowd makes a folder of the bed with n folders in it, and opens it.
  async function crowd(called, n) {
    const shelves = async (parentID, name) => (await post(page, '/upload/v1/oss/file/mkdir', { parentID, name, type: 1 })).list[0].dirID
    const id = await shelves('', [called])
    const all = Array.from({ length: n }, (_, i) => `b${i}`)
    for (let i = 0; i < n; i += 60) await shelves(id, all.slice(i, i + 60))
    await page.goto(`${base}/#/bed/${id}`)
    await page.getByRole('option', { name: /^b\d/ }).first().waitFor()
    return id
  }
  // holds lets no request through before it is told to.
  async function holds(at, which = () => true) {
    let asked = 0
    const waiting = []
    const handle = async (r) => {
      if (which(r.request())) await new Promise((go) => (asked++, waiting.push(go)))
      await r.continue()
    }
    await page.route(at, handle)
    return { asked: () => asked, next: async () => (await until(() => waiting.length > 0, 'nothing is asked for'), waiting.shift()()), end: () => page.unroute(at, handle) }
  }

  await steps.does('a question stays open where what it asked for breaks off', async () => {
    await crowd('crowd', 120)
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Control+a')
    await see('120 selected')
    let asked = 0
    const refused = { 2: 'disk_full', 3: 'links_more' }
    await page.route(deletes, (r) => (!r.request().postDataJSON().dryRun && refused[++asked] ? r.fulfill(refusal(refused[asked])) : r.continue()))
    await page.keyboard.press('Delete')
    await page.getByRole('dialog', { name: 'Delete 120 folders' }).getByText('No image is in there').waitFor()
    await page.waitForFunction(() => document.activeElement?.closest('[role=dialog]'))
    await page.keyboard.press('Enter') // what was meant for the list makes no link die
    assert.deepEqual([asked, await page.getByRole('dialog').count()], [0, 1])
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const question = page.getByRole('dialog', { name: 'Delete 20 folders' })
    const problem = question.getByRole('alert')
    await problem.getByText('100 items are deleted already. About the rest:').waitFor() // before all else
    await problem.getByText('disk is full').waitFor()
    await see('20 selected')
    await page.keyboard.press('Enter') // the keys are still its own
    await problem.getByText('100 items are deleted already. About the rest:').waitFor()
    await problem.getByText('There are more images in there by now').waitFor()
    await question.getByText('No image is in there').waitFor()
    await page.keyboard.press('Enter')
    await question.waitFor({ state: 'detached' })
    assert.equal(asked, 4)
    await page.unroute(deletes)
    await page.getByRole('option').first().waitFor({ state: 'detached' })
    await page.locator('.toast', { hasText: '120 items deleted' }).waitFor()
  })

  await steps.does('a deletion that is stopped goes no further, and says how far it went', async () => {
    const id = await crowd('throng', 220)
    const held = await holds(deletes, (r) => !r.postDataJSON().dryRun)
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Control+a')
    await see('220 selected')
    await page.keyboard.press('Delete')
    const question = page.getByRole('dialog', { name: 'Delete 220 folders' })
    await question.getByText('No image is in there').waitFor()
    await question.getByRole('button', { name: 'Delete' }).click()
    await question.getByText('0 of 220 items deleted').waitFor()
    await held.next()
    await question.getByText('100 of 220 items deleted').waitFor()
    await question.getByRole('button', { name: 'Cancel' }).click()
    await question.waitFor({ state: 'detached' })
    await held.next()
    await page.locator('.toast', { hasText: '200 of 220 items deleted' }).waitFor()
    await see('20 selected')
    // Also where its view is left.
    await post(page, '/upload/v1/oss/file/mkdir', { parentID: id, name: Array.from({ length: 100 }, (_, i) => `c${i}`), type: 1 })
    await page.reload()
    await page.getByRole('option', { name: /^c\d/ }).first().waitFor()
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Control+a')
    await see('120 selected')
    await page.keyboard.press('Delete')
    await page.getByRole('dialog').getByText('No image is in there').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await see('0 of 120 items deleted')
    await page.goto(`${base}/#/drive`)
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await held.next()
    await page.locator('.toast', { hasText: '100 of 120 items deleted' }).waitFor()
    assert.equal(held.asked(), 3)
    await held.end()
    assert.equal((await data(page, '/api/v1/oss/file/detail', { fileID: id })).filename, 'throng')
    await post(page, '/api/v1/oss/file/delete', { fileIDs: [id] })
  })

  await steps.does('a deletion is asked at once, and done after what was asked for before', async () => {
    await crowd('few', 2)
    const counted = await holds(deletes, (r) => r.postDataJSON().dryRun)
    await page.getByRole('option', { name: 'b0', exact: true }).click()
    const question = page.getByRole('dialog', { name: 'Delete 1 folder?' })
    const remove = question.getByRole('button', { name: 'Delete' })
    await page.keyboard.press('Delete')
    await question.getByText('Counting the links…').waitFor()
    assert.ok(await remove.isDisabled())
    await counted.next()
    await question.getByText('No image is in there').waitFor()
    await question.getByRole('button', { name: 'Cancel' }).click()
    await question.waitFor({ state: 'detached' })
    await counted.end()
    // It does not overtake another name.
    const named = await holds('**/api/v1/oss/file/name')
    let asked = 0
    await page.route(deletes, (r) => (asked++, r.continue()))
    await page.keyboard.press('F2')
    await answer(page, 'late')
    await page.keyboard.press('Enter')
    await page.getByRole('option', { name: 'late', exact: true }).click()
    await page.keyboard.press('Delete')
    await question.getByText('Counting the links…').waitFor()
    await until(() => named.asked() === 1, 'no name is asked for')
    await page.evaluate(() => fetch('/readyz')) // what was asked for before has come here by then
    assert.deepEqual([asked, await remove.isDisabled()], [0, true])
    await named.next()
    await question.getByText('No image is in there').waitFor()
    await remove.click()
    await page.getByRole('option', { name: 'late', exact: true }).waitFor({ state: 'detached' })
    await see('1 item deleted')
    assert.equal(await page.locator('.toast.bad').count(), 0)
    await page.unroute(deletes)
    await named.end()
  })

  await steps.does('each picture of a long plan can be looked at', async () => {
    const folder = await mkdir(page, 'hundred')
    await page.goto(`${base}/#/drive/${folder}`)
    const picture = made('h.png', readFileSync(join(dir, 'old.png')))
    await page.setInputFiles(input, picture)
    await see('1 file uploaded')
    await close()
    const [{ etag, size }] = (await list(page, folder)).fileList
    for (let n = 0; n < 119; n += 17) await Promise.all(Array.from({ length: 17 }, (_, i) => post(page, '/upload/v2/file/create', { parentFileID: folder, filename: `h${n + i}.png`, etag, size })))
    await page.goto(base + '/#/drive')
    await page.getByRole('option', { name: 'hundred' }).click()
    await page.keyboard.press('p')
    const dialog = page.getByRole('dialog', { name: 'Publish' })
    await dialog.getByText('Look at each').click()
    const rows = dialog.locator('.each > .row')
    await until(async () => (await rows.count()) === 100, 'a page of the plan does not come')
    await page.route('**/source/copy/plan', (r) => r.fulfill(refusal('disk_full')))
    await dialog.getByRole('button', { name: 'Show more' }).click()
    await dialog.getByText('disk is full').waitFor()
    await page.unroute('**/source/copy/plan')
    await dialog.getByRole('button', { name: 'Show more' }).click()
    await until(async () => (await rows.count()) === 120, 'the rest of the plan does not come')
    assert.equal(new Set(await rows.allInnerTexts()).size, 120)
    assert.equal(await dialog.getByRole('button', { name: 'Show more' }).count(), 0)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })

  await steps.does('too much for one archive is not asked for', async () => {
    await page.getByRole('option', { name: 'hundred' }).dblclick()
    await page.getByRole('option', { name: 'h.png' }).waitFor()
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Control+a')
    await see('120 selected')
    let asked = 0
    await page.route('**/file/archive_info', (r) => (asked++, r.continue()))
    await page.keyboard.press('d')
    await see('100 can be downloaded at a time at most. To have a whole folder')
    assert.equal(asked, 0)
    await page.unroute('**/file/archive_info')
    await post(page, '/api/v1/file/trash', { fileIDs: [(await list(page)).fileList.find((f) => f.filename === 'hundred').fileID] })
  })

  const sheet = () => page.getByRole('dialog', { name: 'Publish' })
  const copy = '**/source/copy'
  // full lets the queue of tasks be full for a moment.
  async function full() {
    await queue(page, 3, true)
    await sheet().getByText('3 tasks are unfinished, and no more can be added now').waitFor()
    assert.deepEqual([await begins().isDisabled(), await sheet().getByText('1 new picture').count()], [true, 1])
    await queue(page, 3, false)
  }
  // publish goes as far as to the request that begins the task, and answers what lets that go.
  const begins = () => sheet().getByRole('button', { name: 'Publish 1 picture' })
  async function plan(called) {
    await page.goto(base + '/#/drive')
    await page.setInputFiles(input, made(called, Buffer.concat([readFileSync(join(dir, 'old.png')), randomBytes(8)])))
    await see('1 file uploaded')
    await close()
    await page.getByRole('option', { name: called }).click()
    await page.keyboard.press('p')
    await begins().waitFor()
  }
  async function publish(called, patient = true) {
    await plan(called)
    let go
    const gate = new Promise((resolve) => (go = resolve))
    const plans = []
    await page.route(copy, async (r) => {
      plans.push(r.request().postDataJSON().planID)
      const answer = await gate
      await (answer ? r.fulfill(answer) : r.continue())
    })
    const end = patient || (await hurry(20))
    await begins().click()
    await until(() => plans.length > 0, 'it does not begin')
    return { go, plans, end }
  }
  const published = () => page.getByRole('banner').getByText('1 published')
  async function looked() {
    await page.keyboard.press('t')
    await page.getByRole('heading', { name: '1 published' }).waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.drawer').waitFor({ state: 'detached' })
  }

  await steps.does('publishing is left amid, and what is not known then is said', async () => {
    const { go } = await publish('amid1.png')
    await page.mouse.click(5, 400) // beside the sheet
    assert.ok(await sheet().isVisible())
    await page.keyboard.press('Escape')
    await sheet().waitFor({ state: 'detached' })
    await see('The task may have begun all the same')
    go()
    await published().waitFor()
    await page.unroute(copy)
    await looked()
  })

  await steps.does('publishing goes on where the view is left, and what goes wrong is said', async () => {
    const first = await publish('amid2.png')
    await page.goto(base + '/#/bed')
    await sheet().waitFor({ state: 'detached' })
    first.go()
    await published().waitFor()
    await page.unroute(copy)
    await looked()
    const second = await publish('amid3.png')
    await page.goto(base + '/#/bed')
    await sheet().waitFor({ state: 'detached' })
    second.go(refusal('disk_full'))
    await see('The server\'s disk is full')
    await page.unroute(copy)
  })

  await steps.does('publishing that nobody answers can be tried again, and is one task', async () => {
    const { plans, end } = await publish('amid4.png', false)
    await sheet().getByText('Press Publish again: it will not be done twice.').waitFor()
    assert.equal(await sheet().getByRole('button', { name: 'Try again' }).count(), 0, 'it would be another task')
    await end()
    await page.unroute(copy)
    await full()
    const asked = page.waitForRequest(copy)
    await begins().click()
    assert.equal((await asked).postDataJSON().planID, plans[0])
    await page.getByRole('heading', { name: '1 published' }).waitFor()
    await page.keyboard.press('Escape')
    await sheet().waitFor({ state: 'detached' })
    await page.reload()
  })

  await steps.does('a plan is good while there is no room for its task', async () => {
    await plan('amid6.png')
    let plans = 0
    const count = (r) => (plans += r.url().endsWith('/copy/plan') ? 1 : 0)
    page.on('request', count)
    await full()
    await begins().click()
    await page.getByRole('heading', { name: '1 published' }).waitFor()
    assert.equal(plans, 0)
    page.off('request', count)
    await page.keyboard.press('Escape')
    await sheet().waitFor({ state: 'detached' })
    await page.reload()
  })

  await steps.does('a sheet that is left once its task has begun says nothing', async () => {
    const unanswered = page.getByText('The server has not answered')
    await unanswered.waitFor({ state: 'detached' }) // of what was left before
    const { go } = await publish('amid5.png')
    const lists = '**/source/copy/list?*'
    let on
    const gate = new Promise((resolve) => (on = resolve))
    await page.route(lists, async (r) => (await gate, r.continue()))
    const [asked] = await Promise.all([page.waitForRequest(lists), go()])
    await sheet().getByRole('button', { name: 'Cancel' }).click()
    await sheet().waitFor({ state: 'detached' })
    assert.equal(await unanswered.count(), 0)
    on()
    await asked.response()
    await published().waitFor()
    assert.equal(await page.locator('.drawer').count(), 0)
    await page.unroute(lists)
    await page.unroute(copy)
    await looked()
  })

  await steps.does('links and a source that did not come are asked for again', async () => {
    const details = page.getByRole('complementary', { name: 'Details' })
    const text = details.getByRole('textbox', { name: 'Links' })
    const there = async (called) => {
      await until(async () => (await text.count()) === 1 && (await text.inputValue()).includes(called), 'the links do not come')
      await details.locator('.from .tag').waitFor()
      assert.equal(await details.getByRole('alert').count(), 0)
    }
    const both = [/\/api\/v1\/oss\/file\/links$/, /\/source\/published\?/]
    const asked = []
    page.on('request', (r) => both.some((b) => b.test(r.url())) && asked.push(r.url()))
    for (const b of both) await page.route(b, (r) => r.fulfill(refusal('internal')))
    await page.goto(base + '/#/bed')
    await page.getByRole('option', { name: 'amid4.png' }).click()
    await details.getByRole('alert').nth(1).waitFor()
    for (const b of both) await page.unroute(b)
    for (let n = 2; n > 0; n--) {
      await details.getByRole('button', { name: 'Try again' }).first().click()
      await until(async () => (await details.getByRole('alert').count()) < n, 'it is not asked for again')
    }
    await there('amid4.png')

    // What is there is not asked for by a list that comes anew.
    asked.splice(0)
    await page.getByRole('button', { name: 'New folder' }).click()
    await answer(page, 'beside links')
    await page.keyboard.press('Enter')
    await page.getByRole('option', { name: 'beside links' }).waitFor()
    assert.deepEqual(asked, [])

    // Where nobody was there it comes by itself.
    expected = 'Failed to load resource'
    for (const b of both) await page.route(b, (r) => r.abort())
    await page.getByRole('option', { name: 'amid1.png' }).click()
    await details.getByRole('alert').nth(1).waitFor()
    for (const b of both) await page.unroute(b)
    await there('amid1.png')
    expected = ''
    await page.goto(base + '/#/drive')
    await page.getByRole('option').first().waitFor()
  })

  await steps.does('what of tasks did not come is asked for again', async () => {
    const drawer = page.locator('.drawer')
    const alert = drawer.getByRole('alert')
    // lacks lets something not come, and asks for it again.
    async function lacks(path, show, comes) {
      await page.route(path, (r) => r.fulfill(refusal('internal')))
      await show()
      await alert.waitFor()
      await page.unroute(path)
      await alert.getByRole('button', { name: 'Try again' }).click()
      await comes.waitFor()
      assert.equal(await alert.count(), 0)
    }
    const task = drawer.locator('.task', { hasText: '1 published' }).first()
    const list = async () => {
      await page.reload()
      await page.getByRole('option').first().waitFor()
      await page.keyboard.press('t')
    }
    await lacks(/copy\/list\?/, list, task)
    await lacks(/copy\/items\?.*outcome=&/, () => task.click(), drawer.locator('.items a'))
    await drawer.getByRole('button', { name: 'Back' }).click()
    await lacks(/copy\/items\?.*outcome=copied/, () => task.click(), drawer.getByRole('textbox', { name: 'Links' }))
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
  })

  await steps.does('an undo that is left says where it fails, and nothing of it is told of another task', async () => {
    const drawer = page.locator('.drawer')
    const task = (n) => drawer.locator('.task', { hasText: '1 published' }).nth(n)
    const question = page.getByRole('dialog', { name: 'Undo this task?' })
    // late begins something, leaves it, and answers what lets the answer come.
    async function late(begin, leave) {
      let go
      await page.route('**/source/copy/undo', (r) => void (go = (response) => (response ? r.fulfill(response) : r.continue())), { times: 1 })
      await begin()
      await until(() => go, 'it is not asked for')
      await leave()
      return (response) => Promise.all([page.waitForResponse('**/source/copy/undo'), go(response)])
    }
    const asks = () => drawer.getByRole('button', { name: 'Undo…' }).click()
    const undoes = async () => (await asks(), await question.waitFor(), await late(() => question.getByRole('button', { name: 'Undo', exact: true }).click(), () => question.getByRole('button', { name: 'Cancel' }).click()))
    const back = () => drawer.getByRole('button', { name: 'Back' }).click()
    await page.keyboard.press('t')
    await task(0).click()
    await (await late(asks, back))()
    await task(1).click()
    await (await undoes())(refusal('disk_full'))
    await page.locator('.toast.bad', { hasText: 'disk is full' }).waitFor()
    const undone = await undoes()
    await back()
    await task(0).click()
    await Promise.all([page.waitForResponse('**/source/copy/process?*'), undone()])
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
    assert.equal(await drawer.getByText('1 image removed').count(), 0)
    await back()
    await drawer.locator('.task', { hasText: 'Undone' }).waitFor()
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
  })

  await steps.does('a sign-out that fails is said', async () => {
    await page.route('**/web/sign-out', (r) => r.fulfill({ status: 500, body: '' }))
    expected = 'status of 500'
    await signOut(page)
    await see('you are still signed in')
    expected = ''
    assert.equal(await door(page).count(), 0)
    await page.unroute('**/web/sign-out')
  })

  await steps.does('signing out frees what was begun; where it fails the upload goes on', async () => {
    let slices = 0
    await page.route('**/upload/v2/file/slice', (r) => (++slices === 1 ? undefined : r.continue()))
    await page.route('**/web/sign-out', (r) => r.fulfill({ status: 500, body: '' }))
    expected = 'status of 500'
    const begun = page.waitForRequest('**/upload/v2/file/slice')
    await page.setInputFiles(input, made('going.bin', randomBytes(100000)))
    await begun
    const told = page.waitForResponse('**/upload/v2/file/upload_cancel')
    await signOut(page)
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
    assert.equal((await (await told).json()).code, 0)
    await page.getByRole('dialog').getByText('you are still signed in').waitFor()
    expected = ''
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
    expected = 'status of 401'
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
    expected = 'status of 401'
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.unroute('**/api/v1/user/info')
    await door(page).waitFor()
    assert.deepEqual(await lying(page), { facts: 0, files: 0 }, 'what was not sent lies in the browser')
  })

  await steps.does('who is in and can’t be greeted is told so, and let in later', async () => {
    expected = 'Failed to load resource' // of no answer at all, and of the door's own 401
    await page.route('**/api/v1/user/info', (r) => r.abort())
    await page.fill('input[name=name]', name)
    await page.fill('input[name=password]', password)
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('The server can\'t be reached.').waitFor()
    await page.unroute('**/api/v1/user/info')
    await account(page).waitFor()
    expected = ''
  })

  await steps.does('what takes too long is said to', async () => {
    await page.addInitScript(() => {
      const { timeout } = AbortSignal
      AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 15)
    })
    await page.goto(base + '/#/bed')
    await page.route('**/api/v1/oss/file/list', () => undefined) // never answered
    await page.reload()
    await see('The server takes too long to answer.')
    assert.equal(await page.locator('.away').count(), 0)
    await page.unroute('**/api/v1/oss/file/list')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('option').first().waitFor()
  })
})
rmSync(dir, { recursive: true, force: true })
