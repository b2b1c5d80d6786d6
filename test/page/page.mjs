// Does in a browser what a person does with the page, and looks at what a person sees.
// It ends with another code than 0 where something is not as it should be.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { another, answer, base, name, password, png, post, script, signIn, steps, sticksOut, until, watch } from './browser.mjs'

let signedOut = true
const page = await (await another({ reducedMotion: 'no-preference' })).newPage()
watch(page, (m) => signedOut && m.text().includes('status of 401'))
steps.shown = () => page
const does = (what, fn) => steps.does(what, fn)
const see = (text) => page.getByText(text, { exact: false }).first().waitFor()
const cells = (n) => page.waitForFunction((want) => document.querySelectorAll('[role=option][aria-label]').length === want, n)
const cell = (label) => page.getByRole('option', { name: label, exact: true })

// inBed makes folders in one of the bed, ofBed are the names that are in one.
const inBed = async (parentID, ...folders) => (await post(page, '/upload/v1/oss/file/mkdir', { parentID, name: folders, type: 1 })).list.map((f) => f.dirID)
const bedList = async (parentFileId) => (await post(page, '/api/v1/oss/file/list', { parentFileId })).fileList
const ofBed = async (id) => (await bedList(id)).map((f) => f.filename)

await script('page', async () => {
  const pictures = { 'red.png': png(200, 40, 40), 'green.png': png(40, 160, 70), 'blue.png': png(50, 80, 200) }
  const files = [...Object.entries(pictures).map(([n, buffer]) => ({ name: n, mimeType: 'image/png', buffer })), { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }]

  await does('sign in', async () => {
    await page.goto(base + '/')
    await signIn(page, name, 'wrong')
    await see('The name or the password is wrong.')
    await page.fill('input[name=password]', password)
    await page.keyboard.press('Enter')
    await see('Drop pictures here')
    signedOut = false
    assert.equal(await page.evaluate(() => document.cookie), '', 'scripts see the session')
  })

  await does('upload', async () => {
    await page.setInputFiles('input[type=file][multiple]', files)
    await see('4 files uploaded')
    await cells(4)
    await page.getByRole('region', { name: 'Upload' }).getByRole('button', { name: 'Close' }).click()
  })

  await does('instant upload into a new folder', async () => {
    await page.getByRole('button', { name: 'New folder' }).click()
    await answer(page, 'again')
    await page.keyboard.press('Enter')
    await cells(5)
    await cell('again').dblclick()
    await see('This folder is empty')
    await page.setInputFiles('input[type=file][multiple]', files.slice(0, 1))
    await see('1 file uploaded')
    await page.getByRole('region', { name: 'Upload' }).getByRole('button', { name: 'Unfold' }).click()
    await see('Instant')
    await page.getByRole('region', { name: 'Upload' }).getByRole('button', { name: 'Close' }).click()
    await page.getByRole('navigation', { name: 'Location' }).getByRole('link', { name: 'Drive' }).click()
    await cells(5)
  })

  await does('the folders at the left', async () => {
    const item = (label) => page.getByRole('treeitem', { name: label, exact: true })
    await item('again').click()
    await cells(1)
    assert.equal(await item('again').getAttribute('aria-selected'), 'true')
    await page.getByRole('button', { name: 'New folder' }).click()
    await answer(page, 'below')
    await page.keyboard.press('Enter')
    await item('below').waitFor()
    await page.getByRole('dialog').waitFor({ state: 'detached' }) // it gives the keys back
    await item('again').focus()
    await page.keyboard.press('ArrowLeft')
    await item('below').waitFor({ state: 'detached' })
    await page.keyboard.press('ArrowRight')
    await item('below').waitFor()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await see('This folder is empty')
    await item('again').click()
    await cell('below').click()
    await page.keyboard.press('Delete')
    await item('below').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Undo' }).click()
    await item('below').waitFor()
    await item('Drive').focus()
    await page.keyboard.press('Enter')
    await cells(5)
    assert.ok(await item('Drive').evaluate((e) => e === document.activeElement))
    assert.deepEqual(await page.getByRole('option').evaluateAll((all) => all.map((e) => e.getAttribute('aria-label'))), ['again', 'blue.png', 'green.png', 'notes.txt', 'red.png'], 'folders come first')
  })

  await does('what a search has found goes to the root too', async () => {
    const mkdir = async (parentID, name) => (await post(page, '/upload/v1/file/mkdir', { parentID, name })).dirID
    const cellar = await mkdir(0, 'cellar')
    const wine = await mkdir(cellar, 'wine')
    await page.keyboard.press('/')
    await page.getByRole('searchbox').fill('wine')
    await cells(1)
    await cell('wine').click()
    await page.getByRole('toolbar').getByRole('button', { name: 'Move', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Move here' }).click()
    await see('Moved 1 item')
    await page.getByRole('searchbox').fill('')
    await cells(7)
    await cell('wine').waitFor()
    await post(page, '/api/v1/file/trash', { fileIDs: [cellar, wine] })
    await post(page, '/api/v1/file/delete', { fileIDs: [cellar, wine] })
    await page.reload()
    await cells(5)
  })

  await does('drop a folder by a name with a path', async () => {
    // What the system's own window would hand over.
    const data = await page.evaluateHandle((bytes) => {
      const d = new DataTransfer()
      d.items.add(new File([new Uint8Array(bytes)], 'dropped.png', { type: 'image/png' }))
      return d
    }, [...png(250, 200, 0)])
    await page.dispatchEvent('section.view', 'drop', { dataTransfer: data })
    await cells(6)
    await page.getByRole('region', { name: 'Upload' }).getByRole('button', { name: 'Close' }).click()
  })

  await does('put into the trash and back', async () => {
    await cell('dropped.png').click()
    await page.keyboard.press('Delete')
    await cells(5)
    await page.getByRole('button', { name: 'Undo' }).click()
    await cells(6)
    await cell('dropped.png').click()
    await page.keyboard.press('Delete')
    await cells(5)
    // It shows in the list that is there by then.
    await page.goto(base + '/#/bed')
    await see('Nothing is published yet')
    await page.goto(base + '/#/drive')
    await cells(5)
    await page.keyboard.press('Control+z')
    await cells(6)
    await cell('dropped.png').click()
    await page.keyboard.press('Delete')
    await cells(5)
    await page.goto(base + '/#/trash')
    await cell('dropped.png').click()
    await page.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click()
    await see('The trash is empty')
    await page.goto(base + '/#/drive')
    await cells(5)
  })

  await does('rename by the keyboard', async () => {
    await cell('blue.png').click()
    await page.keyboard.press('F2')
    await page.getByRole('dialog').getByRole('textbox').waitFor()
    await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT' && document.activeElement.selectionEnd === 4)
    await page.keyboard.type('sea')
    await page.keyboard.press('Enter')
    // The others move up when it is sorted in.
    await page.waitForFunction(() => [...document.querySelectorAll('[role=option][aria-label]')].at(-1)?.getAttribute('aria-label') === 'sea.png')
    pictures['sea.png'] = pictures['blue.png']
    delete pictures['blue.png']
  })

  await does('plan', async () => {
    await cell('green.png').click()
    for (const other of ['red.png', 'sea.png', 'notes.txt']) await cell(other).click({ modifiers: ['Control'] })
    await see('4 selected')
    await page.keyboard.press('p')
    await see('3 new pictures')
    await see('1 file is no picture and is skipped')
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByRole('dialog', { name: 'Publish' }).getByRole('button', { name: 'New folder' }).click()
    await answer(page, 'blog', 'New folder')
    await page.keyboard.press('Enter')
    await see('Image bed / blog')
    await see('3 new pictures')
  })

  let links
  await does('publish', async () => {
    await page.getByRole('button', { name: 'Publish 3 pictures' }).click()
    await page.getByRole('heading', { name: '3 published' }).waitFor()
    await see('3 links')
    await page.waitForFunction(() => document.querySelector('textarea[aria-label=Links]')?.value.trim().split('\n').length === 3)
    await page.getByRole('button', { name: 'Copy', exact: true }).click()
    await see('3 links copied')
    const pasted = await page.evaluate(() => navigator.clipboard.readText())
    links = [...pasted.matchAll(/^!\[([^\]]*)\]\((\S+)\)$/gm)].map(([, label, url]) => ({ label, url }))
    assert.deepEqual(links.map((l) => l.label).sort(), Object.keys(pictures).sort())
    for (const { label, url } of links) {
      const got = Buffer.from(await (await fetch(url)).arrayBuffer())
      assert.ok(got.equals(pictures[label]), `${label} is another picture at its link: ${createHash('md5').update(got).digest('hex')}`)
    }
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => document.querySelectorAll('.badge.current').length === 3)
  })

  await does('a plan tells what keeps its link, what gets another name, and what is too much', async () => {
    await page.goto(base + '/#/drive')
    await cells(5)
    await cell('again').dblclick()
    await cell('red.png').waitFor()
    await page.setInputFiles('input[type=file][multiple]', { name: 'green.png', mimeType: 'image/png', buffer: png(1, 2, 3) })
    await cell('green.png').click()
    await cell('red.png').click({ modifiers: ['Control'] })
    await page.keyboard.press('p')
    await see('1 new picture')
    await see('1 is there already and keeps its link')
    await see('1 gets another name, as its own is taken')
    await page.getByText('Look at each').click()
    await page.getByText('/blog/green(1).png').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('region', { name: 'Upload' }).getByRole('button', { name: 'Close' }).click()
    await page.goto(base + '/#/drive')
    await cells(5)
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Control+a')
    await see('5 selected')
    await page.keyboard.press('p')
    await see('Too many pictures: a task takes 4.')
    await see('Choose less, or publish in several tasks.')
    assert.ok(await page.getByRole('dialog').getByRole('button', { name: /^Publish/ }).isDisabled())
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  await does('recover from the trash, also what lay in a folder that is there too', async () => {
    const recover = () => page.getByRole('toolbar').getByRole('button', { name: 'Recover' }).click()
    await cell('again').dblclick()
    await cell('green.png').click()
    await page.keyboard.press('Delete')
    await cell('green.png').waitFor({ state: 'detached' })
    await page.goto(base + '/#/drive')
    await cell('again').click()
    await page.keyboard.press('Delete')
    await cells(4)
    await page.goto(base + '/#/trash')
    await cells(2)
    await cell('green.png').click()
    await recover()
    await see('1 item stays in the trash, as the folder it was in is there too.')
    await cells(2) // it is shown again
    await page.getByRole('button', { name: 'Recover into the drive' }).click()
    await see('1 item recovered')
    await cells(1)
    await cell('again').click()
    await recover()
    await see('The trash is empty')
    await page.goto(base + '/#/drive')
    await cells(6)
    await cell('green(1).png').click()
    await page.keyboard.press('Delete')
    await cells(5)
  })

  await does('a folder that was made for nothing is not left behind', async () => {
    const sheet = page.getByRole('dialog', { name: 'Publish' })
    const open = async () => {
      await cell('sea.png').click()
      await page.getByRole('listbox').focus()
      await page.keyboard.press('p')
      await sheet.getByText('Image bed / blog', { exact: true }).waitFor()
      await sheet.getByRole('button', { name: 'Change' }).click()
    }
    const make = async (called, where) => {
      await sheet.getByRole('button', { name: 'New folder' }).click()
      await answer(page, called, 'New folder')
      await page.keyboard.press('Enter')
      await sheet.getByText(where, { exact: true }).waitFor()
    }
    const cancel = async () => {
      await sheet.getByRole('button', { name: 'Cancel' }).click()
      await sheet.waitFor({ state: 'detached' })
    }
    const [blog] = await bedList('')
    const before = await ofBed(blog.fileId)
    await open()
    await make('one', 'Image bed / blog / one')
    await make('two', 'Image bed / blog / one / two')
    await cancel()
    await until(async () => (await ofBed(blog.fileId)).join() === before.join(), 'what was made is left behind')
    await open() // into the folder that was chosen before
    await make('mine', 'Image bed / blog / mine')
    await make('below', 'Image bed / blog / mine / below')
    const [mine] = await bedList(blog.fileId)
    await inBed(mine.fileId, 'another’s')
    await cancel()
    await until(async () => !(await ofBed(mine.fileId)).includes('below'), 'what was made is left behind')
    assert.deepEqual(await ofBed(mine.fileId), ['another’s'])
    await post(page, '/api/v1/oss/file/delete', { fileIDs: [mine.fileId] })
  })

  await does('links of the bed', async () => {
    await page.getByRole('link', { name: 'Image bed' }).click()
    await cells(1)
    await cell('blog').dblclick()
    await cells(3)
    await page.keyboard.press('Control+a')
    await see('3 selected')
    await page.getByRole('toolbar').getByRole('button', { name: 'Links' }).click()
    await see('3 links')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' }) // until then it has the keys
  })

  await does('search in the bed', async () => {
    await page.keyboard.press('/')
    await page.getByRole('searchbox').fill('gre')
    await cells(1)
    await cell('green.png').click()
    const details = page.getByRole('complementary', { name: 'Details' })
    await details.getByText('64 × 64').waitFor()
    await details.getByText('Up to date').waitFor()
    await details.getByText('/green.png', { exact: true }).waitFor()
    const says = await details.locator('dl').evaluate((e) => [...e.querySelectorAll('dt')].map((x) => `${x.textContent} ${x.nextElementSibling.textContent}`))
    for (const fact of [`Size ${pictures['green.png'].length} B`, 'Format PNG']) assert.ok(says.includes(fact), `${fact}: ${says}`)
    await details.getByText('More', { exact: true }).click()
    await details.getByText('ETag ' + createHash('md5').update(pictures['green.png']).digest('hex')).waitFor()
    await page.getByRole('searchbox').fill('reen')
    await see('Nothing here begins with “reen”')
    await page.getByRole('searchbox').fill('')
    await cells(3)
  })

  await does('delete says how many links die', async () => {
    await cell('red.png').click()
    await page.keyboard.press('Delete')
    await see('1 link dies for good')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await cells(2)
    assert.equal((await fetch(links.find((l) => l.label === 'red.png').url)).status, 404)
  })

  const put = (parentFileID, label, filename = label) => post(page, '/upload/v1/oss/file/create', { parentFileID, filename, etag: createHash('md5').update(pictures[label]).digest('hex'), size: pictures[label].length, type: 1 })
  await does('a folder of the bed goes with as many links as were told, and no more', async () => {
    const dialog = page.getByRole('dialog')
    const [, album] = await inBed(new URL(page.url()).hash.split('/').at(-1), 'empty', 'album')
    await put((await inBed(album, 'inner'))[0], 'red.png')
    await page.reload()
    await cells(4)
    // Without an image there is no link.
    await cell('empty').click()
    await page.keyboard.press('Delete')
    await dialog.getByText('No image is in there, and no link dies.').waitFor()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await cells(3)
    await dialog.waitFor({ state: 'detached' })
    await cell('album').click()
    await page.keyboard.press('Delete')
    await dialog.getByText('1 link dies for good').waitFor()
    await put(album, 'red.png') // meanwhile
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByText('There are more images in there by now, so nothing of it was deleted.').waitFor()
    await dialog.getByText('2 links die for good').waitFor()
    assert.deepEqual(await ofBed(album), ['inner', 'red.png'])
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await cells(2)
    await dialog.waitFor({ state: 'detached' })
  })

  await does('the bed is sorted as it was told to be', async () => {
    const names = () => page.getByRole('option').evaluateAll((all) => all.map((e) => e.getAttribute('aria-label')).join())
    const choose = async (what, want) => {
      await page.getByRole('button', { name: /^Sort/ }).click()
      await page.locator('.n-dropdown-option', { hasText: what }).click()
      await page.waitForFunction((w) => [...document.querySelectorAll('[role=option]')].map((e) => e.getAttribute('aria-label')).join() === w, want)
    }
    const folder = new URL(page.url()).hash.split('/').at(-1)
    await put(folder, 'red.png', 'leaf.png')
    await page.reload()
    await cells(3)
    // Each order is another one: none is there before it is chosen.
    const added = await names() // the newest first
    const rising = 'green.png,leaf.png,sea.png'
    const falling = 'sea.png,leaf.png,green.png'
    assert.ok(added.startsWith('leaf.png,'), added)
    await choose('Name', rising)
    await choose('Descending', falling)
    await choose('Added', added)
    await choose('Name', rising)
    await choose('Descending', falling)
    await page.reload()
    await cells(3)
    assert.equal(await names(), falling)
    await choose('Added', added)
    const { fileId } = (await bedList(folder)).find((f) => f.filename === 'leaf.png')
    await post(page, '/api/v1/oss/file/delete', { fileIDs: [fileId] })
    await page.reload()
    await cells(2)
  })

  await does('undo the task', async () => {
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('t')
    await page.locator('.task').first().click()
    // Of what was published and still is a thumbnail is shown, which is as square as it is.
    const item = page.locator('.items li', { hasText: 'green.png' })
    await item.locator('img.there').waitFor()
    assert.ok(await item.locator('img').evaluate((e) => e.naturalWidth > 0 && e.naturalWidth === e.naturalHeight), 'it is no picture of it')
    await page.getByRole('button', { name: 'Undo…' }).click()
    await see('2 images are removed from the bed, and their links die.')
    await page.getByRole('dialog').getByRole('button', { name: 'Undo', exact: true }).click()
    await see('2 images removed')
    for (const { url } of links) assert.equal((await fetch(url)).status, 404)
    await page.getByRole('dialog', { name: 'Undo' }).waitFor({ state: 'detached' })
    assert.equal(await page.getByRole('button', { name: 'Undo…' }).count(), 0, 'what was undone is offered to be undone')
    assert.ok(await page.evaluate(() => document.activeElement?.closest('.drawer')), 'nothing has the keys')
    await page.locator('.drawer').getByRole('button', { name: 'Close' }).click()
    await page.locator('.drawer').waitFor({ state: 'detached' })
  })

  await does('Chinese, and no name of a text', async () => {
    await page.goto(base + '/#/drive')
    await cells(5)
    await page.getByRole('button', { name: '中文' }).click()
    await see('上传')
    const text = await page.evaluate(() => document.body.innerText)
    assert.ok(!/\b[a-z]+\.[a-z]+[A-Z]?[a-z]*\b/.test(text.replace(/\w+\.(png|txt)/g, '')), 'the name of a text is shown: ' + text)
  })

  await does('at the width of a phone nothing sticks out', async () => {
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 844 })
      for (const at of ['#/drive', '#/bed', '#/trash']) {
        await page.goto(`${base}/${at}`)
        await page.waitForFunction(() => !document.querySelector('[aria-busy]'))
        assert.deepEqual(await sticksOut(page), [], `${at} at ${width}`)
      }
      await page.goto(`${base}/#/drive`)
      await cell('green.png').click({ modifiers: ['Control'] })
      await page.locator('.selected').waitFor()
      assert.deepEqual(await sticksOut(page), [], `selection at ${width}`)
      for (const [opens, shows] of [['p', '发布前先看结果'], ['?', '快捷键'], ['Enter', 'green.png']]) {
        await page.getByRole('listbox').focus()
        await page.keyboard.press(opens)
        await page.getByRole('dialog').getByText(shows).first().waitFor()
        assert.deepEqual(await sticksOut(page), [], `${shows} at ${width}`)
        await page.keyboard.press('Escape')
        await page.getByRole('dialog').waitFor({ state: 'detached' })
      }
      await page.keyboard.press('Escape')
    }
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  await does('sign out', async () => {
    await page.getByRole('button', { name: '账号菜单' }).click()
    signedOut = true
    await page.getByText('退出登录').click()
    await page.getByRole('button', { name: '登录' }).waitFor()
    assert.equal(await page.evaluate(async () => (await (await fetch('/api/v1/user/info')).json()).code), 401)
  })
})
