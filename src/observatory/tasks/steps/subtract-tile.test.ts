import { expect, it } from 'vitest'
import { standingOut } from './subtract-tile.ts'

/** A picture with σ of 1 and a peak at each fifth pixel. */
function pictureOf(peaks: readonly number[]) {
  const data = new Float32Array(5 * peaks.length)
  peaks.forEach((peak, i) => (data[5 * i + 2] = peak))
  return { plane: { width: data.length, height: 1, data }, noise: { gain: 1, rms: 1 } }
}

it('the kernel is fitted on stars that stand out of both pictures, on the best 30 where few do', () => {
  const count = 40
  const all = {
    x: Float64Array.from({ length: count }, (_, i) => 5 * i + 2.2),
    y: new Float64Array(count),
  }
  const bright = pictureOf(Array.from({ length: count }, () => 500))
  const chosen = (peaks: readonly number[]): number[] =>
    [...standingOut(all, [bright, pictureOf(peaks)]).x].map((x) => (x - 2.2) / 5).map(Math.round)
  // 35 of 40 stand out of the template.
  expect(
    chosen(Array.from({ length: count }, (_, i) => (i < 35 ? 31 : 29))).toSorted((a, b) => a - b),
  ).toEqual(Array.from({ length: 35 }, (_, i) => i))
  // None does: the 30 that do so most.
  expect(chosen(Array.from({ length: count }, (_, i) => 25 - i / 2))).toEqual(
    Array.from({ length: 30 }, (_, i) => i),
  )
})
