/** Detection and photometry by source-extractor. The background that is taken away, and its noise, are measured by Urania. */
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { z } from 'zod'
import { measureBackground, subtractBackground } from '#science/image/background/background.ts'
import { rmsRows } from '#science/image/background/map.ts'
import { pyramid, type DetectionFilter } from '#science/image/detection/filter.ts'
import { emptyDetections } from '#science/image/detection/detections.ts'
import type { Extraction } from '#science/image/detection/extract.ts'
import type { SourceMeasures } from '#science/image/photometry/measure.ts'
import { readColumns, readPixels, writeConfiguration, writePixels } from './files.ts'
import { isUsable, type Bench, type DetectionWork, type ProgramEngine } from './port.ts'
import { sourceExtractorProgram } from './programs.ts'

const number = z.coerce.number()
const settings = z.strictObject({
  DETECT_THRESH: number.optional(),
  ANALYSIS_THRESH: number.optional(),
  DETECT_MINAREA: number.optional(),
  DEBLEND_NTHRESH: number.optional(),
  DEBLEND_MINCONT: number.optional(),
  CLEAN: z.enum(['Y', 'N']).optional(),
  CLEAN_PARAM: number.optional(),
  BACK_SIZE: number.optional(),
  BACK_FILTERSIZE: number.optional(),
  MASK_TYPE: z.enum(['NONE', 'BLANK', 'CORRECT']).optional(),
  MEMORY_OBJSTACK: number.optional(),
  MEMORY_PIXSTACK: number.optional(),
  MEMORY_BUFSIZE: number.optional(),
})

/** Our columns of detections, and theirs. */
const shapes = {
  x2Err: 'ERRX2_IMAGE',
  y2Err: 'ERRY2_IMAGE',
  xyErr: 'ERRXY_IMAGE',
  x2: 'X2_IMAGE',
  y2: 'Y2_IMAGE',
  xy: 'XY_IMAGE',
  a: 'A_IMAGE',
  b: 'B_IMAGE',
  theta: 'THETA_IMAGE',
  cxx: 'CXX_IMAGE',
  cyy: 'CYY_IMAGE',
  cxy: 'CXY_IMAGE',
  fluxIso: 'FLUX_ISO',
  fluxIsoErr: 'FLUXERR_ISO',
  peak: 'FLUX_MAX',
  area: 'ISOAREA_IMAGE',
  fwhm: 'FWHM_IMAGE',
  threshold: 'THRESHOLD',
} as const
/** Those that count pixels, theirs from 1. */
const places = {
  x: 'X_IMAGE',
  y: 'Y_IMAGE',
  xPeak: 'XPEAK_IMAGE',
  yPeak: 'YPEAK_IMAGE',
  xMin: 'XMIN_IMAGE',
  xMax: 'XMAX_IMAGE',
  yMin: 'YMIN_IMAGE',
  yMax: 'YMAX_IMAGE',
} as const

export const sourceExtractor: ProgramEngine<'detection'> = {
  key: 'source-extractor',
  port: 'detection',
  title: 'source-extractor',
  programs: [sourceExtractorProgram],
  settings,
  async run(work, given, bench) {
    const { plane, options, workshop } = work
    const at = (name: string): string => join(bench.scratch.folder, name)
    const { mask = null } = options
    const background = measureBackground(plane, mask, options.background ?? {}, workshop)
    writePixels(at('image.fits'), plane)
    const weighted =
      Boolean(mask) || options.variable === true || plane.data.some((value) => value - value !== 0)
    if (weighted) {
      // Weights are relative: only how the noise changes from place to place counts, and 0 is a pixel that does not.
      const weights = new Float32Array(plane.data.length)
      const row = new Float32Array(plane.width)
      for (let y = 0; y < plane.height; y++) {
        rmsRows(background, y, y + 1, row)
        for (let x = 0, i = y * plane.width; x < plane.width; x++, i++)
          weights[i] = isUsable(plane, mask, i) ? (options.variable ? row[x]! ** -2 : 1) : 0
      }
      writePixels(at('weight.fits'), { ...plane, data: weights })
    }
    writeFileSync(at('columns.param'), `${columnsOf(options).join('\n')}\n`)
    writeFileSync(at('filter.conv'), filterText(options.filter === undefined ? pyramid : options.filter))
    writeConfiguration(at('config.sex'), configuration(work, weighted), given)
    await bench.scratch.run({
      program: bench.programs['source-extractor']!,
      args: ['image.fits', '-c', 'config.sex'],
      seconds: 3_600,
      onLine: bench.log,
    })
    subtractBackground(plane, background, plane, workshop)
    return answer(work, background, bench)
  },
}

function columnsOf({ apertures = [2.5], fractions = [0.5], windowed }: DetectionWork['options']): string[] {
  return [
    ...Object.values(places),
    ...Object.values(shapes),
    'NUMBER',
    'FLAGS',
    'KRON_RADIUS',
    'FLUX_AUTO',
    'FLUXERR_AUTO',
    ...(apertures.length > 0 ? [`FLUX_APER(${apertures.length})`, `FLUXERR_APER(${apertures.length})`] : []),
    ...(fractions.length > 0 ? [`FLUX_RADIUS(${fractions.length})`] : []),
    ...(windowed === false
      ? []
      : ['XWIN_IMAGE', 'YWIN_IMAGE', 'ERRX2WIN_IMAGE', 'ERRY2WIN_IMAGE', 'ERRXYWIN_IMAGE']),
  ]
}

function filterText(filter: DetectionFilter | null): string {
  const { width, height, weights } = filter ?? { width: 1, height: 1, weights: [1] }
  const rows = Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (__, x) => weights[y * width + x]).join(' '),
  )
  return `CONV NORM\n${rows.join('\n')}\n`
}

