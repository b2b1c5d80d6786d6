// What hands expect of the lists of drive and bed: any number is selected and published,
// pictures fill the page, what is dragged arrives, what was done can be undone, and what
// could not be is said.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { another, answer, base, data, list, names, nothing, png, post, queue, refusal, script, signIn, steps, sticksOut, until, watch } from './browser.mjs'

let page
const does = (what, fn) => steps.does(what, fn)

async function open(options = {}, before = async () => undefined) {
  const context = await another({ holds: true, viewport: { width: 1280, height: 800 }, ...options })
  page = await context.newPage()
  watch(page, (m) => /status of 401|404|Failed to load/.test(m.text()))
  await before()
  await page.goto(base + '/')
  await signIn(page)
  await page.getByRole('listbox').waitFor()
  return context
}
const see = (text) => page.getByText(text).first().waitFor()
const cell = (label) => page.getByRole('option', { name: label, exact: true })
const item = (label) => page.getByRole('treeitem', { name: label, exact: true })
const details = () => page.getByRole('complementary', { name: 'Details' })
const key = (k) => page.keyboard.press(k)
const button = (label) => page.getByRole('button', { name: label, exact: true }).first()
const toolbar = () => page.getByRole('toolbar')
const noDialog = () => page.getByRole('dialog').waitFor({ state: 'detached' })
const tasks = async () => (await data(page, '/api/v1/oss/source/copy/list', { limit: 50 })).list
const tasksEnd = () => until(async () => (await tasks()).every((x) => x.status !== 1 && x.status !== 4), 'a task does not end')
const place = () => page.evaluate(() => location.hash)
const drawn = () => page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
const view = (label) => page.getByRole('listbox', { name: label }).waitFor()
const at = (folder) => page.getByRole('navigation', { name: 'Location' }).getByRole('heading', { name: folder }).waitFor()
async function into(folder) {
  await page.goto(base + '/#/drive')
  await cell(folder).dblclick()
  await at(folder)
  return Number((await place()).split('/')[2])
}
// later lets what the page does after five seconds or more by itself wait so many times longer,
// until what it answers is called.
async function later(times) {
  await page.evaluate((times) => {
    const { setTimeout } = window
    window.setTimeout = (run, ms, ...rest) => (ms < 5000 ? setTimeout(run, ms, ...rest) : times === Infinity ? 0 : setTimeout(run, ms * times, ...rest))
    window.onTime = () => (window.setTimeout = setTimeout)
  }, times)
  return () => page.evaluate(() => void window.onTime())
}
const file = (bytes, called) =>
  page.evaluateHandle(
    ([b, n]) => {
      const d = new DataTransfer()
      d.items.add(new File([new Uint8Array(b)], n, { type: 'image/png' }))
      return d
    },
    [[...bytes], called],
  )

