import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seeded } from '#science/sky/seeded.ts'
import { conditionCurves, timesBetween } from './conditions.ts'
import { horizonLine } from './horizon.ts'
import type { Field, Limits, Observer, TelescopeModel, Window } from './model.ts'
import { darkWindows, fieldWindows, visitWindows } from './visibility.ts'

interface ReferenceCase {
  site: string
  start: number
  days: number
  limits: Limits
  fields: { ra: number; dec: number; windows: [first: number, last: number][] }[]
}
const { sites, cases } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/planning/visibility.json'), 'utf8'),
) as { sites: Record<string, Observer>; cases: ReferenceCase[] }

function telescope(observer: Observer, limits: Limits): TelescopeModel {
  return {
    slug: 'test',
    observer,
    limits,
    footprint: { shape: 'circle', radiusDeg: 1 },
    slew: { mount: 'direct', axis: { rateDegPerS: 1 }, settleS: 0 },
    readoutS: 0,
    readoutBlocksSlew: false,
    overheadS: 0,
    filterChangeS: 0,
  }
}

const chile: Observer = { longitude: -70.8, latitude: -30.17, elevationM: 2200 }
const limits: Limits = { sunAltitudeMaxDeg: -12, altitudeMinDeg: 30 }

/** Each window of a field in seconds after the start, beside the reference window that holds it. */
const compared = cases.flatMap(({ site, start, days, limits: asked, fields }) => {
  const model = telescope(sites[site], asked)
  const ours = fieldWindows(
    model,
    fields.map(({ ra, dec }, i) => ({ id: String(i), ra, dec })),
    { start, end: start + days },
  )
  return fields.map(({ ra, dec, windows }, i) => ({
    name: `${site} ${start} ${ra} ${dec}`,
    asked,
    reference: windows,
    seconds: ours[i].windows.map(
      (window) => [(window.start - start) * 86_400, (window.end - start) * 86_400] as const,
    ),
    lost: ours[i].lost,
  }))
})

describe(`windows of ${compared.length} fields against astropy looking every second around each change`, () => {
  it('no instant outside the true window (reference to 1 s)', () => {
    for (const { name, seconds, reference } of compared)
      for (const [start, end] of seconds)
        expect(
          reference.some(([first, last]) => first - 1 <= start && end <= last + 1),
          `${name}: ${start} … ${end} in ${JSON.stringify(reference)}`,
        ).toBe(true)
  })

  it('ends within 5 s of the true ones for half, within 60 s for 95 %; no window over 2 min is missing', () => {
    const distances: number[] = []
    for (const { name, seconds, reference } of compared)
      for (const [first, last] of reference) {
        const mine = seconds.filter(([start, end]) => start < last && end > first)
        if (mine.length === 0) {
          expect(last - first, `${name}: ${first} … ${last} is missing`).toBeLessThan(120)
          continue
        }
        distances.push(mine[0][0] - first, last - mine[mine.length - 1][1])
      }
    distances.sort((a, b) => a - b)
    expect(distances.length).toBeGreaterThan(80)
    expect(distances[distances.length >> 1]).toBeLessThan(5)
    expect(distances[Math.floor(distances.length * 0.95)]).toBeLessThan(60)
  })

  it('a field without windows says what took it, one with windows says nothing', () => {
    for (const { seconds, lost } of compared) expect(lost === null).toBe(seconds.length > 0)
  })
})

