import { isProblem, Problem } from '#problem.ts'
import { filterNamed, filterNames, filterOf, type FilterName } from '#science/image/calibration/filters.ts'
import { shuffleCheck } from '#science/image/calibration/zero-point-checks.ts'
import { fitZeroPoint, type ZeroPointFit } from '#science/image/calibration/zero-point.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { clustersSky, matchSky } from '#science/sources/match.ts'
import { sourceFlags } from '#science/image/plane.ts'
import type { Table } from '#science/table/table.ts'
import { bandColumns, nativeMagnitudes, type BandColumns } from '#observatory/tasks/band-columns.ts'
import { positionsAt } from '#observatory/tasks/catalogue-columns.ts'
import { definitionFor } from '#observatory/tasks/sky/definition.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import type { StepContext } from './context.ts'
import type { Objects } from './objects.ts'

/** From instrumental to catalogue magnitudes. */

export interface Stars {
  readonly table: Table
  readonly catalogue: string
  readonly ra: Float64Array
  readonly dec: Float64Array
  /** 0-based pixels on the frame; NaN where there is none. */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly band: BandColumns
  /** 1 where a star may calibrate. */
  readonly good: Uint8Array
}

export interface Calibration {
  readonly fit: ZeroPointFit
  /** Rows of objects and of stars that are the same. */
  readonly objects: Int32Array
  readonly stars: Int32Array
  readonly separation: Float64Array
  readonly radiusArcsec: number
}

const count = (value: number): string => value.toLocaleString('en-US')

/** Instrumental magnitudes and their errors. */
export function instrumental({ flux, fluxErr }: Pick<Objects, 'flux' | 'fluxErr'>): {
  mag: Float64Array
  err: Float64Array
} {
  return {
    mag: flux.map((value) => (value > 0 ? -2.5 * Math.log10(value) : Number.NaN)),
    err: flux.map((value, i) => (value > 0 ? (1.0857362 * fluxErr[i]!) / value : Number.NaN)),
  }
}

/** The stars of the catalogue, with the band of the frame, and which of them may calibrate. */
export function starsOf(
  table: Table,
  name: string,
  filter: string,
  wcs: Wcs,
  config: TaskConfig,
  fwhmArcsec: number,
  mjd: number | null,
  context: Pick<StepContext, 'log' | 'warn'>,
): Stars {
  const { name: bandName } = filterNamed(filter)
  const definition = definitionFor(name, table, bandName)
  const { ra, dec, note } = positionsAt(table, mjd)
  if (note !== null) context.log(note)
  const band = bandColumns(table, definition, bandName)
  for (const warning of band.warnings) context.warn(warning)
  if (band.colourBands === null && config.force_color_term !== null && config.force_color_term !== 0)
    throw new Problem(
      'photometry.no_band',
      `The colour term ${config.force_color_term} (force_color_term) cannot be applied: ${definition.title} has no two bands that make a colour. Leave it out, or use a catalogue with ${filterOf(bandName).colour.join(' and ')}.`,
    )
  const { x, y } = wcs.skyToPixels(ra, dec)
  const good = band.good.slice()
  for (let i = 0; i < good.length; i++) {
    const mag = band.magnitude[i]!
    if (config.cat_mag_lower !== null && mag < config.cat_mag_lower) good[i] = 0
    if (config.cat_mag_upper !== null && mag > config.cat_mag_upper) good[i] = 0
    if (config.cat_limit !== null && mag > config.cat_limit) good[i] = 0
  }
  if (config.filter_blends && table.rows > 0) {
    const { group, size } = clustersSky(ra, dec, 2 * fwhmArcsec)
    let blended = 0
    for (let i = 0; i < good.length; i++) {
      if (group[i]! < 0 || size[group[i]!]! < 2) continue
      if (good[i] === 1) blended++
      good[i] = 0
    }
    context.log(
      `${count(blended)} stars with another within ${(2 * fwhmArcsec).toFixed(1)}″ do not calibrate.`,
    )
  }
  return { table, catalogue: definition.title, ra, dec, x, y, band, good }
}

/** Positions of a catalogue, with whatever brightness it has: for astrometry any band will do. */
export function starsForPositions(
  table: Table,
  name: string,
  mjd: number | null,
): { ra: Float64Array; dec: Float64Array; mag: Float64Array } {
  const definition = definitionFor(name, table)
  const { ra, dec } = positionsAt(table, mjd)
  for (const filter of ['r', 'G', 'g', 'V', 'i', 'R', 'J', 'B', 'Ks'] as const) {
    const mag = nativeMagnitudes(table, definition, filter)
    if (mag.some(Number.isFinite)) return { ra, dec, mag }
  }
  return { ra, dec, mag: new Float64Array(ra.length).fill(Number.NaN) }
}

