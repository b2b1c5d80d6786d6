// Walks through every view and sheet of the page, in both themes and languages, at the
// width of a desk and of a phone: axe looks at each, and nothing may be said in the console.
// Then it scrolls through a hundred thousand pictures. With PAGE_SHOTS it takes pictures.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { launch, steps, sticksOut, until, watch } from './browser.mjs'

const { PAGE_URL: base, PAGE_NAME: name, PAGE_PASSWORD: password, PAGE_SHOTS: shots } = process.env
const texts = readFileSync(new URL('../../web/src/text/en.json', import.meta.url), 'utf8')
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const browser = await launch()
const wrong = []
let page
let signedOut = true

async function open(options) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options }) // nothing is looked at while it comes
  context.setDefaultTimeout(60000)
  page = await context.newPage()
  watch(page, base, wrong, (m) => signedOut && m.text().includes('status of 401'))
  await page.goto(base + '/')
  await page.locator('input[name=password]').waitFor()
  return context
}
const still = () =>
  page.waitForFunction(() => !document.querySelector('[aria-busy=true], .bone') && [...document.images].every((i) => i.complete) && document.getAnimations().every((a) => a.playState !== 'running'))

// look holds what is shown against the rules of axe.
async function look(what) {
  steps.at = what
  await still()
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe)
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  // An option is called as its file is; what else stands there is its state, not its label.
  for (const v of violations) if (v.id === 'label-content-name-mismatch') v.nodes = v.nodes.filter((n) => !n.html.includes('role="option"'))
  for (const v of violations.filter((x) => x.nodes.length > 0 && ['serious', 'critical'].includes(x.impact))) wrong.push(`${what}: ${v.id}, ${v.help}\n  ${v.nodes.map((n) => n.html.slice(0, 200) + ' ' + (n.any[0]?.message ?? '')).join('\n  ')}`)
  const shown = await page.evaluate(() => document.body.innerText)
  const bare = shown.match(/\b[a-z]+(\.[a-zA-Z_-]+)+\b/g)?.filter((x) => groups.has(x.split('.')[0])) ?? []
  assert.deepEqual(bare, [], `${what}: the name of a text is shown`)
  assert.deepEqual(await sticksOut(page), [], `${what} sticks out`)
  if (shots) await page.screenshot({ path: `${shots}/${what.replace(/\W+/g, '-')}.png` })
}
const groups = new Set(Object.entries(JSON.parse(texts)).flatMap(([k, v]) => (typeof v === 'object' ? [k] : [])))
// go waits for what only that view shows.
const go = async (hash, shows) => {
  await page.goto(`${base}/${hash}`)
  await page.getByRole('heading', { name: shows, exact: true }).first().waitFor()
  await still()
}
const option = (label) => page.getByRole('option', { name: label, exact: true })
const key = (k) => page.keyboard.press(k)
const gone = (role) => page.getByRole(role).waitFor({ state: 'detached' })

// words of the page that the walk holds on to.
const words = {
  en: { account: 'Account menu', publish: 'Publish', links: 'Links', more: 'Move', change: 'Change', keys: 'Keys', list: 'Show as a list', grid: 'Show as pictures', cancel: 'Cancel', retry: 'Retry this one', drive: 'Drive', bed: 'Image bed', trash: 'Trash', found: (x) => `Found for “${x}”`, begins: (x) => `Here, beginning with “${x}”` },
  zh: { account: '账号菜单', publish: '发布到图床', links: '链接', more: '移动', change: '更改', keys: '快捷键', list: '显示为列表', grid: '显示为图片', cancel: '取消', retry: '重试这一张', drive: '云盘', bed: '图床', trash: '回收站', found: (x) => `“${x}”的搜索结果`, begins: (x) => `此文件夹中以“${x}”开头的` },
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
  await go('#/bed', w.bed)
  await look(`${tag} bed`)
  await option('harbour 01.jpg').click()
  if (!phone) await page.getByRole('complementary').locator('.from .tag').waitFor()
  await look(`${tag} bed, one that is out of date`)
  await bar().getByRole('button', { name: w.links }).click()
  await page.getByRole('dialog').locator('textarea').waitFor()
  await look(`${tag} links`)
  await key('Escape')
  await gone('dialog')
  await go('#/bed//h', w.begins('h'))
  await look(`${tag} names of the bed that begin with h`)
  await key('t')
  await page.locator('.task').first().waitFor()
  await look(`${tag} tasks`)
  await page.locator('.task:has(.dot.bad)').first().click() // of one second, either may be the first
  await button(w.retry).waitFor()
  await look(`${tag} a task with a failure`)
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
  await key('Escape')
}

