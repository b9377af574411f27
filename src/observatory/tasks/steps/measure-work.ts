import { join } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import { skyAnnulus } from '#science/image/photometry/annulus.ts'
import { circularFlux } from '#science/image/photometry/aperture.ts'
import { refineCentroids } from '#science/image/photometry/centroid.ts'
import { levelRows, rmsRows, type Background } from '#science/image/background/map.ts'
import { gaussianFilter } from '#science/image/detection/filter.ts'
import { extract } from '#science/image/detection/extract.ts'
import { optimalFlux } from '#science/image/photometry/optimal.ts'
import { psfPhotometry } from '#science/image/psf/photometry.ts'
import { selectPsfStars } from '#science/image/psf/stars.ts'
import { sourceFlags, type Mask, type Plane } from '#science/image/plane.ts'
import { shapeOutliers } from '#science/image/calibration/shape-outliers.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import { fwhmOf } from './seeing.ts'
import { readMask, readProduct, writePlane } from './pixel-files.ts'
import { runChosen } from '#observatory/tasks/engines/registry.ts'
import { speaking, type Speaking, type Voice } from './voice.ts'

/** Objects as they are measured on a frame: columns of equal length, pixels 0-based, fluxes in ADU. */
export interface Objects {
  rows: number
  x: Float64Array
  y: Float64Array
  xErr: Float64Array
  yErr: Float64Array
  flux: Float64Array
  fluxErr: Float64Array
  flags: Uint32Array
  a: Float64Array
  b: Float64Array
  theta: Float64Array
  fwhm: Float64Array
  fluxRadius: Float64Array
  fluxAuto: Float64Array
  fluxMax: Float64Array
  isoArea: Int32Array
  /** Number in the segmentation. */
  number: Int32Array
  /** Level of the sky, what the annulus adds to it, and the error of a flux of nothing. */
  bg: Float64Array
  bgLocal: Float64Array
  bgFluxErr: Float64Array
}

const columnKinds: Record<Exclude<keyof Objects, 'rows'>, 'f' | 'i' | 'u'> = {
  x: 'f',
  y: 'f',
  xErr: 'f',
  yErr: 'f',
  flux: 'f',
  fluxErr: 'f',
  flags: 'u',
  a: 'f',
  b: 'f',
  theta: 'f',
  fwhm: 'f',
  fluxRadius: 'f',
  fluxAuto: 'f',
  fluxMax: 'f',
  isoArea: 'i',
  number: 'i',
  bg: 'f',
  bgLocal: 'f',
  bgFluxErr: 'f',
}
const columnNames = Object.keys(columnKinds) as Exclude<keyof Objects, 'rows'>[]
const arrays = { f: Float64Array, i: Int32Array, u: Uint32Array }

/** The rows of `order`. */
export function chosenObjects(from: Objects, order: ArrayLike<number>): Objects {
  const out = { rows: order.length } as Objects
  for (const name of columnNames) {
    const column = new arrays[columnKinds[name]](order.length)
    for (let i = 0; i < column.length; i++) column[i] = from[name][order[i]!]!
    ;(out as unknown as Record<string, unknown>)[name] = column
  }
  return out
}

export interface MeasureInput {
  readonly folder: string
  readonly config: TaskConfig
  readonly gain: number
  readonly saturation: number
  readonly bgSize: number
  readonly hands: number
}

export interface MeasuredFrame {
  readonly objects: Objects
  readonly fwhm: number
  readonly fwhmFrom: string
  readonly detected: number
  readonly globalRms: number
  /** Fluxes of fits of the point spread, where they were asked for and there are stars to model it. */
  readonly psf: {
    readonly flux: Float64Array
    readonly fluxErr: Float64Array
    readonly chi2: Float64Array
  } | null
}

/** Finds the objects of image.fits, finds the seeing, and measures them in apertures of it. */
export const measureObjects = computeTask(
  import.meta.url,
  'measureObjects',
  (input: MeasureInput & Speaking): Promise<MeasuredFrame> =>
    speaking(input.channel, (voice) => measureFrame(input, voice)),
)

