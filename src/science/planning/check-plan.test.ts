import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seeded } from '#science/sky/seeded.ts'
import type { Field, Slew, TelescopeModel } from './model.ts'
import { slewsBetween } from './slew.ts'
import { fieldWindows, visitWindows } from './visibility.ts'

const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import astropy'], { timeout: 60_000 }).status === 0,
)
const script = resolve(import.meta.dirname, '../../../scripts/check-plan.py')
const folder = mkdtempSync(join(tmpdir(), 'urania-check-plan-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const definition = (slug: string, slew: Slew, readoutBlocksSlew: boolean) => ({
  slug,
  site: { longitude: -17.88, latitude: 28.7583, elevationM: 2327 },
  ground: true,
  limits: {
    sunAltitudeMaxDeg: -12,
    altitudeMinDeg: 25,
    altitudeMaxDeg: 85,
    airmassMax: 2,
    moonSeparationMinDeg: 40,
    hourAngleMinHours: -3,
    hourAngleMaxHours: 3,
    decMaxDeg: 70,
    galacticLatitudeMinDeg: 10,
    horizon: [
      { azimuthDeg: 0, altitudeDeg: 30 },
      { azimuthDeg: 180, altitudeDeg: 45 },
    ],
  },
  slew,
  readoutS: 8,
  readoutBlocksSlew,
  overheadS: 2,
  filterChangeS: 12,
  filters: [{ name: 'g' }, { name: 'r' }],
  maxExposureS: 600,
})
const definitions = [
  definition('one', { mount: 'direct', axis: { rateDegPerS: 1 }, settleS: 3 }, true),
  definition(
    'two',
    {
      mount: 'equatorial',
      hourAngle: { rateDegPerS: 0.3, accelerationDegPerS2: 0.1 },
      declination: { rateDegPerS: 0.5 },
      settleS: 5,
    },
    false,
  ),
  definition(
    'three',
    {
      mount: 'altazimuth',
      azimuth: { rateDegPerS: 2, accelerationDegPerS2: 1 },
      altitude: { rateDegPerS: 1, accelerationDegPerS2: 0.5 },
      settleS: 4,
    },
    false,
  ),
]
type Definition = (typeof definitions)[number]

interface Exposure {
  telescope: string
  field: string
  ra: number
  dec: number
  visit: number
  filter: string
  start: string
  exposureS: number
  slewS: number
  filterChangeS: number
  readoutS: number
}
const exposureS = 120
const cadenceS = 1800
const perDay = 86_400
const night = { start: 61_365.7, end: 61_366.7 }
/** MJD (UTC) to the millisecond, upwards. */
const iso = (mjd: number) => new Date(Math.ceil((mjd - 40_587) * perDay * 1000)).toISOString()

/** Whatever field can be had first, then each again in another filter; no great plan, but a right one. */
function planOf(definition: Definition, fields: readonly Field[]): Exposure[] {
  const { site, ...rest } = definition
  const model: TelescopeModel = { ...rest, observer: site, footprint: { shape: 'circle', radiusDeg: 1 } }
  const slews = slewsBetween(model.slew, model.observer, fields, night.start + 0.5)
  const open = fieldWindows(model, fields, night).map(({ windows }) =>
    visitWindows(windows, exposureS + 0.01),
  )
  const taken: Exposure[] = []
  const begun = new Map<number, number>()
  let at = -1
  let free = night.start
  let filter = 'g'
  const visit = (field: number, wanted: string) => {
    const blocked = model.readoutBlocksSlew ? model.readoutS : 0
    const slewS = at < 0 ? 0 : slews.seconds(at, field, free + blocked / perDay)
    const change = wanted === filter ? 0 : model.filterChangeS
    const move = model.readoutBlocksSlew ? model.readoutS + slewS : Math.max(model.readoutS, slewS)
    const ready = free + (move + change + model.overheadS) / perDay
    const again = (begun.get(field) ?? 0) + cadenceS / perDay
    const window = open[field].find(({ end }) => end - (exposureS + 0.01) / perDay > Math.max(ready, again))
    return window && { slewS, change, start: Math.max(ready, again, window.start) }
  }
  const take = (field: number, wanted: string) => {
    const found = visit(field, wanted)
    if (!found) return
    taken.push({
      telescope: model.slug,
      field: fields[field].id,
      ra: fields[field].ra,
      dec: fields[field].dec,
      visit: begun.has(field) ? 1 : 0,
      filter: wanted,
      start: iso(found.start),
      exposureS,
      slewS: found.slewS,
      filterChangeS: found.change,
      readoutS: model.readoutS,
    })
    begun.set(field, found.start)
    free = found.start + (exposureS + 0.002) / perDay
    at = field
    filter = wanted
  }
  for (let n = 0; n < 12; n++) {
    const starts = fields.map((_, i) => (begun.has(i) ? Infinity : (visit(i, 'g')?.start ?? Infinity)))
    take(starts.indexOf(Math.min(...starts)), 'g')
  }
  for (const field of begun.keys()) take(field, 'r')
  return taken
}

const random = seeded(11)
const fields: Field[] = Array.from({ length: 60 }, (_, i) => ({
  id: `f${i}`,
  ra: 360 * random(),
  dec: (Math.asin(2 * random() - 1) * 180) / Math.PI,
}))

