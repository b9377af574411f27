/** Refinement of a WCS by SCAMP: a distortion as TPV. What it found is checked against the stars by Urania. */
import { join } from 'node:path'
import { z } from 'zod'
import { card } from '#science/fits/header.ts'
import { wcsCards } from '#science/fits/wcs/cards.ts'
import { tanWcs } from '#science/fits/wcs/make.ts'
import { readWcs, wcsOf, type Wcs } from '#science/fits/wcs/wcs.ts'
import { readTextHeader, writeConfiguration, writeObjects } from './files.ts'
import type { ProgramEngine, RefineWork } from './port.ts'
import { scampProgram } from './programs.ts'
import { asTpv } from './tangent.ts'

const settings = z.strictObject({
  MATCH: z.enum(['Y', 'N']).optional(),
  SN_THRESHOLDS: z
    .string()
    .regex(/^[\d.]+,[\d.]+$/)
    .optional(),
  ASTRCLIP_NSIGMA: z.coerce.number().min(1).max(20).optional(),
  ASTR_ACCURACY: z.coerce.number().min(0).max(10).optional(),
})

/** Pairs that a solution rests on at least. */
const fewest = 6

export const scamp: ProgramEngine<'refine'> = {
  key: 'scamp',
  port: 'refine',
  title: 'SCAMP',
  programs: [scampProgram],
  settings,
  async run(work, given, { scratch, programs, log, hands }) {
    const at = (name: string): string => join(scratch.folder, name)
    const start = wcsOf(work.terms)
    const scale = start.pixelScaleDeg() * 3_600
    const stars = starsNear(work, start)
    if (stars.length < fewest || work.x.length < fewest) return null
    writeObjects(at('objects.cat'), fieldCards(work, start), detectionColumns(work))
    const pick = (column: Float64Array): Float64Array => Float64Array.from(stars, (i) => column[i]!)
    const error = new Float64Array(stars.length).fill(scale / 3_600 / 50)
    writeObjects(
      at('stars.cat'),
      [card('SIMPLE', true), card('BITPIX', 8), card('NAXIS', 0)],
      [
        { name: 'X_WORLD', unit: 'deg', values: pick(work.ra) },
        { name: 'Y_WORLD', unit: 'deg', values: pick(work.dec) },
        { name: 'ERRA_WORLD', unit: 'deg', values: error },
        { name: 'ERRB_WORLD', unit: 'deg', values: error },
        { name: 'ERRTHETA_WORLD', unit: 'deg', values: new Float64Array(stars.length) },
        { name: 'MAG', unit: 'mag', values: pick(work.mag).map((mag) => (Number.isFinite(mag) ? mag : 98)) },
        { name: 'MAGERR', unit: 'mag', values: new Float64Array(stars.length).fill(0.05) },
        { name: 'OBSDATE', unit: 'yr', values: new Float64Array(stars.length).fill(2000) },
      ],
    )
    writeConfiguration(
      at('config.scamp'),
      {
        ASTREF_CATALOG: 'FILE',
        ASTREFCAT_NAME: 'stars.cat',
        ASTREFMAG_LIMITS: '-99,99',
        // The WCS is about right; looking for patterns besides takes a hundred times as long.
        MATCH: 'N',
        POSITION_MAXERR: Math.max(0.05, (work.errorPx * scale) / 60),
        POSANGLE_MAXERR: 1,
        PIXSCALE_MAXERR: 1.02,
        MATCH_FLIPPED: 'N',
        CROSSID_RADIUS: Math.max(3 * work.jitterPx, work.errorPx / 2) * scale,
        SOLVE_ASTROM: 'Y',
        SOLVE_PHOTOM: 'N',
        PROJECTION_TYPE: 'TPV',
        STABILITY_TYPE: 'EXPOSURE',
        CENTROID_KEYS: 'X_IMAGE,Y_IMAGE',
        CENTROIDERR_KEYS: 'ERRA_IMAGE,ERRB_IMAGE,ERRTHETA_IMAGE',
        DISTORT_KEYS: 'X_IMAGE,Y_IMAGE',
        DISTORT_GROUPS: '1,1',
        DISTORT_DEGREES: Math.max(1, Math.min(7, work.order)),
        PHOTFLUX_KEY: 'FLUX_AUTO',
        PHOTFLUXERR_KEY: 'FLUXERR_AUTO',
        SN_THRESHOLDS: '3,30',
        CHECKPLOT_TYPE: 'NONE',
        CHECKPLOT_DEV: 'NULL',
        SAVE_REFCATALOG: 'N',
        WRITE_XML: 'N',
        VERBOSE_TYPE: 'QUIET',
        NTHREADS: hands,
      },
      given,
    )
    await scratch.run({
      program: programs['scamp']!,
      args: ['objects.cat', '-c', 'config.scamp'],
      seconds: 600,
      onLine: log,
    })
    const wcs = readWcs(readTextHeader(at('objects.head')))
    return wcs && judged(wcs, work)
  },
}

