import { extract } from '#science/image/detection/extract.ts'
import type { Workshop } from '#science/image/workshop.ts'
import type { SimulatedField } from '#science/simulate/field.ts'
import { asFile, type Catalogue, runSourceExtractor } from './source-extractor.ts'

/** Settings of both programs: what SExtractor does by default, with the gain of the field. */
const settings = { GAIN: 1, GAIN_KEY: 'NONE', SATUR_LEVEL: 60000, SATUR_KEY: 'NONE', PHOT_APERTURES: 10 }
export const extractSettings = { gain: 1, saturation: 60000, apertures: [5] } as const
export const columns = [
  'X_IMAGE',
  'Y_IMAGE',
  'FLUX_AUTO',
  'FLUXERR_AUTO',
  'FLUX_APER',
  'FLUX_ISO',
  'FLUXERR_ISO',
  'FLUX_RADIUS',
  'FWHM_IMAGE',
  'A_IMAGE',
  'B_IMAGE',
  'XWIN_IMAGE',
  'YWIN_IMAGE',
  'KRON_RADIUS',
  'ISOAREA_IMAGE',
  'FLAGS',
] as const

export interface Comparison {
  ours: number
  theirs: number
  /** Share of its unflagged objects with S/N > 5 that we have within 0.2 px. */
  unflagged: number
  /** Share of all its objects that we have within 1 px. */
  all: number
  /** Share of ours without one of its within 1 px or a true source within 3 px. */
  alone: number
  /** Of unflagged pairs: ours / its. */
  auto: { median: number; mad: number }
  aper: { median: number; mad: number }
  iso: { median: number; mad: number }
  isoErr: { median: number; mad: number }
  autoErr: { median: number; mad: number }
  fwhm: { median: number; mad: number }
  radius: { median: number; mad: number }
  /** All pairs that are not saturated. */
  autoAll: { median: number; mad: number }
  windowed: { median: number; mad: number }
  flagsAlike: number
  seconds: number
  cpuSeconds: number
}

export function sextractorOn(path: string): {
  catalogue: Catalogue
  rows: number
  seconds: number
  cpuSeconds: number
} {
  return runSourceExtractor(path, columns, settings)
}

/** Runs source-extractor on the field's file and `extract` on its plane, and compares them. */
export function compareOn(field: SimulatedField, path: string, workshop: Workshop): Comparison {
  const { catalogue: theirs, rows, seconds, cpuSeconds } = sextractorOn(path)
  return workshop.arena.during(() => {
    const plane = { ...field.plane, data: workshop.arena.float32(field.plane.data.length) as Float32Array }
    plane.data.set(field.plane.data)
    const { detections, measures, flags } = extract(plane, { ...extractSettings, overwrite: true }, workshop)
    const x = theirs['X_IMAGE'].map((value) => value - 1)
    const y = theirs['Y_IMAGE'].map((value) => value - 1)
    const toOurs = nearest(x, y, detections.x, detections.y)
    const toTheirs = nearest(detections.x, detections.y, x, y)
    const toTruth = nearest(detections.x, detections.y, field.truth.x, field.truth.y)
    const good = (i: number): boolean =>
      theirs['FLAGS'][i] === 0 && theirs['FLUX_AUTO'][i] > 5 * theirs['FLUXERR_AUTO'][i]
    const every = Array.from({ length: rows }, (_, i) => i)
    const unflagged = every.filter(good)
    const share = (list: number[], has: (i: number) => boolean): number =>
      list.length === 0 ? 1 : list.filter(has).length / list.length
    const paired = every.filter((i) => toOurs.distance[i] < 1)
    const clean = paired.filter((i) => good(i) && flags[toOurs.index[i]] === 0)
    const ratios = (list: number[], column: Float64Array, name: string, offset = 0) =>
      spread(list.map((i) => (column[toOurs.index[i]] + offset) / theirs[name][i]))
    const mine = measures!
    return {
      ours: detections.rows,
      theirs: rows,
      unflagged: share(unflagged, (i) => toOurs.distance[i] < 0.2),
      all: share(every, (i) => toOurs.distance[i] < 1),
      alone: share(
        Array.from({ length: detections.rows }, (_, i) => i),
        (i) => toTheirs.distance[i] >= 1 && toTruth.distance[i] >= 3,
      ),
      auto: ratios(clean, mine.fluxAuto, 'FLUX_AUTO'),
      aper: ratios(clean, mine.fluxAper[0], 'FLUX_APER'),
      iso: ratios(clean, detections.fluxIso, 'FLUX_ISO'),
      isoErr: ratios(clean, detections.fluxIsoErr, 'FLUXERR_ISO'),
      autoErr: ratios(clean, mine.fluxAutoErr, 'FLUXERR_AUTO'),
      fwhm: ratios(clean, detections.fwhm, 'FWHM_IMAGE'),
      radius: ratios(clean, mine.fluxRadius[0], 'FLUX_RADIUS'),
      autoAll: ratios(
        paired.filter((i) => (theirs['FLAGS'][i] & 4) === 0),
        mine.fluxAuto,
        'FLUX_AUTO',
      ),
      windowed: spread(clean.map((i) => mine.xWin[toOurs.index[i]] + 1 - theirs['XWIN_IMAGE'][i])),
      flagsAlike: share(paired, (i) => (flags[toOurs.index[i]] & 0xff) === theirs['FLAGS'][i]),
      seconds,
      cpuSeconds,
    }
  })
}

