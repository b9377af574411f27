/** Models of the point spread by PSFEx, taken over into our splines. */
import { join } from 'node:path'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import { card, numberOf } from '#science/fits/header.ts'
import { skyAnnulus } from '#science/image/photometry/annulus.ts'
import { circularFlux } from '#science/image/photometry/aperture.ts'
import type { PsfModel } from '#science/image/psf/model.ts'
import { psfAt, termsOf, type SplinePsf } from '#science/image/psf/psf.ts'
import { readColumns, writeConfiguration, writeObjects } from './files.ts'
import { isUsable, type ProgramEngine, type PsfWork } from './port.ts'
import { psfexProgram } from './programs.ts'

const settings = z.strictObject({
  BASIS_TYPE: z.enum(['NONE', 'PIXEL', 'PIXEL_AUTO', 'GAUSS-LAGUERRE']).optional(),
  BASIS_NUMBER: z.coerce.number().int().min(1).max(200).optional(),
  PSF_ACCURACY: z.coerce.number().min(0).max(1).optional(),
  SAMPLE_VARIABILITY: z.coerce.number().min(0).max(10).optional(),
  SAMPLE_MAXELLIP: z.coerce.number().min(0).max(1).optional(),
  BADPIXEL_FILTER: z.enum(['Y', 'N']).optional(),
})

/** A pixel without value, for PSFEx. */
const blank = -1e30

export const psfex: ProgramEngine<'psf'> = {
  key: 'psfex',
  port: 'psf',
  title: 'PSFEx',
  programs: [psfexProgram],
  settings,
  async run(work, given, { scratch, programs, log, hands }) {
    const at = (name: string): string => join(scratch.folder, name)
    const layout = layoutOf(work)
    const stars = starsOf(work, layout)
    if (stars.rows.length < 3)
      throw new Problem(
        'image.no_psf',
        `A point spread needs at least 3 usable stars, but there are ${stars.rows.length}.`,
        { stars: stars.rows.length },
      )
    writeObjects(at('stars.cat'), headerOf(work), stars.columns)
    writeConfiguration(
      at('config.psfex'),
      {
        BASIS_TYPE: 'PIXEL_AUTO',
        BASIS_NUMBER: 20,
        PSF_SAMPLING: 1 / layout.oversampling,
        PSF_SIZE: `${layout.side},${layout.side}`,
        PSF_ACCURACY: 0.01,
        PSF_RECENTER: 'Y',
        CENTER_KEYS: 'X_IMAGE,Y_IMAGE',
        PHOTFLUX_KEY: 'FLUX_APER(1)',
        PHOTFLUXERR_KEY: 'FLUXERR_APER(1)',
        PSFVAR_KEYS: 'X_IMAGE,Y_IMAGE',
        PSFVAR_GROUPS: '1,1',
        PSFVAR_DEGREES: layout.degree,
        SAMPLE_AUTOSELECT: 'N',
        SAMPLE_FWHMRANGE: '0.5,100',
        SAMPLE_MINSN: 5,
        SAMPLE_MAXELLIP: 1,
        BADPIXEL_FILTER: 'N',
        CHECKPLOT_DEV: 'NULL',
        CHECKPLOT_TYPE: 'NONE',
        CHECKIMAGE_TYPE: 'NONE',
        OUTCAT_TYPE: 'FITS_LDAC',
        OUTCAT_NAME: 'used.cat',
        PSF_DIR: '.',
        WRITE_XML: 'N',
        VERBOSE_TYPE: 'QUIET',
        NTHREADS: hands,
      },
      given,
    )
    await scratch.run({
      program: programs['psfex']!,
      args: ['stars.cat', '-c', 'config.psfex'],
      seconds: 3_600,
      onLine: log,
    })
    const psf = splineOf(at('stars.psf'), layout)
    return { psf, ...report(at('used.cat'), work, stars.rows, shareWithin(psf, 1.5 * work.options.fwhm)) }
  },
}

interface Layout {
  readonly radius: number
  readonly oversampling: number
  readonly side: number
  readonly degree: number
}