/** Every moment of the night, 5 s apart, at which the limits are kept: the definition written out. */
function sampled(model: TelescopeModel, field: Field, span: Window): { mjd: number; good: boolean }[] {
  const times = timesBetween(span.start, span.end, 5)
  const {
    sky,
    fields: [seen],
  } = conditionCurves(model.observer, [field], times)
  const { limits: l } = model
  const line = horizonLine(l.horizon ?? [])
  return Array.from(times, (mjd, i) => {
    const azimuth = seen.azimuthDeg[i]
    const good =
      sky.sunAltitudeDeg[i] <= l.sunAltitudeMaxDeg &&
      seen.altitudeDeg[i] >= l.altitudeMinDeg &&
      seen.altitudeDeg[i] <= (l.altitudeMaxDeg ?? 90) &&
      seen.airmass[i] <= (l.airmassMax ?? Infinity) &&
      (line === null || seen.altitudeDeg[i] >= line.range(azimuth, azimuth)[1]) &&
      seen.hourAngleHours[i] >= (l.hourAngleMinHours ?? -12) &&
      seen.hourAngleHours[i] <= (l.hourAngleMaxHours ?? 12) &&
      sky.moonAltitudeDeg[i] <= (l.moonAltitudeMaxDeg ?? 90) &&
      (sky.moonAltitudeDeg[i] <= 0 || seen.moonSeparationDeg[i] >= (l.moonSeparationMinDeg ?? 0))
    return { mjd, good }
  })
}

describe('windows of random telescopes against their limits looked at every 5 s', () => {
  const random = seeded(7)
  const between = (low: number, high: number) => low + (high - low) * random()
  const maybe = (value: () => number) => (random() < 0.5 ? value() : undefined)
  const tried = Array.from({ length: 80 }, () => {
    const observer = {
      longitude: between(-180, 180),
      latitude: (Math.asin(between(-1, 1)) * 180) / Math.PI,
      elevationM: 0,
    }
    const optional = {
      altitudeMaxDeg: maybe(() => between(60, 89)),
      airmassMax: maybe(() => between(1.2, 3)),
      hourAngleMinHours: maybe(() => between(-6, -1)),
      hourAngleMaxHours: maybe(() => between(1, 6)),
      moonSeparationMinDeg: maybe(() => between(10, 70)),
      moonAltitudeMaxDeg: random() < 0.15 ? between(-5, 40) : undefined,
      horizon:
        random() < 0.5
          ? Array.from({ length: 40 }, () => ({
              azimuthDeg: between(0, 360),
              altitudeDeg: random() < 0.1 ? 60 : between(5, 35),
            }))
          : undefined,
    }
    const model = telescope(observer, {
      sunAltitudeMaxDeg: between(-20, 5),
      altitudeMinDeg: between(0, 35),
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    })
    const field = { id: 'f', ra: between(0, 360), dec: (Math.asin(between(-1, 1)) * 180) / Math.PI }
    const start = between(59_000, 61_500)
    const span = { start, end: start + between(0.3, 2) }
    return { model, field, span, samples: sampled(model, field, span) }
  })

  it('no bad instant lies in a window', () => {
    for (const { model, field, span, samples } of tried) {
      const { windows } = fieldWindows(model, field, span)
      const bad = samples.filter(
        ({ mjd, good }) => !good && windows.some(({ start, end }) => mjd >= start && mjd <= end),
      )
      expect(bad, JSON.stringify({ model, field, span })).toEqual([])
    }
  })

  it('the windows hold all good instants but for 30 s per end on average', () => {
    let missing = 0
    let ends = 0
    for (const { model, field, span, samples } of tried) {
      const { windows } = fieldWindows(model, field, span)
      const held = (mjd: number) => windows.some(({ start, end }) => mjd >= start && mjd <= end)
      missing += samples.filter(({ mjd, good }) => good && !held(mjd)).length * 5
      ends += samples.filter(({ good }, i) => i > 0 && good !== samples[i - 1].good).length
    }
    expect(ends).toBeGreaterThan(60)
    expect(missing / ends).toBeLessThan(30)
  })

  it('many fields at once give what each gives alone', () => {
    const { model, span } = tried[1]
    const fields = tried.slice(0, 20).map(({ field }) => field)
    expect(fieldWindows(model, fields, span)).toEqual(fields.map((field) => fieldWindows(model, field, span)))
  })
})

