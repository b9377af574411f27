import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, dirname, extname, join } from 'node:path'
import { Problem } from '#problem.ts'
import { hduLabel } from '#science/fits/hdu.ts'
import { numberOf } from '#science/fits/header.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { gaussianFilter, pyramid, readFilter } from '#science/image/detection/filter.ts'
import { extract } from '#science/image/detection/extract.ts'
import { maskBits, type Mask, type Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { tableOf, type ColumnInput } from '#science/table/table.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import type { Command } from '#platform/terminal/command.ts'
import { numberFlag, textFlag } from '#platform/terminal/flags.ts'
import { imageHdus, mainHdu } from '#observatory/frames/images.ts'
import { requireContent, requireOnePlane } from './steps/content.ts'
import { statisticsOf } from './steps/inspect-pixels.ts'
import { openFitsFile, readMask, readPlane, writePlane } from './steps/pixel-files.ts'
import { tableEndings, writeTableFile } from './table-files.ts'

/** `urania detect`: what source-extractor does, with its meanings and defaults. Nothing of the server is loaded. */
const detect: Command = {
  words: ['detect'],
  usage: 'FILE',
  summary: 'Find and measure the objects of an image, as source-extractor does',
  examples: [
    'urania detect image.fits --catalog objects.cat',
    'urania detect image.fits.fz --catalog objects.parquet --threshold 2 --apertures 5,10 --segmentation seg.fits',
  ],
  options: {
    catalog: {
      type: 'string',
      doc: `Table to write, by its ending: ${tableEndings.filter((each) => each !== '.reg').join(', ')} (default FILE.cat beside it)`,
    },
    hdu: { type: 'string', doc: 'Number or EXTNAME of the image (default: the first of the sky)' },
    mask: { type: 'string', doc: 'FITS image of the same size: what is not zero is not used' },
    threshold: { type: 'string', doc: 'Of detection, in σ of the background (default 1.5)' },
    'min-area': { type: 'string', doc: 'Pixels above it (default 5)' },
    mesh: { type: 'string', doc: 'Cells of the background, pixels (default 64)' },
    filter: {
      type: 'string',
      doc: 'none, a σ of a Gaussian in pixels, or a .conv file (default: the 3 × 3 pyramid)',
    },
    contrast: { type: 'string', doc: 'Of deblending (default 0.005; 1 does not deblend)' },
    apertures: { type: 'string', doc: 'Diameters in pixels, with commas between (default 5)' },
    gain: { type: 'string', doc: 'e⁻/ADU (default GAIN of the header, else no photon noise)' },
    saturation: { type: 'string', doc: 'ADU (default SATURATE of the header, else 50000)' },
    'zero-point': { type: 'string', doc: 'Magnitude of 1 ADU (default 0)' },
    segmentation: { type: 'string', doc: 'FITS file for the numbers of the objects, pixel by pixel' },
    hands: { type: 'string', doc: 'Threads (default: one per core)' },
  },
  async run(invocation) {
    const { flags, args, out, document, note } = invocation
    const path = args[0]
    if (path === undefined || args.length > 1)
      throw new Problem('command.usage', 'Say which image: urania detect FILE.')
    const begun = performance.now()
    const file = opened(path)
    const hdu = imageOf(file.hdus, textFlag(flags, 'hdu'))
    const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
    const workshop = createWorkshop({
      hands: Math.max(1, numberFlag(flags, 'hands') ?? availableParallelism()),
    })
    const plane = readPlane(file, hdu, workshop)
    requireContent(statisticsOf(plane), hduLabel(hdu.index, hdu.name))
    const given = textFlag(flags, 'mask')
    const mask = withBlanks(plane, given === undefined ? null : readMask(given, workshop), workshop)
    const diameters = numbersIn(textFlag(flags, 'apertures') ?? '5', 'apertures')
    const zero = zeroPointOf(textFlag(flags, 'zero-point'))
    const threshold = numberFlag(flags, 'threshold')
    const minArea = numberFlag(flags, 'min-area')
    const contrast = numberFlag(flags, 'contrast')
    const filter = await filterOf(textFlag(flags, 'filter'))
    const search = () =>
      extract(
        plane,
        {
          mask,
          background: { mesh: numberFlag(flags, 'mesh') ?? 64 },
          ...(threshold === undefined ? {} : { threshold }),
          ...(minArea === undefined ? {} : { minArea }),
          ...(contrast === undefined ? {} : { contrast }),
          filter,
          gain: numberFlag(flags, 'gain') ?? numberOf(hdu.header, 'GAIN') ?? 0,
          saturation: numberFlag(flags, 'saturation') ?? numberOf(hdu.header, 'SATURATE') ?? 50_000,
          apertures: diameters.map((each) => each / 2),
          overwrite: true,
        },
        workshop,
      )
    const found = await invocation.atOnce(search)
    file.close()
    const segmentation = textFlag(flags, 'segmentation')
    if (segmentation !== undefined) writePlane(segmentation, { width, height, data: found.segmentation })
    const table = tableOfObjects(found, diameters, zero, wcsOf(hdu))
    const target =
      textFlag(flags, 'catalog') ??
      join(dirname(path), `${basename(path).replace(/(\.fits?|\.fts)?(\.fz|\.gz)?$/i, '')}.cat`)
    await writeTableFile(target, table)
    void workshop.close()
    const { globalLevel, globalRms } = found.background
    const seconds = (performance.now() - begun) / 1_000
    if (found.empty !== null) note(found.empty)
    document(
      {
        file: path,
        catalog: target,
        width,
        height,
        objects: table.rows,
        background: globalLevel,
        noise: globalRms,
        seconds,
      },
      () =>
        out(
          `${target}: ${table.rows} objects; background ${globalLevel.toPrecision(5)}, noise ${globalRms.toPrecision(4)}; ${seconds.toFixed(2)} s`,
        ),
    )
  },
}

function opened(path: string): ReturnType<typeof openFitsFile> {
  try {
    return openFitsFile(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Problem('command.usage', `There is no file ${path}.`)
    throw error
  }
}

/** The mask with the pixels that have no value; none where neither is there. */
function withBlanks({ width, height, data }: Plane, given: Mask | null, workshop: Workshop): Mask | null {
  let mask = given
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!
    if (value === value) continue
    mask ??= { width, height, data: workshop.arena.uint8(width * height).fill(0) }
    mask.data[i]! |= maskBits.invalid
  }
  return mask
}

type OpenHdus = ReturnType<typeof openFitsFile>['hdus']

function imageOf(hdus: OpenHdus, which: string | undefined): OpenHdus[number] {
  const images = imageHdus(hdus)
  const found =
    which === undefined
      ? mainHdu(hdus)
      : images.find((hdu) => String(hdu.index) === which || hdu.name.toUpperCase() === which.toUpperCase())
  if (!found)
    throw new Problem(
      'task.unusable',
      which === undefined
        ? 'The file holds no image with pixels.'
        : `There is no image ${which} in the file; its images are ${images.map((hdu) => hdu.name || hdu.index).join(', ') || 'none'}.`,
    )
  requireOnePlane(found, hduLabel(found.index, found.name))
  return found
}

function wcsOf(hdu: OpenHdus[number]): ReturnType<typeof readWcs> {
  try {
    return readWcs(hdu.header)
  } catch {
    // Positions in pixels are what was asked for; a WCS that cannot be read only means no sky beside them.
    return null
  }
}

async function filterOf(text: string | undefined) {
  if (text === undefined) return pyramid
  if (text === 'none') return null
  if (Number(text) > 0) return gaussianFilter(Number(text))
  if (extname(text) !== '.conv')
    throw new Problem('command.usage', `--filter takes none, a σ in pixels, or a .conv file, not "${text}".`)
  return readFilter(await readFile(text, 'utf8'))
}

/** Of either sign, as that of fluxes in physical units is. */
function zeroPointOf(text = '0'): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new Problem('command.usage', `--zero-point takes a magnitude, not "${text}".`)
}

