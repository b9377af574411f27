import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import type { Plane } from '#science/image/plane.ts'
import { maskBits } from '#science/image/plane.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { createArena } from '#science/kernels/arena.ts'
import { simulateField } from '#science/simulate/field.ts'
import { dataFile } from '#test/data.ts'
import { caseOf, hotpants, runHotpants } from '#test/hotpants.ts'
import { judgedOf, median, score } from '#test/yardstick.ts'
import { subtract } from './al98.ts'
import { kernelAt } from './model.ts'
import type { SubtractInput } from './options.ts'

const workshop = createWorkshop({ hands: 2 })
afterAll(() => workshop.close())
const basis = { halfWidth: 10, widths: [0.7, 1.5, 3], degrees: [6, 4, 2] }
const folder = dataFile('imaging', 'reference')

describe('seeded pairs', () => {
  for (const name of ['shifted', 'saturated']) {
    it(`a ${name} pair: kernel sum within 0.4 %, fluxes within 1 % and two standard errors, pulls 0.9–1.15 σ where nothing changed, all above S/N 7 found`, () => {
      const the = caseOf(name, 640, 5)
      const ours = subtract(the.science, the.template, { convolved: true }, workshop)
      const judged = judgedOf(ours.difference, ours.noise, ours.mask, ours.fluxScale)
      const s = score(the, judged, ours.noise.data)
      expect(ours.direction).toBe('template')
      expect(Math.abs(s.kernelSum - 1)).toBeLessThan(0.004)
      expect(Math.abs(s.fluxRatio - 1)).toBeLessThan(0.01 + 2 * s.fluxRatioError)
      expect(s.quiet).toBeGreaterThan(0.9)
      expect(s.quiet).toBeLessThan(1.15)
      expect(s.completeness).toBe(1)
      expect(s.fading).toBe(1)
      expect(s.purity).toBeGreaterThan(0.9)
      for (const residual of s.residuals) if (residual !== null) expect(residual).toBeLessThan(1.15)
      expect(ours.diagnostics.chi2.heldOut).toBeLessThan(1.2)
    })
  }

  it('a vanished star spoils no others: of 56 stars at most 5 are left out, fluxes within 2 σ rms', () => {
    const the = caseOf('sparse', 512, 5)
    const ours = subtract(the.science, the.template, { direction: 'template', basis }, workshop)
    expect(ours.diagnostics.stamps.fit).toBeGreaterThan(50)
    expect(ours.diagnostics.stamps.rejected).toBeLessThanOrEqual(5)
    const judged = judgedOf(ours.difference, ours.noise, ours.mask, ours.fluxScale)
    expect(score(the, judged, ours.noise.data).fluxScatter).toBeLessThan(2)
  })

  it('a kernel that does not vary is found not to, though it may: Σ K² at the corners within 8 % of the middle', () => {
    const the = caseOf('sparse', 640, 6)
    const { kernel } = subtract(the.science, the.template, { direction: 'template', basis }, workshop)
    const corners = [20, 619].flatMap((x) => [20, 619].map((y) => kernelAt(kernel, x, y)))
    const noise = corners.map((k) => k.reduce((sum, value) => sum + value * value, 0))
    const middle = kernelAt(kernel, 319.5, 319.5).reduce((sum, value) => sum + value * value, 0)
    for (const value of noise) expect(Math.abs(value / middle - 1)).toBeLessThan(0.08)
  })

  it('the kernel sum comes with its error: off by less than 3 of it, and few stars are said', () => {
    for (const [size, seed] of [
      [200, 1],
      [256, 1],
      [320, 3],
    ]) {
      const { science, template } = caseOf('sparse', size, seed)
      const options = { direction: 'template', basis } as const
      const { fluxScale, diagnostics } = subtract(science, template, options, workshop)
      const error = diagnostics.kernelSum.error ?? NaN
      expect(error).toBeGreaterThan(0.001)
      expect(error).toBeLessThan(0.02)
      expect(Math.abs(fluxScale - 1.25)).toBeLessThan(3 * error)
      expect(diagnostics.notes.some((note) => note.startsWith('The flux scale is known to'))).toBe(size < 300)
    }
  })

  it('the background is that of the sky, not of the darker pixels: median of the difference within 0.02 σ on two pairs', () => {
    const medians = [1, 3].map((seed) => {
      const { science, template } = caseOf('gradient', 448, seed)
      const d = subtract(science, template, { direction: 'template', noiseFor: 'pixels' }, workshop)
      return median(
        [...d.difference.data].map((v, i) => v / d.noise.data[i]).filter((_, i) => d.mask.data[i] === 0),
      )
    })
    for (const value of medians) expect(Math.abs(value)).toBeLessThan(0.02)
    // A Poisson distribution's median lies 0.005 σ below its mean here.
    expect(Math.abs(medians[0] + medians[1]) / 2).toBeLessThan(0.012)
  })

  it('a sharper science frame is the one convolved, and the result is on its flux scale: sum within 0.4 %', () => {
    const the = caseOf('sparse', 640, 6)
    const swapped = subtract(the.template, the.science, {}, workshop)
    expect(swapped.direction).toBe('science')
    expect(Math.abs(swapped.fluxScale * 1.25 - 1)).toBeLessThan(0.004)
    const { transients } = the.pair
    const ratios: number[] = []
    for (let i = 0; i < transients.rows; i++) {
      if (Math.abs(transients.flux[i]) < 5000) continue
      ratios.push(around(swapped.difference, transients.x[i], transients.y[i]) / (-transients.flux[i] / 1.25))
    }
    expect(Math.abs(median(ratios) - 0.98)).toBeLessThan(0.06)
  })

  it('several hands and one, compiled and plain, agree within 0.05 ADU', () => {
    const the = caseOf('edges', 200, 7)
    const options = { direction: 'template', basis: { halfWidth: 6 }, stamps: { most: 20 } } as const
    const many = subtract(the.science, the.template, options, workshop)
    const plain = subtract(the.science, the.template, options, workshopOf(createArena()))
    let worst = 0
    many.difference.data.forEach((value, i) => {
      expect(Number.isNaN(value)).toBe(Number.isNaN(plain.difference.data[i]))
      if (many.mask.data[i] === 0) worst = Math.max(worst, Math.abs(value - plain.difference.data[i]))
    })
    expect(worst).toBeLessThan(0.05)
    expect([...many.mask.data]).toEqual([...plain.mask.data])
  })
})

