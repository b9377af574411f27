/** From a frame to a catalogue: what source-extractor does, in one call. */
import { type Background, levelRows, rmsRows } from '#science/image/background/map.ts'
import {
  type BackgroundOptions,
  measureBackground,
  subtractBackground,
} from '#science/image/background/background.ts'
import { detectSources, type DetectOptions } from './detect.ts'
import type { Detections } from './detections.ts'
import {
  measureSources,
  type MeasureOptions,
  type SourceMeasures,
} from '#science/image/photometry/measure.ts'
import { sourceFlags, type Mask, type Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'

/**
 * With SExtractor's meaning and defaults:
 *
 * | option | SExtractor | default |
 * | --- | --- | --- |
 * | background.mesh, .filter, .filterThreshold | BACK_SIZE, BACK_FILTERSIZE, BACK_FILTTHRESH | 64, 3, 0 |
 * | threshold, minArea | DETECT_THRESH, DETECT_MINAREA | 1.5, 5 |
 * | filter | FILTER, FILTER_NAME | 3 × 3 pyramid (default.conv); null is FILTER N |
 * | levels, contrast | DEBLEND_NTHRESH, DEBLEND_MINCONT | 32, 0.005 |
 * | clean | CLEAN, CLEAN_PARAM | 1; null is CLEAN N |
 * | gain, saturation | GAIN, SATUR_LEVEL | 0 (no photon noise), 50000 |
 * | neighbours | MASK_TYPE | 'correct'; 'none' |
 * | apertures | PHOT_APERTURES, but radii | [2.5] |
 * | kron | PHOT_AUTOPARAMS | 2.5, 3.5 |
 * | fractions | PHOT_FLUXFRAC | [0.5] |
 * | windowed | XWIN_IMAGE … asked for | true |
 * | variable | WEIGHT_TYPE BACKGROUND | false |
 *
 * Errors rest on the global noise of the background (BACKPHOTO_TYPE GLOBAL), with `variable` on its map.
 */
export interface ExtractOptions extends Omit<DetectOptions, 'rms' | 'sky'> {
  readonly mask?: Mask | null
  readonly background?: BackgroundOptions
  /** The background that was measured already. */
  readonly measured?: Background
  readonly neighbours?: 'correct' | 'none'
  readonly apertures?: readonly number[]
  readonly kron?: MeasureOptions['kron']
  readonly fractions?: readonly number[]
  readonly windowed?: boolean
  /** The noise of each place instead of the global one, for threshold and errors. */
  readonly variable?: boolean
  /** The plane itself loses its background; otherwise a copy does. */
  readonly overwrite?: boolean
  /** False: shapes and isophotal fluxes only. */
  readonly measure?: boolean
}

export interface Extraction {
  readonly background: Background
  readonly detections: Detections
  /** Null where not asked for. Flags of both are joined in `flags`. */
  readonly measures: SourceMeasures | null
  readonly flags: Uint32Array
  /** Row + 1 for pixels of sources; on the arena, see `extract`. */
  readonly segmentation: Int32Array
  /** Without background; on the arena unless `plane` was overwritten. */
  readonly subtracted: Plane
  /** Why there are no sources, where there are none. */
  readonly empty: string | null
}

/**
 * Flags what is saturated on the sky that it lies on, where that is brighter than the frame's as a whole. A clipped pixel
 * counts though the background was taken away and added again in single precision.
 */
function flagSaturated(found: Detections, background: Background, saturation: number): void {
  const { globalLevel, globalRms } = background
  const brightest = background.level.reduce((most, level) => Math.max(most, level), globalLevel)
  const row = new Float32Array(background.width)
  for (let i = 0; i < found.rows; i++) {
    // A spline overshoots its nodes a little.
    if (found.peak[i] + brightest + globalRms < saturation || found.flags[i] & sourceFlags.saturated) continue
    const y = found.yPeak[i]
    const [level] = levelRows(background, y, y + 1, row).subarray(found.xPeak[i])
    if (found.peak[i] + level >= saturation * (1 - 1e-6)) found.flags[i] |= sourceFlags.saturated
  }
}

/**
 * Background, detection and photometry of a plane. `segmentation` and `subtracted` lie on the arena until what surrounds
 * the call gives it back (`arena.during`); everything else is kept. Frames without a source give an empty list and say why.
 * @throws Problem `image.invalid` where options or sizes do not fit.
 */
export function extract(plane: Plane, options: ExtractOptions, workshop: Workshop): Extraction {
  const { mask = null, gain = 0, variable = false } = options
  const background = options.measured ?? measureBackground(plane, mask, options.background ?? {}, workshop)
  const { width, height } = plane
  const subtracted =
    options.overwrite === true
      ? plane
      : { width, height, data: workshop.arena.float32(width * height) as Float32Array }
  subtractBackground(plane, background, subtracted, workshop)
  const sky = background.globalLevel
  const rms = variable ? background : background.globalRms
  const { detections, segmentation } = detectSources(subtracted, mask, { ...options, rms, sky }, workshop)
  flagSaturated(detections, background, options.saturation ?? 50000)
  const measures =
    options.measure === false
      ? null
      : measureSources(
          subtracted,
          detections,
          {
            mask,
            segmentation,
            gain,
            noise: options.noise?.data ?? (variable ? noiseOf(background) : background.globalRms),
            neighbours: options.neighbours ?? 'correct',
            apertures: options.apertures ?? [2.5],
            fractions: options.fractions ?? [0.5],
            windowed: options.windowed ?? true,
            ...(options.kron ? { kron: options.kron } : {}),
          },
          workshop,
        )
  const flags = detections.flags.map((value, i) => value | (measures?.flags[i] ?? 0))
  const empty = detections.rows > 0 ? null : reason(background)
  return { background, detections, measures, flags, segmentation, subtracted, empty }
}

/** The noise at a place, from rows of the map that are made as they are asked for: sources come in the order of rows. */
function noiseOf(background: Background): (x: number, y: number) => number {
  const { width, height } = background
  const row = new Float32Array(width)
  let at = -1
  return (x, y) => {
    const line = Math.min(height - 1, Math.max(0, Math.round(y)))
    if (line !== at) rmsRows(background, line, line + 1, row)
    at = line
    return row[Math.min(width - 1, Math.max(0, Math.round(x)))]
  }
}

function reason({ badCells, columns, rows, rms }: Background): string {
  if (badCells === columns * rows) return 'Most pixels of the frame are masked or have no value.'
  if (rms.every((value) => value === 0)) return 'All pixels of the frame have the same value.'
  return 'No group of pixels stands out of the noise as the threshold asks.'
}
