import { expect, it } from 'vitest'
import { simulatePair } from '#science/simulate/field-pair.ts'
import { createArena } from '#science/kernels/arena.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { subtract } from './al98.ts'
import type { Difference, SubtractInput } from './options.ts'
import { whiten } from './whiten.ts'

const size = 256
const gain = 1.5
const readNoise = 8

/** Correlation of neighbours, and scatter over the noise, of the pixels that may be used and lie away from what is new. */
function judged(
  { difference: { data }, noise, mask }: Difference,
  there: { x: Float64Array; y: Float64Array },
): { along: number; pull: number } {
  let [products, squares, pairs, pulls, count] = [0, 0, 0, 0, 0]
  for (let y = 20; y < size - 20; y++)
    for (let x = 20; x < size - 20; x++) {
      const i = y * size + x
      if (mask.data[i] !== 0 || mask.data[i + 1] !== 0) continue
      if (there.x.some((at, k) => Math.hypot(x - at, y - there.y[k]!) < 25)) continue
      const [a, b] = [data[i]! / noise.data[i]!, data[i + 1]! / noise.data[i + 1]!]
      if (Math.abs(a) > 5 || Math.abs(b) > 5) continue
      products += a * b
      squares += (a * a + b * b) / 2
      pairs++
      pulls += a * a
      count++
    }
  return { along: products / pairs / (squares / pairs), pull: Math.sqrt(pulls / count) }
}

it.each([
  ['template', 2.4, 4],
  ['science', 4, 2.4],
] as const)(
  'with the %s convolved neighbours are correlated by less than 0.03, pixels scatter by their noise within 4 %%, fluxes stay within 3 %%',
  (direction, before, now) => {
    const pair = simulatePair({
      field: { width: size, height: size, seed: 5, count: 60, gain, readNoise, badColumns: 1 },
      template: { psf: { fwhm: before }, sky: direction === 'template' ? 3000 : 300 },
      science: { psf: { fwhm: now }, sky: direction === 'science' ? 3000 : 300 },
      appeared: 2,
      vanished: 0,
      transientFlux: [300_000, 300_000],
    })
    const input = (which: 'science' | 'template'): SubtractInput => ({
      plane: pair[which].plane,
      mask: pair[which].defects,
      noise: { gain, readNoise },
    })
    const workshop = workshopOf(createArena())
    const [science, template] = [input('science'), input('template')]
    const result = subtract(science, template, { direction, noiseFor: 'pixels' }, workshop)
    expect(judged(result, pair.transients).along).toBeGreaterThan(0.1)
    const filter = whiten(science, template, result, workshop)
    const { along, pull } = judged(result, pair.transients)
    expect(Math.abs(along)).toBeLessThan(0.03)
    expect(Math.abs(pull - 1)).toBeLessThan(0.04)
    expect(filter.data.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 9)
    const { transients } = pair
    for (let k = 0; k < transients.rows; k++) {
      let flux = 0
      for (let v = -12; v <= 12; v++)
        for (let u = -12; u <= 12; u++)
          flux +=
            result.difference.data[
              (Math.round(transients.y[k]!) + v) * size + Math.round(transients.x[k]!) + u
            ]!
      expect(Math.abs(flux / transients.flux[k]! - 1)).toBeLessThan(0.03)
    }
  },
)

it('what comes without its kernel is refused', () => {
  const plane = { width: 2, height: 2, data: new Float32Array(4) }
  const mask = { width: 2, height: 2, data: new Uint8Array(4) }
  const result = {
    method: 'zogy',
    difference: plane,
    noise: plane,
    mask,
    direction: 'template',
  } as Difference
  expect(() => whiten({ plane }, { plane }, result, workshopOf(createArena()))).toThrow(
    'sub_decorrelate=false',
  )
})