describe.skipIf(!hotpants)('beside HOTPANTS (needs hotpants)', () => {
  // The other kinds of pairs: scripts/compare-hotpants.ts.
  it('on a saturated pair residuals, scatter and purity are at least as good', () => {
    const the = caseOf('saturated', 768, 8)
    const ours = subtract(the.science, the.template, { direction: 'template', basis }, workshop)
    const own = judgedOf(ours.difference, ours.noise, ours.mask, ours.fluxScale)
    const theirs = runHotpants(the)
    const both = own.usable.map((value, i) => value & theirs.usable[i])
    const [mine, other] = [own, theirs].map((each) => score(the, each, ours.noise.data, both))
    expect(mine.purity).toBeGreaterThanOrEqual(other.purity)
    expect(mine.completeness).toBeGreaterThanOrEqual(other.completeness)
    // A dozen transients share all but the kernels' noise.
    expect(mine.fluxScatter).toBeLessThan(1.05 * other.fluxScatter)
    mine.residuals.forEach((value, i) => {
      if (value !== null) expect(value).toBeLessThan(1.01 * (other.residuals[i] ?? Infinity))
    })
  }, 120_000)
})

describe.skipIf(!folder)('the simulated reference pair (needs shared test data)', () => {
  const load = (name: string): Plane => {
    const { hdus, bytes } = openFits(readFileSync(`${folder}/${name}.fits`))
    const { shape, data } = readImage(bytes, hdus[0])
    return { width: shape[0], height: shape[1], data: Float32Array.from(data as Float32Array) }
  }

  it('kernel sum 1.25 ± 0.005, all 25 changes at S/N > 5, < 1 false, median flux within 1 %, pull σ 0.9–1.2', () => {
    const input = (name: string): SubtractInput => ({
      plane: load(name),
      noise: { gain: 1.5 },
      saturation: 60_000,
    })
    // As the reference figures were taken: circles of 1.5 FWHM, the noise of single pixels.
    const options = { noiseFor: 'pixels' } as const
    const d = subtract(input('synth-science'), input('synth-template'), options, workshop)
    expect(Math.abs(d.fluxScale - 1.25)).toBeLessThan(0.005)
    const truth = readFileSync(`${folder}/synth-truth.csv`, 'utf8')
      .split('\n')
      .map((line) => line.split(','))
      .filter(([kind]) => kind && kind !== 'kind' && kind !== 'star')
      .map(([kind, x, y, template, science]) => ({
        x: Number(x),
        y: Number(y),
        flux: kind === 'gone' ? -1.25 * Number(template) : Number(science),
      }))
    expect(truth).toHaveLength(25)
    // A Gaussian has all but 2^−9 of itself in there.
    const measured = truth.map(({ x, y, flux }) => ({ flux, ...circle(d, x, y, 1.5 * 4.4) }))
    const ratios = measured.map(({ sum, flux }) => sum / flux / (1 - 2 ** -9))
    expect(Math.abs(median(ratios) - 1)).toBeLessThan(0.01)
    expect(measured.every(({ sum, error, flux }) => (sum * Math.sign(flux)) / error > 5)).toBe(true)
    const pulls = measured.map(({ sum, error, flux }) => (sum / (1 - 2 ** -9) - flux) / error)
    const mean = pulls.reduce((a, b) => a + b, 0) / pulls.length
    const sigma = Math.sqrt(pulls.reduce((a, b) => a + (b - mean) ** 2, 0) / (pulls.length - 1))
    expect(sigma).toBeGreaterThan(0.9)
    expect(sigma).toBeLessThan(1.2)
    const { width, height } = d.difference
    let wrong = 0
    for (let y = 20; y < height - 20; y += 4) {
      for (let x = 20; x < width - 20; x += 4) {
        if (truth.some((t) => Math.hypot(t.x - x, t.y - y) < 15)) continue
        const { sum, error } = circle(d, x, y, 4.4)
        if (Math.abs(sum) > 5 * error) wrong++
      }
    }
    expect(wrong).toBe(0)
  }, 120_000)
})

