import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSkyMap } from '#science/skymap/read.ts'
import type { Invocation } from '#platform/terminal/command.ts'
import { alertBench } from '#test/alerts.ts'
import { dataFile, testData } from '#test/data.ts'
import { alertCommands } from './commands.ts'

const folder = mkdtempSync(join(tmpdir(), 'urania-commands-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const bench = await alertBench()

/** Runs a command with --json or for people and returns what it printed. */
async function run(line: string, flags: Invocation['flags'] = {}, withPlatform = false) {
  const words = line.split(' ')
  const command = alertCommands.find((c) => c.words.every((word, i) => words[i] === word))!
  const lines: string[] = []
  let document: unknown
  const refuse = () => Promise.reject(new Error('this command must not need a server'))
  const code = await command.run({
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
    platform: withPlatform ? async () => bench.platform : refuse,
  } as unknown as Invocation)
  return { code, text: lines.join('\n'), document: document as Record<string, unknown> }
}

describe.skipIf(!testData)('sky maps in files, without a server (needs shared test data)', () => {
  const map = () => dataFile('gw', 'lvk-userguide', 'bayestar.multiorder.fits')!
  const notice = () => dataFile('gw', 'grandma-gcn', 'notices', 'S250720j-preliminary.json')!

  it('info of a FITS map and of a notice, by its combined map', async () => {
    const info = await run(`skymap info ${map()}`, { json: true })
    expect(info.document['area90Deg2']).toBeCloseTo(30.9799, 4)
    const combined = await run(`skymap info ${notice()}`)
    expect(combined.document['area90Deg2']).toBeCloseTo(160.6698, 4)
    expect(combined.text).toMatch(/90 % 160\.6698 deg²/)
  })
  it('info of an error circle', async () => {
    const xrt = dataFile('gw', 'grandma-gcn', 'notices', 'swift_xrt_type67.xml')!
    const { document } = await run(`skymap info ${xrt}`, { json: true })
    expect((document['peak'] as { ra: number }).ra).toBeCloseTo(74.751, 4)
    // In a unit that shows digits: 0.0000 deg² says nothing.
    expect((await run(`skymap info ${xrt}`)).text).toMatch(/90 % 79\.8\d+ arcsec²/)
  })
  it.each([
    ['197.448776 -23.383831', 0.555926, 10.41577],
    ['194.95 -17.9', 0.469517, 8.14705],
  ])('level at %s to 1e-5', async (place, level, area) => {
    const { document } = await run(`skymap level ${map()} ${place}`, { json: true })
    expect(document['level']).toBeCloseTo(level, 5)
    expect(document['searchedAreaDeg2']).toBeCloseTo(area, 5)
  })
  it('MOC, contours, combination', async () => {
    expect((await run(`skymap moc ${map()}`, { format: 'ascii' })).text).toMatch(/^\d+\/\d/)
    const contours = JSON.parse((await run(`skymap contours ${map()}`)).text) as { features: unknown[] }
    expect(contours.features).toHaveLength(2)
    const to = join(folder, 'combined.fits')
    const { document } = await run(`skymap combine ${map()} ${map()}`, { to, json: true })
    expect(document['overlap']).toBeGreaterThan(100)
    expect(readSkyMap(readFileSync(to)).order.length).toBeGreaterThan(1000)
  })
  it('reads standard input', () => {
    const program = join(import.meta.dirname, '../../../bin/urania.js')
    const input = readFileSync(map())
    const text = execFileSync(process.execPath, [program, 'skymap', 'info', '-'], { input, encoding: 'utf8' })
    expect(text).toMatch(/90 % 30\.9799 deg²/)
  })
  it('says what is wrong, with the name of the file', async () => {
    const broken = join(folder, 'broken.fits')
    writeFileSync(broken, readFileSync(map()).subarray(0, 100_000))
    await expect(run(`skymap info ${broken}`)).rejects.toThrow(/broken\.fits: .*cut off/)
    await expect(run('skymap info nowhere.fits')).rejects.toThrow(/no readable file nowhere\.fits/)
    await expect(run(`skymap moc ${map()}`, { level: '90' })).rejects.toThrow(/levels lie between 0 and 1/)
  })
})

describe('notices and events', () => {
  const burst = (id: string, more = {}) =>
    JSON.stringify({
      mission: 'SVOM',
      alert_datetime: '2026-06-01T00:00:10Z',
      trigger_time: '2026-06-01T00:00:00Z',
      id,
      ra: 1,
      dec: 2,
      ra_dec_error: 0.1,
      ...more,
    })
  it('takes in a folder, lists, shows, exports, replays', async () => {
    writeFileSync(join(folder, 'a.json'), burst('sb26060101'))
    writeFileSync(join(folder, 'b.json'), '{"what":1}')
    const taken = await run(`alerts ingest ${folder}`, { json: true }, true)
    expect(taken.code).toBe(1)
    expect((taken.document['notices'] as { state: string }[]).map((n) => n.state)).toEqual(['parsed', 'dead'])
    const dead = await run('alerts dead', {}, true)
    expect(dead.text).toMatch(/"what"/)
    const list = await run('events list', { kind: 'grb' }, true)
    expect(list.text).toMatch(/sb26060101 +grb/)
    const shown = await run('events show sb26060101', {}, true)
    expect(shown.text).toMatch(/verdict +GO/)
    const to = join(folder, 'out')
    const exported = await run('events export sb26060101', { to }, true)
    expect(exported.document['files']).toHaveLength(5)
    expect(readSkyMap(readFileSync(join(to, 'map.fits'))).order.length).toBeGreaterThan(100)
    const replay = await run('rules replay urania', { set: ['field=0.01'], json: true }, true)
    expect(replay.document).toMatchObject({ events: 1, byDecision: { LOOK: 1 } })
    expect(replay.document['differences']).toHaveLength(1)
    expect((await run('rules list')).text).toMatch(/grandma/)
    expect((await run('rules show grandma')).text).toMatch(/bbhProbability/)
  })
})
