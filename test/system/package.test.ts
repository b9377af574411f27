import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

// A user of the library has no clone, no TypeScript runtime flags and no server: only what `npm pack` wrote.
const root = join(import.meta.dirname, '../..')
let folder: string

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'urania-packed-'))
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf('['))) as { filename: string }[]
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }')
  run('npm', 'install', '--prefer-offline', '--omit=optional', '--no-audit', '--no-fund', `./${filename}`)
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('assess() takes the bytes of a notice to a score without a server', () => {
  writeFileSync(
    join(folder, 'assess.js'),
    `import { assess } from 'urania/alerts'
     import { simulateAlerts } from 'urania/science/simulate/alerts'
     const notice = simulateAlerts(7, new Date('2026-03-01T03:00:00Z')).find((n) => n.label.includes('UPDATE'))
     const { score, decision } = assess(notice.bytes)
     console.log(JSON.stringify({ score, decision }))`,
  )
  const answer = JSON.parse(run(process.execPath, 'assess.js')) as { score: unknown; decision: unknown }
  expect(typeof answer.score).toBe('number')
  expect(typeof answer.decision).toBe('string')
})

it('the science modules are importable one by one, with their types', () => {
  writeFileSync(
    join(folder, 'sky.ts'),
    `import { pixelOf } from 'urania/science/sky/healpix'
     export const pixel: number = pixelOf(4, 345.0147, 41.0392)
     // @ts-expect-error a pixel is a number
     export const wrong: string = pixelOf(4, 345.0147, 41.0392)
     console.log(pixel)`,
  )
  writeFileSync(
    join(folder, 'tsconfig.json'),
    '{ "compilerOptions": { "module": "nodenext", "target": "es2024", "lib": ["es2024", "dom"], "strict": true, "noEmit": true, "skipLibCheck": false, "types": [] }, "files": ["sky.ts"] }',
  )
  expect(Number(run(process.execPath, 'sky.ts'))).toBeGreaterThan(0)
  expect(run(join(root, 'node_modules/.bin/tsc'), '-p', 'tsconfig.json')).toBe('')
})

it('the command runs from the emitted JavaScript', () => {
  expect(run(process.execPath, 'node_modules/urania/bin/urania.js', '--version')).toMatch(
    /^(urania )?\d+\.\d+\.\d+/,
  )
})
