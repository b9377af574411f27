import { expect, it } from 'vitest'
import { base64, simulateAlerts, supereventLetters } from './alerts.ts'
import { cellArea, cellCentre } from './cells.ts'

const start = new Date('2026-03-01T03:00:00Z')
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

it('the same seed and start give the same bytes, another seed others', () => {
  const [once, again, other] = [7, 7, 8].map((seed) => simulateAlerts(seed, start).map((n) => text(n.bytes)))
  expect(again).toEqual(once)
  expect(other).not.toEqual(once)
})

it('the merger is told four times, better each time, the other one is retracted, the burst told twice', () => {
  const labels = simulateAlerts(7, start).map((notice) => notice.label)
  const areas = labels
    .filter((label) => label.startsWith('MS260301a'))
    .map((label) => Number(/(\d+) deg²/.exec(label)?.[1]))
  expect(areas).toHaveLength(4)
  expect(areas).toEqual([...areas].sort((a, b) => b - a))
  expect(labels.filter((label) => label.includes('MS260301b')).at(-1)).toBe('MS260301b RETRACTION')
  expect(labels.filter((label) => label.startsWith('burst'))).toHaveLength(2)
})

it('every notice says that it is a test', () => {
  for (const { bytes, topic } of simulateAlerts(3, start)) {
    const content = JSON.parse(text(bytes)) as { superevent_id?: string; alert_tense?: string }
    expect(content.superevent_id?.startsWith('MS') || content.alert_tense === 'test').toBe(true)
    expect(topic).toMatch(/^urania\.simulated\./)
  }
})

it('superevents of a day are counted a … z, aa …, and the second of a sequence is the next', () => {
  expect([0, 25, 26, 51, 52, 702].map(supereventLetters)).toEqual(['a', 'z', 'aa', 'az', 'ba', 'aaa'])
  const labels = simulateAlerts(1, start, 'az').map((notice) => notice.label)
  expect(labels.some((label) => label.startsWith('MS260301ba PRELIMINARY'))).toBe(true)
})

it('cells of an order tile the sphere: unit centres that average to nothing, areas that sum to 4π sr within 1e-12', () => {
  for (const order of [0, 1, 3]) {
    const n = 12 * 4 ** order
    const mean = [0, 0, 0]
    for (let ipix = 0; ipix < n; ipix++) {
      const centre = cellCentre({ order, ipix })
      expect(Math.hypot(...centre)).toBeCloseTo(1, 12)
      centre.forEach((value, axis) => (mean[axis] += value / n))
    }
    expect(Math.hypot(...mean)).toBeLessThan(1e-12)
    expect(Math.abs(n * cellArea(order) - 4 * Math.PI)).toBeLessThan(1e-12)
  }
})

it('base64 agrees with the platform for every remainder', () => {
  for (const length of [0, 1, 2, 3, 255]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37) & 255)
    expect(base64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
  }
})
