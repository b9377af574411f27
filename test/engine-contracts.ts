/** What an engine has to hold to, port by port: work on simulated frames, and how near its result must be to the built-in one's. */
import { expect } from 'vitest'
import { sipWcs, tanWcs } from '#science/fits/wcs/make.ts'
import type { WcsTerms } from '#science/fits/wcs/terms.ts'
import { wcsOf, type Wcs } from '#science/fits/wcs/wcs.ts'
import { plateWcs } from '#science/image/astrometry/plate-wcs.ts'
import { starsWithin } from '#science/image/astrometry/stars.ts'
import { maskBits } from '#science/image/plane.ts'
import { psfAt } from '#science/image/psf/psf.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { simulateField } from '#science/simulate/field.ts'
import { seededRandom } from '#science/simulate/random.ts'
import type { PortName, Ports, RefineWork, SolveWork } from '#observatory/tasks/engines/port.ts'
import { shippedIndex } from '#observatory/tasks/solver/indexes.ts'
import { readFileSync } from 'node:fs'
import { unpackStars } from '#science/image/astrometry/stars.ts'
import { caseOf } from './hotpants.ts'
import { median } from './yardstick.ts'

type Run<P extends PortName> = (work: Ports[P]['work']) => Promise<Ports[P]['result']>
type Check<P extends PortName> = (run: Run<P>, builtin: Run<P>, workshop: Workshop) => Promise<void>