describe('what a field is lost to', () => {
  const span = { start: 61_365.9, end: 61_366.9 }
  const lost = (more: Partial<Limits>, field: Partial<Field> = {}, observer = chile) =>
    fieldWindows(telescope(observer, { ...limits, ...more }), { id: 'f', ra: 60, dec: -30, ...field }, span)
      .lost

  it.each([
    ['null for what passes overhead at midnight', null, {}, {}],
    ['sun', 'sun', { sunAltitudeMaxDeg: -60 }, {}],
    ['moon altitude', 'moon altitude', { moonAltitudeMaxDeg: -89 }, {}],
    ['declination', 'declination', { decMaxDeg: -40 }, {}],
    ['galactic latitude', 'galactic latitude', { galacticLatitudeMinDeg: 60 }, {}],
    ['altitude', 'altitude', {}, { dec: 45 }],
    ['altitude of the zenith hole', 'altitude', { altitudeMinDeg: 10, altitudeMaxDeg: 12 }, { dec: -89.99 }],
    ['airmass', 'airmass', { airmassMax: 1.0001 }, { dec: -20 }],
    ['hour angle', 'hour angle', { hourAngleMinHours: 11, hourAngleMaxHours: 12 }, {}],
    ['horizon', 'horizon', { horizon: [{ azimuthDeg: 0, altitudeDeg: 89.99 }] }, {}],
    ['moon', 'moon', { moonSeparationMinDeg: 179 }, {}],
  ])('%s', (_, expected, more, field) => {
    const moonUp = expected === 'moon'
    expect(lost(more, moonUp ? { ra: 20 } : field)).toBe(expected)
  })

  it('time, where the span is empty', () => {
    expect(
      fieldWindows(telescope(chile, limits), { id: 'f', ra: 0, dec: 0 }, { start: 61_000, end: 61_000 }),
    ).toEqual({ windows: [], lost: 'time' })
  })
})

describe('dark time', () => {
  it('is one window of ten hours for one night in Chile, the same as the field that never sets', () => {
    const dark = darkWindows(chile, { ...limits, sunAltitudeMaxDeg: -18 }, 61_365.9, 61_366.9)
    expect(dark).toHaveLength(1)
    const circumpolar = fieldWindows(
      telescope(chile, { sunAltitudeMaxDeg: -18, altitudeMinDeg: 10 }),
      { id: 'f', ra: 60, dec: -85 },
      { start: 61_365.9, end: 61_366.9 },
    )
    expect(circumpolar.windows).toEqual(dark)
  })

  it('is unbroken for weeks at the pole in winter, and none in summer', () => {
    const pole = { longitude: 0, latitude: -90, elevationM: 2835 }
    expect(darkWindows(pole, limits, 61_220, 61_240)).toEqual([{ start: 61_220, end: 61_240 }])
    expect(darkWindows(pole, limits, 61_400, 61_420)).toEqual([])
  })

  it('windows over weeks join at the seams of days', () => {
    const pole = { longitude: 30, latitude: 90, elevationM: 0 }
    const { windows } = fieldWindows(
      telescope(pole, limits),
      { id: 'f', ra: 100, dec: 50 },
      { start: 61_380.3, end: 61_395.7 },
    )
    expect(windows).toEqual([{ start: 61_380.3, end: 61_395.7 }])
  })
})

it('visits fit only windows as long as they are', () => {
  const windows = [
    { start: 61_000, end: 61_000 + 599 / 86_400 },
    { start: 61_001, end: 61_001 + 601 / 86_400 },
  ]
  expect(visitWindows(windows, 600)).toEqual([windows[1]])
})

describe('horizon line', () => {
  it('is closed over north, straight between points, and takes both sides of a wall', () => {
    const line = horizonLine([
      { azimuthDeg: 350, altitudeDeg: 10 },
      { azimuthDeg: 10, altitudeDeg: 30 },
      { azimuthDeg: 90, altitudeDeg: 30 },
      { azimuthDeg: 90, altitudeDeg: 60 },
    ])
    expect(line?.range(0, 0)).toEqual([20, 20])
    expect(line?.range(-5, 365)).toEqual([10, 60])
    expect(line?.range(50, 50)).toEqual([30, 30])
    expect(line?.range(89, 89.99)).toEqual([30, 30])
    expect(line?.range(89, 91)[1]).toBe(60)
    expect(horizonLine([])).toBeNull()
  })
})
