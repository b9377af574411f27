import { Problem } from '#problem.ts'
import { checkRows, isInside, noiseAt, type Noise } from '#science/image/photometry/aperture.ts'
import { sourceFlags, maskBits, type Mask, type Pixels, type Plane } from '#science/image/plane.ts'
import { drawPsf, emptyPsfImage, placePsf, type Psf, type PsfImage } from './psf.ts'
import { fitGroup, type FitRule, type FitScratch, type FittedStar } from './fit.ts'
import { measureBackground, subtractBackground } from '#science/image/background/background.ts'
import { hiddenStars } from './hidden.ts'
import { groupStars } from './groups.ts'
import type { Workshop } from '#science/image/workshop.ts'

export interface PsfFitOptions {
  readonly mask?: Mask | null
  /** Sky noise, standard deviation; needed, because it weighs the pixels. */
  readonly noise: Noise
  /** e⁻ per unit of the plane; without it no photon noise. */
  readonly gain?: number
  /** 'free' (the default) fits positions too. */
  readonly positions?: 'free' | 'fixed'
  /** Pixels within so many of a star are fitted: 1.5 FWHM, at least 2.5. */
  readonly fitRadius?: number
  /** Stars closer than this are fitted together: the fit radius and one FWHM. */
  readonly link?: number
  /** Shifts beyond this many pixels are flagged, twice that is not allowed: half a FWHM. */
  readonly maxShift?: number
  /** The sky is measured again where all stars are taken off, in cells of so many pixels. */
  readonly sky?: number
  /** Stars that show only where the others are taken off are fitted with them; they have no row. */
  readonly hidden?: boolean
  /** 'noise' (the default): by the noise of sky and stars; 'sky': by that of the sky alone (Naylor 1998). */
  readonly weights?: 'noise' | 'sky'
}

/** One row per position; NaN where there is nothing to fit. */
export interface PsfFluxes {
  rows: number
  x: Float64Array
  y: Float64Array
  xErr: Float64Array
  yErr: Float64Array
  flux: Float64Array
  fluxErr: Float64Array
  /** Error that a source of no flux would have, were it alone. */
  skyErr: Float64Array
  /** Reduced χ² of the pixels within the fit radius. */
  chi2: Float64Array
  pixels: Int32Array
  /** badPsfFit, largePsfShift, maskedInAperture, saturated, apertureIncomplete, badSky (outside the frame). */
  flags: Uint32Array
}

/** Most stars that are solved for together. */
const mostTogether = 12
/** Share of Σ P² that must be on usable pixels: below the first a fit is called bad, below the second there is none. */
const poorCover = 0.5
const noCover = 0.1

/**
 * Fluxes (and positions) of stars by fits of the point spread to a background-subtracted plane. Overlapping stars are
 * fitted together, the others' light is taken off first; brighter ones come first, and all of it is done again until
 * neighbours' models are good. Positions 0-based; the plane is left as it is.
 * @throws Problem `request.invalid` where columns differ in length or the noise is not above 0.
 */
export function psfPhotometry(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  psf: Psf,
  options: PsfFitOptions,
  workshop: Workshop,
): PsfFluxes {
  checkRows(x.length, { y })
  if (typeof options.noise === 'number' && !(options.noise > 0)) {
    throw new Problem(
      'request.invalid',
      `A fit of the point spread weighs pixels by the sky noise, which is ${options.noise}; give a value above 0.`,
    )
  }
  const { arena } = workshop
  return arena.during(() => {
    const data = arena.float32(plane.data.length)
    data.set(plane.data)
    const residual = { ...plane, data }
    const found = fitAll(plane, residual, x, y, psf, options, workshop)
    if (options.hidden !== true) return found
    const { noise, gain = 0, mask = null } = options
    const extra = hiddenStars(plane, residual, found, { fwhm: psf.fwhm, noise, gain, mask }, workshop)
    if (extra.x.length === 0) return found
    data.set(plane.data)
    const more = (first: ArrayLike<number>, then: number[]) => [...Array.from(first), ...then]
    const all = fitAll(plane, residual, more(x, extra.x), more(y, extra.y), psf, options, workshop)
    return firstRows(all, x.length)
  })
}

function firstRows(found: PsfFluxes, rows: number): PsfFluxes {
  const columns = Object.entries(found).map(([name, values]) => [
    name,
    typeof values === 'number' ? rows : (values as Float64Array).slice(0, rows),
  ])
  return Object.fromEntries(columns) as PsfFluxes
}

