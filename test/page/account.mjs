// What a person does with his account at the page, and an operator with all accounts. It ends
// with another code than 0 where something is not as it should be.
import assert from 'node:assert/strict'
import { another, answer, base, lying, name, password, refusal, script, signIn as at, steps, until, watch } from './browser.mjs'

const { PAGE_LINK: link } = process.env
const asked = []
async function open() {
  const page = await (await another({ holds: true })).newPage()
  // Of who has no session, or the wrong password.
  watch(page, (m) => /status of 40[13]/.test(m.text()) && /\/(user\/info|web\/sign-in)$/.test(m.location().url))
  page.on('request', (r) => asked.push(r.url() + ' ' + (r.headers().referer ?? '')))
  return page
}
const see = (page, text) => page.getByText(text, { exact: false }).first().waitFor()
const sheet = (page) => page.getByRole('dialog', { name: 'Account settings' })
async function settings(page) {
  await page.getByRole('button', { name: 'Account menu' }).click()
  await page.getByText('Account settings').click()
  await sheet(page).getByRole('tab', { name: 'Clients' }).waitFor()
}
const tab = (page, called) => sheet(page).getByRole('tab', { name: called }).click()
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText())
async function signIn(page, who, secret) {
  await page.goto(base + '/')
  await at(page, who, secret)
}
const token = (id, secret) =>
  fetch(base + '/api/v1/access_token', { method: 'POST', body: JSON.stringify({ clientID: id, clientSecret: secret }) }).then((r) => r.json())

let page
const does = (what, fn) => steps.does(what, fn)
steps.shown = () => page