await script('hands', async () => {
  await open()
  const root = await list(page)
  const idOf = (called) => root.fileList.find((f) => f.filename === called).fileId ?? root.fileList.find((f) => f.filename === called).fileID

  await does('more than a task takes are several tasks', async () => {
    await into('inbox')
    await cell('p01.png').click()
    await key('Control+a')
    await see('12 selected')
    await key('p')
    const sheet = page.getByRole('dialog', { name: 'Publish' })
    await sheet.getByText('12 new pictures').waitFor()
    await sheet.getByText('It is done in 3 tasks').waitFor()
    // Where there is no room for a moment what was shown stays: the server holds the tasks against it.
    let plans = 0
    page.on('request', (r) => (plans += r.url().endsWith('/copy/plan') ? 1 : 0))
    await queue(page, 1, true)
    await sheet.getByText('They need 3 tasks, and only 2 can be added now').waitFor()
    assert.deepEqual([plans, await sheet.getByText('12 new pictures').count()], [0, 1])
    await queue(page, 1, false)
    await sheet.getByText('They need 3 tasks').waitFor({ state: 'detached' })
    assert.equal(plans, 0)
    assert.ok(await sheet.getByRole('button', { name: 'Publish 12 pictures' }).isEnabled())
    await key('Enter') // the window has the keys, and none of its buttons
    await page.locator('.drawer').waitFor()
    await tasksEnd()
    const all = await tasks()
    assert.deepEqual(all.map((x) => x.copied).sort((a, b) => a - b), [1, 2, 5, 5])
    await key('Escape')
    await page.locator('.drawer').waitFor({ state: 'detached' })
  })

  await does('a link that is out of date is renewed by a key', async () => {
    await page.goto(base + '/#/drive')
    await cell('stale.png').locator('.badge.outdated').waitFor()
    await cell('stale.png').click()
    await key('r')
    await page.locator('.drawer').waitFor()
    await key('Escape')
    await page.locator('.drawer').waitFor({ state: 'detached' })
    await cell('stale.png').locator('.badge.current').waitFor()
  })

  await does('more than may be begun is said, with what to do', async () => {
    await into('many 很多')
    await cell('00000.png').click()
    for (let i = 0; i < 19; i++) await key('Shift+ArrowRight')
    await see('20 selected')
    await key('p')
    await see('20 are chosen. They need 4 tasks, and only 3 can be added now. Choose 15 at most')
    assert.ok(await page.getByRole('dialog').getByRole('button', { name: 'Publish', exact: true }).isDisabled())
    await key('Enter') // nothing can be done
    await see('20 are chosen. They need 4 tasks')
    await key('Escape')
    await noDialog()
  })

  await does('any number is published again', async () => {
    await page.goto(base + '/#/bed')
    await cell('p01.png').click()
    await key('Control+a')
    await see('13 selected')
    const before = (await tasks()).length
    await key('r')
    await page.locator('.drawer').waitFor()
    await tasksEnd()
    assert.equal((await tasks()).length, before + 3)
    await key('Escape')
    await page.locator('.drawer').waitFor({ state: 'detached' })
  })

  const full = (label) => page.getByRole('dialog', { name: label, exact: true })
  const inList = () => page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'listbox')
  await does('a picture fills the page, and the arrows go on', async () => {
    await into('inbox')
    await cell('p02.png').click()
    await key('Enter')
    await full('p02.png').waitFor()
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'dialog')
    const img = full('p02.png').locator('img.there')
    await img.waitFor()
    assert.match(await img.getAttribute('src'), /size=1280/)
    await key('ArrowRight')
    await full('p03.png').waitFor()
    await key('ArrowLeft')
    await key('ArrowLeft')
    await full('p01.png').waitFor()
    await key('ArrowLeft') // there is none before
    await full('p01.png').getByRole('button', { name: 'Next picture' }).click()
    await full('p02.png').waitFor()
    await key('Escape')
    await noDialog()
    await inList()
    assert.equal(await cell('p02.png').getAttribute('aria-selected'), 'true')
    await key(' ')
    await full('p02.png').waitFor()
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'dialog')
    const [download] = await Promise.all([page.waitForEvent('download'), key('d')])
    assert.equal(download.suggestedFilename(), 'p02.png')
    await key(' ')
    await noDialog()
    await cell('p04.png').dblclick()
    await full('p04.png').waitFor()
    await key('p')
    await page.getByRole('dialog', { name: 'Publish' }).waitFor()
    await key('Escape')
    await page.getByRole('dialog', { name: 'Publish' }).waitFor({ state: 'detached' })
    await full('p04.png').waitFor()
    await page.waitForFunction(() => document.querySelectorAll('.n-modal-mask').length === 1)
    assert.equal(await page.evaluate(() => document.elementFromPoint(640, 400).tagName), 'IMG') // it has the browser's own menu
    await page.mouse.click(100, 400) // beside it
    await noDialog()
  })

  await does('in the bed it is the picture itself', async () => {
    await page.goto(base + '/#/bed')
    await cell('p05.png').dblclick()
    const img = full('p05.png').locator('img.there')
    await img.waitFor()
    assert.match(await img.getAttribute('src'), /\/i\//)
    await key('l')
    await page.getByRole('dialog', { name: 'Links' }).locator('textarea').waitFor()
    await key('Escape')
    await page.getByRole('dialog', { name: 'Links' }).waitFor({ state: 'detached' })
    await full('p05.png').waitFor()
    await key('Escape')
    await noDialog()
  })

  await does('several, and folders, are downloaded as one archive', async () => {
    const archive = async (called, ...holds) => {
      const [got] = await Promise.all([page.waitForEvent('download'), key('d')])
      assert.equal(got.suggestedFilename(), called)
      const bytes = await readFile(await got.path(), 'latin1')
      assert.ok(bytes.startsWith('PK') && holds.every((name) => bytes.includes(name)), `${called} is not whole`)
    }
    await into('inbox')
    await cell('p05.png').click()
    await cell('p07.png').click({ modifiers: ['Shift'] })
    await archive('inbox.zip', 'p05.png', 'p06.png', 'p07.png')
    await page.goto(base + '/#/drive')
    await cell('far').click()
    await archive('far.zip', 'far/further/needle.png')
  })

  await does('files are let go over a folder, its line or its crumb', async () => {
    await page.goto(base + '/#/drive')
    const target = idOf('target')
    await page.dispatchEvent('[role=option][aria-label=target] .pic', 'drop', { dataTransfer: await file(png(1, 2, 3), 'cell.png') })
    await see('1 file uploaded')
    assert.deepEqual(await names(page, target), ['cell.png'])
    await page.dispatchEvent('[role=treeitem][title=target]', 'drop', { dataTransfer: await file(png(1, 2, 4), 'line.png') })
    await until(async () => (await list(page, target)).total === 2, 'both are not in the folder')
    await into('inbox')
    await page.dispatchEvent('.crumbs a', 'drop', { dataTransfer: await file(png(1, 2, 5), 'crumb.png') })
    await until(async () => (await names(page)).includes('crumb.png'), 'crumb.png is not in the root')
    await page.getByRole('region', { name: 'Upload' }).getByRole('button', { name: 'Close' }).click()
  })

  await does('a file that is let go elsewhere does not take the page away', async () => {
    await page.goto(base + '/#/bed')
    await view('Image bed')
    const bytes = png(9, 9, 9)
    for (const where of ['section.view', 'header.bar']) {
      const taken = await page.evaluate(
        ([over, b]) => {
          const d = new DataTransfer()
          d.items.add(new File([new Uint8Array(b)], 'x.png', { type: 'image/png' }))
          const told = (type) => document.querySelector(over).dispatchEvent(new DragEvent(type, { dataTransfer: d, bubbles: true, cancelable: true }))
          return [told('dragover'), told('drop')]
        },
        [where, [...bytes]],
      )
      assert.deepEqual(taken, [false, false], where)
    }
    await see('Files are uploaded into the drive')
  })

  await does('what is dragged in the bed moves, and can be undone', async () => {
    await button('New folder').click()
    await answer(page, 'shelf')
    await key('Enter')
    await cell('shelf').waitFor()
    await noDialog()
    await cell('p12.png').dragTo(cell('shelf'))
    await see('Moved 1 item')
    await cell('p12.png').waitFor({ state: 'detached' })
    await button('Undo').click()
    await cell('p12.png').waitFor()
    await cell('p12.png').click()
    await toolbar().getByRole('button', { name: 'Move', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'shelf' }).click()
    await page.getByRole('dialog').getByText('There are no folders here.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Move here' }).click()
    await noDialog()
    await cell('p12.png').waitFor({ state: 'detached' })
    await cell('shelf').dblclick()
    await cell('p12.png').click()
    await key('F2')
    await page.getByRole('dialog').getByRole('textbox').waitFor()
    await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT' && document.activeElement.selectionEnd === 3)
    await page.keyboard.type('six')
    await key('Enter')
    await cell('six.png').waitFor()
    await noDialog()
    await key('Control+z')
    await cell('p12.png').waitFor()
    await see('Undone: Renamed to “six.png”')
  })

  await does('ranges, and one more or one less', async () => {
    await into('inbox')
    await cell('p02.png').click()
    await cell('p05.png').click({ modifiers: ['Shift'] })
    await see('4 selected')
    await key('Shift+ArrowRight')
    await see('5 selected')
    await key('Control+ArrowRight')
    await key('Control+ArrowRight')
    await key('Control+ ')
    await see('6 selected')
    await key('Control+ ')
    await see('5 selected')
    await key('Escape')
  })

  let many
  await does('a reload amid a selection of all loses none', async () => {
    many = await into('many 很多')
    await cell('00000.png').waitFor()
    const held = []
    let hold = true
    await page.route(/file\/list.*page=3/, (r) => (hold ? held.push(r) : r.continue()))
    await page.getByRole('listbox').focus()
    await key('Control+a')
    await until(() => held.length > 0, 'the third page is not asked for')
    await button('New folder').click()
    await answer(page, 'above')
    await Promise.all([page.waitForResponse(new RegExp(`file/list.*parentFileId=${many}&page=1&`)), key('Enter')])
    await cell('above').waitFor()
    hold = false
    await Promise.all(held.map((r) => r.continue()))
    await see('301 selected')
    await page.unroute(/file\/list.*page=3/)
  })

  await does('a trash that breaks off can be undone as far as it came', async () => {
    let asked = 0
    await page.route('**/api/v1/file/trash', (r) => (++asked === 2 ? r.fulfill(refusal('internal')) : r.continue()))
    await page.getByRole('listbox').focus()
    await key('Delete')
    await see('100 items moved to the trash')
    await page.unroute('**/api/v1/file/trash')
    assert.equal((await list(page, many)).total, 201)
    await page.locator('.toast', { hasText: '100 items' }).getByRole('button', { name: 'Undo' }).click() // others may be there still
    await see('Undone: 100 items moved to the trash')
    assert.equal((await list(page, many)).total, 301)
  })

  // held lets the next answer to something be, until it is let go, or refused with a word.
  async function held(path) {
    let r
    const hold = (x) => (r ? x.continue() : void (r = x))
    await page.route(path, hold)
    return {
      asked: () => until(() => r, path + ' is not asked for'),
      async answer(word) {
        await this.asked()
        await Promise.all([page.waitForResponse(path), word ? r.fulfill(refusal(word)) : r.continue()])
        await page.unroute(path, hold)
      },
    }
  }
  // reloads has the list asked for again, as when a task ends in another tab.
  let ends = 0
  async function reloads() {
    const lists = page.waitForResponse((r) => /file\/list/.test(r.url()))
    await queue(page, (ends += 2), false)
    await (await lists).finished()
    await drawn()
  }
  const toast = (text) => page.locator('.toast', { hasText: text })
  const gone = (label) => cell(label).waitFor({ state: 'detached' })
  const asked = (title) => page.getByRole('dialog', { name: title, exact: true })
  const selected = () => page.getByRole('option', { selected: true }).evaluateAll((list) => list.map((e) => e.getAttribute('aria-label')))
  async function remove(called, folder) {
    const fileIDs = (await list(page, folder)).fileList.filter((f) => f.filename === called).map((f) => f.fileID)
    for (const away of ['trash', 'delete']) await post(page, '/api/v1/file/' + away, { fileIDs })
  }
  async function named(from, to) {
    await cell(from).click()
    await key('F2')
    await answer(page, to)
    await key('Enter')
    await cell(to).waitFor()
  }

  await does('what is asked for shows at once, also over a reload, and another name or folder that is refused is asked for again', async () => {
    let inbox
    for (const [bed, prefix] of [[false, '**/api/v1'], [true, '**/api/v1/oss']]) {
      if (bed) await page.goto(base + '/#/bed')
      else inbox = await into('inbox')
      const name = await held(prefix + '/file/name')
      await named('p01.png', 'first.png')
      await name.asked()
      await noDialog()
      await reloads()
      assert.deepEqual([await cell('first.png').count(), await cell('p01.png').count()], [1, 0])
      await name.answer('name_taken')
      await asked('Rename').getByRole('alert').getByText('Something of this name is there already').waitFor()
      await cell('p01.png').waitFor()
      assert.deepEqual([await cell('first.png').count(), await asked('Rename').getByRole('textbox').inputValue()], [0, 'first.png'])
      await answer(page, 'other.png')
      await key('Enter')
      await cell('other.png').waitFor()
      await noDialog()
      await inList()
      await key('Control+z')
      await cell('p01.png').waitFor()

      const made = await held(bed ? '**/upload/v1/oss/file/mkdir' : '**/upload/v1/file/mkdir')
      await button('New folder').click()
      await answer(page, 'cabinet')
      await key('Enter')
      await made.asked()
      await reloads()
      const where = await place()
      await cell('cabinet').dblclick({ force: true })
      await key('Enter')
      assert.deepEqual([await cell('cabinet').getAttribute('aria-disabled'), await selected(), await place()], ['true', [], where])
      assert.equal(await cell('cabinet').getAttribute('aria-posinset'), '1') // folders are the first
      await made.answer('folder_taken')
      await asked('New folder').getByRole('alert').getByText('A folder of this name is there already').waitFor()
      await gone('cabinet')
      await answer(page, 'cabinet') // its field has the keys by then
      await key('Enter')
      await noDialog()
      await page.locator('[role=option][aria-label=cabinet]:not([aria-disabled])').click()
      await see('1 selected')
    }
    await remove('cabinet', inbox)
  })

  await does('who has gone elsewhere is told what was refused', async () => {
    await page.goto(base + '/#/drive')
    let name = await held('**/api/v1/file/name')
    await named('target', 'aim')
    await item('aim').waitFor()
    const way = page.waitForResponse('**/api/v1/file/detail?*')
    await cell('aim').dblclick()
    await (await way).finished()
    await drawn()
    await at('aim')
    await name.answer('name_taken')
    await toast('Something of this name').waitFor()
    await at('target')
    await item('target').waitFor()
    await noDialog()

    // The same where something else is asked.
    await into('inbox')
    name = await held('**/api/v1/file/name')
    await named('p01.png', 'first.png')
    await button('New folder').click()
    await name.answer('bad_name')
    await toast('A name has 1 to 255 characters').waitFor()
    await cell('p01.png').waitFor()
    assert.deepEqual([await asked('New folder').count(), await asked('Rename').count()], [1, 0])
    await key('Escape')
    await noDialog()
  })

  const moves = async (n) => {
    await toolbar().getByRole('button', { name: 'Move', exact: true }).click()
    const sheet = page.getByRole('dialog', { name: `Move ${n} item` })
    await sheet.getByRole('button', { name: 'Drive' }).click()
    await sheet.getByRole('button', { name: 'target' }).click()
    await sheet.getByRole('button', { name: 'Move here' }).click()
    await noDialog()
    await inList()
  }
  await does('what is moved has gone at once, and what could not be stands again, selected', async () => {
    await into('inbox')
    await cell('p01.png').click()
    await cell('p02.png').click({ modifiers: ['Shift'] })
    const move = await held('**/api/v1/file/move')
    await moves(2)
    await gone('p02.png')
    await toast('Moved 2 items').waitFor()
    await move.asked()
    await reloads()
    assert.deepEqual([await cell('p01.png').count(), await cell('p03.png').count()], [0, 1])
    await move.answer('into_itself')
    await toast('A folder can\'t be moved into itself').waitFor()
    await cell('p01.png').waitFor()
    await cell('p02.png').waitFor()
    await toast('Moved 2 items').waitFor({ state: 'detached' })
    assert.deepEqual(await selected(), ['p01.png', 'p02.png'])

    await into('many 很多')
    await cell('00000.png').waitFor()
    await page.getByRole('listbox').focus()
    await key('Control+a')
    await see('301 selected')
    let parts = 0
    await page.route('**/api/v1/file/move', (r) => (++parts === 2 ? r.fulfill(refusal('internal')) : r.continue()))
    await moves(301)
    await toast('Moved 100 items').waitFor()
    await cell('00099.png').waitFor()
    assert.equal(await cell('00098.png').count(), 0)
    await see('201 selected')
    await page.unroute('**/api/v1/file/move')
    assert.equal((await list(page, many)).total, 201)
    await key('Control+z')
    await toast('Undone: Moved 100 items').waitFor()
    assert.equal((await list(page, many)).total, 301)
  })

  await does('what is being put into the trash does not come back by a reload', async () => {
    const trash = await held('**/api/v1/file/trash')
    await into('many 很多')
    await cell('00000.png').click()
    await key('Delete')
    await gone('00000.png')
    await trash.asked()
    await button('New folder').click()
    await answer(page, 'aside')
    await key('Enter')
    await page.locator('[role=option][aria-label=aside]:not([aria-disabled])').waitFor()
    await cell('00001.png').waitFor()
    assert.equal(await cell('00000.png').count(), 0)
    await into('inbox') // nor by who goes away and comes back
    await into('many 很多')
    await cell('00001.png').waitFor()
    assert.equal(await cell('00000.png').count(), 0)
    await trash.answer()
    await key('Control+z')
    await cell('00000.png').waitFor()
  })

  await does('an undo is of what was done last, also where that is not answered yet', async () => {
    await into('inbox')
    await cell('p03.png').click()
    await key('Delete')
    await gone('p03.png')
    await toast('1 item moved').last().waitFor()
    const twice = async () => {
      await cell('p04.png').click()
      await cell('p05.png').click({ modifiers: ['Shift'] })
      const trash = await held('**/api/v1/file/trash')
      await key('Delete')
      await gone('p05.png')
      await toast('2 items moved').waitFor() // it is offered
      await trash.asked()
      return trash
    }
    let recovered = 0
    page.on('request', (r) => (recovered += r.url().endsWith('/file/recover') ? 1 : 0))
    await (await twice()).answer('internal')
    await cell('p05.png').waitFor()
    await toast('2 items moved').waitFor({ state: 'detached' })

    let trash = await twice()
    await key('Control+z')
    await trash.answer('internal') // there is nothing to undo
    await cell('p05.png').waitFor()
    assert.equal(await page.getByText(/^Undone:( 2 items.*)?\s*$/).count(), 0)
    trash = await twice()
    await key('Control+z')
    await toast('Undoing: 2 items').waitFor()
    assert.equal(recovered, 0)
    await trash.answer()
    await toast('Undone: 2 items').waitFor()
    await toast('Undoing: 2 items').waitFor({ state: 'detached' })
    await cell('p05.png').waitFor()
    assert.deepEqual([recovered, await cell('p03.png').count()], [1, 0])
    await key('Control+z')
    await cell('p03.png').waitFor()
  })

  await does('the order that is there already begins nothing anew', async () => {
    const order = async (label) => {
      await page.getByRole('button', { name: /^Sort/ }).click()
      await page.locator('.n-dropdown-option').getByText(label).click()
    }
    await cell('p01.png').click()
    await order('Name')
    await cell('p02.png').click({ modifiers: ['Control'] })
    await see('2 selected')
  })

  await does('where folders do not load one can ask again', async () => {
    await into('inbox')
    await cell('p01.png').click()
    await toolbar().getByRole('button', { name: 'Move', exact: true }).click()
    const sheet = page.getByRole('dialog', { name: /Move/ })
    await sheet.getByText('There are no folders here.').waitFor()
    await page.route('**/api/v1/file/list?*', (r) => r.fulfill(refusal('internal')))
    await sheet.getByRole('button', { name: 'Drive' }).click()
    await sheet.getByRole('alert').waitFor()
    await page.unroute('**/api/v1/file/list?*')
    let release
    await page.route('**/api/v1/file/list?*', async (r) => {
      await new Promise((done) => (release = done))
      await r.continue()
    })
    await sheet.getByRole('button', { name: 'Try again' }).click()
    await page.waitForFunction(() => document.querySelector('[role=dialog] .list[inert]'))
    await until(() => release, 'the folders are not asked for again')
    release()
    await sheet.getByRole('button', { name: 'target' }).waitFor()
    await page.unroute('**/api/v1/file/list?*')

    // Into one that is made late nobody goes from elsewhere.
    let made
    await page.route('**/upload/v1/file/mkdir', (r) => void (made = () => r.continue()), { times: 1 })
    await sheet.getByRole('button', { name: 'New folder' }).click()
    await answer(page, 'late', 'New folder')
    await key('Enter')
    await until(() => made, 'no folder is made')
    await page.getByRole('dialog', { name: 'New folder' }).getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('dialog', { name: 'New folder' }).waitFor({ state: 'detached' })
    await sheet.getByRole('button', { name: 'target' }).click()
    await sheet.getByText('There are no folders here.').waitFor()
    await Promise.all([page.waitForResponse('**/upload/v1/file/mkdir'), made()])
    await drawn()
    assert.equal(await sheet.locator('.way .tool').last().textContent(), 'target')
    await key('Escape')
    await noDialog()
  })

  await does('a search says where things lie, and leads back', async () => {
    await into('far')
    const far = await place()
    await key('/')
    const steps0 = await page.evaluate(() => history.length)
    const search = page.getByRole('searchbox')
    let asked = 0
    await page.route('**/api/v1/file/infos', (r) => (++asked > 10 ? r.continue() : r.fulfill(refusal('internal'))))
    const end = await later(0.002)
    await search.fill('need')
    await page.waitForFunction(() => location.hash === '#/search/need')
    await search.fill('needle')
    await page.waitForFunction(() => location.hash === '#/search/needle')
    assert.equal(await page.evaluate(() => history.length), steps0 + 1)
    await cell('needle.png').getByText('Drive / far / further').waitFor() // it is asked again and again
    await end()
    await page.unroute('**/api/v1/file/infos')
    await search.fill('')
    await page.waitForFunction((to) => location.hash === to, far)
    await search.fill('needle')
    await cell('needle.png').click()
    const move = await held('**/api/v1/file/move')
    await moves(1)
    await move.asked()
    await drawn()
    assert.equal(await cell('needle.png').count(), 1) // it is found wherever it lies
    await move.answer('into_itself')
    await page.locator('[role=option][aria-label="needle.png"][aria-selected=true]').waitFor()
    await details().getByRole('button', { name: 'Show in folder' }).click()
    await at('further')
    await page.waitForFunction(() => document.querySelector('[aria-label="needle.png"]')?.getAttribute('aria-selected') === 'true')
  })

  await does('what is answered late of where things lie does not count', async () => {
    await into('far')
    await named('further', 'elsewhere')
    await noDialog()
    let asked = 0
    let late
    await page.route('**/api/v1/file/infos', async (r) => {
      if (++asked > 1) return r.continue()
      const answer = await r.fetch()
      late = () => r.fulfill({ response: answer })
    })
    await page.goto(base + '/#/bed')
    await page.goto(base + '/#/search/needle')
    await cell('needle.png').waitFor()
    await until(() => late, 'the way is not asked for')
    await key('Control+z') // the folder is called as before
    const way = cell('needle.png').getByText('Drive / far / further')
    await way.waitFor()
    await Promise.all([page.waitForResponse('**/api/v1/file/infos'), late()])
    await drawn()
    assert.equal(await way.count(), 1)
    await page.unroute('**/api/v1/file/infos')
  })

  await does('an undo gives back a name that it had, also where the one between was refused', async () => {
    const inbox = await into('inbox')
    const name = await held('**/api/v1/file/name')
    let folders = 0
    const count = (r) => (folders += r.url().includes('parentFileId=0&') ? 1 : 0)
    await named('p01.png', 'first.png')
    page.on('request', count)
    await name.asked()
    await named('first.png', 'second.png')
    await noDialog()
    assert.deepEqual(await selected(), ['second.png'])
    await name.answer('name_taken')
    await toast('Something of this name').waitFor()
    await noDialog() // it is called otherwise by now
    await toast('first.png').waitFor({ state: 'detached' })
    await key('Control+z')
    await toast('Undone: Renamed to “second.png”').waitFor()
    await cell('p01.png').waitFor()
    assert.ok((await names(page, inbox)).includes('p01.png'))
    page.off('request', count)
    assert.equal(folders, 0) // none is called otherwise
  })

  await does('the keys and a range stay with their pictures as others come and go', async () => {
    const inbox = await into('inbox')
    const trash = await held('**/api/v1/file/trash')
    await cell('p01.png').click()
    await cell('p02.png').click({ modifiers: ['Shift'] })
    await key('Delete')
    await gone('p02.png')
    await cell('p06.png').click()
    await trash.answer('internal')
    await cell('p02.png').waitFor()
    await drawn()
    assert.deepEqual(await selected(), ['p06.png'])
    await cell('p07.png').click({ modifiers: ['Shift'] })
    await until(async () => (await selected()).length > 1, 'no range is selected')
    assert.deepEqual(await selected(), ['p06.png', 'p07.png'])

    await cell('p03.png').click()
    await button('New folder').click()
    await answer(page, 'cabinet')
    await key('Enter')
    await cell('cabinet').waitFor()
    await noDialog()
    await page.getByRole('listbox').focus()
    await key(' ')
    await full('p03.png').waitFor()
    await key('Escape')
    await noDialog()
    await remove('cabinet', inbox)
  })

  await does('a folder is made where it was asked for, wherever one has gone meanwhile', async () => {
    await page.goto(base + '/#/drive')
    await cell('inbox').waitFor()
    const inbox = await into('inbox')
    const made = await held('**/upload/v1/file/mkdir')
    await button('New folder').click()
    await asked('New folder').waitFor()
    await page.goBack()
    await cell('inbox').waitFor()
    await answer(page, 'cabinet')
    await key('Enter')
    await made.asked()
    await noDialog()
    assert.equal(await cell('cabinet').count(), 0)
    await into('inbox')
    await cell('cabinet').waitFor()
    await made.answer()
    await page.locator('[role=option][aria-label=cabinet]:not([aria-disabled])').waitFor()
    await remove('cabinet', inbox)
  })

  await does('who leaves while a change is not answered is asked', async () => {
    await into('inbox')
    await cell('p01.png').click()
    const trash = await held('**/api/v1/file/trash')
    await key('Delete')
    await trash.asked()
    const [leave] = await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })])
    assert.equal(leave.type(), 'beforeunload')
    await leave.dismiss()
    await page.getByRole('button', { name: 'Account menu' }).click()
    await page.locator('.n-dropdown-option').getByText('Sign out').click()
    await asked('Sign out').getByText('Some changes are not done yet').waitFor()
    await key('Escape')
    await noDialog()
    await trash.answer()
    await key('Control+z')
    await cell('p01.png').waitFor()
  })

  await does('what is published is asked again where it is not known', async () => {
    await page.goto(base + '/#/bed')
    await page.reload() // what was said is gone
    await view('Image bed')
    const end = await later(Infinity) // it does not ask by itself
    await page.route('**/source/published*', (r) => r.fulfill(refusal('internal')))
    await into('inbox')
    await cell('p07.png').click()
    await details().getByText('Whether it is published could not be asked').waitFor()
    await cell('p07.png').locator('.badge.unknown').waitFor()
    await page.unroute('**/source/published*')
    await details().getByRole('button', { name: 'Try again' }).click()
    await cell('p07.png').locator('.badge.current').waitFor()
    await end()
  })

  await does('a damaged picture is said to be one', async () => {
    await page.context().unroute(nothing) // it needs the browser's cache
    await page.goto(base + '/#/drive')
    await cell('broken.png').click()
    await details().getByText('This picture is damaged or breaks off').waitFor()
    await cell('crumb.png').click()
    await details().locator('img.there').waitFor()
    assert.equal(await details().getByText('damaged').count(), 0)
  })

  await does('what went wrong is said in the language of the moment', async () => {
    await page.route('**/api/v1/file/list?*', (r) => r.fulfill(refusal('internal')))
    await page.goto(base + '/#/trash')
    await see('Something went wrong inside the server')
    await page.getByRole('button', { name: '中文' }).click()
    await see('服务器内部出错')
    assert.equal(await page.getByText('Something went wrong').count(), 0)
    await page.getByRole('button', { name: 'English' }).click()
    await page.unroute('**/api/v1/file/list?*')
    await button('Try again').click()
    await page.getByRole('heading', { name: 'The trash is empty' }).waitFor()
  })
  await page.context().close()

  await does('what can be undone stays as long as somebody is at it', async () => {
    await open({}, () => page.clock.install())
    await cell('crumb.png').click()
    await key('Delete')
    const bubble = page.locator('.toast')
    await bubble.hover()
    await page.clock.fastForward(30000)
    assert.equal(await bubble.count(), 1)
    await page.mouse.move(10, 10)
    await page.clock.fastForward(30000)
    await bubble.waitFor({ state: 'detached' })
    await page.getByRole('listbox').focus()
    await key('Control+z') // also when it has gone
    await cell('crumb.png').waitFor()
    await page.context().close()
  })

  await does('for who wants no motion a window is where it stays before the first frame', async () => {
    await open()
    await cell('stale.png').click()
    await page.evaluate(() => void (window.requestAnimationFrame = () => 0))
    await key('p')
    assert.equal((await page.locator('.modal').boundingBox()).width, 560)
    await page.context().close()
  })

  await does('each of several tasks is begun as it was shown, or not at all', async () => {
    await open()
    const sheet = page.getByRole('dialog', { name: 'Publish' })
    // What their plans say can be read to its end.
    await page.getByRole('listbox').focus()
    await key('Control+a')
    await key('p')
    await sheet.getByText('It is done in 2 tasks').waitFor()
    await sheet.getByText('Look at each').click()
    const last = sheet.locator('.each').getByText('stale.png').first()
    let pages = 0
    for (const more = sheet.getByRole('button', { name: 'Show more' }); await more.count(); pages++) {
      assert.equal(await last.count(), 0)
      const rows = await sheet.locator('.each .row').count()
      await more.click()
      await until(async () => (await sheet.locator('.each .row').count()) > rows, 'no more come')
    }
    await last.waitFor()
    assert.ok(pages >= 3, `${pages} pages more`)
    await key('Escape')
    await sheet.waitFor({ state: 'detached' })

    const folder = await into('many 很多')
    const { fileList } = await list(page, folder)
    await cell('00001.png').click()
    for (let i = 0; i < 6; i++) await key('Shift+ArrowRight')
    await see('7 selected')
    await key('p')
    await sheet.getByText('7 new pictures').waitFor()
    // The last of them is published beside it.
    await post(page, '/api/v1/oss/source/copy', { fileIDs: [fileList.find((f) => f.filename === '00007.png').fileID], toParentFileID: '' })
    await tasksEnd()
    const before = (await tasks()).length
    await sheet.getByRole('button', { name: 'Publish 7 pictures' }).click()
    await sheet.getByText('Something has changed just now.').waitFor()
    await see('1 of 2 tasks have begun. The rest is still selected.')
    await sheet.getByText('1 new picture').waitFor()
    assert.equal((await tasks()).length, before + 1)
    await see('2 selected')
    await sheet.getByText('1 is there already and keeps its link').waitFor()
    await sheet.getByRole('button', { name: 'Publish 2 pictures' }).click()
    await sheet.waitFor({ state: 'detached' })
    await tasksEnd()
    assert.deepEqual((await tasks()).slice(0, 2).map((x) => [x.copied, x.replaced]).sort(), [[1, 1], [5, 0]])
    await page.context().close()
  })

  await does('on a phone each tap shows details, which go by a tap and by Escape', async () => {
    await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    const sheet = page.getByRole('dialog')
    for (const close of [() => key('Escape'), () => page.touchscreen.tap(195, 40), () => sheet.getByRole('button', { name: 'Close' }).tap()]) {
      for (const called of ['broken.png', 'stale.png']) {
        await cell(called).tap()
        await sheet.getByRole('heading', { name: called }).waitFor()
        await page.waitForFunction(() => document.querySelector('[role=dialog]')?.contains(document.activeElement))
        await close()
        await sheet.waitFor({ state: 'detached' })
        assert.equal(await page.locator('.selected').count(), 0)
      }
    }
    await cell('stale.png').tap()
    await sheet.getByRole('button', { name: 'Look at it large' }).tap()
    await full('stale.png').locator('img.there').waitFor()
    await full('stale.png').getByRole('button', { name: 'Previous picture' }).tap()
    await full('crumb.png').waitFor()
    await full('crumb.png').getByRole('button', { name: 'Close' }).tap()
    await full('crumb.png').waitFor({ state: 'detached' })
    await page.context().close()
  })

  await does('on a phone a long press selects, and what is selected is published', async () => {
    await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    await page.goto(`${base}/#/drive/${many}`)
    await cell('00003.png').waitFor()
    await page.getByRole('listbox').evaluate((e) => (e.scrollTop = 0))
    const finger = await page.context().newCDPSession(page)
    const { x, y, width, height } = await cell('00001.png').boundingBox()
    await finger.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: x + width / 2, y: y + height / 2 }] })
    const bar = page.getByRole('toolbar')
    await bar.waitFor()
    await finger.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    await cell('00002.png').tap() // one more
    await bar.getByText('2', { exact: true }).waitFor()
    await bar.getByRole('button', { name: 'Publish' }).tap()
    const sheet = page.getByRole('dialog', { name: 'Publish' })
    const before = (await tasks()).length
    await sheet.getByRole('button', { name: /^Publish 2 pictures/ }).tap()
    await sheet.waitFor({ state: 'detached' })
    await tasksEnd()
    const all = await tasks()
    assert.deepEqual([all.length, all[0].copied + all[0].replaced], [before + 1, 2])
    await page.context().close()
  })

  await does('the other colours are there at a press and after a reload, the system\'s by the menu', async () => {
    await open({ colorScheme: 'light' })
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await ground()
    await button('Dark').click()
    await until(async () => (await ground()) !== light, 'it stays light')
    const dark = await ground()
    await page.reload()
    await page.getByRole('listbox').waitFor()
    assert.equal(await ground(), dark)
    await page.getByRole('button', { name: 'Account menu' }).click()
    await page.locator('.n-dropdown-option').getByText('Colours as the system\'s').click()
    await until(async () => (await ground()) === light, 'it stays dark')
    await page.emulateMedia({ colorScheme: 'dark' })
    await until(async () => (await ground()) === dark, 'it is not as the system is')
    await page.context().close()
  })

  await does('on a phone what the bar has no room for is in its menu', async () => {
    await open({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true })
    await cell('stale.png').waitFor()
    await page.getByRole('listbox').focus()
    await key('Control+a')
    assert.deepEqual(await sticksOut(page), [])
    const menu = (what) => page.locator('.n-dropdown-option').getByText(what, { exact: true })
    await page.getByRole('button', { name: 'More that can be done' }).tap()
    await menu('Move').waitFor()
    assert.deepEqual(await page.locator('.n-dropdown-option').allInnerTexts(), ['Publish', 'Links', 'Download', 'Move', 'Move to the trash'])
    await menu('Move').tap()
    await page.getByRole('dialog', { name: /^Move \d+ items to/ }).waitFor()
    await page.context().close()
  })
})