const count = (value: number): string => value.toLocaleString('en-US')

async function measureFrame(input: MeasureInput, voice: Voice): Promise<MeasuredFrame> {
  const { folder, config, gain } = input
  const workshop = createWorkshop({ hands: input.hands })
  const stages = 5
  try {
    const { plane } = readProduct(join(folder, 'image.fits'), workshop)
    const mask = readMask(join(folder, 'mask.fits'), workshop)
    voice.progress(1, stages, 'stages')
    const ground = { folder, hands: input.hands, log: voice.log }
    const options = {
      mask,
      background: { mesh: input.bgSize },
      threshold: 2,
      minArea: config.minarea,
      filter: config.initial_r0 > 0 ? gaussianFilter(config.initial_r0) : null,
      gain,
      saturation: input.saturation,
      neighbours: 'none',
      apertures: [config.initial_aper],
      windowed: false,
      variable: true,
    } as const
    const found = await runChosen('detection', config, { plane, options, workshop }, ground)
    const { background, detections, measures } = found
    if (!measures || detections.rows === 0)
      throw new Problem(
        'task.no_stars',
        `No object was found: ${found.empty ?? 'none stands out.'} Lower minarea, or check the mask and the saturation.`,
      )
    voice.log(
      `Background ${background.globalLevel.toPrecision(5)} ADU, noise ${background.globalRms.toPrecision(4)} ADU (mesh ${input.bgSize} pixels).`,
    )
    voice.progress(2, stages, 'stages')
    writePlane(join(folder, 'segmentation.fits'), {
      width: plane.width,
      height: plane.height,
      data: found.segmentation,
    })
    if (config.inspect_bg) writeMaps(folder, background, workshop)

    const first = measures.fluxAper[0]!
    const firstErr = measures.fluxAperErr[0]!
    const kept = Array.from({ length: detections.rows }, (_, i) => i)
      .filter(
        (i) =>
          first[i]! > 3 * firstErr[i]! &&
          detections.fwhm[i]! > 0 &&
          detections.area[i]! > config.minarea &&
          measures.fluxAuto[i]! > 0,
      )
      .toSorted((i, j) => first[j]! - first[i]!)
    if (kept.length === 0)
      throw new Problem(
        'task.no_stars',
        `None of the ${detections.rows} detections has S/N above 3 in ${config.initial_aper} pixels; set initial_aper nearer to the seeing.`,
      )
    const objects = objectsOf(found, kept)
    markMasked(objects, found.segmentation, mask)
    voice.log(
      `${count(detections.rows)} detections above 2 σ, ${count(kept.length)} of them with S/N above 3 in ${config.initial_aper} pixels.`,
    )
    if (config.prefilter_detections) {
      const odd = flagOddShapes(objects, voice)
      voice.log(`${count(odd)} objects are flagged for their shape.`)
    }
    const seeing =
      config.fwhm_override === null
        ? fwhmOf(objects, first, firstErr, kept)
        : { fwhm: config.fwhm_override, stars: 0 }
    const fwhmFrom = config.fwhm_override === null ? `${seeing.stars} stars` : 'configuration'
    voice.log(`FWHM ${seeing.fwhm.toFixed(2)} pixels (${fwhmFrom}).`)
    voice.progress(3, stages, 'stages')
    const measured = aperturePhotometry(plane, mask, background, objects, {
      ...apertures(config, seeing.fwhm),
      gain,
      optimal: config.optimal_extraction ? { fwhm: seeing.fwhm, workshop } : undefined,
    })
    voice.progress(4, stages, 'stages')
    const bright = measured.flux.map((flux, i) => flux / measured.fluxErr[i]!)
    const chosen = [...bright.keys()]
      .filter((i) => bright[i]! >= config.sn)
      .toSorted((i, j) => measured.flux[j]! - measured.flux[i]!)
    const result = chosenObjects(measured, chosen)
    const flagged = result.flags.reduce((sum, flags) => sum + (flags === 0 ? 0 : 1), 0)
    voice.log(
      `${count(result.rows)} objects with S/N ≥ ${config.sn} in apertures of ${(config.rel_aper * seeing.fwhm).toFixed(2)} pixels, sky from ${(config.rel_bg1 * seeing.fwhm).toFixed(1)} to ${(config.rel_bg2 * seeing.fwhm).toFixed(1)} pixels; ${count(flagged)} of them flagged.`,
    )
    if (flagged > result.rows / 2)
      voice.warn(
        'More than half of the objects are flagged: the field is crowded, or the mask or the saturation level is wrong.',
      )
    if (result.rows === 0)
      throw new Problem('task.no_stars', `No object has S/N ${config.sn} or more; lower sn.`)
    const psf = config.psf_photometry
      ? await psfFluxes(plane, mask, background, result, seeing.fwhm, input, workshop, voice)
      : null
    voice.progress(5, stages, 'stages')
    return {
      objects: result,
      psf,
      ...seeing,
      fwhmFrom,
      detected: detections.rows,
      globalRms: background.globalRms,
    }
  } finally {
    await workshop.close()
  }
}

