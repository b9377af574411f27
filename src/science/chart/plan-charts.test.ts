import { expect, it } from 'vitest'
import { altitudeChart } from './altitude-chart.ts'
import { niceStep } from './axes.ts'
import { coverageChart } from './coverage-chart.ts'
import { lightPalette, redPalette } from './palette.ts'
import { planSkyChart, planTimeline } from './plan-chart.ts'
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