function configuration(
  { plane, options }: DetectionWork,
  weighted: boolean,
): Record<string, string | number> {
  const { background = {}, threshold = 1.5, clean = 1, apertures = [2.5], fractions = [0.5] } = options
  return {
    CATALOG_NAME: 'objects.fits',
    CATALOG_TYPE: 'FITS_1.0',
    PARAMETERS_NAME: 'columns.param',
    DETECT_TYPE: 'CCD',
    DETECT_THRESH: threshold,
    ANALYSIS_THRESH: threshold,
    DETECT_MINAREA: options.minArea ?? 5,
    THRESH_TYPE: 'RELATIVE',
    FILTER: options.filter === null ? 'N' : 'Y',
    FILTER_NAME: 'filter.conv',
    DEBLEND_NTHRESH: options.levels ?? 32,
    DEBLEND_MINCONT: options.contrast ?? 0.005,
    CLEAN: clean === null ? 'N' : 'Y',
    CLEAN_PARAM: clean ?? 1,
    MASK_TYPE: options.neighbours === 'none' ? 'NONE' : 'CORRECT',
    WEIGHT_TYPE: weighted ? 'MAP_WEIGHT' : 'NONE',
    ...(weighted ? { WEIGHT_IMAGE: 'weight.fits', WEIGHT_GAIN: 'N' } : {}),
    ...(apertures.length > 0 ? { PHOT_APERTURES: apertures.map((radius) => 2 * radius).join(',') } : {}),
    ...(fractions.length > 0 ? { PHOT_FLUXFRAC: fractions.join(',') } : {}),
    PHOT_AUTOPARAMS: '2.5,3.5',
    // Keywords of the file, which has none, so that these values hold.
    SATUR_KEY: 'NONE',
    GAIN_KEY: 'NONE',
    SATUR_LEVEL: Math.min(options.saturation ?? 50_000, 1e30),
    GAIN: options.gain ?? 0,
    PIXEL_SCALE: 1,
    INTERP_TYPE: 'NONE',
    BACK_TYPE: 'AUTO',
    BACK_SIZE: typeof background.mesh === 'number' ? background.mesh : (background.mesh ?? [64]).join(','),
    BACK_FILTERSIZE: typeof background.filter === 'number' ? background.filter : 3,
    BACKPHOTO_TYPE: 'GLOBAL',
    CHECKIMAGE_TYPE: 'SEGMENTATION',
    CHECKIMAGE_NAME: 'segmentation.fits',
    MEMORY_OBJSTACK: 60_000,
    MEMORY_PIXSTACK: Math.max(300_000, Math.min(20_000_000, plane.data.length)),
    MEMORY_BUFSIZE: Math.max(1_024, Math.min(8_192, plane.height)),
    VERBOSE_TYPE: 'QUIET',
    WRITE_XML: 'N',
  }
}

function answer(
  { plane, options, workshop }: DetectionWork,
  background: Extraction['background'],
  bench: Bench,
): Extraction {
  const at = (name: string): string => join(bench.scratch.folder, name)
  const { rows, column } = readColumns(at('objects.fits'), 1)
  const detections = emptyDetections(rows)
  for (const [name, theirs] of Object.entries(shapes))
    detections[name as keyof typeof shapes].set(column(theirs))
  for (const [name, theirs] of Object.entries(places))
    detections[name as keyof typeof places].set(column(theirs).map((value) => value - 1))
  detections.filteredPeak.set(detections.peak)
  detections.light.set(detections.fluxIso)
  detections.label.set(column('NUMBER'))
  // Above the first six they tell of a lack of memory.
  const flags = Uint32Array.from(column('FLAGS'), (value) => value & 0x3f)
  detections.flags.set(flags)
  const wide = (name: string, count: number): Float64Array[] => {
    const values = count === 0 ? new Float64Array(0) : column(name)
    return Array.from({ length: count }, (_, k) =>
      Float64Array.from({ length: rows }, (__, i) => values[i * count + k]!),
    )
  }
  const apertures = (options.apertures ?? [2.5]).length
  const windowed = options.windowed !== false
  const nothing = (): Float64Array => new Float64Array(rows).fill(Number.NaN)
  const win = (name: string): Float64Array => (windowed ? column(name) : nothing())
  const measures: SourceMeasures = {
    rows,
    kronRadius: column('KRON_RADIUS'),
    fluxAuto: column('FLUX_AUTO'),
    fluxAutoErr: column('FLUXERR_AUTO'),
    fluxAper: wide('FLUX_APER', apertures),
    fluxAperErr: wide('FLUXERR_APER', apertures),
    fluxRadius: wide('FLUX_RADIUS', (options.fractions ?? [0.5]).length),
    xWin: win('XWIN_IMAGE').map((value) => value - 1),
    yWin: win('YWIN_IMAGE').map((value) => value - 1),
    xWinVar: win('ERRX2WIN_IMAGE'),
    yWinVar: win('ERRY2WIN_IMAGE'),
    xyWinVar: win('ERRXYWIN_IMAGE'),
    flags: flags.slice(),
  }
  // Rows of the table are numbers of the map; they need not be in its order.
  const rowOf = new Int32Array(detections.label.reduce((most, label) => Math.max(most, label), 0) + 1)
  detections.label.forEach((label, row) => (rowOf[label] = row + 1))
  const segmentation = workshop.arena.int32(plane.data.length)
  readPixels(at('segmentation.fits')).data.forEach((label, i) => (segmentation[i] = rowOf[label] ?? 0))
  return {
    background,
    detections,
    measures,
    flags,
    segmentation,
    subtracted: plane,
    empty: rows > 0 ? null : 'source-extractor found nothing above the threshold.',
  }
}