async function psfFluxes(
  plane: Plane,
  mask: Mask,
  background: Background,
  objects: Objects,
  fwhm: number,
  input: MeasureInput,
  workshop: Workshop,
  voice: Voice,
): Promise<MeasuredFrame['psf']> {
  const { gain } = input
  const { rows } = selectPsfStars({ ...objects, fwhm: objects.fluxRadius.map((radius) => 2 * radius) })
  const pick = (column: Float64Array): Float64Array => Float64Array.from(rows, (i) => column[i]!)
  try {
    const options = { fwhm, mask, noise: background.globalRms, gain, neighbours: objects }
    const { psf, used } = await runChosen(
      'psf',
      input.config,
      { plane, x: pick(objects.x), y: pick(objects.y), options },
      { folder: input.folder, hands: input.hands, log: voice.log },
    )
    voice.log(`Point spread from ${used.reduce((sum, each) => sum + each, 0)} stars.`)
    const { flux, fluxErr, chi2 } = psfPhotometry(
      plane,
      objects.x,
      objects.y,
      psf,
      { mask, noise: noiseFunction(background), gain },
      workshop,
    )
    return { flux, fluxErr, chi2 }
  } catch (error) {
    if (!isProblem(error)) throw error
    voice.warn(`${error.message} PSF fluxes are left out.`)
    return null
  }
}

export interface Apertures {
  readonly radius: number
  readonly inner: number
  readonly outer: number
}

export function apertures(config: TaskConfig, fwhm: number): Apertures {
  return {
    radius: config.rel_aper * fwhm,
    inner: config.rel_bg1 * fwhm,
    outer: Math.max(config.rel_bg2, config.rel_bg1 + 0.5) * fwhm,
  }
}

/** Aperture fluxes over a local sky, of a plane whose background has been taken away; other columns are passed on. */
export function aperturePhotometry(
  plane: Plane,
  mask: Mask | null,
  background: Background | number,
  objects: Objects,
  {
    radius,
    inner,
    outer,
    gain,
    noise,
    optimal,
  }: Apertures & {
    gain: number
    noise?: Float32Array
    /** Weights pixels by the profile of a star of this width instead of summing them. */
    optimal?: { fwhm: number; workshop: Workshop } | undefined
  },
): Objects {
  const { x, y } = objects
  const rms = noise ?? (typeof background === 'number' ? background : noiseFunction(background))
  const fluxes = circularFlux(plane, x, y, radius, { mask, noise: rms, gain })
  const sky = skyAnnulus(plane, x, y, inner, outer, { mask })
  const level = typeof background === 'number' ? () => 0 : levelFunction(background)
  const flux = fluxes.flux.map((value, i) =>
    Number.isFinite(sky.sky[i]!) ? value - sky.sky[i]! * fluxes.area[i]! : value,
  )
  const best =
    optimal &&
    optimalFlux(plane, x, y, { fwhm: optimal.fwhm, radius, mask, noise: rms, gain }, optimal.workshop)
  if (best)
    return {
      ...objects,
      flux: best.flux,
      fluxErr: best.fluxErr,
      flags: objects.flags.map(
        (flags, i) =>
          flags | best.flags[i]! | (Number.isFinite(best.flux[i]!) ? 0 : sourceFlags.shapeOutlier),
      ),
      bg: x.map((_, i) => level(x[i]!, y[i]!)),
      bgLocal: sky.sky,
      bgFluxErr: best.skyErr,
    }
  return {
    ...objects,
    flux,
    fluxErr: fluxes.fluxErr.map((error, i) =>
      Number.isFinite(sky.skyErr[i]!) ? Math.hypot(error, sky.skyErr[i]! * fluxes.area[i]!) : error,
    ),
    flags: objects.flags.map((flags, i) => flags | fluxes.flags[i]! | sky.flags[i]!),
    bg: x.map((_, i) => level(x[i]!, y[i]!)),
    bgLocal: sky.sky,
    bgFluxErr: fluxes.skyErr,
  }
}

