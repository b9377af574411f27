/** UT1 − UTC and polar motion from the shipped IERS tables (EOP 20 C04, then Bulletin A with its predictions). */
import { Problem } from '#problem.ts'
import { earthOrientationTable } from './earth-orientation-table.gen.ts'
import { taiMinusUtc } from './leap-seconds.ts'

export interface EarthOrientation {
  /** UT1 − UTC, s. */
  ut1MinusUtc: number
  /** Coordinates of the celestial intermediate pole in the terrestrial frame, arcsec. */
  poleX: number
  poleY: number
}

/** `extrapolated`: before 1972 or after the last prediction; values are then those of the table's end. */
export type EarthOrientationStatus = 'measured' | 'predicted' | 'extrapolated'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Second differences, zigzag, five bits per character, as scripts/fixtures/earth-orientation.py packs them. */
function unpack(packed: string, count: number): Int32Array {
  const digit = new Uint8Array(128)
  for (let i = 0; i < alphabet.length; i++) digit[alphabet.charCodeAt(i)] = i
  const values = new Int32Array(count)
  let at = 0
  let value = 0
  let step = 0
  for (let i = 0; i < count; i++) {
    let zigzag = 0
    let shift = 0
    let bits: number
    do {
      bits = digit[packed.charCodeAt(at++)]
      zigzag |= (bits & 31) << shift
      shift += 5
    } while (bits & 32)
    step += (zigzag >>> 1) ^ -(zigzag & 1)
    value += step
    values[i] = value
  }
  return values
}

const { firstMjd, lastMjd, lastMeasuredMjd } = earthOrientationTable
const count = lastMjd - firstMjd + 1
const ut1MinusTai = unpack(earthOrientationTable.ut1MinusTai, count)
const poleX = unpack(earthOrientationTable.poleX, count)
const poleY = unpack(earthOrientationTable.poleY, count)

/** What the shipped table knows of a moment. */
export function earthOrientationStatus(mjdUtc: number): EarthOrientationStatus {
  if (!(mjdUtc >= firstMjd && mjdUtc <= lastMjd)) return 'extrapolated'
  return mjdUtc <= lastMeasuredMjd ? 'measured' : 'predicted'
}

/** Where the table comes from and what it spans (MJD UTC). */
export function earthOrientationCoverage(): {
  source: string
  firstMjd: number
  lastMeasuredMjd: number
  lastMjd: number
} {
  return { source: earthOrientationTable.source, firstMjd, lastMeasuredMjd, lastMjd }
}

/**
 * Earth orientation at a moment, linear between the daily values (as astropy and IERS do; subdaily tides, 0.05 ms and
 * 0.5 mas, are left out). Outside the table all three stay at its end; UT1 then drifts by up to 1 ms (0.015″) a day: ask
 * earthOrientationStatus.
 *
 * @throws Problem time.out_of_range where the time is not a number
 */
export function earthOrientationAt(mjdUtc: number): EarthOrientation {
  if (!Number.isFinite(mjdUtc))
    throw new Problem('time.out_of_range', `The MJD ${mjdUtc} is not a finite number.`, { mjdUtc })
  const at = Math.min(Math.max(mjdUtc - firstMjd, 0), count - 1)
  const i = Math.min(Math.floor(at), count - 2)
  const f = at - i
  const between = (values: Int32Array) => values[i] + f * (values[i + 1] - values[i])
  const utcDay = Math.min(Math.max(mjdUtc, firstMjd), lastMjd)
  return {
    ut1MinusUtc: between(ut1MinusTai) * 1e-7 + taiMinusUtc(utcDay),
    poleX: between(poleX) * 1e-5,
    poleY: between(poleY) * 1e-5,
  }
}