function numbersIn(text: string, name: string): number[] {
  const values = text.split(',').map(Number)
  if (values.every((value) => value > 0)) return values
  throw new Problem('command.usage', `--${name} takes numbers above 0 with commas between, not "${text}".`)
}

/** Columns under the names that source-extractor gives them. */
function tableOfObjects(
  { detections: d, measures: m, flags }: ReturnType<typeof extract>,
  diameters: readonly number[],
  zero: number,
  wcs: ReturnType<typeof readWcs>,
) {
  const rows = d.rows
  const plus = (values: Float64Array, one: number): Float64Array => values.map((value) => value + one)
  const mag = (flux: Float64Array): Float64Array =>
    flux.map((value) => (value > 0 ? zero - 2.5 * Math.log10(value) : 99))
  const magErr = (flux: Float64Array, error: Float64Array): Float64Array =>
    flux.map((value, i) => (value > 0 ? (1.0857362 * error[i]!) / value : 99))
  const none = new Float64Array(rows)
  const c = (
    name: string,
    values: ColumnInput['values'],
    unit?: string,
    description?: string,
  ): ColumnInput => ({
    name,
    values,
    ...(unit === undefined ? {} : { unit }),
    ...(description === undefined ? {} : { description }),
  })
  const sky = wcs ? wcs.pixelsToSky(d.x, d.y) : null
  const [auto, autoErr] = [m?.fluxAuto ?? none, m?.fluxAutoErr ?? none]
  return tableOf({
    columns: [
      c(
        'NUMBER',
        Int32Array.from({ length: rows }, (_, i) => i + 1),
        undefined,
        'Running object number',
      ),
      c('X_IMAGE', plus(d.x, 1), 'pix', 'Object position along x, from 1'),
      c('Y_IMAGE', plus(d.y, 1), 'pix', 'Object position along y, from 1'),
      ...(sky
        ? [
            c('ALPHA_J2000', sky.ra, 'deg', 'Right ascension, ICRS'),
            c('DELTA_J2000', sky.dec, 'deg', 'Declination, ICRS'),
          ]
        : []),
      c('FLUX_ISO', d.fluxIso, 'adu', 'Isophotal flux'),
      c('FLUXERR_ISO', d.fluxIsoErr, 'adu', 'RMS error for isophotal flux'),
      c('FLUX_AUTO', auto, 'adu', 'Flux within a Kron-like elliptical aperture'),
      c('FLUXERR_AUTO', autoErr, 'adu', 'RMS error for AUTO flux'),
      c('MAG_AUTO', mag(auto), 'mag', 'Kron-like elliptical aperture magnitude'),
      c('MAGERR_AUTO', magErr(auto, autoErr), 'mag', 'RMS error for AUTO magnitude'),
      ...diameters.flatMap((diameter, k) => {
        const suffix = k === 0 ? '' : `_${k}`
        return [
          c(
            `FLUX_APER${suffix}`,
            m?.fluxAper[k] ?? none,
            'adu',
            `Flux within a circle of ${diameter} pixels`,
          ),
          c(`FLUXERR_APER${suffix}`, m?.fluxAperErr[k] ?? none, 'adu', 'RMS error for aperture flux'),
        ]
      }),
      c('KRON_RADIUS', m?.kronRadius ?? none, undefined, 'Kron apertures in units of A or B'),
      c('FLUX_RADIUS', m?.fluxRadius[0] ?? none, 'pix', 'Radius that holds half of the flux'),
      c('FLUX_MAX', d.peak, 'adu', 'Peak flux above background'),
      c('ISOAREA_IMAGE', d.area, 'pix', 'Isophotal area above the threshold'),
      c('XWIN_IMAGE', plus(m?.xWin ?? none, 1), 'pix', 'Windowed position along x, from 1'),
      c('YWIN_IMAGE', plus(m?.yWin ?? none, 1), 'pix', 'Windowed position along y, from 1'),
      c('X2_IMAGE', d.x2, undefined, 'Variance along x, pix**2'),
      c('Y2_IMAGE', d.y2, undefined, 'Variance along y, pix**2'),
      c('XY_IMAGE', d.xy, undefined, 'Covariance between x and y, pix**2'),
      c('A_IMAGE', d.a, 'pix', 'Profile RMS along major axis'),
      c('B_IMAGE', d.b, 'pix', 'Profile RMS along minor axis'),
      c('THETA_IMAGE', d.theta, 'deg', 'Position angle, from x towards y'),
      c('FWHM_IMAGE', d.fwhm, 'pix', 'FWHM assuming a Gaussian core'),
      c('FLAGS', Int32Array.from(flags), undefined, 'Extraction flags'),
    ],
  })
}

export const detectCommands: Command[] = [detect]
