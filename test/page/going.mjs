// What goes on: a task over a restart of the server, seen from two tabs that listen once, and
// a person who has no mouse.
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { launch, steps, until, watch } from './browser.mjs'

const { PAGE_URL: base, PAGE_NAME: name, PAGE_PASSWORD: password } = process.env

const browser = await launch()
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base })
context.setDefaultTimeout(60000)
const wrong = []
let streams = 0
let signedOut = true
let away = false
async function open() {
  const page = await context.newPage()
  watch(page, base, wrong, () => signedOut || away)
  page.on('request', (r) => (streams += r.url().endsWith('/copy/events') ? 1 : 0))
  await page.goto(base + '/')
  return page
}
const see = (page, text) => page.getByText(text).first().waitFor()
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute('role') || document.activeElement?.getAttribute('aria-label') || document.activeElement?.getAttribute('name') || document.activeElement?.textContent?.trim())

// tabTo goes to something by the key that goes to the next.
async function tabTo(page, label) {
  const met = []
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab')
    const at = await focused(page)
    if (at === label) return
    met.push(at)
  }
  assert.fail(`the keyboard does not come to ${label}, but to ${met.join(' | ')}`)
}

let page

try {
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
    await page.getByRole('option', { name: 'album 相册' }).click()
    await page.getByRole('toolbar').getByRole('button', { name: 'Publish' }).click()
    await page.getByRole('button', { name: 'Publish 1,000 pictures' }).click()
    await see(page, 'Publishing 500 of 1,000') // where the server holds it
    await second.keyboard.press('t')
    await second.locator('.task', { hasText: /Publishing|Preparing|Waiting/ }).click()
    await see(second, 'Publishing 500 of 1,000')
    away = true
    console.log('restart')
    const answers = createInterface({ input: process.stdin })
    await new Promise((done) => answers.once('line', done))
    answers.close()
    await page.getByRole('heading', { name: '1,000 published' }).waitFor()
    await second.getByRole('heading', { name: '1,000 published' }).waitFor()
    await page.keyboard.press('Escape')
    await second.keyboard.press('Escape')
    away = false
    await page.goto(base + '/#/bed')
    await page.getByRole('option', { name: 'album 相册' }).dblclick()
    await page.getByRole('option', { name: 'd', exact: true }).dblclick()
    await page.getByRole('option', { name: '00249.png' }).waitFor() // the newest is the first
  })

  await steps.does('the page is there at once', async () => {
    await page.reload()
    await page.getByRole('option').first().waitFor()
    console.log(`   a list is seen ${Math.round(await page.evaluate(() => performance.now()))} ms after the page was asked for`)
  })
  assert.deepEqual(wrong, [])
} catch (e) {
  console.error(`not ok ${steps.at}: ${e.stack}`)
  console.error(wrong.join('\n'))
  await page.screenshot({ path: join(tmpdir(), 'page-going.png') }).catch(() => undefined)
  process.exitCode = 1
} finally {
  await browser.close()
}
