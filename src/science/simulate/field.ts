/**
 * Simulated frames of the sky with their truth, for tests and benches: seeded stars and galaxies, sky, noise, defects.
 * They share no code with what measures them. The fields of `fieldOf` are those on which speed is compared.
 */
import { Problem } from '#problem.ts'
import { card } from '#science/fits/header.ts'
import type { Card } from '#science/fits/card.ts'
import { maskBits, type Mask, type Plane } from '#science/image/plane.ts'
import { addNoise, addTracks, randomTracks } from './field-noise.ts'
import { drawBlob, peakOf, starShape, type Blob, type PointSpread } from './field-profile.ts'
import { simulatedWcs, type Pointing, type SimulatedWcs } from './field-sky.ts'
import { seededRandom, type Random } from './random.ts'

export interface FieldOptions {
  width: number
  height: number
  seed: number
  /** How many sources are strewn at random, beside those given. */
  count: number
  /** Of these, how many are elliptical and wider than a star. */
  galaxies: number
  /** ADU, of the faintest and brightest random source; their numbers follow N(> F) ∝ F^−slope. */
  faintest: number
  brightest: number
  slope: number
  psf: Partial<PointSpread>
  /** ADU, and how much it grows over the whole width and height. */
  sky: number
  gradient: readonly [number, number]
  /** e⁻ per ADU. */
  gain: number
  /** e⁻. */
  readNoise: number
  /** False: expected values, without any noise. */
  noise: boolean
  /** ADU at which pixels are clipped; Infinity: never. */
  saturation: number
  /** Magnitude of a source of 1 ADU. */
  zeroPoint: number
  /** Rounded to whole ADU, as 16-bit integers would be. */
  whole: boolean
  badColumns: number
  cosmicRays: number
  pointing: Partial<Pointing>
  /** 0-based pixel that looks at the pointing; the frame's centre unless given. */
  centre?: readonly [number, number]
  exposureSeconds: number
  dateObs: string
  filter: string
  /** Sources at given pixels (0-based), with `flux` in ADU or `mag`. */
  stars?: readonly { x: number; y: number; flux?: number; mag?: number }[]
  /** Sources of a catalogue, projected onto the frame; what falls well outside is left out. */
  catalogue?: { ra: ArrayLike<number>; dec: ArrayLike<number>; mag: ArrayLike<number> }
  /** Galaxies as they are. */
  blobs?: readonly Blob[]
  /** The blobs' widths are those before seeing, and each is drawn as nine stars, which any point spread smears rightly. */
  clouds?: boolean
  /** Wings are drawn down to this fraction of the sky noise per pixel. */
  wings: number
}

/** One row per source drawn, brightest or not, inside the frame or just outside. */
export interface FieldTruth {
  rows: number
  /** 0-based pixels. */
  x: Float64Array
  y: Float64Array
  ra: Float64Array
  dec: Float64Array
  /** ADU in all. */
  flux: Float64Array
  mag: Float64Array
  /** FWHM along both axes, pixels, and the angle of the major one, degrees from x towards y. */
  major: Float64Array
  minor: Float64Array
  theta: Float64Array
  /** 1 for galaxies. */
  galaxy: Uint8Array
  /** 1 where its brightest pixel would pass the saturation level. */
  saturated: Uint8Array
  /** Row of the catalogue, or −1. */
  catalogueRow: Int32Array
}

export interface SimulatedField {
  plane: Plane
  truth: FieldTruth
  /** What a camera would write: WCS, GAIN, RDNOISE, EXPTIME, DATE-OBS, FILTER, SATURATE. */
  header: Card[]
  /** Pixels that are saturated, hit by a cosmic ray, or in a bad column (`invalid`). */
  defects: Mask
  wcs: SimulatedWcs
}

const usual: FieldOptions = {
  width: 512,
  height: 512,
  seed: 1,
  count: 200,
  galaxies: 0.15,
  faintest: 780,
  brightest: 3e5,
  slope: 0.55,
  psf: {},
  sky: 500,
  gradient: [0, 0],
  gain: 1,
  readNoise: 8,
  noise: true,
  saturation: 60000,
  zeroPoint: 25,
  whole: false,
  badColumns: 0,
  cosmicRays: 0,
  pointing: {},
  exposureSeconds: 60,
  dateObs: '2026-03-01T03:00:00.000',
  filter: 'r',
  wings: 0.02,
}