await script('account', async () => {
  await does('a link signs in once', async () => {
    page = await open()
    await page.goto(link)
    await see(page, 'Drop pictures here')
    const key = link.split('#/enter/')[1]
    assert.ok(!page.url().includes(key), 'the address still has it')
    assert.ok(!asked.some((a) => a.includes(key)), 'it was sent in an address')
    const other = await open()
    await other.goto(link)
    await see(other, 'This link was used or is over')
    await other.locator('input[name=password]').waitFor()
    await other.context().close()
  })

  let made
  await does('an operator makes an account', async () => {
    await settings(page)
    await tab(page, 'Accounts')
    await see(page, 'admin')
    await page.fill('input[aria-label="Account name"]', 'reader')
    await page.fill('input[aria-label=Space]', 'many')
    await page.keyboard.press('Enter')
    await see(page, 'Write the space as 500M or 10G')
    await page.fill('input[aria-label=Space]', '2G')
    await page.keyboard.press('Enter')
    await see(page, 'Password and clientSecret are shown this once')
    await sheet(page).getByRole('button', { name: 'Copy Password' }).click()
    await see(page, 'Copied')
    made = await clipboard(page)
    assert.match(made, /^[0-9a-z]{16}$/)
    await see(page, '0 B of 2 GB used')
    await page.fill('input[aria-label="Account name"]', 'reader')
    await page.keyboard.press('Enter')
    await see(page, 'There is an account reader already')
  })

  await does('bounds it, disables and enables it', async () => {
    const choose = async (what) => {
      await sheet(page).getByRole('button', { name: 'Change “reader”' }).click()
      await page.locator('.n-dropdown-option').getByText(what, { exact: true }).click()
    }
    await choose('Space…')
    await answer(page, '500M', 'Space of')
    await page.keyboard.press('Enter')
    await see(page, '0 B of 500 MB used')
    await choose('Disable…')
    await page.getByRole('dialog', { name: 'Disable “reader”?' }).getByRole('button', { name: 'Disable' }).click()
    await see(page, 'Disabled')
    const other = await open()
    await signIn(other, 'reader', made)
    await see(other, 'The account is disabled')
    await other.context().close()
    await choose('Enable')
    await see(page, '“reader” is enabled')
  })

  await does('sees how the server is', async () => {
    await tab(page, 'Server')
    await see(page, 'SQLite')
    await see(page, '0 running, 0 waiting')
  })

  await does('what is told once waits for who has left', async () => {
    let letGo
    const held = new Promise((done) => (letGo = done))
    await page.route('**/operator/account/create', async (r) => (await held, await r.continue()))
    await tab(page, 'Accounts')
    await page.fill('input[aria-label="Account name"]', 'later')
    await Promise.all([page.waitForRequest('**/operator/account/create'), page.keyboard.press('Enter')])
    await tab(page, 'Server')
    await see(page, 'SQLite')
    await page.clock.install()
    letGo()
    const told = page.getByText('“later” is made. Its secret is shown once.')
    await told.waitFor()
    await page.clock.fastForward('10:00')
    await page.evaluate(() => fetch('/readyz')) // what goes is about to by then
    assert.equal(await page.locator('.toast:not(.rise-leave-active)').filter({ has: told }).count(), 1, 'it does not wait')
    await page.clock.resume()
    await sheet(page).getByRole('button', { name: 'Close', exact: true }).click()
    await sheet(page).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Show it' }).click()
    await sheet(page).getByRole('region', { name: 'later' }).getByRole('button', { name: 'Copy clientSecret' }).waitFor()
    await told.waitFor({ state: 'detached' })
    await tab(page, 'Server')
    await see(page, 'SQLite')
    await tab(page, 'Accounts')
    await see(page, 'later')
    assert.equal(await sheet(page).getByRole('region', { name: 'later' }).count(), 0, 'it is shown again')
    await page.unroute('**/operator/account/create')
  })

  await does('a client with its settings', async () => {
    page = await open()
    await signIn(page, name, password)
    await see(page, 'Drop pictures here')
    await settings(page)
    assert.equal(await sheet(page).getByRole('tab').count(), 3, 'an operator’s views are shown')
    await page.fill('input[aria-label="Name of the client"]', 'PicGo at work')
    await page.keyboard.press('Enter')
    await see(page, 'The clientSecret is shown this once')
    const card = sheet(page).getByRole('region', { name: 'PicGo at work' })
    const copied = async (called) => {
      await card.getByRole('button', { name: 'Copy ' + called, exact: true }).click()
      return clipboard(page)
    }
    const id = await copied('clientID')
    const secret = await copied('clientSecret')
    assert.equal((await token(id, secret)).code, 0, 'the secret is not good')
    const config = JSON.parse(await copied('Install the plugin 123pan, and write this into PicGo\'s config'))
    assert.deepEqual(config.picBed['123pan'], { clientID: id, clientSecret: secret })
    const { hostname, port } = new URL(base)
    assert.ok((await copied('The plugin has the platform\'s host built in: replace it by this server\'s')).includes(`/'${hostname}', port: ${port}/g; s/require('https')/require('http')/`))
    for (const [program, want] of [['OpenList', 'ClientSecret: ' + secret], ['curl', secret], ['Command line', 'tuchuang login --server ' + base]]) {
      await card.getByRole('button', { name: program, exact: true }).click()
      await card.getByText(want).first().waitFor()
    }
    assert.ok(!(await card.getByText('tuchuang login').textContent()).includes(secret), 'a secret on the command line')
    await card.getByRole('button', { name: 'Close' }).click()
    assert.equal(await page.getByText(secret).count(), 0, 'the secret is still there')

    await sheet(page).getByRole('button', { name: 'Rename “PicGo at work”' }).click()
    await answer(page, 'PicGo', 'Rename the client')
    await page.keyboard.press('Enter')
    await sheet(page).getByText('PicGo', { exact: true }).first().waitFor()
    await sheet(page).getByRole('button', { name: 'Revoke “PicGo”?' }).click()
    await page.getByRole('dialog', { name: 'Revoke “PicGo”?' }).getByRole('button', { name: 'Revoke' }).click()
    await see(page, '“PicGo” was revoked')
    assert.equal((await token(id, secret)).error.code, 'bad_credentials')
    await sheet(page).getByRole('button', { name: 'Revoke “Client without a name”?', disabled: true }).waitFor() // the last one can't be
  })

  await does('another browser is signed out from here', async () => {
    const other = await open()
    await signIn(other, name, password)
    await see(other, 'Drop pictures here')
    await tab(page, 'Signed in')
    await see(page, 'This one')
    await sheet(page).getByRole('button', { name: 'End “Browser”' }).first().click()
    await see(page, 'Signed out')
    await other.reload()
    await other.locator('input[name=password]').waitFor()
    await other.context().close()
  })

  await does('another password', async () => {
    await page.keyboard.press('Escape')
    await settings(page)
    await tab(page, 'Clients')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    const type = async (present, next, again) => {
      await page.fill('input[name=present]', present)
      await page.fill('input[name=next]', next)
      await page.fill('input[name=again]', again)
      await page.keyboard.press('Enter')
    }
    await type('wrong', 'correct horse', 'correct house')
    await see(page, 'The new passwords are not the same')
    await type('wrong', 'correct horse', 'correct horse')
    await see(page, 'The present password is another one')
    // Who has left the form by then is told too.
    let asked, answered
    const held = new Promise((done) => (answered = done))
    const asking = new Promise((done) => (asked = done))
    await page.route('**/user/password', async (route) => (asked(), await held, await route.continue()), { times: 1 })
    await type('wrong', 'correct horse', 'correct horse')
    await asking
    await tab(page, 'Clients')
    answered()
    await page.locator('.toast').getByText('The present password is another one').waitFor()
    await tab(page, 'Password')
    await type(password, 'correct horse', 'correct horse')
    await see(page, 'The password is changed')
    const other = await open()
    await signIn(other, name, 'correct horse')
    await see(other, 'Drop pictures here')
    await other.context().close()
  })

  await does('what can’t be had is said, and asked for again', async () => {
    await page.route('**/api/v1/user/client/list', (r) => r.fulfill(refusal('unavailable')), { times: 1 })
    await tab(page, 'Clients')
    await see(page, 'The server is busy')
    await sheet(page).getByRole('button', { name: 'Try again' }).click()
    await see(page, 'Client without a name')
  })

  await does('signing out in the list of tokens leaves nothing either', async () => {
    await page.keyboard.press('Escape')
    await page.route('**/upload/v2/file/create', () => undefined) // never answered
    await page.setInputFiles('input[type=file][multiple]', { name: 'secret.bin', mimeType: 'application/octet-stream', buffer: Buffer.from('secret') })
    await until(async () => (await lying(page)).files === 1, 'it is not written down')
    await settings(page)
    await tab(page, 'Signed in')
    await sheet(page).locator('li', { hasText: 'This one' }).getByRole('button').click()
    await page.getByRole('dialog', { name: 'Sign out' }).getByRole('button', { name: 'Sign out' }).click()
    await page.locator('input[name=password]').waitFor()
    assert.deepEqual(await lying(page), { facts: 0, files: 0 })
    assert.equal(await page.evaluate(async () => (await (await fetch('/api/v1/user/info')).json()).code), 401)
  })

})