/** As the built-in model chooses it. */
function layoutOf({ x, options }: PsfWork): Layout {
  const { fwhm } = options
  const radius = options.radius ?? Math.max(7, Math.ceil((5 * fwhm - 1) / 2))
  const finest = fwhm < 2.5 ? 3 : fwhm < 5 ? 2 : 1
  const oversampling = options.oversampling ?? (x.length < 10 ? 1 : finest)
  let degree = Math.min(3, Math.max(0, Math.floor(options.degree ?? 2)))
  while (degree > 0 && x.length < 4 * termsOf(degree)) degree--
  return { radius, oversampling, degree, side: 2 * Math.ceil((radius + 1) * oversampling + 2) + 1 }
}

function headerOf({ plane, options }: PsfWork) {
  return [
    card('SIMPLE', true),
    card('BITPIX', -32),
    card('NAXIS', 2),
    card('NAXIS1', plane.width),
    card('NAXIS2', plane.height),
    card('GAIN', options.gain ?? 0),
    card('BACKSIG', options.noise),
    card('SEXBKDEV', options.noise),
    card('SEXGAIN', options.gain ?? 0),
    card('SATURATE', 1e30),
  ]
}

function starsOf({ plane, x, y, options }: PsfWork, { side, oversampling }: Layout) {
  const { mask = null, fwhm, noise, gain = 0 } = options
  const half = Math.ceil(side / 2 / oversampling)
  const size = 2 * half + 1
  const inside = [...x.keys()].filter(
    (i) => x[i]! > half && y[i]! > half && x[i]! < plane.width - 1 - half && y[i]! < plane.height - 1 - half,
  )
  const pick = (column: ArrayLike<number>): Float64Array => Float64Array.from(inside, (i) => column[i]!)
  const [px, py] = [pick(x), pick(y)]
  const { flux, fluxErr } = circularFlux(plane, px, py, 1.5 * fwhm, { mask, noise, gain })
  const sky = skyAnnulus(plane, px, py, 4 * fwhm, 6 * fwhm, { mask })
  const rows = [...inside.keys()].filter((i) => flux[i]! > 5 * fluxErr[i]! && sky.sky[i] !== undefined)
  const vignettes = new Float32Array(rows.length * size * size)
  rows.forEach((row, n) => {
    const [cx, cy] = [Math.round(px[row]!), Math.round(py[row]!)]
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < size; k++) {
        const from = (cy + j - half) * plane.width + cx + k - half
        vignettes[(n * size + j) * size + k] = isUsable(plane, mask, from) ? plane.data[from]! : blank
      }
    }
  })
  const chosen = (column: ArrayLike<number>, add = 0): Float32Array =>
    Float32Array.from(rows, (i) => column[i]! + add)
  const same = (value: number): Float32Array => new Float32Array(rows.length).fill(value)
  return {
    rows: rows.map((i) => inside[i]!),
    columns: [
      { name: 'VIGNET', values: vignettes, repeat: size * size, shape: [size, size] },
      { name: 'X_IMAGE', unit: 'pixel', values: Float64Array.from(rows, (i) => px[i]! + 1) },
      { name: 'Y_IMAGE', unit: 'pixel', values: Float64Array.from(rows, (i) => py[i]! + 1) },
      { name: 'FLUX_RADIUS', unit: 'pixel', values: same(fwhm / 2) },
      { name: 'FLUX_APER', unit: 'count', values: chosen(flux) },
      { name: 'FLUXERR_APER', unit: 'count', values: chosen(fluxErr) },
      { name: 'SNR_WIN', values: Float32Array.from(rows, (i) => flux[i]! / fluxErr[i]!) },
      { name: 'ELONGATION', values: same(1) },
      { name: 'FLAGS', values: new Int16Array(rows.length) },
    ],
  }
}

/** Terms of our polynomials by the powers of x and y, and theirs in their order: the power of x runs fastest. */
function theirTerm(degree: number, p: number, q: number): number {
  let at = 0
  for (let j = 0; j < q; j++) at += degree + 1 - j
  return at + p
}

