import type { PointSpread } from './field-profile.ts'
import { simulateField, type FieldOptions, type SimulatedField } from './field.ts'
import { seededRandom } from './random.ts'

export interface PairOptions {
  /** What both frames share; its `psf`, `sky`, `gain` … unless said otherwise below. */
  field: Partial<FieldOptions>
  /** Of template and science frame. */
  template: Partial<FieldOptions>
  science: Partial<FieldOptions>
  /** ADU of the science frame over ADU of the template, for the same source. */
  fluxScale: number
  /** By how much sources lie further along x and y in the science frame than in the template, pixels. */
  shift: readonly [number, number]
  /** Sources only in the science frame, and only in the template. */
  appeared: number
  vanished: number
  /** Range of their fluxes, ADU of the science frame. */
  transientFlux: readonly [number, number]
  /** Least distance between transients, and from the frame's edge, pixels. */
  apart: number
}

/** What changed. Flux is that of the science frame: positive for what appeared, negative for what vanished. */
export interface TransientTruth {
  rows: number
  /** 0-based pixels of the science frame. */
  x: Float64Array
  y: Float64Array
  flux: Float64Array
}

export interface SimulatedPair {
  science: SimulatedField
  template: SimulatedField
  transients: TransientTruth
}

const usual: PairOptions = {
  field: { width: 2048, height: 2048, count: 2000 },
  template: { psf: { fwhm: 2.6 }, sky: 300 },
  science: { psf: { fwhm: 3.6 }, sky: 500 },
  fluxScale: 1.25,
  shift: [0, 0],
  appeared: 30,
  vanished: 10,
  transientFlux: [1500, 60_000],
  apart: 40,
}

/**
 * Two frames of the same sky for image subtraction: by default 2048 × 2048, template FWHM 2.6 px, science FWHM 3.6 px,
 * other sky and zero point, sources that appear and sources that vanish. Galaxies are clouds of stars, so that every source
 * is seen through exactly the same point spread. Same options, same pixels.
 */
export function simulatePair(options: Partial<PairOptions> = {}): SimulatedPair {
  const all = { ...usual, ...options }
  const field = { ...usual.field, ...all.field }
  const seed = field.seed ?? 1
  const first = { ...field, ...all.template, psf: { ...field.psf, ...all.template.psf } }
  const second = { ...field, ...all.science, psf: { ...field.psf, ...all.science.psf } }
  const width = field.width ?? 2048
  const height = field.height ?? 2048
  const zeroPoint = field.zeroPoint ?? 25

  // The sky itself, once: without stars drawn it costs nothing.
  const sky = simulateField({ ...first, noise: false, wings: Infinity, cosmicRays: 0, badColumns: 0 }).truth
  const random = seededRandom(seed + 7919)
  const transients = places(all, width, height, random.uniform)
  const seeing = first.psf.fwhm ?? 3
  const beforeSeeing = (size: number) => Math.sqrt(Math.max(0, size * size - seeing * seeing))
  const given = Array.from(sky.x, (x, i) => ({
    x,
    y: sky.y[i],
    flux: sky.flux[i],
    major: beforeSeeing(sky.major[i]),
    minor: beforeSeeing(sky.minor[i]),
    theta: sky.theta[i],
    galaxy: sky.galaxy[i] === 1,
  }))

  const frame = (
    base: Partial<FieldOptions>,
    own: Partial<PointSpread>,
    factor: number,
    at: readonly [number, number],
    sign: number,
  ) => {
    const stars = given
      .filter((s) => !s.galaxy)
      .map((s) => ({ x: s.x + at[0], y: s.y + at[1], flux: s.flux * factor }))
    transients.forEach((t) => {
      if (t.flux * sign > 0)
        stars.push({ x: t.x + at[0], y: t.y + at[1], flux: (Math.abs(t.flux) * factor) / all.fluxScale })
    })
    const blobs = given
      .filter((s) => s.galaxy)
      .map((s) => ({ ...s, x: s.x + at[0], y: s.y + at[1], flux: s.flux * factor }))
    return simulateField({
      ...base,
      count: 0,
      stars,
      blobs,
      clouds: true,
      catalogue: undefined,
      psf: own,
      zeroPoint: zeroPoint + 2.5 * Math.log10(factor),
      seed: seed * 2 + (sign > 0 ? 1000 : 2000),
      centre: [(width - 1) / 2 + at[0], (height - 1) / 2 + at[1]],
    })
  }
  return {
    template: frame(first, first.psf, 1, [0, 0], -1),
    science: frame(second, second.psf, all.fluxScale, all.shift, 1),
    transients: {
      rows: transients.length,
      x: Float64Array.from(transients, (t) => t.x + all.shift[0]),
      y: Float64Array.from(transients, (t) => t.y + all.shift[1]),
      flux: Float64Array.from(transients, (t) => t.flux),
    },
  }
}

function places(
  all: PairOptions,
  width: number,
  height: number,
  uniform: () => number,
): { x: number; y: number; flux: number }[] {
  const made: { x: number; y: number; flux: number }[] = []
  const [low, high] = all.transientFlux
  for (let tries = 0; made.length < all.appeared + all.vanished && tries < 100_000; tries++) {
    const x = all.apart + (width - 2 * all.apart) * uniform()
    const y = all.apart + (height - 2 * all.apart) * uniform()
    if (made.some((other) => Math.hypot(other.x - x, other.y - y) < all.apart)) continue
    const sign = made.length < all.appeared ? 1 : -1
    made.push({ x, y, flux: sign * low * (high / low) ** uniform() })
  }
  return made
}