/** Fits the zero point to objects and stars that are the same. @throws Problem `task.no_stars`, photometry.* */
export function calibrate(
  objects: Objects,
  sky: { ra: Float64Array; dec: Float64Array },
  stars: Stars,
  config: TaskConfig,
  frame: { width: number; height: number; radiusArcsec: number },
  context: Pick<StepContext, 'log' | 'warn'>,
): Calibration {
  const usable = [...stars.good.keys()].filter((i) => stars.good[i] === 1)
  const ra = Float64Array.from(usable, (i) => stars.ra[i]!)
  const dec = Float64Array.from(usable, (i) => stars.dec[i]!)
  const { first, second, separation } = matchSky(sky.ra, sky.dec, ra, dec, frame.radiusArcsec)
  const matched = Int32Array.from(second, (i) => usable[i]!)
  context.log(
    `${count(first.length)} objects are stars of ${stars.catalogue} within ${frame.radiusArcsec.toFixed(2)}″ (${count(usable.length)} stars may calibrate).`,
  )
  if (first.length < 2)
    throw new Problem(
      'task.no_stars',
      `Only ${first.length} objects are stars of ${stars.catalogue} within ${frame.radiusArcsec.toFixed(2)}″ (${usable.length} stars of it may calibrate, in a field with ${objects.rows} objects). The astrometry may be off (blind_match_wcs=true solves anew), the radius small (sr_override), or the catalogue shallow (cat_limit, cat_name).`,
    )
  const uncoloured = [...matched].filter((i) => !Number.isFinite(stars.band.colour[i]!)).length
  if (uncoloured > 0 && stars.band.colourBands && (config.use_color || config.force_color_term !== null))
    context.log(
      `${count(uncoloured)} of them have no ${stars.band.colourBands.join(' − ')} and do not calibrate (use_color=false takes them too).`,
    )
  const fit = fitZeroPoint(pairs(objects, stars, first, matched), optionsOf(config, frame))
  for (const warning of fit.model.warnings) context.warn(warning)
  return { fit, objects: first, stars: matched, separation, radiusArcsec: frame.radiusArcsec }
}

function pairs(
  objects: Objects,
  stars: Pick<Stars, 'band'>,
  first: Int32Array,
  second: Int32Array,
): Parameters<typeof fitZeroPoint>[0] {
  const { mag, err } = instrumental(objects)
  const { band } = stars
  return {
    x: Float64Array.from(first, (i) => objects.x[i]!),
    y: Float64Array.from(first, (i) => objects.y[i]!),
    magnitude: Float64Array.from(first, (i) => mag[i]!),
    error: Float64Array.from(first, (i) => err[i]!),
    flags: Float64Array.from(first, (i) => objects.flags[i]!),
    catalogueMagnitude: Float64Array.from(second, (i) => band.magnitude[i]!),
    catalogueError: Float64Array.from(second, (i) => band.error[i]!),
    ...(band.colour.some(Number.isFinite)
      ? { colour: Float64Array.from(second, (i) => band.colour[i]!) }
      : {}),
  }
}

function optionsOf(
  config: TaskConfig,
  { width, height }: { width: number; height: number },
): NonNullable<Parameters<typeof fitZeroPoint>[1]> {
  return {
    spatialOrder: config.spatial_order,
    colour: config.force_color_term ?? (config.use_color ? 'free' : 'none'),
    fluxOrder: config.bg_order,
    nonlinear: config.nonlin,
    acceptFlags: sourceFlags.deblended,
    clip: 5,
    rounds: 10,
    width,
    height,
  }
}

/** A sentence where chance explains the match as well; null otherwise. */
export function chanceOf(
  objects: Objects,
  stars: Stars,
  { fit, objects: first, stars: second }: Calibration,
): string | null {
  const { mag } = instrumental(objects)
  const used = [...first.keys()].filter((k) => fit.used[k] === 1)
  return shuffleCheck(
    used.map((k) => mag[first[k]!]!),
    used.map((k) => stars.band.magnitude[second[k]!]!),
  ).warning
}

/** Colour terms with every band that the catalogue has: the smallest tells what the filter is. */
export function diagnose(
  objects: Objects,
  stars: Stars,
  name: string,
  { objects: first, stars: second }: Calibration,
  config: TaskConfig,
  frame: { width: number; height: number },
): { filter: FilterName; term: number; rms: number }[] {
  const definition = definitionFor(name, stars.table)
  return filterNames
    .flatMap((filter) => {
      try {
        const band = bandColumns(stars.table, definition, filter)
        const { model } = fitZeroPoint(pairs(objects, { band }, first, second), {
          ...optionsOf({ ...config, force_color_term: null, use_color: true }, frame),
          spatialOrder: 0,
        })
        return model.colour ? [{ filter, term: model.colour.terms[0]!, rms: model.rms }] : []
      } catch (error) {
        if (!isProblem(error)) throw error
        return []
      }
    })
    .toSorted((a, b) => Math.abs(a.term) - Math.abs(b.term))
}