function splineOf(path: string, { radius, oversampling, side, degree }: Layout): SplinePsf {
  const { header, column } = readColumns(path, 1)
  const values = column('PSF_MASK')
  const sides = [numberOf(header, 'PSFAXIS1'), numberOf(header, 'PSFAXIS2')]
  const order = numberOf(header, 'POLDEG1') ?? 0
  const size = side * side
  if (sides[0] !== side || sides[1] !== side || values.length < size * termsOf(order) || order > degree)
    throw new Problem('engine.failed', 'PSFEx answered with a model of another size than it was asked for.')
  const coefficients = new Float64Array(size * termsOf(order))
  let at = 0
  for (let total = 0; total <= order; total++) {
    for (let q = 0; q <= total; q++, at++) {
      const from = theirTerm(order, total - q, q) * size
      coefficients.set(splineCoefficients(values.subarray(from, from + size), side), at * size)
    }
  }
  const place = (name: string, fallback: number): number => numberOf(header, name) ?? fallback
  const psf: SplinePsf = {
    kind: 'spline',
    fwhm: 0,
    radius,
    oversampling,
    side,
    degree: order,
    centre: [place('POLZERO1', 1) - 1, place('POLZERO2', 1) - 1],
    scale: [place('POLSCAL1', 1), place('POLSCAL2', 1)],
    coefficients,
  }
  return { ...psf, fwhm: widthOf(psf) }
}

/** FWHM in the middle of the frame: where the central pixel of a star that is moved has half of its light, along both axes. */
function widthOf(psf: SplinePsf): number {
  const [x, y] = [Math.round(psf.centre[0]), Math.round(psf.centre[1])]
  const middle = (px: number, py: number): number => {
    const { x0, y0, side, values } = psfAt(psf, px, py)
    return values[(y - y0) * side + x - x0] ?? 0
  }
  const half = middle(x, y) / 2
  const reach = (alongX: boolean): number => {
    let [near, far] = [0, psf.radius]
    while (far - near > 1e-3) {
      const at = (near + far) / 2
      if ((alongX ? middle(x + at, y) : middle(x, y + at)) > half) near = at
      else far = at
    }
    return near
  }
  return reach(true) + reach(false)
}

/** Coefficients of the cubic B-splines that pass through values on a square grid; beyond it they are 0. */
function splineCoefficients(values: Float64Array, side: number): Float64Array {
  const out = Float64Array.from(values)
  for (let row = 0; row < side; row++) solveLine(out, row * side, 1, side)
  for (let k = 0; k < side; k++) solveLine(out, k, side, side)
  return out
}

/** (c₋ + 4c + c₊) / 6 = value along a line. */
function solveLine(values: Float64Array, from: number, step: number, count: number): void {
  const ratio = new Float64Array(count)
  let before = 0
  for (let i = 0; i < count; i++) {
    const at = from + i * step
    const pivot = 4 - (i > 0 ? ratio[i - 1]! : 0)
    ratio[i] = 1 / pivot
    values[at] = (6 * values[at]! - before) / pivot
    before = values[at]!
  }
  for (let i = count - 2; i >= 0; i--) values[from + i * step]! -= ratio[i]! * values[from + (i + 1) * step]!
}

/** Share of a star's light within a radius, in the middle of the frame. */
function shareWithin(psf: SplinePsf, radius: number): number {
  const [x, y] = [Math.round(psf.centre[0]), Math.round(psf.centre[1])]
  const { x0, y0, side, values } = psfAt(psf, x, y)
  return values.reduce((sum, value, i) => {
    const [dx, dy] = [x0 + (i % side) - x, y0 + Math.floor(i / side) - y]
    return Math.hypot(dx, dy) <= radius ? sum + value : sum
  }, 0)
}

/** What became of each star that was given; its fluxes are those of an aperture that holds `share` of the light. */
function report(path: string, { x }: PsfWork, rows: readonly number[], share: number): Omit<PsfModel, 'psf'> {
  const used = new Uint8Array(x.length)
  const flux = new Float64Array(x.length).fill(Number.NaN)
  const chi2 = new Float64Array(x.length).fill(Number.NaN)
  const table = readColumns(path, 'LDAC_OBJECTS')
  const [number, flags, norm, chi, residual] = [
    'SOURCE_NUMBER',
    'FLAGS_PSF',
    'NORM_PSF',
    'CHI2_PSF',
    'RESI_PSF',
  ].map(table.column)
  const residuals: number[] = []
  for (let i = 0; i < table.rows; i++) {
    const row = rows[number![i]! - 1]
    if (row === undefined) continue
    used[row] = flags![i] === 0 ? 1 : 0
    flux[row] = norm![i]! / share
    chi2[row] = chi![i]!
    if (flags![i] === 0) residuals.push(Math.abs(residual![i]!))
  }
  residuals.sort((a, b) => a - b)
  return { used, flux, chi2, residual: residuals[residuals.length >> 1] ?? Number.NaN }
}
