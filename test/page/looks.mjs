// Walks through every view and sheet of the page, in both themes and languages, at the
// width of a desk and of a phone: axe looks at each, and nothing may be said in the console.
// The pages that the server makes itself are looked at too. With PAGE_SHOTS it takes pictures.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { another, base, png, script, shots, signIn, steps, sticksOut, until, watch, wrong } from './browser.mjs'

const { PAGE_NEW: newcomer, PAGE_NEW_PASSWORD: newcomers, PAGE_SHARE: share, PAGE_SHARED: shared, PAGE_LOCKED: locked, PAGE_AUTH: auth } = process.env
const text = (lang) => readFileSync(new URL(`../../web/src/text/${lang}.json`, import.meta.url), 'utf8')
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let page
let signedOut = true

async function open(options) {
  signedOut = true
  const context = await another(options)
  page = await context.newPage()
  watch(page, (m) => signedOut && m.text().includes('status of 401'))
  await page.goto(base + '/')
  await page.locator('input[name=password]').waitFor()
  return context
}
async function enter(...who) {
  await signIn(page, ...who)
  await page.locator('section.view').waitFor()
  signedOut = false
}
const still = () =>
  page.waitForFunction(() => !document.querySelector('[aria-busy=true], .bone') && [...document.images].every((i) => i.complete) && document.getAnimations().every((a) => a.playState !== 'running'))

// look holds what is shown against the rules of axe.
async function look(what) {
  steps.at = what
  await still()
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe)
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'], preload: false }))
  // An option is called as its file is; what else stands there is its state, not its label.
  for (const v of violations) if (v.id === 'label-content-name-mismatch') v.nodes = v.nodes.filter((n) => !n.html.includes('role="option"'))
  for (const v of violations.filter((x) => x.nodes.length > 0 && ['serious', 'critical'].includes(x.impact))) wrong.push(`${what}: ${v.id}, ${v.help}\n  ${v.nodes.map((n) => n.html.slice(0, 200) + ' ' + (n.any[0]?.message ?? '')).join('\n  ')}`)
  const shown = await page.evaluate(said)
  const bare = shown.filter((x) => groups.has(/^\s*([a-z]+)(\.[a-zA-Z_-]+)+\s*$/.exec(x)?.[1]))
  for (const [found, is] of [
    [bare, 'is the name of a text'],
    [shown.flatMap(foreign[what.slice(0, 2)]), 'is of the other language'],
    [await sticksOut(page), 'sticks out'],
  ]) wrong.push(...new Set(found.map((x) => `${what}: ${x} ${is}`)))
  if (shots) await page.screenshot({ path: `${shots}/${what.replace(/\W+/g, '-')}.png` })
}
const groups = new Set(Object.entries(JSON.parse(text('en'))).flatMap(([k, v]) => (typeof v === 'object' ? [k] : [])))
// said is what is read on the page, or read out.
const said = () => [
  ...document.body.innerText.split('\n'),
  ...['aria-label', 'title', 'placeholder', 'alt'].flatMap((a) => [...document.querySelectorAll(`[${a}]`)].filter((e) => !e.closest('[aria-hidden=true]')).map((e) => e.getAttribute(a))),
]
// foreign are the words of a line that belong to the other language. Names of what is in the drive
// belong to neither, as do words that the texts of the language have themselves.
const ours = /old town|\S*[\w一-鿿]+ ?\d*\.(png|jpg|txt|bin)|旅行 Travel|2024 Kyoto 京都|2025 Lofoten|blog 博客|crowd|kyoto|looker|newcomer|sharer|Album 相册|nothing-of-this|#?[0-9a-f-]{7,}|https?:\S+/g
const values = (of) => Object.values(of).flatMap((v) => (typeof v === 'object' ? values(v) : v.replace(/{\w+}/g, '')))
const words = (lang) => new Set(values(JSON.parse(text(lang))).join(' ').match(/[A-Za-z]{3,}/g))
const own = new Set([...words('zh'), 'English', 'admin', 'uid', 'dev', 'dirty', 'SQLite', 'KiB', 'JPG', 'PNG', 'TXT', 'Ctrl', 'Shift', 'Space', 'Enter', 'Delete', 'Esc'])
const foreign = {
  en: (line) => (line.replace(ours, '').match(/[一-鿿]+/g) ?? []).filter((x) => x !== '中' && x !== '中文'),
  zh: (line) => (line.replace(ours, '').match(/[A-Za-z]{3,}/g) ?? []).filter((x) => !own.has(x)),
}
// go waits for what only that view shows.
const go = async (hash, shows) => {
  await page.goto(`${base}/${hash}`)
  await page.getByRole('heading', { name: shows, exact: true }).first().waitFor()
  await still()
}
const option = (label) => page.getByRole('option', { name: label, exact: true })
const key = (k) => page.keyboard.press(k)
const gone = (role) => page.getByRole(role).waitFor({ state: 'detached' })