/** Flags what does not look like the sources around it; how many. */
export function flagOddShapes(objects: Objects, voice: Pick<Voice, 'warn'>): number {
  const { outlier, warnings } = shapeOutliers({
    x: objects.x,
    y: objects.y,
    // Of the aperture: in a crowded field that of Kron holds more of the neighbours than of the source.
    magnitude: objects.flux.map((flux) => -2.5 * Math.log10(flux)),
    halfLightRadius: objects.fluxRadius,
    fwhm: objects.fwhm,
    peak: objects.fluxMax,
    flux: objects.fluxAuto,
    flags: objects.flags,
  })
  for (const warning of warnings) voice.warn(warning)
  let odd = 0
  for (let i = 0; i < objects.rows; i++) {
    if (outlier[i] === 0) continue
    objects.flags[i]! |= sourceFlags.shapeOutlier
    odd++
  }
  return odd
}

/** A map at a place, from rows that are made as they are asked for. */
function mapFunction(
  width: number,
  height: number,
  rows: (y: number, out: Float32Array) => void,
): (x: number, y: number) => number {
  const kept = new Map<number, Float32Array>()
  return (x, y) => {
    const line = Math.min(height - 1, Math.max(0, Math.round(y)))
    let row = kept.get(line)
    if (!row) {
      if (kept.size > 64) kept.delete(kept.keys().next().value ?? -1)
      row = new Float32Array(width)
      rows(line, row)
      kept.set(line, row)
    }
    return row[Math.min(width - 1, Math.max(0, Math.round(x)))]!
  }
}

export function noiseFunction(background: Background): (x: number, y: number) => number {
  return mapFunction(background.width, background.height, (y, out) => rmsRows(background, y, y + 1, out))
}

function levelFunction(background: Background): (x: number, y: number) => number {
  return mapFunction(background.width, background.height, (y, out) => levelRows(background, y, y + 1, out))
}

/** What detection and measurement say of the rows of `order`. */
export function objectsOf(
  { detections: d, measures: m, flags }: ReturnType<typeof extract>,
  order: readonly number[],
): Objects {
  const f = (column: ArrayLike<number>): Float64Array => Float64Array.from(order, (i) => column[i]!)
  const root = (column: ArrayLike<number>): Float64Array =>
    Float64Array.from(order, (i) => Math.sqrt(Math.max(0, column[i]!)))
  const none = new Float64Array(order.length).fill(Number.NaN)
  return {
    rows: order.length,
    x: f(d.x),
    y: f(d.y),
    xErr: root(d.x2Err),
    yErr: root(d.y2Err),
    flux: f(m?.fluxAper[0] ?? d.fluxIso),
    fluxErr: f(m?.fluxAperErr[0] ?? d.fluxIsoErr),
    flags: Uint32Array.from(order, (i) => flags[i]!),
    a: f(d.a),
    b: f(d.b),
    theta: f(d.theta),
    fwhm: f(d.fwhm),
    fluxRadius: m ? f(m.fluxRadius[0]!) : none,
    fluxAuto: m ? f(m.fluxAuto) : none,
    fluxMax: f(d.peak),
    isoArea: Int32Array.from(order, (i) => d.area[i]!),
    number: Int32Array.from(order, (i) => i + 1),
    bg: none,
    bgLocal: none,
    bgFluxErr: none,
  }
}