function fitAll(
  plane: Plane<Pixels>,
  residual: Plane,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  psf: Psf,
  options: PsfFitOptions,
  workshop: Workshop,
): PsfFluxes {
  const rows = x.length
  const { gain = 0, fitRadius = Math.max(2.5, 1.5 * psf.fwhm), maxShift = psf.fwhm / 2 } = options
  const wanted = Uint8Array.from({ length: rows }, (_, i) => Number(isInside(plane, x[i], y[i])))
  const groups = groupStars(x, y, wanted, options.link ?? fitRadius + psf.fwhm, mostTogether)
  const stars = Array.from({ length: rows }, (_, row) => beginning(row, x[row], y[row]))
  const images = Array.from({ length: mostTogether }, () => emptyPsfImage(psf))
  const none = new Float64Array(0)
  const scratch: FitScratch = { images, matrix: none, spread: none, vector: none }
  const rule: FitRule = {
    free: options.positions !== 'fixed',
    radius: Math.min(fitRadius, psf.radius),
    leash: 2 * maxShift,
    skyWeights: options.weights === 'sky',
    photons: gain > 0 && Number.isFinite(gain) ? 1 / gain : 0,
    mask: options.mask?.data ?? null,
    noise: 1,
    final: true,
  }
  const brightness = groups.map((group) => brightest(plane, group, x, y))
  const order = groups.map((_, i) => i).sort((a, b) => brightness[b] - brightness[a])
  // A lone group sees no other; two sweeps do for tails, four where chains were cut.
  const cut = groups.some((group) => group.length > mostTogether / 2)
  const { sky = 0 } = options
  const sweeps = Math.max(groups.length < 2 ? 1 : cut ? 4 : 2, sky > 0 ? 3 : 1)
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const g of order) {
      const group = groups[g].map((row) => stars[row])
      for (const star of group) addStar(residual, psf, images[0], star, 1)
      const noise = noiseAt(options.noise, group[0].startX, group[0].startY)
      fitGroup(group, psf, residual, plane, { ...rule, noise, final: sweep === sweeps - 1 }, scratch)
      for (const star of group) addStar(residual, psf, images[0], star, -1)
    }
    if (sky > 0 && sweep < sweeps - 1) {
      const background = measureBackground(residual, options.mask ?? null, { mesh: sky }, workshop)
      subtractBackground(residual, background, residual, workshop)
    }
  }
  return columnsOf(stars, wanted, maxShift)
}

function beginning(row: number, x: number, y: number): FittedStar {
  return {
    row,
    startX: x,
    startY: y,
    x,
    y,
    flux: 0,
    fluxErr: NaN,
    skyErr: NaN,
    xErr: NaN,
    yErr: NaN,
    chi2: NaN,
    pixels: 0,
    offered: 0,
    covered: 0,
    bits: 0,
    outside: false,
    converged: false,
  }
}

function brightest(
  { data, width }: Plane<Pixels>,
  group: readonly number[],
  x: ArrayLike<number>,
  y: ArrayLike<number>,
): number {
  let most = -Infinity
  for (const i of group) {
    const value = data[Math.round(y[i]) * width + Math.round(x[i])]
    if (value > most) most = value
  }
  return most
}

function addStar(plane: Plane, psf: Psf, image: PsfImage, star: FittedStar, sign: 1 | -1): void {
  if (!Number.isFinite(star.flux) || star.flux === 0) {
    star.flux = 0
    return
  }
  placePsf(image, psf, star.startX, star.startY)
  drawPsf(image, psf, star.x, star.y)
  addImage(plane, image, sign * star.flux)
}

/** Adds `flux` times a drawn star to a plane, as far as it lies on it. */
export function addImage(plane: Plane<Pixels>, image: PsfImage, flux: number): void {
  const { data, width, height } = plane
  const { radius, values, x0, y0 } = image
  const side = 2 * radius + 1
  for (let j = Math.max(0, radius - y0); j < Math.min(side, height + radius - y0); j++) {
    const row = (y0 + j - radius) * width + x0 - radius
    for (let k = Math.max(0, radius - x0); k < Math.min(side, width + radius - x0); k++) {
      data[row + k] += flux * values[j * side + k]
    }
  }
}

function columnsOf(stars: readonly FittedStar[], wanted: Uint8Array, maxShift: number): PsfFluxes {
  const rows = stars.length
  const column = () => new Float64Array(rows).fill(NaN)
  const out: PsfFluxes = {
    rows,
    x: column(),
    y: column(),
    xErr: column(),
    yErr: column(),
    flux: column(),
    fluxErr: column(),
    skyErr: column(),
    chi2: column(),
    pixels: new Int32Array(rows),
    flags: new Uint32Array(rows),
  }
  stars.forEach((star, i) => {
    if (wanted[i] === 0) {
      out.flags[i] = sourceFlags.badSky | sourceFlags.badPsfFit
      return
    }
    const none = !(star.covered >= noCover) || !Number.isFinite(star.fluxErr)
    let flags = 0
    if (none || !star.converged || star.covered < poorCover) flags |= sourceFlags.badPsfFit
    if (Math.hypot(star.x - star.startX, star.y - star.startY) > maxShift) flags |= sourceFlags.largePsfShift
    if (star.bits !== 0) flags |= sourceFlags.maskedInAperture
    if (star.bits & maskBits.saturated) flags |= sourceFlags.saturated
    if (star.outside) flags |= sourceFlags.apertureIncomplete
    out.flags[i] = flags
    out.x[i] = star.x
    out.y[i] = star.y
    out.pixels[i] = star.pixels
    if (none) return
    out.xErr[i] = star.xErr
    out.yErr[i] = star.yErr
    out.flux[i] = star.flux
    out.fluxErr[i] = star.fluxErr
    out.chi2[i] = star.chi2
    out.skyErr[i] = star.skyErr
  })
  return out
}
