/** From pixels to magnitudes on frames whose truth is known: what the parts of calibration make of each other. */
import { describe, expect, it } from 'vitest'
import { createArena } from '#science/kernels/arena.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { simulateField } from '#science/simulate/field.ts'
import { matchSky } from '#science/sources/match.ts'
import { completenessOf } from './completeness.ts'
import { checkGain } from './detector-checks.ts'
import { extract } from '#science/image/detection/extract.ts'
import { estimateFwhm } from './fwhm.ts'
import { planInjection, recoverInjected } from './injection.ts'
import { fitNoiseModel, limitingMagnitude } from './limits.ts'
import { gaussPsf } from '#science/image/psf/psf.ts'
import { shapeOutliers } from './shape-outliers.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { fitZeroPoint } from './zero-point.ts'
import { calibrated } from './zero-point-model.ts'

const zeroPoint = 25

function measured(seed: number) {
  const field = simulateField({
    width: 1024,
    height: 1024,
    seed,
    count: 1200,
    galaxies: 0.2,
    gain: 1.5,
    cosmicRays: 60,
    zeroPoint,
    slope: 0.8,
  })
  const shop = workshopOf(createArena())
  const radius = 4.5
  const options = { threshold: 2, apertures: [radius], gain: 1.5, saturation: 60_000 }
  const { detections, measures, flags, background } = extract(field.plane, options, shop)
  const flux = measures!.fluxAper[0]
  const magnitude = flux.map((each) => -2.5 * Math.log10(each))
  const error = measures!.fluxAperErr[0].map((each, i) => (1.0857 * each) / flux[i])
  const shapes = shapeOutliers({
    x: detections.x,
    y: detections.y,
    magnitude,
    halfLightRadius: measures!.fluxRadius[0],
    fwhm: detections.fwhm,
    peak: detections.peak,
    flux: measures!.fluxAuto,
    flags,
  })
  const sky = Array.from(detections.x, (x, i) => field.wcs.toSky(x, detections.y[i]))
  const { first, second } = matchSky(
    sky.map(([ra]) => ra),
    sky.map(([, dec]) => dec),
    field.truth.ra,
    field.truth.dec,
    0.9,
  )
  return {
    ...field,
    detections,
    measures: measures!,
    flags,
    background,
    magnitude,
    error,
    shapes,
    first,
    second,
    shop,
    options,
  }
}

const frame = measured(11)

describe('a simulated frame', () => {
  const { detections, truth, first, second, magnitude, error, flags, shapes, measures } = frame
  const random = seededRandom(1)
  const pick = <T extends ArrayLike<number>>(values: T, places: Int32Array) =>
    Float64Array.from(places, (i) => values[i])
  const catalogue = Float64Array.from(second, (j) => truth.mag[j] + 0.01 * random.normal())
  const marked = flags.map((each, i) => each | (shapes.outlier[i] === 1 ? 0x800 : 0))
  const stars = {
    x: pick(detections.x, first),
    y: pick(detections.y, first),
    magnitude: pick(magnitude, first),
    error: pick(error, first),
    catalogueMagnitude: catalogue,
    catalogueError: catalogue.map(() => 0.01),
    flags: pick(marked, first),
  }
  const fit = fitZeroPoint(stars, { width: 1024, height: 1024 })

  it('has its zero point less what a circle misses of a Moffat star, to 0.01 mag, with errors near to the stated', () => {
    // Of a Moffat profile with β = 3 a circle of radius r holds 1 − (1 + r²/α²)^−2; FWHM 3 is α = 2.942.
    const held = 1 - (1 + (4.5 / 2.942) ** 2) ** -2
    expect(Math.abs(fit.model.coefficients[0] - (zeroPoint + 2.5 * Math.log10(held)))).toBeLessThan(0.01)
    expect(fit.model.errorScale).toBeLessThan(1.5)
    expect(fit.model.stars.used).toBeGreaterThan(300)
  })

  it('gives stars their magnitudes: pulls, those of crowded stars too, are normal within 25 %', () => {
    const { magnitude: found, error: sigma } = calibrated(fit.model, stars)
    const pulls = Array.from(found.keys())
      .filter((k) => stars.flags[k] === 0 && truth.galaxy[second[k]] === 0)
      .map((k) => (found[k] - truth.mag[second[k]]) / sigma[k])
      .sort((a, b) => a - b)
    const [low, middle, high] = [0.1587, 0.5, 0.8413].map((share) => pulls[Math.floor(share * pulls.length)])
    expect(Math.abs(middle)).toBeLessThan(0.2)
    expect(Math.abs((high - low) / 2 - 1)).toBeLessThan(0.25)
  })

  it('has its FWHM to 5 %, and a gain that its noise does not contradict', () => {
    const found = estimateFwhm({
      fwhm: measures.fluxRadius[0].map((each) => 2 * each),
      snr: error.map((each) => 1.0857 / each),
      flags: marked,
    })!
    // Twice the half-light radius of a Moffat star of FWHM 3 and β = 3 is 3.79 px (α √(√2 − 1) = 1.894).
    expect(Math.abs(found.fwhm / 3.79 - 1)).toBeLessThan(0.05)
    expect(
      checkGain({ level: frame.background.level, rms: frame.background.rms, gain: 1.5, readNoise: 8 })
        .verdict,
    ).toBe('consistent')
  })

  it('marks cosmic rays and galaxies by their shape, and few bright stars', () => {
    const known = new Map(Array.from(first, (i, k) => [i, second[k]]))
    const bright = Array.from(detections.x.keys()).filter((i) => error[i] < 0.03 && flags[i] === 0)
    const star = bright.filter((i) => known.has(i) && truth.galaxy[known.get(i)!] === 0)
    const galaxy = bright.filter((i) => known.has(i) && truth.galaxy[known.get(i)!] === 1)
    const share = (list: number[]) => list.filter((i) => shapes.outlier[i] === 1).length / list.length
    expect(share(star)).toBeLessThan(0.06)
    expect(share(galaxy)).toBeGreaterThan(0.7)
  })

  it('is as deep by the noise of its sources as by artificial stars, to 0.35 mag', async () => {
    const model = fitNoiseModel({
      magnitude: calibrated(fit.model, stars).magnitude,
      snr: stars.error.map((each) => 1.0857 / each),
      flags: stars.flags,
    })
    const limit = limitingMagnitude(model, 5)
    const plan = planInjection({
      width: 1024,
      height: 1024,
      brightest: limit - 2,
      faintest: limit + 2,
      zeroPoint,
      count: 240,
      seed: 3,
      apart: 14,
    })
    const search = (plane: typeof frame.plane) => {
      const found = frame.shop.arena.during(() => extract(plane, frame.options, frame.shop))
      const flux = found.measures!.fluxAper[0]
      const sure = Array.from(flux.keys()).filter((i) => flux[i] > 5 * found.measures!.fluxAperErr[0][i])
      return {
        x: sure.map((i) => found.detections.x[i]),
        y: sure.map((i) => found.detections.y[i]),
        flux: sure.map((i) => flux[i]),
      }
    }
    const result = await recoverInjected(
      frame.plane,
      plan,
      { radius: 2, psf: gaussPsf(3), gain: 1.5 },
      search,
    )
    const { limit50 } = completenessOf(result.magnitude, result.found)
    expect(Math.abs(limit50!.magnitude - limit)).toBeLessThan(0.35)
  })
})