/** Objects with a masked pixel among or beside their own. */
export function markMasked(objects: Objects, segmentation: Int32Array, mask: Mask): void {
  const rowOf = new Map<number, number>()
  for (let i = 0; i < objects.rows; i++) rowOf.set(objects.number[i]!, i)
  const { width, height, data } = mask
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue
    const [px, py] = [i % width, Math.floor(i / width)]
    for (let y = Math.max(0, py - 1); y <= Math.min(height - 1, py + 1); y++) {
      for (let x = Math.max(0, px - 1); x <= Math.min(width - 1, px + 1); x++) {
        const row = rowOf.get(segmentation[y * width + x]!)
        if (row !== undefined) objects.flags[row]! |= sourceFlags.maskedInFootprint
      }
    }
  }
}

function writeMaps(folder: string, background: Background, workshop: Workshop): void {
  const { width, height } = background
  workshop.arena.during(() => {
    const data = workshop.arena.float32(width * height)
    levelRows(background, 0, height, data)
    writePlane(join(folder, 'image_bg.fits'), { width, height, data })
    rmsRows(background, 0, height, data)
    writePlane(join(folder, 'image_rms.fits'), { width, height, data })
  })
}

export interface ForcedInput extends MeasureInput {
  readonly fwhm: number
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** Measures the places of targets, whether something is seen there or not; optionally moved to the centre of light. */
export const measureForced = computeTask(
  import.meta.url,
  'measureForced',
  (input: ForcedInput & Speaking): Promise<Objects> =>
    speaking(input.channel, async () => {
      const workshop = createWorkshop({ hands: 1 })
      try {
        const { plane } = readProduct(join(input.folder, 'image.fits'), workshop)
        const mask = readMask(join(input.folder, 'mask.fits'), workshop)
        const { background } = extract(
          plane,
          { mask, background: { mesh: input.bgSize }, threshold: 1e6, overwrite: true, measure: false },
          workshop,
        )
        return forcedAt(plane, mask, background, { ...input, workshop })
      } finally {
        await workshop.close()
      }
    }),
)

export function forcedAt(
  plane: Plane,
  mask: Mask,
  background: Background | number,
  {
    config,
    fwhm,
    gain,
    x,
    y,
    noise,
    workshop,
  }: Pick<ForcedInput, 'config' | 'fwhm' | 'gain' | 'x' | 'y'> & { noise?: Float32Array; workshop: Workshop },
): Objects {
  const given = { x: Float64Array.from(x), y: Float64Array.from(y) }
  const places = config.centroid_targets
    ? refineCentroids(plane, x, y, { mask, size: config.rel_aper * fwhm, iterations: 5, leash: fwhm })
    : given
  const rows = x.length
  const none = (): Float64Array => new Float64Array(rows).fill(Number.NaN)
  const objects: Objects = {
    rows,
    x: places.x,
    y: places.y,
    xErr: none(),
    yErr: none(),
    flux: none(),
    fluxErr: none(),
    flags: new Uint32Array(rows),
    a: none(),
    b: none(),
    theta: none(),
    fwhm: none(),
    fluxRadius: none(),
    fluxAuto: none(),
    fluxMax: none(),
    isoArea: new Int32Array(rows),
    number: new Int32Array(rows),
    bg: none(),
    bgLocal: none(),
    bgFluxErr: none(),
  }
  return aperturePhotometry(plane, mask, background, objects, {
    ...apertures(config, fwhm),
    gain,
    ...(noise ? { noise } : {}),
    optimal: config.optimal_extraction ? { fwhm, workshop } : undefined,
  })
}