export const contracts: { [P in PortName]: Record<string, Check<P>> } = {
  detection: {
    'finds ≥ 99 % of unflagged sources within 0.2 px, AUTO and aperture fluxes within 0.5 %': async (
      run,
      builtin,
      workshop,
    ) => {
      const ours = await builtin(works.detection(workshop))
      const theirs = await run(works.detection(workshop))
      const [m, o] = [theirs.measures!, ours.measures!]
      const near = nearest(theirs.detections, ours.detections, 20)
      const bright = [...ours.flags.keys()].filter(
        (i) => ours.flags[i] === 0 && o.fluxAuto[i] > 10 * o.fluxAutoErr[i],
      )
      expect(bright.length).toBeGreaterThan(100)
      const pairs = bright.filter((i) => near[i].distance < 0.2).map((i) => [i, near[i].row] as const)
      expect(pairs.length / bright.length).toBeGreaterThanOrEqual(0.99)
      const ratio = (a: ArrayLike<number>, b: ArrayLike<number>) => median(pairs.map(([i, j]) => b[j] / a[i]))
      expect(Math.abs(ratio(o.fluxAuto, m.fluxAuto) - 1)).toBeLessThan(0.005)
      expect(Math.abs(ratio(o.fluxAper[0], m.fluxAper[0]) - 1)).toBeLessThan(0.005)
      expect(Math.abs(ratio(o.fluxAperErr[0], m.fluxAperErr[0]) - 1)).toBeLessThan(0.05)
      expect(Math.abs(ratio(o.fluxRadius[0], m.fluxRadius[0]) - 1)).toBeLessThan(0.02)
      expect(Math.abs(ratio(ours.detections.fwhm, theirs.detections.fwhm) - 1)).toBeLessThan(0.02)
      const same = pairs.filter(([, j]) => theirs.flags[j] === 0).length
      expect(same / pairs.length).toBeGreaterThan(0.95)
      // Rows own the pixels of the map that say so.
      const { x, y, xPeak, yPeak } = theirs.detections
      for (let j = 0; j < theirs.detections.rows; j++) {
        const at = yPeak[j] * theirs.subtracted.width + xPeak[j]
        expect(theirs.segmentation[at]).toBe(j + 1)
        expect(Math.hypot(x[j] - xPeak[j], y[j] - yPeak[j])).toBeLessThan(30)
      }
      // Nothing lies on what is masked.
      const { data } = works.detection(workshop).options.mask!
      expect(theirs.segmentation.some((label, i) => label > 0 && data[i] === maskBits.invalid)).toBe(false)
    },
  },
  psf: {
    'draws stars within 3 % of their true peak, FWHM within 3 %, fluxes within 2 %': async (run, builtin) => {
      const task = works.psf()
      const [ours, theirs] = [await builtin(task), await run(task)]
      const side = task.plane.width
      for (const [x, y] of [
        [200, 200],
        [60.3, 340.2],
        [330.5, 70.5],
      ]) {
        const truth = star(side, x, y)
        const drawn = psfAt(theirs.psf, x, y)
        let [peak, worst] = [0, 0]
        drawn.values.forEach((value, i) => {
          const right = truth[(drawn.y0 + Math.floor(i / drawn.side)) * side + drawn.x0 + (i % drawn.side)]
          peak = Math.max(peak, right)
          worst = Math.max(worst, Math.abs(value - right))
        })
        expect(worst / peak).toBeLessThan(0.03)
      }
      expect(Math.abs(theirs.psf.fwhm / ours.psf.fwhm - 1)).toBeLessThan(0.03)
      const ratios = [...ours.flux.keys()]
        .filter((i) => ours.used[i] && theirs.used[i])
        .map((i) => theirs.flux[i] / ours.flux[i])
      expect(Math.abs(median(ratios) - 1)).toBeLessThan(0.02)
      expect(theirs.used.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(20)
    },
  },
  refine: {
    'gives the same WCS within 0.2 px, truth within 0.1 px': async (run, builtin) => {
      const task = works.refine()
      const [ours, theirs] = [await builtin(task), await run(task)]
      const truth = distorted()
      expect(apart(wcsOf(theirs!.terms), wcsOf(ours!.terms), task)).toBeLessThan(0.2)
      expect(apart(wcsOf(theirs!.terms), truth, task)).toBeLessThan(0.1)
      expect(Math.abs(theirs!.stars / ours!.stars - 1)).toBeLessThan(0.1)
      expect(theirs!.rmsPx).toBeLessThan(0.2)
    },
  },
  solve: {
    'gives the same position within 0.5 px of the frame’s size': async (run, builtin) => {
      const task = works.solve()
      const [ours, theirs] = [await builtin(task), await run(task)]
      const [a, b] = [plateWcs(ours.solution), plateWcs(theirs.solution)]
      expect(apart(b, a, task)).toBeLessThan(0.5)
      expect(apart(b, wide(), task)).toBeLessThan(0.5)
      expect(theirs.solution.parity).toBe(ours.solution.parity)
      expect(theirs.solution.pixelScaleArcsec / ours.solution.pixelScaleArcsec).toBeCloseTo(1, 3)
      expect(Math.abs(theirs.solution.positionAngleDeg - ours.solution.positionAngleDeg)).toBeLessThan(0.1)
      expect(theirs.solution.matches.length).toBeGreaterThan(10)
      expect(theirs.solution.rmsPx).toBeLessThan(1)
      const { detection, ra, dec } = theirs.solution.matches[0]
      const [px, py] = wide().skyToPixel(ra, dec)!
      expect(Math.hypot(px - task.x[detection], py - task.y[detection])).toBeLessThan(1)
    },
  },
  warp: {
    'puts stars where they belong: pixels within 1 % of a star’s peak, sums within 0.2 %': async (
      run,
      builtin,
      workshop,
    ) => {
      const task = works.warp(workshop)
      const [ours, theirs] = [await builtin(task), await run(task)]
      const [a, b] = [ours.plane.data, theirs.plane.data]
      let [peak, worst, sumA, sumB, both, either] = [0, 0, 0, 0, 0, 0]
      for (let i = 0; i < a.length; i++) {
        if (Number.isFinite(a[i]) || Number.isFinite(b[i])) either++
        if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) continue
        both++
        peak = Math.max(peak, a[i])
        worst = Math.max(worst, Math.abs(a[i] - b[i]))
        sumA += a[i]
        sumB += b[i]
      }
      expect(both / either).toBeGreaterThan(0.95)
      expect(worst / peak).toBeLessThan(0.01)
      expect(Math.abs(sumB / sumA - 1)).toBeLessThan(0.002)
      for (let i = 0; i < b.length; i++)
        expect(Number.isNaN(b[i])).toBe((theirs.mask.data[i] & maskBits.outside) !== 0)
    },
  },
  subtraction: {
    'gives the kernel sum within 0.5 %, fluxes of transients within 3 %, blanks as NaN with a mask': async (
      run,
      builtin,
      workshop,
    ) => {
      const task = works.subtraction(workshop)
      const { pair, fluxScale } = theCase()
      const [ours, theirs] = [await builtin(task), await run(task)]
      expect(theirs.direction).toBe('template')
      expect(Math.abs(theirs.fluxScale / fluxScale - 1)).toBeLessThan(0.005)
      expect(Math.abs(theirs.fluxScale / ours.fluxScale - 1)).toBeLessThan(0.005)
      const { transients } = pair
      const ratios: number[] = []
      for (let i = 0; i < transients.rows; i++) {
        if (Math.abs(transients.flux[i]) < 8_000) continue
        const [x, y] = [transients.x[i], transients.y[i]]
        const [a, b] = [around(ours.difference, x, y), around(theirs.difference, x, y)]
        if (Number.isFinite(a) && Number.isFinite(b)) ratios.push(b / a)
      }
      expect(ratios.length).toBeGreaterThan(3)
      expect(Math.abs(median(ratios) - 1)).toBeLessThan(0.03)
      let [usable, sum] = [0, 0]
      for (let i = 0; i < theirs.mask.data.length; i++) {
        expect(Number.isNaN(theirs.difference.data[i])).toBe(theirs.mask.data[i] !== 0)
        if (theirs.mask.data[i] !== 0) continue
        usable++
        sum += Math.min(25, (theirs.difference.data[i] / theirs.noise.data[i]) ** 2)
      }
      expect(usable / theirs.mask.data.length).toBeGreaterThan(0.7)
      expect(Math.sqrt(sum / usable)).toBeGreaterThan(0.8)
      expect(Math.sqrt(sum / usable)).toBeLessThan(1.3)
    },
  },
}

