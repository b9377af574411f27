/** Sources on a frame without background: threshold, labelling, deblending, shapes, cleaning. */
import { Problem } from '#problem.ts'
import type { Background } from '#science/image/background/map.ts'
import { absorbed } from './clean.ts'
import type { DetectionFilter } from './filter.ts'
import { pyramid } from './filter.ts'
import { keptDetections, type Detections, joinDetections } from './detections.ts'
import { type Components, components } from './label.ts'
import { objectsOf } from './objects.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { findRuns, type Runs } from './threshold.ts'
import type { Part, Workshop } from '#science/image/workshop.ts'

/** SExtractor's names stand behind; its defaults hold. */
export interface DetectOptions {
  /** In units of the noise: DETECT_THRESH, 1.5. */
  readonly threshold?: number
  /** Pixels: DETECT_MINAREA, 5. */
  readonly minArea?: number
  /** FILTER, FILTER_NAME: the 3 × 3 pyramid; null for none. */
  readonly filter?: DetectionFilter | null
  /** DEBLEND_NTHRESH, 32. */
  readonly levels?: number
  /** DEBLEND_MINCONT, 0.005; 1 for no deblending. */
  readonly contrast?: number
  /** CLEAN_PARAM, 1; null for CLEAN N. */
  readonly clean?: number | null
  /** e⁻ per unit of the plane: GAIN; 0 (the default) for no photon noise. */
  readonly gain?: number
  /** SATUR_LEVEL, in the unit of the frame with its background: 50000. */
  readonly saturation?: number
  /** What the threshold is multiplied with where no `noise` is given: a value, or the map of the background. */
  readonly rms?: number | Background
  /** Standard deviation of each pixel; the filter is then matched to it (Zackay & Ofek 2017), and moments are of the ratio. */
  readonly noise?: Plane | null
  /** Level of the sky that was taken away, for saturation. */
  readonly sky?: number
}

export interface Detected {
  readonly detections: Detections
  /** Number of row + 1 for each pixel of a detection, 0 elsewhere; on the arena. */
  readonly segmentation: Int32Array
}

/**
 * Detects sources on `plane`, from which the background has been taken. Masked and non-finite pixels count as 0 and are
 * never detected themselves. The segmentation lies on the arena: call it within `arena.during`.
 * @throws Problem `image.invalid` where sizes or options do not fit.
 */
export function detectSources(
  plane: Plane,
  mask: Mask | null,
  options: DetectOptions,
  workshop: Workshop,
): Detected {
  const { width, height } = plane
  const { noise = null, rms = 1, gain = 0, contrast = 0.005, levels = 32, minArea = 5 } = options
  for (const other of [mask, noise]) {
    if (other && (other.width !== width || other.height !== height)) {
      const sizes = `${other.width} × ${other.height}, the plane ${width} × ${height}`
      throw new Problem(
        'image.invalid',
        `A mask or noise plane is ${sizes} pixels; give one of the plane's size.`,
      )
    }
  }
  const sigma = typeof rms === 'number' ? rms : rms.globalRms
  const factor = positive(options.threshold ?? 1.5, 'threshold')
  positive(minArea, 'minArea')
  if (!(levels >= 1 && levels <= 255)) {
    throw new Problem('image.invalid', `levels is ${levels}; give a whole number of 1 … 255.`)
  }
  const perPixel = !noise && typeof rms !== 'number'
  const threshold = noise ? factor : factor * sigma
  const { arena } = workshop
  const segmentation = arena.int32(width * height)
  const detections = arena.during(() => {
    const filter = options.filter === undefined ? pyramid : options.filter
    const found = findRuns(
      {
        plane,
        mask,
        filter,
        threshold: perPixel ? factor : threshold,
        noise,
        rms: perPixel ? (rms as Background) : null,
        clear: segmentation,
      },
      workshop,
    )
    const groups = components(found, minArea)
    const rule = {
      threshold,
      levels,
      contrast,
      minArea,
      variance: sigma * sigma,
      photons: gain > 0 && gain < Infinity ? 1 / gain : 0,
      saturation: options.saturation ?? 50000,
    }
    const sky = options.sky ?? 0
    return describeAll({ plane, mask, noise, sky, segmentation, rule }, found, groups, workshop)
  })
  const clean = options.clean === undefined ? 1 : options.clean
  return numbered(detections, segmentation, clean, plane, workshop)
}

