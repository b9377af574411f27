import { expect, it } from 'vitest'
import { altitudeChart } from './altitude-chart.ts'
import { niceStep } from './axes.ts'
import { coverageChart } from './coverage-chart.ts'
import { thinned } from './numbers.ts'
import { lightPalette, redPalette } from './palette.ts'
import { planSkyChart, planTimeline } from './plan-chart.ts'
import { planField } from './plan-field.ts'
import { zoom } from './projection.ts'
import { serialize } from './svg.ts'

const start = Date.parse('2026-03-01T00:00:00Z')
const hour = 3_600_000
const options = { palette: lightPalette, title: 'S260301x <&>', background: true }

it('draws fields with their order on whole sky and zoom', () => {
  const ring = [
    [10, 10],
    [12, 10],
    [12, 12],
    [10, 12],
    [10, 10],
  ] as const
  const data = {
    sky: {},
    telescopes: ['ONE', 'TWO'],
    fields: [
      { telescope: 0, ra: 11, dec: 11, order: 1, rings: [ring] },
      { telescope: 1, ra: 14, dec: 11, order: 2, rings: [ring.map(([x, y]) => [x + 3, y] as const)] },
    ],
  }
  const text = serialize(planSkyChart(data, options))
  expect(text).toContain('S260301x &lt;&amp;&gt;')
  expect(text).toContain('>2</text>')
  expect(text).not.toContain('NaN')
  expect(serialize(planSkyChart(data, { ...options, view: 'zoom' }))).toContain('>1</text>')
  expect(serialize(planSkyChart({ ...data, fields: [] }, { ...options, view: 'all-sky' }))).not.toContain(
    'NaN',
  )
})

it('draws a timeline of every telescope, one without exposures too', () => {
  const exposure = {
    start: start + hour,
    exposureS: 60,
    slewS: 5,
    filterChangeS: 0,
    readoutS: 8,
    filter: 'r',
    field: '17',
    order: 1,
  }
  const rows = [
    { name: 'ONE', windows: [{ start, end: start + 8 * hour }], exposures: [exposure] },
    { name: 'TWO', windows: [], exposures: [] },
  ]
  const text = serialize(planTimeline(rows, { start, end: start + 10 * hour }, options))
  expect(text).toContain('1. 17, r 60 s, 01:00:00 UTC')
  expect(text).toContain('>TWO</text>')
  expect(text).not.toContain('NaN')
})

it('draws coverage with the bound, also of a plan without fields', () => {
  const data = {
    steps: [
      { at: start + hour, probability: 0.3 },
      { at: start + 2 * hour, probability: 0.42 },
    ],
    start,
    end: start + 9 * hour,
    bound: 0.45,
    unlimited: 0.8,
  }
  const text = serialize(coverageChart(data, options))
  expect(text).toContain('bound 45.0 %')
  expect(text).toContain('without limits 80.0 %')
  const empty = serialize(coverageChart({ ...data, steps: [], bound: 0, unlimited: 0 }, options))
  expect(empty).not.toContain('NaN')
})

it('draws altitudes with Moon and limit', () => {
  const samples = Array.from({ length: 25 }, (_, i) => 60 * Math.sin((i / 24) * Math.PI))
  const text = serialize(
    altitudeChart(
      [
        {
          telescope: 'ONE',
          start,
          end: start + 12 * hour,
          sunAltitude: samples.map((a) => -a),
          moonAltitude: samples.map((a) => a - 30),
          moonIllumination: 0.42,
          altitudeMinDeg: 20,
          fields: [
            {
              name: '17',
              order: 1,
              altitude: samples,
              exposures: [{ start: start + hour, end: start + hour + 60_000, altitude: 20 }],
            },
          ],
        },
      ],
      { ...options, palette: redPalette },
    ),
  )
  expect(text).toContain('Moon, 42 % lit')
  expect(text).not.toContain('NaN')
})

it('steps are round', () => {
  expect([niceStep(1, 5), niceStep(0.43, 5), niceStep(97, 8), niceStep(3, 8)]).toEqual([0.2, 0.1, 20, 0.5])
})

function square(ra: number, dec: number, half: number): [number, number][] {
  return [
    [ra - half, dec - half],
    [ra + half, dec - half],
    [ra + half, dec + half],
    [ra - half, dec + half],
    [ra - half, dec - half],
  ]
}

it('the zoom holds the region and every field, up to fields spread over 90°', () => {
  const region = { type: 'Polygon' as const, coordinates: [square(100, 0, 3)] }
  const fieldAt = (ra: number, dec: number) => ({ ra, dec, rings: [square(ra, dec, 2)] })
  const alone = planField(region, [fieldAt(100, 1)])
  expect([Math.abs(alone.ra - 100) < 1, Math.abs(alone.dec) < 1]).toEqual([true, true])
  for (const [fields, aspect] of [
    [[fieldAt(100, 0), fieldAt(112, 20)], 0.6],
    [[fieldAt(100, 0), fieldAt(100, 30)], 0.6],
    [[fieldAt(60, 0), fieldAt(130, 20)], 0.8],
    [[fieldAt(80, 10)], 0.7],
  ] as const) {
    const width = 500
    const view = zoom({ ...planField(region, fields, { aspect }), width, height: width * aspect })
    for (const [ra, dec] of [...region.coordinates[0], ...fields.flatMap((f) => f.rings[0])]) {
      const [x, y] = view.project(ra, dec) ?? [-1, -1]
      expect(Math.min(x, y, view.width - x, view.height - y)).toBeGreaterThan(0)
    }
  }
  const scattered = planField(region, [fieldAt(100, 0), fieldAt(250, 10)])
  expect([scattered.ra, scattered.dec, scattered.fieldDeg]).toEqual([alone.ra, alone.dec, alone.fieldDeg])
  expect(planField(undefined, []).fieldDeg).toBe(20)
  expect(planField(undefined, [fieldAt(200, 60)]).fieldDeg).toBeLessThan(12)
})

it('many numbers are thinned: the first and the last stay, and none lies on another', () => {
  const points = Array.from({ length: 120 }, (_, i) => ({
    x: (i % 12) * 14,
    y: Math.floor(i / 12) * 8,
    order: i + 1,
  }))
  const drawn = thinned(points, 10)
  const orders = drawn.map((p) => p.order)
  expect(orders).toContain(1)
  expect(orders).toContain(120)
  expect(drawn.length).toBeLessThan(30)
  for (const [i, a] of drawn.entries())
    for (const b of drawn.slice(i + 1))
      expect(Math.abs(a.x - b.x) >= 12 || Math.abs(a.y - b.y) >= 10).toBe(true)
  expect(
    thinned(
      [
        { x: 0, y: 0, order: 1 },
        { x: 0, y: 0, order: 2 },
      ],
      10,
    ),
  ).toHaveLength(2)
  expect(thinned([], 10)).toEqual([])
})
