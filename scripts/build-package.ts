// `npm pack`: emits JavaScript and declarations into dist/, because Node strips no types under node_modules.
// The JavaScript is what Node runs in the clone (types stripped, nothing transformed).
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, matchesGlob } from 'node:path'

const storeys = ['science', 'platform', 'observatory', 'interface']
for (const storey of storeys) rmSync(join('dist', storey), { recursive: true, force: true })

const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

const left = ['src/interface/web/**', 'src/science/kernels/assembly/**', '**/*.test.ts', '**/*.d.ts']
for (const file of globSync('src/**/*.{ts,sql,toml,wasm,json,bin,stars}')) {
  if (left.some((pattern) => matchesGlob(file, pattern))) continue
  const target = join('dist', file.slice('src/'.length))
  mkdirSync(dirname(target), { recursive: true })
  if (!file.endsWith('.ts')) cpSync(file, target)
  else {
    const code = stripTypeScriptTypes(readFileSync(file, 'utf8'))
    // Neighbours are named by file (`./x.ts`), in imports and in `new URL('./worker.ts', import.meta.url)`.
    writeFileSync(target.replace(/\.ts$/, '.js'), code.replace(/(['"])(\.\/[\w./-]+)\.ts\1/g, '$1$2.js$1'))
  }
}

// The emitted files keep their `#storey/x.ts` imports; this nested manifest makes them mean the emitted ones.
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const emitted = (stem: string) => ({ types: `./${stem}.d.ts`, default: `./${stem}.js` })
const manifest = {
  name: 'urania-emitted',
  version,
  private: true,
  type: 'module',
  imports: {
    '#problem.ts': emitted('problem'),
    ...Object.fromEntries(storeys.map((storey) => [`#${storey}/*.ts`, emitted(`${storey}/*`)])),
  },
}
writeFileSync('dist/package.json', JSON.stringify(manifest, null, 2) + '\n')