type Common = Pick<
  Parameters<typeof objectsOf.run>[0],
  'plane' | 'mask' | 'noise' | 'sky' | 'segmentation' | 'rule'
>

/** Cuts the components into portions of about as many pixels each. */
function describeAll(common: Common, found: Runs, groups: Components, workshop: Workshop): Detections {
  const { arena, crew } = workshop
  const { minArea } = common.rule
  const runs = found.runs
  const offsets = copied(groups.offsets, arena.int32(groups.offsets.length))
  const members = copied(groups.members, arena.int32(groups.members.length))
  const labels = arena.int32(groups.count)
  let pixels = 0
  let most = 0
  const room = groups.area.map((area) => Math.max(1, Math.floor(area / minArea)))
  for (let c = 0; c < groups.count; c++) {
    labels[c] = most + 1
    most += room[c]
    pixels += groups.area[c]
  }
  // Above every number that a row can get.
  for (let c = 0; c < groups.count; c++) labels[c] += most
  const portions = crew.hands > 1 ? 8 * crew.hands : 1
  const inputs = []
  let from = 0
  let sum = 0
  for (let c = 0; c < groups.count; c++) {
    sum += groups.area[c]
    if (sum * portions < pixels && c < groups.count - 1) continue
    inputs.push({ ...common, runs, values: found.values, offsets, members, labels, from, to: c + 1 })
    from = c + 1
    sum = 0
  }
  return joinDetections(crew.each(objectsOf, inputs, workshop))
}

/** Cleans, numbers the rows that stay from 1, and puts these numbers into the segmentation. */
function numbered(
  found: Detections,
  segmentation: Int32Array,
  clean: number | null,
  { width, height }: Plane,
  workshop: Workshop,
): Detected {
  const into = clean === null ? null : absorbed(found, clean, width, height)
  const stay: number[] = []
  const base = found.label[0] ?? 0
  for (let i = 0; i < found.rows; i++) {
    if (!into || into[i] === i) stay.push(i)
    else {
      const host = into[i]
      found.fluxIso[host] += found.fluxIso[i]
      found.fluxIsoErr[host] = Math.hypot(found.fluxIsoErr[host], found.fluxIsoErr[i])
    }
  }
  const numbers = new Int32Array(found.rows > 0 ? found.label[found.rows - 1] - base + 1 : 0)
  stay.forEach((row, k) => (numbers[found.label[row] - base] = k + 1))
  const portions = workshop.crew.hands > 1 ? 4 * workshop.crew.hands : 1
  const { label, xMin, xMax, yMin, yMax } = found
  const inputs = Array.from({ length: portions }, (_, i): Relabelling => {
    const from = Math.floor((i * found.rows) / portions)
    const to = Math.floor(((i + 1) * found.rows) / portions)
    const of = (column: Int32Array): Int32Array => column.slice(from, to)
    return {
      segmentation,
      width,
      rows: to - from,
      label: of(label),
      number: of(label).map((value) => numbers[value - base]),
      xMin: of(xMin),
      xMax: of(xMax),
      yMin: of(yMin),
      yMax: of(yMax),
    }
  })
  workshop.crew.each(relabel, inputs, workshop)
  const detections = keptDetections(found, Int32Array.from(stay))
  for (let k = 0; k < detections.rows; k++) detections.label[k] = k + 1
  return { detections, segmentation }
}

interface Relabelling extends Pick<Detections, 'label' | 'xMin' | 'xMax' | 'yMin' | 'yMax'> {
  segmentation: Int32Array
  width: number
  rows: number
  number: Int32Array
}

/** Puts numbers in place of labels, which are all larger: none is taken for another, also side by side. */
export const relabel: Part<Relabelling, void> = {
  module: import.meta.url,
  name: 'relabel',
  run({ segmentation, width, rows, label, number, xMin, xMax, yMin, yMax }) {
    for (let i = 0; i < rows; i++) {
      const [from, to] = [label[i], number[i]]
      for (let y = yMin[i]; y <= yMax[i]; y++) {
        const end = y * width + xMax[i]
        for (let at = y * width + xMin[i]; at <= end; at++)
          if (segmentation[at] === from) segmentation[at] = to
      }
    }
  },
}

function copied(from: Int32Array, to: Int32Array): Int32Array {
  to.set(from)
  return to
}

function positive(value: number, name: string): number {
  if (!(value > 0 && value < Infinity)) {
    throw new Problem('image.invalid', `${name} is ${value}; give a number above 0.`)
  }
  return value
}