/** Stars that fall on the frame or near it, the brightest, as many as there could be detections of. */
function starsNear({ ra, dec, mag, width, height, errorPx, x }: RefineWork, wcs: Wcs): number[] {
  const places = wcs.skyToPixels(ra, dec)
  return [...ra.keys()]
    .filter((i) => {
      const [px, py] = [places.x[i]!, places.y[i]!]
      return px > -errorPx && py > -errorPx && px < width + errorPx && py < height + errorPx
    })
    .toSorted((i, j) => (mag[i]! || 99) - (mag[j]! || 99))
    .slice(0, Math.max(500, 4 * x.length))
}

function fieldCards({ width, height }: RefineWork, start: Wcs) {
  return [
    card('SIMPLE', true),
    card('BITPIX', -32),
    card('NAXIS', 2),
    card('NAXIS1', width),
    card('NAXIS2', height),
    ...wcsCards(tangential(start, width, height)),
  ]
}

/** With its distortion where that can be said, else what is linear of it. */
function tangential(wcs: Wcs, width: number, height: number): Wcs {
  const { projection, distortion } = wcs.terms
  if (projection === 'TAN' && (distortion === null || distortion.kind !== 'iraf')) return asTpv(wcs, 'SCAMP')
  const [x, y] = [(width - 1) / 2, (height - 1) / 2]
  const crval = wcs.pixelToSky(x, y)
  const steps = [wcs.pixelToSky(x + 1, y), wcs.pixelToSky(x, y + 1)]
  const cos = Math.cos((crval[1] * Math.PI) / 180)
  const east = steps.map(([ra]) => (((ra - crval[0] + 540) % 360) - 180) * cos)
  const north = steps.map(([, dec]) => dec - crval[1])
  return tanWcs({ crval, crpix: [x, y], cd: [east[0]!, east[1]!, north[0]!, north[1]!] })
}

function detectionColumns({ x, y, flux, fluxErr, jitterPx }: RefineWork) {
  const rows = x.length
  const same = (value: number): Float64Array => new Float64Array(rows).fill(value)
  // Photon noise makes a position as uncertain as the seeing over the S/N.
  const error = flux.map((value, i) =>
    Math.max(0.01, Math.min(3, (3 * jitterPx * fluxErr[i]!) / Math.max(value, 1e-9)) || 0.1),
  )
  return [
    { name: 'NUMBER', values: Int32Array.from({ length: rows }, (_, i) => i + 1) },
    { name: 'X_IMAGE', unit: 'pixel', values: x.map((value) => value + 1) },
    { name: 'Y_IMAGE', unit: 'pixel', values: y.map((value) => value + 1) },
    { name: 'ERRA_IMAGE', unit: 'pixel', values: error },
    { name: 'ERRB_IMAGE', unit: 'pixel', values: error },
    { name: 'ERRTHETA_IMAGE', unit: 'deg', values: same(0) },
    { name: 'FLUX_AUTO', unit: 'count', values: flux },
    { name: 'FLUXERR_AUTO', unit: 'count', values: fluxErr.map((value) => (value > 0 ? value : 1)) },
    { name: 'FLAGS', values: new Int16Array(rows) },
    { name: 'ELONGATION', values: same(1).map(Math.fround) },
    { name: 'FLUX_RADIUS', unit: 'pixel', values: same(2) },
  ]
}

/** How well the stars then fall on detections; null where too few do. */
function judged(wcs: Wcs, { x, y, ra, dec, jitterPx, order }: RefineWork) {
  const places = wcs.skyToPixels(ra, dec)
  const cell = Math.max(4, 3 * jitterPx)
  const cells = new Map<string, number[]>()
  const keyOf = (px: number, py: number): string => `${Math.floor(px / cell)} ${Math.floor(py / cell)}`
  for (let i = 0; i < ra.length; i++) {
    const key = keyOf(places.x[i]!, places.y[i]!)
    const list = cells.get(key)
    if (list) list.push(i)
    else cells.set(key, [i])
  }
  const squares: number[] = []
  for (let d = 0; d < x.length; d++) {
    let best = (3 * jitterPx) ** 2
    for (let j = -1; j <= 1; j++) {
      for (let k = -1; k <= 1; k++) {
        for (const i of cells.get(keyOf(x[d]! + k * cell, y[d]! + j * cell)) ?? [])
          best = Math.min(best, (places.x[i]! - x[d]!) ** 2 + (places.y[i]! - y[d]!) ** 2)
      }
    }
    if (best < (3 * jitterPx) ** 2) squares.push(best)
  }
  if (squares.length < fewest) return null
  const rmsPx = Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / squares.length)
  return { terms: wcs.terms, stars: squares.length, rmsPx, order }
}