const usualPsf: PointSpread = {
  profile: 'moffat',
  fwhm: 3,
  beta: 3,
  ellipticity: 0,
  angleDeg: 0,
  growth: 0,
  coma: 0,
}

const usualPointing: Pointing = { ra: 150, dec: 2.2, scale: 0.6, rotationDeg: 0, mirrored: false }

/**
 * A frame of stars and galaxies. What is not given is as in `usual`: 512 × 512, 200 sources, Moffat stars of 3 px.
 * Same options, same pixels. Throws Problem `request.invalid` for sizes or gains that are none.
 */
export function simulateField(options: Partial<FieldOptions> = {}): SimulatedField {
  const all: FieldOptions = { ...usual, ...options }
  const { width, height, gain } = all
  if (!(width >= 1 && height >= 1 && gain > 0)) {
    throw new Problem(
      'request.invalid',
      `A simulated field needs a width, a height and a gain above 0, not ${width}, ${height}, ${gain}.`,
    )
  }
  const psf: PointSpread = { ...usualPsf, ...all.psf }
  const centre = all.centre ?? [(width - 1) / 2, (height - 1) / 2]
  const wcs = simulatedWcs({ ...usualPointing, ...all.pointing }, ...centre)
  const random = seededRandom(all.seed)
  const sources = sourcesOf(all, psf, wcs, random)
  const data = new Float32Array(width * height)
  const defects = new Uint8Array(width * height)
  drawSky(data, all)
  const noise = Math.sqrt(Math.max(1e-12, all.sky * gain + all.readNoise ** 2)) / gain
  for (const source of sources) {
    const parts = all.clouds && source.galaxy ? cloudOf(source, all, psf) : [source]
    for (const part of parts) drawBlob(data, width, height, psf, part, all.wings * noise)
  }
  if (all.noise) addNoise(data, gain, all.readNoise, random)
  addTracks(data, defects, width, randomTracks(all.cosmicRays, width, height, random), {
    gain,
    marked: 3 * noise,
    bit: maskBits.cosmic,
  })
  spoilColumns(data, defects, all, random)
  for (let i = 0; i < data.length; i++) {
    if (all.whole) data[i] = Math.round(data[i])
    if (data[i] < all.saturation) continue
    data[i] = all.saturation
    defects[i] |= maskBits.saturated
  }
  return {
    plane: { width, height, data },
    truth: truthOf(sources, all, psf, wcs),
    header: headerOf(all, wcs),
    defects: { width, height, data: defects },
    wcs,
  }
}

/** The seeded fields of the speed comparisons: 3 px stars with 15 % galaxies on a sky with a gradient. */
export function fieldOf(name: 'sparse' | 'large' | 'crowded', seed = 1): SimulatedField {
  const size = name === 'large' ? 4096 : 2048
  const count = { sparse: 2000, large: 10_000, crowded: 25_000 }[name]
  return simulateField({ width: size, height: size, count, seed, gradient: [30, -20] })
}

interface Source extends Blob {
  galaxy: boolean
  row: number
}

function sourcesOf(all: FieldOptions, psf: PointSpread, wcs: SimulatedWcs, random: Random): Source[] {
  const { width, height } = all
  const sources: Source[] = []
  const star = (x: number, y: number, flux: number, row = -1) =>
    sources.push({ x, y, flux, ...starShape(psf, x, y, width, height), galaxy: false, row })
  for (let i = 0; i < all.count; i++) {
    const x = random.uniform() * width - 0.5
    const y = random.uniform() * height - 0.5
    const flux = powerLaw(all.faintest, all.brightest, all.slope, random)
    star(x, y, flux)
    if (random.uniform() >= all.galaxies) continue
    const source = sources[sources.length - 1]
    const size = psf.fwhm * (1.3 + 1.2 * random.uniform())
    Object.assign(source, {
      galaxy: true,
      major: size,
      minor: Math.max(psf.fwhm, size * (0.4 + 0.5 * random.uniform())),
      theta: 180 * random.uniform() - 90,
    })
  }
  for (const given of all.stars ?? []) {
    const flux = given.flux ?? 10 ** (0.4 * (all.zeroPoint - (given.mag ?? NaN)))
    if (!Number.isFinite(flux)) {
      throw new Problem('request.invalid', `The star at (${given.x}, ${given.y}) needs a flux or a mag.`)
    }
    star(given.x, given.y, flux)
  }
  for (let row = 0; row < (all.catalogue?.mag.length ?? 0); row++) {
    const { ra, dec, mag } = all.catalogue as NonNullable<FieldOptions['catalogue']>
    const at = wcs.toPixel(ra[row], dec[row])
    const margin = 30 * psf.fwhm
    if (!at || at[0] < -margin || at[1] < -margin || at[0] > width + margin || at[1] > height + margin)
      continue
    star(at[0], at[1], 10 ** (0.4 * (all.zeroPoint - mag[row])), row)
  }
  for (const blob of all.blobs ?? []) sources.push({ ...blob, galaxy: true, row: -1 })
  return sources
}

