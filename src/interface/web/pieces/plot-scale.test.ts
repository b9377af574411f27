import { expect, it } from 'vitest'
import { histogramOf, scaleOf, spanOf, ticksOf } from './plot-scale.ts'

it('an axis spans what can be shown, and no more', () => {
  expect(spanOf([[1, Number.NaN, 3]], { title: 'x' })).toEqual({ from: 0.92, to: 3.08 })
  expect(spanOf([[Number.NaN]], { title: 'x' })).toBeNull()
  expect(spanOf([[5]], { title: 'x', from: 0 })).toEqual({ from: 0, to: 5.5 })
  expect(spanOf([[-1, 0, 10]], { title: 'x', log: true })).toEqual({ from: 5, to: 20 })
})

it('a place on an axis goes back to its value, reversed and logarithmic too', () => {
  for (const axis of [{ title: 'm', reversed: true }, { title: 's', log: true }, { title: 'x' }]) {
    const { at, value } = scaleOf({ from: 2, to: 200 }, axis, 40, 340)
    expect(value(at(17.3))).toBeCloseTo(17.3, 9)
    expect(at(axis.reversed ? 200 : 2)).toBeCloseTo(40, 9)
  }
})

it('ticks are round and inside, with dates for MJD', () => {
  expect(ticksOf({ from: -0.13, to: 0.12 }, { title: 'x' }, 5).map(({ text }) => text)).toEqual([
    '−0.10',
    '−0.05',
    '0.00',
    '0.05',
    '0.10',
  ])
  expect(ticksOf({ from: 61_000, to: 61_010 }, { title: 't', mjd: true }, 2)[0]?.text).toBe('2025-11-21')
  expect(ticksOf({ from: 1, to: 1e4 }, { title: 's', log: true }, 5).map(({ value }) => value)).toEqual([
    1, 10, 100, 1_000, 10_000,
  ])
})

it('values are counted in the bin that holds them', () => {
  expect([...histogramOf([0, 0.5, 1, 1.9, 2, -1], { from: 0, to: 2 }, 2)]).toEqual([2, 2])
})