try {
  for (const [lang, locale] of [['en', 'en-US'], ['zh', 'zh-CN']]) {
    for (const colorScheme of ['light', 'dark']) {
      for (const [device, viewport] of [['desk', { width: 1440, height: 900 }], ['phone', { width: 390, height: 844 }]]) {
        const tag = `${lang} ${colorScheme} ${device}`
        signedOut = true
        await steps.does(tag, async () => {
          const context = await open({ locale, colorScheme, viewport, deviceScaleFactor: device === 'phone' && shots ? 2 : 1 })
          await look(`${tag} sign in`)
          await page.fill('input[name=name]', name)
          await page.fill('input[name=password]', password)
          await key('Enter')
          await page.getByRole('listbox').waitFor()
          signedOut = false
          await walk(tag, words[lang], device === 'phone')
          await context.close()
        })
      }
    }
  }

  const scroll = () => page.evaluate(
    () =>
      new Promise((done) => {
        const grid = document.querySelector('[role=listbox]')
        const times = []
        let before = performance.now()
        let most = 0
        const tick = (now) => {
          times.push(now - before)
          before = now
          most = Math.max(most, document.querySelectorAll('[role=option]').length)
          grid.scrollTop += times.length % 60 === 0 ? grid.scrollHeight / 10 : 40 // and a leap now and then
          if (times.length < 480) requestAnimationFrame(tick)
          else done({ times: times.slice(1).sort((a, b) => a - b), most })
        }
        requestAnimationFrame(tick)
      }),
  )
  const smooth = async (what) => {
    const frames = await scroll()
    const at = (part) => frames.times[Math.floor(part * (frames.times.length - 1))]
    console.log(`ok ${what}: a frame takes ${at(0.5).toFixed(1)} ms, of a hundred the longest ${at(0.99).toFixed(1)} ms, the longest ${at(1).toFixed(1)} ms; ${frames.most} of them are in the page at most`)
    assert.ok(frames.most < 300, `${frames.most} are in the page`)
  }

  let context
  await steps.does('a hundred thousand', async () => {
    signedOut = true
    context = await open({ locale: 'en-US' })
    await page.fill('input[name=name]', name)
    await page.fill('input[name=password]', password)
    await key('Enter')
    await page.getByRole('listbox').waitFor()
    signedOut = false
    await key('t')
    await page.locator('.task:has(.dot.bad)').first().click() // of one second, either may be the first
    await page.getByRole('button', { name: 'Retry this one' }).click()
    await page.getByRole('button', { name: 'All 1', exact: true }).waitFor() // one is tried again, and nothing else
    await key('Escape')
    await page.locator('.drawer').waitFor({ state: 'detached' })
    await option('many 很多').dblclick()
    await option('00000.png').waitFor()
    await smooth('a hundred thousand pictures')
    await page.getByRole('listbox').focus()
    await key('End')
    await option('99999.png').waitFor()
    await key('Home')
    await option('00000.png').waitFor()
  })

  await steps.does('a hundred thousand images of the bed', async () => {
    await go('#/bed', 'Image bed')
    await option('crowd').dblclick()
    await page.getByRole('heading', { name: 'crowd', exact: true }).first().waitFor()
    await option('99999.png').waitFor() // the newest is the first
    await smooth(steps.at)
    // However far one has come, a reload asks for the first page and for what is in sight.
    let asked = 0
    const further = (r) => r.url().endsWith('/oss/file/list') && r.postDataJSON().lastFileId !== ''
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

  assert.deepEqual(wrong, [])
} catch (e) {
  console.error(`not ok ${steps.at}: ${e.stack}`)
  console.error(wrong.join('\n'))
  await page.screenshot({ path: (shots || '/tmp') + '/looks-failed.png' }).catch(() => undefined)
  process.exitCode = 1
} finally {
  await browser.close()
}
