import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const here = import.meta.dirname

// sources are all files that the build is made of, in order of their paths.
function sources(): string[] {
  const below = (dir: string): string[] =>
    readdirSync(join(here, dir), { withFileTypes: true }).flatMap((f) => (f.isDirectory() ? below(`${dir}/${f.name}`) : [`${dir}/${f.name}`]))
  return ['index.html', 'package-lock.json', 'package.json', 'tsconfig.json', 'vite.config.ts', ...below('src')].sort()
}

// packages are those that something is bundled of, be it into the page or its worker.
const packages = new Set<string>()
const bundled = (): Plugin => ({
  name: 'bundled',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue
      for (const id of Object.keys(chunk.modules)) {
        const found = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id.replace(/\0/g, ''))
        if (found) packages.add(found[1]!)
      }
    }
  },
})

// marks leaves beside what was built the hash of its sources, which a test in Go
// compares, and the notices of what is bundled.
function marks(): Plugin {
  return {
    name: 'marks',
    generateBundle() {
      const sum = createHash('sha256')
      for (const name of sources()) sum.update(`${name}\n${createHash('sha256').update(readFileSync(join(here, name))).digest('hex')}\n`)
      this.emitFile({ type: 'asset', fileName: 'SOURCES.sha256', source: sum.digest('hex') + '\n' })

      const notices = [...packages].sort().map((name) => {
        const dir = join(here, 'node_modules', name)
        const { version, license } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
        const file = readdirSync(dir).find((f) => /^licen[cs]e/i.test(f))
        const text = file ? readFileSync(join(dir, file), 'utf8').replace(/\r/g, '').trim() : `${license} License`
        return `${name} ${version}\n\n${text}\n`
      })
      this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: notices.join('\n' + '-'.repeat(72) + '\n\n') })
    },
  }
}

export default defineConfig({
  root: here,
  logLevel: 'warn',
  plugins: [vue(), bundled(), marks()],
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false, __VUE_I18N_LEGACY_API__: false, __VUE_I18N_FULL_INSTALL__: false, __INTLIFY_PROD_DEVTOOLS__: false },
  build: { outDir: '../internal/web/dist', emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700 },
  worker: { format: 'es', plugins: () => [bundled()] },
})