/** Work for a port. */
export function work<P extends PortName>(port: P, workshop: Workshop): Ports[P]['work'] {
  return works[port](workshop) as Ports[P]['work']
}

const works = {
  detection: (workshop: Workshop): Ports['detection']['work'] => {
    const { plane, defects } = simulateField({
      width: 420,
      height: 400,
      count: 400,
      seed: 11,
      badColumns: 2,
      cosmicRays: 5,
      gradient: [60, -30],
    })
    return {
      plane,
      options: {
        mask: defects,
        background: { mesh: 64 },
        threshold: 2,
        minArea: 5,
        gain: 1,
        saturation: 60_000,
        neighbours: 'none',
        apertures: [3, 5],
        windowed: true,
        variable: true,
      },
      workshop,
    }
  },
  psf: (): Ports['psf']['work'] => {
    const { plane, truth } = simulateField({
      width: 400,
      height: 400,
      seed: 3,
      count: 60,
      galaxies: 0,
      faintest: 20_000,
      brightest: 2e5,
      sky: 0,
      readNoise: 8,
      psf: { fwhm: 3.2 },
    })
    return {
      plane,
      x: truth.x,
      y: truth.y,
      options: { fwhm: 3.2, degree: 0, noise: 8, gain: 1, neighbours: truth },
    }
  },
  refine: (): RefineWork => {
    const random = seededRandom(5)
    const [width, height] = [1000, 900]
    const truth = distorted()
    const [x, y, flux] = [0, 1, 2].map(() => [] as number[])
    const [ra, dec, mag] = [0, 1, 2].map(() => [] as number[])
    for (let i = 0; i < 500; i++) {
      const [px, py] = [random.uniform() * width, random.uniform() * height]
      const [lon, lat] = truth.pixelToSky(px, py)
      const m = 12 + 5 * Math.sqrt(random.uniform())
      ra.push(lon)
      dec.push(lat)
      mag.push(m)
      if (random.uniform() < 0.1) continue
      x.push(px + 0.05 * random.normal())
      y.push(py + 0.05 * random.normal())
      flux.push(10 ** (0.4 * (22 - m)))
    }
    const terms: WcsTerms = {
      ...tanWcs({ ...tangent, crval: [tangent.crval[0] + 2e-4, tangent.crval[1] - 3e-4] }).terms,
    }
    return {
      terms,
      x: Float64Array.from(x),
      y: Float64Array.from(y),
      flux: Float64Array.from(flux),
      fluxErr: Float64Array.from(flux, (value) => 2 + Math.sqrt(value)),
      ra: Float64Array.from(ra),
      dec: Float64Array.from(dec),
      mag: Float64Array.from(mag),
      width,
      height,
      jitterPx: 0.7,
      errorPx: 15,
      order: 3,
    }
  },
  solve: (): SolveWork => {
    const random = seededRandom(9)
    const [width, height] = [1200, 1000]
    const stars = unpackStars(new Uint8Array(readFileSync(shippedIndex)))
    const near = starsWithin(stars, 83, 20, 9)
    const places = wide().skyToPixels(near.ra, near.dec)
    const rows = [...near.ra.keys()]
      .filter((i) => places.x[i] > 0 && places.y[i] > 0 && places.x[i] < width && places.y[i] < height)
      .filter(() => random.uniform() > 0.1)
      .slice(0, 150)
    return {
      x: Float64Array.from(rows, (i) => places.x[i] + 0.2 * random.normal()),
      y: Float64Array.from(rows, (i) => places.y[i] + 0.2 * random.normal()),
      flux: Float64Array.from(rows, (i) => 10 ** (-0.4 * near.mag[i])),
      width,
      height,
      indexes: [shippedIndex],
      hints: { widthDeg: [8, 13] },
      order: 2,
      seconds: 60,
    }
  },
  warp: (workshop: Workshop): Ports['warp']['work'] => {
    const [width, height] = [260, 240]
    const { plane } = simulateField({
      width,
      height,
      seed: 21,
      count: 60,
      galaxies: 0,
      noise: false,
      sky: 0,
      wings: 1e-4,
      psf: { fwhm: 4 },
      saturation: Infinity,
    })
    const mask = { width, height, data: new Uint8Array(width * height) }
    for (let y = 0; y < height; y++) mask.data[y * width + 100] = maskBits.invalid
    const scale = 2e-4
    const place = { crval: [150, 2], crpix: [130, 120] } as const
    const a = { order: 2, coefficients: [0, 0, 4e-5, 0, -3e-5, 0, 2e-5, 0, 0] }
    const wcs = sipWcs({ ...place, cd: [-scale, 1e-5, 1e-5, scale] }, a, a)
    const target = tanWcs({ ...place, crpix: [125.4, 122.7], cd: [-scale, 0, 0, scale] })
    return {
      input: { plane, wcs, mask },
      target: { wcs: target, width: 250, height: 250 },
      conserve: 'flux',
      workshop,
    }
  },
  subtraction: (workshop: Workshop): Ports['subtraction']['work'] => {
    const { science, template } = theCase()
    const flat = (input: typeof science, level: number): typeof science => ({
      ...input,
      plane: { ...input.plane, data: input.plane.data.map((value) => value - level) },
      noise: { gain: 1.5, rms: Math.sqrt(level / 1.5 + (8 / 1.5) ** 2), level: 0 },
    })
    return {
      science: { ...flat(science, 500), fwhm: 3.6 },
      template: { ...flat(template, 300), fwhm: 2.6 },
      options: { kernelOrder: 0, backgroundOrder: 0, noiseFor: 'pixels', direction: 'template' },
      workshop,
    }
  },
} satisfies { [P in PortName]: (workshop: Workshop) => Ports[P]['work'] }