describe('hostile input', () => {
  const field = (seed: number, more = {}) =>
    simulateField({ width: 128, height: 128, count: 40, seed, galaxies: 0, ...more })
  const run = (science: SubtractInput, template: SubtractInput, options = {}) =>
    subtract(science, template, options, workshop)

  it('identical frames give a difference of nothing', () => {
    const { plane } = field(1)
    const d = run({ plane }, { plane })
    expect(Math.abs(d.fluxScale - 1)).toBeLessThan(5e-3)
    const worst = d.difference.data.reduce(
      (most, value, i) => Math.max(most, d.mask.data[i] === 0 ? Math.abs(value) : 0),
      0,
    )
    // The sky's noise is 24 ADU.
    expect(worst).toBeLessThan(10)
  })

  it('frames of different sizes, without a usable pixel, or without common stars are refused with a remedy', () => {
    const { plane } = field(2)
    const small = { width: 64, height: 64, data: new Float32Array(64 * 64) }
    const all = { width: 128, height: 128, data: new Uint8Array(128 * 128).fill(1) }
    const flat = { ...plane, data: new Float32Array(128 * 128).fill(100) }
    const empty = { ...plane, data: new Float32Array(128 * 128).fill(NaN) }
    expect(() => run({ plane }, { plane: small })).toThrow('bring it to the same grid')
    expect(() => run({ plane }, { plane, mask: all })).toThrow('has no usable pixel')
    expect(() => run({ plane: empty }, { plane })).toThrow('science frame has no usable pixel')
    expect(() => run({ plane }, { plane: flat })).toThrow('No star stands out in both frames')
    expect(() => run({ plane }, { plane: field(2, { count: 0 }).plane })).toThrow('No star stands out')
    expect(() => run({ plane }, { plane }, { positions: { x: [], y: [] } })).toThrow('No star')
  })

  it('a template that would have to be turned round is refused: its stars are not those of the frame', () => {
    const { plane, truth } = field(2)
    const holes = { ...plane, data: plane.data.map((value) => 2000 - value) }
    expect(() => run({ plane }, { plane: holes }, { positions: truth, direction: 'template' })).toThrow(
      'do not show the same stars',
    )
  })

  it('a border without values stays without, is masked, and does not reach inwards further than the kernel', () => {
    const [science, template] = [field(3), field(3, { psf: { fwhm: 2.4 } })]
    for (const { plane } of [science, template]) {
      for (let i = 0; i < plane.data.length; i++) if (i % 128 < 20) plane.data[i] = NaN
    }
    const d = run({ plane: science.plane }, { plane: template.plane })
    expect(d.difference.data[64 * 128 + 5]).toBeNaN()
    expect(d.mask.data[64 * 128 + 5] & maskBits.invalid).toBe(maskBits.invalid)
    for (let x = 20 + d.kernel.halfWidth; x < 127 - d.kernel.halfWidth; x++) {
      expect(d.difference.data[64 * 128 + x]).not.toBeNaN()
      expect(d.mask.data[64 * 128 + x]).toBe(0)
    }
  })

  it('tiny frames are done with a small kernel, which is said, or refused', () => {
    const tiny = { width: 32, height: 32, count: 0, stars: [{ x: 15.2, y: 16.3, flux: 3e4 }] }
    const [science, template] = [simulateField(tiny), simulateField({ ...tiny, psf: { fwhm: 2.4 }, seed: 3 })]
    const d = run({ plane: science.plane }, { plane: template.plane })
    expect(d.diagnostics.notes.join(' ')).toContain('the frame is small')
    expect(Number.isFinite(d.fluxScale)).toBe(true)
    const grain = { width: 3, height: 3, data: new Float32Array(9).fill(5) }
    expect(() => run({ plane: grain }, { plane: grain })).toThrow('No star')
  })
})

function around({ width, data }: Plane, x: number, y: number): number {
  let sum = 0
  for (let v = -7; v <= 7; v++) {
    for (let u = -7; u <= 7; u++) sum += data[(Math.round(y) + v) * width + Math.round(x) + u]
  }
  return sum
}

/** Sum over a circle, pixels cut by it by 10 × 10 points. */
function circle(
  { difference: { width, data }, noise }: { difference: Plane; noise: Plane },
  x: number,
  y: number,
  radius: number,
): { sum: number; error: number } {
  const h = Math.ceil(radius) + 1
  let [sum, variance] = [0, 0]
  for (let py = Math.round(y) - h; py <= Math.round(y) + h; py++) {
    for (let px = Math.round(x) - h; px <= Math.round(x) + h; px++) {
      let inside = 0
      for (let k = 0; k < 100; k++) {
        const [dx, dy] = [px - 0.45 + 0.1 * (k % 10) - x, py - 0.45 + 0.1 * Math.floor(k / 10) - y]
        if (dx * dx + dy * dy < radius * radius) inside++
      }
      sum += (inside / 100) * data[py * width + px]
      variance += (inside / 100) * noise.data[py * width + px] ** 2
    }
  }
  return { sum, error: Math.sqrt(variance) }
}
