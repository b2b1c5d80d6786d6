// What goes on: tasks and uploads over a restart of the server, seen from two tabs that listen
// once, or from one that can't; what becomes of a task in the end; and a person who has no mouse.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { another, base, name, password, refusal, script, steps, until, watch } from './browser.mjs'

const context = await another({ holds: true, viewport: { width: 1280, height: 800 } })
let streams = 0
let signedOut = true
let away = false
async function open(whose = context) {
  const page = await whose.newPage()
  watch(page, () => signedOut || away)
  page.on('request', (r) => (streams += r.url().endsWith('/copy/events') ? 1 : 0))
  await page.goto(base + '/')
  return page
}
// same is another browser of the same person.
const same = async () => another({ holds: true, viewport: { width: 1280, height: 800 }, storageState: await context.storageState() })
const answers = createInterface({ input: process.stdin })
// server has something done to the server, and waits until it is done.
function server(what) {
  const done = new Promise((y) => answers.once('line', y))
  console.log(what)
  return done
}
async function restart(what = 'restart') {
  away = true
  await server(what)
  await until(() => page.evaluate(() => fetch('/readyz').then((r) => r.ok, () => false)), 'the server does not come back')
  await page.locator('.away').waitFor({ state: 'detached' })
  away = false
}
const heading = (page, name) => page.getByRole('heading', { name, exact: true }).waitFor()
async function closed(page) {
  await page.keyboard.press('Escape')
  await page.locator('.drawer').waitFor({ state: 'detached' })
}
const sheet = (page) => page.getByRole('dialog', { name: 'Publish' })
const go = (page) => sheet(page).getByRole('button', { name: /^Publish [\d,]+ pictures?$/ })
async function plan(page, name) {
  await page.getByRole('option', { name, exact: true }).click()
  await page.getByRole('toolbar').getByRole('button', { name: 'Publish' }).click()
}
async function publish(page, name) {
  await plan(page, name)
  await go(page).click()
}
const see = (page, text) => page.getByText(text).first().waitFor()
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute('role') || document.activeElement?.getAttribute('aria-label') || document.activeElement?.getAttribute('name') || document.activeElement?.textContent?.trim())

// tabTo goes to something by the key that goes to the next, or to the one before.
async function tabTo(page, label, key = 'Tab') {
  const met = []
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press(key)
    const at = await focused(page)
    if (at === label) return
    met.push(at)
  }
  assert.fail(`the keyboard does not come to ${label}, but to ${met.join(' | ')}`)
}

let page