// called are words of the page that the walk holds on to.
const called = {
  en: { account: 'Account menu', publish: 'Publish', links: 'Links', more: 'Move', change: 'Change', keys: 'Keys', list: 'Show as a list', grid: 'Show as pictures', cancel: 'Cancel', retry: 'Retry this one', drive: 'Drive', bed: 'Image bed', trash: 'Trash', remove: 'Delete', forEver: 'Delete for good', takeBack: 'Undo…', all: 'Do this for all', skip: 'Skip', settings: 'Account settings', since: 'Changed since', found: (x) => `Found for “${x}”`, begins: (x) => `Here, beginning with “${x}”` },
  zh: { account: '账号菜单', publish: '发布到图床', links: '链接', more: '移动', change: '更改', keys: '快捷键', list: '显示为列表', grid: '显示为图片', cancel: '取消', retry: '重试这一张', drive: '云盘', bed: '图床', trash: '回收站', remove: '删除', forEver: '彻底删除', takeBack: '撤销发布…', all: '其余的也这样处理', skip: '跳过', settings: '账号设置', since: '云盘中已更改', found: (x) => `“${x}”的搜索结果`, begins: (x) => `此文件夹中以“${x}”开头的` },
}

async function walk(tag, w, phone) {
  const button = (label) => page.getByRole('button', { name: label, exact: true }).first()
  const bar = () => page.getByRole('toolbar')
  await go('#/drive', w.drive)
  await look(`${tag} drive`)
  if (phone) {
    const box = await option('harbour 01.jpg').boundingBox()
    await page.mouse.move(box.x + 30, box.y + 30)
  }
  await option('harbour 01.jpg').click()
  await page.locator('.selected').waitFor()
  if (!phone) await page.getByRole('complementary').locator('textarea').waitFor()
  await look(`${tag} drive, one that is out of date`)
  await bar().getByRole('button', { name: w.publish, exact: true }).click()
  await page.getByRole('dialog').locator('li').first().waitFor()
  await look(`${tag} publish`)
  await key('Escape')
  await gone('dialog')
  await bar().getByRole('button', { name: w.more, exact: true }).click()
  await page.getByRole('dialog').locator('.line').first().waitFor()
  await look(`${tag} move`)
  await key('Escape')
  await gone('dialog')
  await page.getByRole('listbox').focus()
  await key('F2')
  await page.getByRole('dialog').getByRole('textbox').waitFor()
  await look(`${tag} rename`)
  await key('Escape')
  await gone('dialog')
  await key('Enter')
  await page.getByRole('dialog', { name: 'harbour 01.jpg' }).locator('img.there').waitFor()
  await look(`${tag} a picture`)
  await key('Escape')
  await gone('dialog')
  await button(w.list).click()
  await look(`${tag} drive as a list`)
  await button(w.grid).click()
  await go('#/search/kyoto', w.found('kyoto'))
  await look(`${tag} search`)
  await go('#/search/nothing-of-this', w.found('nothing-of-this'))
  await look(`${tag} nothing is found`)
  await go('#/trash', w.trash)
  await look(`${tag} trash`)
  await asked(`${tag} what is deleted for good`, async () => (await option('old.png').click(), bar().getByRole('button', { name: w.forEver }).click()))
  await go('#/bed', w.bed)
  await look(`${tag} bed`)
  await option('harbour 01.jpg').click()
  if (!phone) await page.getByRole('complementary').locator('.from .tag').getByText(w.since, { exact: true }).waitFor()
  await look(`${tag} bed, one that is out of date`)
  await bar().getByRole('button', { name: w.links }).click()
  await page.getByRole('dialog').locator('textarea').waitFor()
  await look(`${tag} links`)
  await key('Escape')
  await gone('dialog')
  await asked(`${tag} links die`, async () => (await page.getByRole('listbox').focus(), key('Delete')))
  await go('#/bed//h', w.begins('h'))
  await look(`${tag} names of the bed that begin with h`)
  await key('t')
  await page.locator('.task').first().waitFor()
  await look(`${tag} tasks`)
  await page.locator('.task:has(.dot.bad)').first().click() // of one second, either may be the first
  await button(w.retry).waitFor()
  await look(`${tag} a task with a failure`)
  await asked(`${tag} a task is undone`, () => button(w.takeBack).click())
  await key('Escape')
  await page.locator('.drawer').waitFor({ state: 'detached' })
  await key('?')
  await page.getByRole('dialog').waitFor()
  await look(`${tag} keys`)
  await key('Escape')
  await gone('dialog')
  await page.getByRole('button', { name: w.account }).click()
  await page.locator('.n-dropdown-menu').waitFor()
  await look(`${tag} account menu`)
  await page.getByText(w.settings, { exact: true }).click()
  const tabs = page.getByRole('tab')
  await tabs.nth(4).waitFor()
  for (let i = 0; i < 5; i++) {
    await tabs.nth(i).click()
    await look(`${tag} account, ${['clients', 'signed in', 'password', 'accounts', 'server'][i]}`)
  }
  await key('Escape')
  await page.locator('.drawer').waitFor({ state: 'detached' })
  await go('#/drive', w.drive)
  await page.setInputFiles('input[type=file][multiple]', others)
  await page.getByText(w.all).waitFor()
  await page.locator('.corner .tag').waitFor()
  await look(`${tag} uploads, of which some are asked about`)
  await page.getByText(w.all).click()
  await page.getByRole('button', { name: w.skip, exact: true }).click()
  await page.locator('.asked').waitFor({ state: 'detached' })
  await look(`${tag} uploads have ended`)
}
// asked looks at the question that something asks, and says no.
async function asked(what, fn) {
  await fn()
  await page.getByRole('dialog').locator('form').waitFor()
  await look(what)
  await key('Escape')
  await page.getByRole('dialog').locator('form').waitFor({ state: 'detached' })
}
// others have the names of files of the drive, and but for one other content.
const others = ['harbour 01.jpg', 'old town 03.jpg', 'notes.txt'].map((name, i) => ({ name, mimeType: 'image/png', buffer: i < 2 ? png(10, 20, 30 + i) : Buffer.from('no picture') }))