const theCase = () => caseOf('crowded', 512, 5)

const tangent = {
  crval: [210.5, -33.2],
  crpix: [499.5, 449.5],
  cd: [-1.9e-4, 3e-5, 3e-5, 1.9e-4],
} as const

/** The sky on a detector with a distortion of a few pixels in the corners. */
function distorted(): Wcs {
  const a = Array.from({ length: 16 }, () => 0)
  const b = [...a]
  a[12] = 2e-8
  a[6] = 2e-8
  a[8] = 4e-6
  b[3] = 2e-8
  b[9] = 2e-8
  b[2] = -3e-6
  return sipWcs(tangent, { order: 3, coefficients: a }, { order: 3, coefficients: b })
}

function wide(): Wcs {
  const scale = 10 / 1200
  const angle = 0.6
  return tanWcs({
    crval: [83, 20],
    crpix: [599.5, 499.5],
    cd: [-scale * Math.cos(angle), scale * Math.sin(angle), scale * Math.sin(angle), scale * Math.cos(angle)],
  })
}

/** A star of unit flux of the frame that the PSF is made from. */
function star(side: number, x: number, y: number): Float32Array {
  const { plane } = simulateField({
    width: side,
    height: side,
    noise: false,
    sky: 0,
    count: 0,
    saturation: Infinity,
    psf: { fwhm: 3.2 },
    wings: 1e-9,
    stars: [{ x, y, flux: 1 }],
  })
  return plane.data
}

/** Largest distance of places that two WCS give to the same directions over a frame, pixels. */
function apart(a: Wcs, b: Wcs, { width, height }: { width: number; height: number }): number {
  let worst = 0
  for (let j = 0; j <= 4; j++) {
    for (let k = 0; k <= 4; k++) {
      const [x, y] = [0.03 * width + (0.94 * width * k) / 4, 0.03 * height + (0.94 * height * j) / 4]
      const [px, py] = b.skyToPixel(...a.pixelToSky(x, y)) ?? [NaN, NaN]
      worst = Math.max(worst, Math.hypot(px - x, py - y))
    }
  }
  return worst
}

interface Places {
  rows: number
  x: Float64Array
  y: Float64Array
}

/** For each row of `to` the nearest of `from`. */
function nearest(from: Places, to: Places, reach: number): { row: number; distance: number }[] {
  return Array.from({ length: to.rows }, (_, i) => {
    let best = { row: -1, distance: reach }
    for (let j = 0; j < from.rows; j++) {
      const distance = Math.hypot(from.x[j] - to.x[i], from.y[j] - to.y[i])
      if (distance < best.distance) best = { row: j, distance }
    }
    return best
  })
}

function around({ width, data }: { width: number; data: Float32Array }, x: number, y: number): number {
  let sum = 0
  for (let v = -5; v <= 5; v++)
    for (let u = -5; u <= 5; u++) sum += data[(Math.round(y) + v) * width + Math.round(x) + u]
  return sum
}
