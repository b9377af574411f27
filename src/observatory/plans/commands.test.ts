import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Invocation } from '#platform/terminal/command.ts'
import { circleMap } from '#science/skymap/make.ts'
import { writeSkyMap } from '#science/skymap/write.ts'
import { planCommands } from './commands.ts'
import type { PlannedExposure, PlanResult } from './plan.ts'

const folder = mkdtempSync(join(tmpdir(), 'urania-plans-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const map = join(folder, 'map.fits')
writeFileSync(map, writeSkyMap(circleMap(165, -25, 4, 0.9)))

/** Runs a command that must not need a server. */
async function run(line: string, flags: Invocation['flags'] = {}) {
  const words = line.split(' ')
  const command = planCommands.find((c) => c.words.every((word, i) => words[i] === word))!
  const lines: string[] = []
  let document: unknown
  const refuse = () => Promise.reject(new Error('this command must not need a server'))
  await command.run({
    args: words.slice(command.words.length),
    flags,
    json: flags['json'] === true,
    out: (text = '') => void lines.push(text),
    note: () => {},
    document: (value: unknown, human: () => void) => {
      document = value
      if (flags['json'] !== true) human()
    },
    signal: new AbortController().signal,
    progress: () => ({ update: () => {}, finish: () => {} }),
    config: refuse,
    platform: refuse,
  } as unknown as Invocation)
  return {
    text: lines.join('\n'),
    document: document as { result: PlanResult; exposures: PlannedExposure[] },
  }
}

const night = { start: '2026-03-17T00:00', hours: '24', greedy: true, seconds: '2' }

it('plans a map in a file without a database: table, summary, file', async () => {
  const to = join(folder, 'plan.json')
  const { text, document } = await run(`plan ${map}`, { telescopes: 'TCH,tre', fields: '3', ...night, to })
  expect(document.result.probability).toBeGreaterThan(0.3)
  expect(document.result.shares[0]!.fields).toBeLessThanOrEqual(3)
  expect(text).toMatch(/^covered {3}\d/m)
  expect(text).toMatch(/^bound {5}\d/m)
  const written = JSON.parse(readFileSync(to, 'utf8')) as { exposures: unknown[] }
  expect(written.exposures).toEqual(document.exposures)
})

it('takes filters, exposure and visits, and leaves observed sky out', async () => {
  const { document } = await run(`plan ${map}`, {
    telescopes: 'tre',
    fields: '1',
    filters: 'clear',
    exposure: '120',
    visits: '2',
    cadence: '60',
    json: true,
    ...night,
  })
  expect(document.exposures.map((e) => [e.visit, e.filter, e.exposureS])).toEqual([
    [1, 'clear', 120],
    [2, 'clear', 120],
  ])
  const [first, second] = document.exposures.map((e) => Date.parse(e.start))
  expect(second! - first!).toBeGreaterThanOrEqual(3_600_000)
  const observed = join(folder, 'pointings.json')
  writeFileSync(
    observed,
    JSON.stringify([{ position: 'POINT (165 -25)', status: 'completed', instrumentid: 1 }]),
  )
  const rest = await run(`plan ${map}`, {
    telescopes: 'tre',
    ...night,
    observed,
    'observed-radius': '10',
    json: true,
  })
  expect(rest.document.result.probability).toBeLessThan(0.05)
})

it.each([
  [{}, /--telescopes/],
  [{ telescopes: 'tch', filters: 'r' }, /--exposure/],
  [{ telescopes: 'tch', exposure: '60' }, /--filters/],
  [{ telescopes: 'nowhere' }, /no telescope "nowhere"/],
  [{ telescopes: 'tch', filters: 'q', exposure: '60' }, /no filter "q"/],
  [{ telescopes: 'tch', strategy: 'all' }, /strategy/],
  [{ telescopes: 'tch', hours: '-1' }, /--hours/],
  [{ telescopes: 'tch', to: 'plan.pdf' }, /ends in none/],
])('refuses %j with the remedy', async (flags, message) => {
  await expect(run(`plan ${map}`, { ...night, ...(flags as Invocation['flags']) })).rejects.toThrow(message)
})

it('reads rule files without a server when only asked to check them', async () => {
  const file = join(folder, 'rules.toml')
  writeFileSync(file, (await run('plan-rules example')).text)
  expect((await run(`plan-rules import ${file}`, { check: true })).text).toBe('good   go')
  expect((await run('plan-rules columns')).text).toContain('area_90')
  await expect(run('plan-rules import none.toml', { check: true })).rejects.toThrow(/no rule file/)
})