/** Gauss–Hermite points of an elliptical Gaussian, each a star. */
function cloudOf(blob: Blob, all: FieldOptions, psf: PointSpread): Blob[] {
  const angle = (blob.theta * Math.PI) / 180
  const [along, across] = [blob.major, blob.minor].map((size) => (Math.sqrt(3) * size) / 2.3548)
  const steps = [-1, 0, 1]
  return steps.flatMap((i) =>
    steps.map((j) => {
      const x = blob.x + i * along * Math.cos(angle) - j * across * Math.sin(angle)
      const y = blob.y + i * along * Math.sin(angle) + j * across * Math.cos(angle)
      const share = (i === 0 ? 2 / 3 : 1 / 6) * (j === 0 ? 2 / 3 : 1 / 6)
      return { x, y, flux: blob.flux * share, ...starShape(psf, x, y, all.width, all.height) }
    }),
  )
}

function powerLaw(faintest: number, brightest: number, slope: number, random: Random): number {
  const low = faintest ** -slope
  const high = brightest ** -slope
  return (low + (high - low) * random.uniform()) ** (-1 / slope)
}

function drawSky(data: Float32Array, all: FieldOptions): void {
  const { width, height, sky, gradient } = all
  for (let y = 0; y < height; y++) {
    const level = sky + (gradient[1] * y) / height
    for (let x = 0; x < width; x++) data[y * width + x] = level + (gradient[0] * x) / width
  }
}

function spoilColumns(data: Float32Array, defects: Uint8Array, all: FieldOptions, random: Random): void {
  for (let i = 0; i < all.badColumns; i++) {
    const x = random.integer(all.width)
    const from = random.integer(all.height)
    const value = random.uniform() < 0.5 ? 0 : 20 * all.sky
    for (let y = from; y < all.height; y++) {
      data[y * all.width + x] = value
      defects[y * all.width + x] |= maskBits.invalid
    }
  }
}

function truthOf(
  sources: readonly Source[],
  all: FieldOptions,
  psf: PointSpread,
  wcs: SimulatedWcs,
): FieldTruth {
  const column = (of: (source: Source) => number) => Float64Array.from(sources, of)
  const sky = sources.map(({ x, y }) => wcs.toSky(x, y))
  return {
    rows: sources.length,
    x: column((s) => s.x),
    y: column((s) => s.y),
    ra: Float64Array.from(sky, ([ra]) => ra),
    dec: Float64Array.from(sky, ([, dec]) => dec),
    flux: column((s) => s.flux),
    mag: column((s) => all.zeroPoint - 2.5 * Math.log10(s.flux)),
    major: column((s) => s.major),
    minor: column((s) => s.minor),
    theta: column((s) => s.theta),
    galaxy: Uint8Array.from(sources, (s) => Number(s.galaxy)),
    saturated: Uint8Array.from(sources, (s) => Number(peakOf(psf, s) + all.sky >= all.saturation)),
    catalogueRow: Int32Array.from(sources, (s) => s.row),
  }
}

function headerOf(all: FieldOptions, wcs: SimulatedWcs): Card[] {
  return [
    ...wcs.cards,
    card('GAIN', all.gain, 'e-/ADU'),
    card('RDNOISE', all.readNoise, 'e-'),
    ...(Number.isFinite(all.saturation) ? [card('SATURATE', all.saturation, 'ADU')] : []),
    card('EXPTIME', all.exposureSeconds, 's'),
    card('DATE-OBS', all.dateObs, 'UTC, start'),
    card('FILTER', all.filter),
    card('OBJECT', 'simulated field'),
  ]
}