await script('going', async () => {
  page = await open()
  await steps.does('sign in without a mouse', async () => {
    await page.locator('input[name=password]').waitFor()
    if ((await focused(page)) !== 'name') await tabTo(page, 'name')
    await page.keyboard.type(name)
    await tabTo(page, 'password')
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    await page.getByRole('listbox').waitFor()
    signedOut = false
  })

  await steps.does('a picture becomes a link on the clipboard without a mouse', async () => {
    await page.getByRole('option', { name: 'one.png' }).waitFor()
    if ((await focused(page)) !== 'listbox') await tabTo(page, 'listbox')
    await page.keyboard.press('End')
    await see(page, '1 selected')
    await page.keyboard.press('p')
    await see(page, '1 new picture')
    await tabTo(page, 'Publish 1 picture')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: '1 published' }).waitFor()
    await page.waitForFunction(() => document.querySelector('textarea[aria-label=Links]')?.value.includes('one.png'))
    await tabTo(page, 'Copy')
    await page.keyboard.press('Enter')
    await see(page, '1 link copied')
    const [, url] = /^!\[one\.png\]\((\S+)\)\s*$/.exec(await page.evaluate(() => navigator.clipboard.readText()))
    assert.equal((await fetch(url)).status, 200)
    await page.keyboard.press('Escape')
    await page.getByRole('heading', { name: '1 published' }).waitFor({ state: 'detached' })
  })

  await steps.does('folders, names, places, the trash and the bed without a mouse', async () => {
    const key = (k) => page.keyboard.press(k)
    const option = (name) => page.getByRole('option', { name, exact: true })
    const gone = (name) => option(name).waitFor({ state: 'detached' })
    // keysAre waits until what has the keys is called so. It is nothing that isn't seen.
    const keysAre = (what) => page.waitForFunction((what) => ['role', 'aria-label', 'class'].some((a) => document.activeElement.getAttribute(a)?.split(', ')[0] === what), what)
    const types = async (title, text) => {
      await page.getByRole('dialog', { name: title }).waitFor()
      await page.waitForFunction(() => document.activeElement.matches('[role=dialog] input'))
      await page.waitForFunction(() => document.activeElement.value === '' || document.activeElement.selectionEnd > 0)
      await page.keyboard.type(text)
      await key('Enter')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    await keysAre('listbox')
    await key('Home')
    await key('Shift+ArrowRight')
    await see(page, '2 selected')
    await key('Escape')
    await see(page, 'Select a picture')

    await tabTo(page, 'New folder', 'Shift+Tab')
    await key('Enter')
    await types('New folder', 'shelf')
    await page.locator('[role=option][aria-label=shelf]:not([aria-disabled])').waitFor() // the server has made it
    await keysAre('New folder')
    await tabTo(page, 'listbox')
    await key('Home')
    await key('ArrowRight')
    await key('F2')
    await types('Rename', 'stand')
    await option('stand').waitFor()
    await keysAre('listbox')

    await key('End')
    await tabTo(page, 'Move')
    await key('Enter')
    const moving = page.getByRole('dialog', { name: 'Move 1 item to…' })
    await moving.getByRole('button', { name: 'stand' }).waitFor()
    await tabTo(page, 'stand')
    await key('Enter')
    await moving.getByText('There are no folders here.').waitFor()
    await tabTo(page, 'Move here')
    await key('Enter')
    await gone('one.png')
    await moving.waitFor({ state: 'detached' })
    await keysAre('listbox')
    await key('Control+z')
    await option('one.png').waitFor()
    await key('Home')
    await key('ArrowRight')
    await key('Delete')
    await gone('stand')
    await keysAre('listbox')

    await tabTo(page, 'Account menu, goer', 'Shift+Tab')
    await key('Enter')
    await page.locator('.n-dropdown-option').getByText('Trash', { exact: true }).waitFor()
    for (let i = 0; i < 2; i++) await key('ArrowDown')
    await key('Enter')
    await heading(page, 'Trash')
    await option('stand').waitFor()
    await keysAre('listbox')
    await key('Home')
    await tabTo(page, 'Recover')
    await key('Enter')
    await heading(page, 'The trash is empty')
    await keysAre('main')

    await tabTo(page, 'Image bed', 'Shift+Tab')
    await key('Enter')
    await option('one.png').waitFor()
    await keysAre('listbox')
    await key('Home')
    await key('F2')
    await types('Rename', 'uno')
    await option('uno.png').waitFor()
    await keysAre('listbox')
    await key('Home')
    await key('Delete')
    const sure = page.getByRole('dialog', { name: 'Delete 1 image' })
    await sure.waitFor()
    await tabTo(page, 'Delete')
    await key('Enter')
    await gone('uno.png')
    await sure.waitFor({ state: 'detached' })
    await keysAre('main')

    await key('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.waitForFunction(() => document.activeElement.matches('[role=dialog] .modal'))
    await key('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await keysAre('main')
    await tabTo(page, 'Drive', 'Shift+Tab')
    await key('Enter')
    await option('one.png').waitFor()
    await keysAre('listbox')
  })

  let second
  await steps.does('two tabs listen once', async () => {
    second = await open()
    await second.getByRole('listbox').waitFor()
    await until(
      () =>
        second.evaluate(async () => {
          const { held, pending } = await navigator.locks.query()
          return held.length === 1 && pending.length === 1
        }),
      'one does not wait for the other',
    )
    assert.equal(streams, 1)
  })

  await steps.does('a task goes on over a restart, and both tabs see it end', async () => {
    await publish(page, 'album 相册')
    await see(page, 'Publishing 500 of 1,000') // where the server holds it
    await second.keyboard.press('t')
    await second.locator('.task', { hasText: /Publishing|Preparing|Waiting/ }).click()
    await see(second, 'Publishing 500 of 1,000')
    await restart()
    await page.getByRole('heading', { name: '1,000 published' }).waitFor()
    await second.getByRole('heading', { name: '1,000 published' }).waitFor()
    await closed(page)
    await closed(second)
    await page.bringToFront() // behind another one it is slow
    await page.goto(base + '/#/bed')
    await page.getByRole('option', { name: 'album 相册' }).dblclick()
    await page.getByRole('option', { name: 'd', exact: true }).dblclick()
    await page.getByRole('option', { name: '00249.png' }).waitFor() // the newest is the first
  })

  await steps.does('the links of more than one call takes, in each form', async () => {
    await page.keyboard.press('Control+a')
    await see(page, '250 selected')
    await page.getByRole('toolbar').getByRole('button', { name: 'Links' }).click()
    const box = page.getByRole('dialog')
    const text = box.getByRole('textbox', { name: 'Links' })
    const in_ = async (form, is) => {
      await box.locator('.n-base-selection').click()
      await page.locator('.n-base-select-option', { hasText: form }).click()
      await until(async () => is((await text.inputValue()).trimEnd()), `these are no links in ${form}: ${await text.inputValue()}`)
    }
    const lines = (n, like) => (all) => all.split(/\r?\n/).length === n && all.split(/\r?\n/).every((l) => like.test(l))
    await in_('URL', lines(250, /^http:\S+\.png$/))
    await in_('HTML', lines(250, /^<img src="http:\S+\.png" alt="\d{5}\.png">$/))
    await in_('BBCode', lines(250, /^\[img\]http:\S+\.png\[\/img\]$/))
    await in_('CSV', (all) => lines(251, /,/)(all) && all.split('\n').filter((l) => !l.includes('.png')).length === 1)
    await in_('JSON', (all) => all.startsWith('[') && new Set(JSON.parse(all).map((l) => l.url)).size === 250)
    await in_('Own template', lines(250, /^!\[\d{5}\.png\]\(http:\S+\)$/))
    await box.getByRole('textbox', { name: 'Own template' }).fill('{stem} is at {nowhere}')
    await box.getByRole('alert').getByText('The template can\'t be read').waitFor()
    await box.getByRole('textbox', { name: 'Own template' }).fill('{n}: {stem} is at {url}')
    const numbered = (all) => lines(250, /^\d+: \d{5} is at http:\S+$/)(all) && all.split('\n').every((l, i) => l.startsWith(`${i + 1}: `))
    await until(async () => numbered((await text.inputValue()).trimEnd()), 'the template is not taken')
    await page.keyboard.press('Escape')
    await box.waitFor({ state: 'detached' })
  })

  await steps.does('a task with a failure is tried again, which succeeds, and undone', async () => {
    const items = page.locator('.drawer .items li')
    await page.goto(base + '/#/drive')
    await publish(page, 'story')
    await heading(page, '2 published, 2 failed')
    await items.filter({ hasText: '4.png' }).getByRole('button', { name: 'Retry this one' }).waitFor()
    assert.equal(await items.count(), 2, 'the failures are not shown first')
    const filter = page.getByRole('group', { name: 'Filter by outcome' })
    await filter.getByRole('button', { name: 'New 2' }).click()
    await items.nth(1).waitFor()
    assert.deepEqual(await items.locator('a').allTextContents(), ['1.png', '2.png'])
    const report = async (link) => {
      const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: link }).click()])
      return readFileSync(await file.path(), 'utf8')
    }
    const outcomes = JSON.parse(await report('JSON')).map((i) => [i.filename, i.outcome])
    assert.deepEqual(outcomes, [['1.png', 'copied'], ['2.png', 'copied'], ['3.png', 'failed'], ['4.png', 'failed']])
    assert.deepEqual((await report('Report CSV')).trim().split('\r\n').slice(1).map((l) => [l.split(',')[2], l.split(',')[7]]), outcomes)
    const links = await items.locator('a').evaluateAll((all) => all.map((a) => a.href))

    const back = () => page.locator('.drawer').getByRole('button', { name: 'Back' }).click()
    const task = (is) => page.locator('.task').filter({ has: page.getByText(is, { exact: true }) }).first()

    // One alone, which can't go well yet; then those that failed, and nothing else. One of them
    // has been uploaded once more, the other's content is mended.
    await filter.getByRole('button', { name: 'Failed 2' }).click()
    await items.filter({ hasText: '3.png' }).getByRole('button', { name: 'Retry this one' }).click()
    await heading(page, 'The task failed')
    await items.filter({ hasText: 'damaged' }).waitFor()
    assert.deepEqual([await items.count(), await items.filter({ hasText: '3.png' }).count()], [1, 1], 'something else was tried again')
    await server('mend the last')
    await closed(page)
    await page.getByRole('option', { name: 'story' }).dblclick()
    const healed = page.getByRole('option', { name: '3.png' })
    const unreadable = page.getByRole('complementary', { name: 'Details' }).getByText('the content can\'t be read')
    await healed.click()
    await unreadable.waitFor()
    await healed.locator('.none').waitFor()
    await page.setInputFiles('input[type=file][multiple]', process.env.PAGE_DAMAGED)
    await see(page, '1 file uploaded')
    const corner = page.getByRole('region', { name: 'Upload' })
    await corner.getByRole('button', { name: 'Unfold' }).click()
    await corner.getByText('3.png').waitFor()
    assert.equal(await corner.getByText('Instant').count(), 0, 'its bytes were not sent')
    await corner.getByRole('button', { name: 'Close' }).click()
    await healed.locator('img.there').waitFor()
    await unreadable.waitFor({ state: 'detached' })
    await page.goto(base + '/#/drive')
    await page.getByRole('option', { name: 'story' }).waitFor()
    await page.keyboard.press('t')
    await task('2 published, 2 failed').click()
    await page.getByRole('button', { name: 'Retry the 2 that failed' }).click()
    await heading(page, '2 published')
    await items.locator('a').nth(1).waitFor()
    assert.deepEqual(await items.locator('a').allTextContents(), ['3.png', '4.png'], 'something else was tried again')
    links.push(...(await items.locator('a').evaluateAll((all) => all.map((a) => a.href))))
    for (const url of links) assert.equal((await fetch(url)).status, 200)

    for (const is of ['2 published', '2 published, 2 failed']) {
      const n = '2 images'
      await back()
      await task(is).click()
      await page.getByRole('button', { name: 'Undo…' }).click()
      await page.getByRole('dialog', { name: 'Undo this task?' }).getByText(n).waitFor()
      await page.getByRole('dialog', { name: 'Undo this task?' }).getByRole('button', { name: 'Undo', exact: true }).click()
      await page.getByRole('dialog', { name: 'Undo this task?' }).waitFor({ state: 'detached' }) // it gives the keys back
      await see(page, n + ' removed')
    }
    for (const url of links) assert.equal((await fetch(url)).status, 404)
    await closed(page)
  })

  await steps.does('a fourth task has to wait, and one that runs is cancelled, which who can’t listen sees too', async () => {
    await restart('restart held')
    const deaf = await open(await same())
    away = true
    let refused = 0
    await deaf.route('**/copy/events', (r) => (refused++, r.fulfill({ status: 503 })))
    await deaf.reload()
    await deaf.getByRole('option').first().waitFor()
    await page.bringToFront()
    await publish(page, 'album 相册')
    await see(page, 'Publishing 250 of 1,000') // where the server holds it
    await closed(page)
    await deaf.keyboard.press('t')
    await deaf.locator('.task', { hasText: 'Publishing 250 of 1,000' }).click()
    for (let i = 0; i < 2; i++) {
      await publish(page, 'one.png')
      await heading(page, 'Waiting')
      await closed(page)
    }
    await plan(page, 'one.png')
    await sheet(page).getByText('3 tasks are unfinished, and no more can be added now. Publish these when one of them has ended.').waitFor()
    assert.ok(await go(page).isDisabled())
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('t')
    await page.locator('.task', { hasText: 'Publishing' }).click()
    await page.getByRole('button', { name: 'Cancel the task' }).click()
    await heading(page, 'Cancelled')
    await heading(deaf, 'Cancelled')
    assert.ok(refused > 0)
    await closed(page)
    // It asks for all tasks again and again: the links of one that has ended stay as they are.
    await deaf.waitForFunction(() => document.querySelector('textarea[aria-label=Links]')?.value.includes('.png'))
    const box = await deaf.$('textarea[aria-label=Links]')
    const again = []
    deaf.on('request', (r) => /copy\/items|file\/links/.test(r.url()) && again.push(r.url()))
    for (let i = 0; i < 2; i++) await deaf.waitForResponse('**/source/copy/list?*')
    assert.deepEqual([await box.evaluate((e) => e.isConnected), again], [true, []])
    await deaf.context().close()
    await restart()
  })

  await steps.does('an upload that a restart breaks off goes on where it was', async () => {
    const asked = []
    page.on('request', (r) => r.url().includes('/upload/v2/file/') && asked.push(r.url().split('/').at(-1)))
    let slices = 0
    await page.route('**/upload/v2/file/slice', async (r) => {
      if (++slices !== 2) return r.continue()
      away = true
      await server('restart')
      await r.abort('connectionreset')
    })
    await page.setInputFiles('input[type=file][multiple]', { name: 'large.bin', mimeType: 'application/octet-stream', buffer: randomBytes(20 << 20) })
    await see(page, '1 file uploaded')
    away = false
    assert.deepEqual(asked.filter((a) => a !== 'upload_complete'), ['create', 'slice', 'slice', 'slice'], 'it began anew')
    await page.unroute('**/upload/v2/file/slice')
    await page.getByRole('region', { name: 'Upload' }).getByRole('button', { name: 'Close' }).click()
  })

  await steps.does('who listens for another tab that is closed learns what went on meanwhile', async () => {
    const before = streams
    const asked = []
    second.on('request', (r) => asked.push(/\/source\/copy\/(\w+)/.exec(r.url())?.[1]))
    await page.close()
    page = second
    await until(() => asked.includes('events') && asked.includes('list', asked.indexOf('events')), 'it does not ask where the tasks stand')
    assert.equal(streams, before + 1)
    const id = await page.evaluate(async () => {
      const api = async (path, body) => (await (await fetch('/api/v1/' + path, body && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).json()).data
      const one = (await api('file/list?parentFileId=0&page=1&limit=100&orderBy=file_name&orderDirection=asc')).fileList.find((f) => f.filename === 'one.png')
      return (await api('oss/source/copy', { fileIDs: [one.fileID] })).taskID
    })
    assert.ok(id)
    await page.getByRole('banner').getByText('1 published').waitFor()
  })

  await steps.does('who is signed out does not listen, and asks for nothing again', async () => {
    away = true // what it asks for is refused
    const alone = await open(await same())
    await alone.clock.install()
    await alone.route('**/copy/events', (r) => r.fulfill({ status: 401 }))
    await alone.reload()
    await alone.getByRole('option').first().waitFor()
    let ways = 0
    await alone.route('**/api/v1/file/infos', (r) => (ways++, r.fulfill(refusal('internal'))))
    await alone.goto(base + '/#/search/4.png')
    await until(() => ways > 0, 'nobody asks where what was found lies')
    await alone.context().clearCookies()
    await alone.clock.runFor(10_000)
    await alone.locator('input[name=password]').waitFor()
    const before = [streams, ways]
    await alone.clock.runFor(60_000)
    assert.deepEqual([streams, ways], before)
    await alone.context().close()
    away = false
  })
})
answers.close()