/**
 * How far source-extractor agrees with itself, once it is shown the same field mirrored: where many pixels belong to more than one
 * source it gives them out by random numbers, so that no other program can agree better.
 */
export function itselfMirrored({ plane: { width, height, data } }: SimulatedField): {
  unflagged: number
  all: number
} {
  const mirrored = data.map((_, i) => data[i - (i % width) + (width - 1 - (i % width))])
  const [one, other] = [data, mirrored].map((pixels) =>
    asFile({ width, height, data: pixels }, (path) => sextractorOn(path).catalogue),
  )
  const { distance } = nearest(
    one['X_IMAGE'],
    one['Y_IMAGE'],
    other['X_IMAGE'].map((x) => width + 1 - x),
    other['Y_IMAGE'],
  )
  const share = (list: Float64Array, most: number): number =>
    list.filter((away) => away < most).length / list.length
  const good = distance.filter(
    (_, i) => one['FLAGS'][i] === 0 && one['FLUX_AUTO'][i] > 5 * one['FLUXERR_AUTO'][i],
  )
  return { unflagged: share(good, 0.2), all: share(distance, 1) }
}

/** Index and distance of the nearest of the second list, within 16 pixels. */
export function nearest(
  x1: Float64Array,
  y1: Float64Array,
  x2: Float64Array,
  y2: Float64Array,
): { index: Int32Array; distance: Float64Array } {
  const cells = new Map<number, number[]>()
  const key = (x: number, y: number): number => Math.floor(y / 16) * 65536 + Math.floor(x / 16)
  x2.forEach((x, i) => {
    const at = key(x, y2[i])
    const list = cells.get(at)
    if (list) list.push(i)
    else cells.set(at, [i])
  })
  const index = new Int32Array(x1.length).fill(-1)
  const distance = new Float64Array(x1.length).fill(Infinity)
  x1.forEach((x, i) => {
    for (let v = -1; v <= 1; v++) {
      for (let u = -1; u <= 1; u++) {
        for (const k of cells.get(key(x + 16 * u, y1[i] + 16 * v)) ?? []) {
          const away = Math.hypot(x2[k] - x, y2[k] - y1[i])
          if (away >= distance[i]) continue
          distance[i] = away
          index[i] = k
        }
      }
    }
  })
  return { index, distance }
}

function spread(values: number[]): { median: number; mad: number } {
  const middle = (list: number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? NaN
  const median = middle(values)
  return { median, mad: middle(values.map((value) => Math.abs(value - median))) }
}
