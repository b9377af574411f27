import { expect, it } from 'vitest'
import { circleMap } from '#science/skymap/make.ts'
import { chartOf, type ChartRequest } from './map-chart.ts'

const map = circleMap(210, -35, 3, 0.9)
const request: ChartRequest = {
  format: 'svg',
  view: 'all-sky',
  theme: 'light',
  width: 800,
  title: 'A & B <test>',
  note: null,
  at: null,
}
const textOf = (change: Partial<ChartRequest>) =>
  new TextDecoder().decode(chartOf(map, { ...request, ...change }))

it('an SVG chart stands alone: its title is escaped, its colours are values, not variables', () => {
  const svg = textOf({})
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
  expect(svg).toContain('<title>A &amp; B &lt;test&gt;</title>')
  expect(svg).not.toContain('var(--')
})

it('Sun and Moon are drawn for the time that is asked for, and only then', () => {
  expect(textOf({})).not.toContain('Sun')
  expect(textOf({ at: '2026-01-02T03:04:05Z' })).toMatch(/Moon \d+ %/)
})

it('both views together carry name, numbers and warning', () => {
  const svg = textOf({ view: 'both', note: 'SIMULATED' })
  expect(svg).toContain('A &amp; B &lt;test&gt;')
  expect(svg).toContain('SIMULATED')
  expect(svg).toMatch(/90 %: 28\.\d deg²/)
})

it('the zoom shows a scale, the whole sky does not', () => {
  expect(textOf({ view: 'zoom' })).toMatch(/>\d+°</)
  expect(textOf({ view: 'zoom' })).not.toEqual(textOf({}))
})

it('a PNG has the width that was asked for and letters in it', () => {
  const png = Buffer.from(chartOf(map, { ...request, format: 'png' }))
  expect(png.subarray(1, 4).toString()).toBe('PNG')
  expect(png.readUInt32BE(16)).toBe(800)
  const other = chartOf(map, { ...request, format: 'png', at: '2026-01-02T03:04:05Z' })
  expect(Buffer.from(other).equals(png)).toBe(false)
})