function check(
  exposures: readonly object[],
  telescopes: readonly object[],
  ...options: string[]
): { status: number | null; found: string[] } {
  const [planFile, telescopeFile] = [join(folder, 'plan.json'), join(folder, 'telescopes.json')]
  writeFileSync(planFile, JSON.stringify({ exposures }))
  writeFileSync(telescopeFile, JSON.stringify(telescopes))
  const { status, stdout, stderr } = spawnSync(
    python ?? 'python3',
    [script, planFile, telescopeFile, '--json', ...options],
    { encoding: 'utf8', timeout: 120_000 },
  )
  expect(stderr).toBe('')
  return { status, found: JSON.parse(stdout) as string[] }
}

describe('the independent checker (needs astropy)', { timeout: 180_000 }, () => {
  const plans = definitions.map((telescope) => planOf(telescope, fields))
  const [[first, second]] = plans
  const later = (exposure: Exposure, seconds: number): Exposure => ({
    ...exposure,
    start: new Date(Date.parse(exposure.start) + 1000 * seconds).toISOString(),
  })

  it.skipIf(!python)('finds no violation in plans of our windows and slews on three mounts', () => {
    for (const plan of plans) expect(plan.length).toBeGreaterThan(15)
    expect(check(plans.flat(), definitions, '--cadence', String(cadenceS))).toEqual({ status: 0, found: [] })
  })

  it.skipIf(!python)('complains about each thing that is spoiled', () => {
    const evening = later(first, 8 * 3600)
    const near = { ...first, ra: 30, dec: 20 }
    const cases: [complaint: RegExp, ...spoiled: Exposure[]][] = [
      [/Sun .* is above -12° 0 s/, later(first, 43_200)],
      [/altitude .* is below 25°/, evening],
      [/altitude .* is above 85°/, { ...first, ra: 16, dec: 28.7, start: '2026-11-21T22:10:00Z' }],
      [/airmass .* is over 2/, evening],
      [/below the horizon line/, evening],
      [/hour angle .* is after 3 h/, evening],
      [/declination 80\.0000 is above 70°/, { ...first, dec: 80 }],
      [/galactic latitude .* is below 10°/, { ...first, ra: 85, dec: 28 }],
      [/Moon separation .* is below 40° with the Moon up/, { ...near, start: '2026-11-21T22:30:00Z' }],
      [/needed \(readout 8, slew /, first, later(second, -2)],
      [/begins .* s before the exposure of .* ends/, first, { ...second, start: later(first, 100).start }],
      [/states a slewS of 0\.0 where/, first, { ...second, slewS: 0 }],
      [/states a readout of 1 s/, { ...first, readoutS: 1 }, second],
      [/the telescope has no such filter/, { ...first, filter: 'K' }],
      [/at most 600 s are possible/, { ...first, exposureS: 601 }],
    ]
    // Each case on a telescope of its own, so that one run does.
    const named = (i: number) => `case-${i}`
    const spoiled = cases.flatMap(([, ...some], i) => some.map((one) => ({ ...one, telescope: named(i) })))
    // The Moon is below the horizon, or the plan is right: nothing to complain of.
    const moonDown = { ...near, ra: 120, start: '2026-11-22T05:40:00Z', telescope: 'moon-down' }
    const unknown = { ...first, telescope: 'unknown' }
    const telescopes = [...cases.map((_, i) => named(i)), 'moon-down'].map((slug) => ({
      ...definitions[0],
      slug,
      ...(slug === 'moon-down'
        ? { limits: { sunAltitudeMaxDeg: -12, altitudeMinDeg: 25, moonSeparationMinDeg: 150 } }
        : {}),
    }))
    const { status, found } = check([...spoiled, moonDown, unknown], telescopes)
    expect(status).toBe(1)
    cases.forEach(([complaint], i) => {
      const mine = found.filter((line) => line.startsWith(`${named(i)} `))
      expect(
        mine.some((line) => complaint.test(line)),
        `${String(complaint)} in ${mine.join('\n')}`,
      ).toBe(true)
    })
    expect(found.filter((line) => line.startsWith('moon-down'))).toEqual([])
    expect(found).toContain('unknown: the telescope is not among the definitions')
  })

  it.skipIf(!python)('counts visits and their distance where asked', () => {
    const again = { ...later(first, 900), visit: 1 }
    const { found } = check(
      [first, again, { ...first, telescope: 'two' }],
      definitions,
      '--cadence',
      '1800',
      '--visits',
      '2',
    )
    expect(
      found.some((line) => /^one .*: 900\.0 s after the visit before, 1800 s are asked$/.test(line)),
    ).toBe(true)
    expect(found.some((line) => /^two .*: the field has 1 visits, 2 are asked$/.test(line))).toBe(true)
  })

  it.skipIf(!python)('answers unreadable input with one sentence and status 2', () => {
    const file = join(folder, 'bad.json')
    writeFileSync(file, '[{"telescope":"one"}]')
    const { status, stderr } = spawnSync(python ?? 'python3', [script, file, file], { encoding: 'utf8' })
    expect(status).toBe(2)
    expect(stderr).toBe("check-plan.py: 'slug' is missing\n")
  })
})