await script('looks', async () => {
  // Each two of language, theme and device come together once.
  for (const [lang, colorScheme, device] of [['en', 'light', 'desk'], ['en', 'dark', 'phone'], ['zh', 'dark', 'desk'], ['zh', 'light', 'phone']]) {
    const [tag, w, phone] = [`${lang} ${colorScheme} ${device}`, called[lang], device === 'phone']
    await steps.does(tag, async () => {
      const context = await open({ locale: { en: 'en-US', zh: 'zh-CN' }[lang], colorScheme, viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 }, deviceScaleFactor: phone && shots ? 2 : 1 })
      await look(`${tag} sign in`)
      await enter(newcomer, newcomers)
      await look(`${tag} empty drive`)
      await go('#/bed', w.bed)
      await look(`${tag} empty bed`)
      await key('t')
      await page.locator('.drawer .empty').waitFor()
      await look(`${tag} no tasks`)
      await context.clearCookies()
      signedOut = true
      await page.reload()
      await page.locator('input[name=password]').waitFor()
      await enter()
      await walk(tag, w, phone)
      await context.close()
    })
  }

  let context
  await steps.does('one that failed is tried again, and nothing else', async () => {
    context = await open()
    await enter()
    await key('t')
    await page.locator('.task:has(.dot.bad)').first().click() // of one second, either may be the first
    await page.getByRole('button', { name: 'Retry this one' }).click()
    await page.getByRole('button', { name: 'All 1', exact: true }).waitFor()
    await key('Escape')
    await page.locator('.drawer').waitFor({ state: 'detached' })
  })

  await steps.does('however far one has come, a reload asks for the first page and for what is in sight', async () => {
    await go('#/bed', 'Image bed')
    await option('crowd').dblclick()
    await page.getByRole('heading', { name: 'crowd', exact: true }).first().waitFor()
    await option('00999.png').waitFor() // the newest is the first
    let asked = 0
    const further = (r) => r.url().endsWith('/oss/file/list') && r.postDataJSON().page > 1
    const counts = (r) => (asked += further(r) ? 1 : 0)
    const far = page.getByRole('option', { name: /png$/ }).last()
    await page.getByRole('listbox').focus()
    await until(async () => (await key('End'), Number(await far.getAttribute('aria-posinset')) > 600), 'the end of what has come is not gone to')
    await far.click()
    page.on('request', counts)
    for (const called of ['another', 'yet another']) {
      const looked = page.waitForResponse((r) => further(r.request()))
      await page.getByRole('listbox').focus()
      await key('F2')
      await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT' && document.activeElement.selectionEnd === document.activeElement.value.lastIndexOf('.'))
      await page.keyboard.type(called)
      await key('Enter')
      await looked
      await option(called + '.png').click()
      await gone('dialog')
    }
    assert.ok(asked >= 2 && asked <= 6, `two renames ask for ${asked} pages`)
    await context.close()
  })

  // They run no script, and a policy lets a browser do next to nothing with them.
  for (const [lang, locale, colorScheme] of [['en', 'en-US', 'light'], ['zh', 'zh-CN', 'dark']]) {
    await steps.does(`${lang} ${colorScheme} pages of the server`, async () => {
      context = await another({ locale, colorScheme })
      page = await context.newPage()
      let missing = false
      watch(page, (m) => missing && m.text().includes('status of 404'))
      for (const [what, path, shows] of [
        ['a share', share, page.getByText('harbour.jpg')],
        ['a folder of it', `${share}/${shared}`, page.getByText('kyoto 01.png')],
        ['a share with a password', locked, page.locator('input[name=password]')],
        ['what an app may', auth, page.getByText('Album 相册')],
        ['no share', '/s/nothing', page.getByRole('heading', { name: '404' })],
      ]) {
        missing = path === '/s/nothing'
        await page.goto(base + path)
        await shows.waitFor()
        assert.equal(await page.locator('html').getAttribute('lang'), lang)
        await look(`${lang} ${colorScheme} ${what}`)
      }
      await context.close()
    })
  }
})
