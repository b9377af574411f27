/** TAI − UTC: leap seconds since 1972 from the shipped table, and the drifting UTC of 1960–1971. */
import { Problem } from '#problem.ts'
import { leapSecondTable } from './earth-orientation-table.gen.ts'

/**
 * UTC before 1972 (USNO tai-utc.dat): from this MJD, TAI − UTC = offset + (MJD − reference) · rate, in seconds and
 * seconds per day.
 */
const drifting: readonly (readonly [mjd: number, offset: number, reference: number, rate: number])[] = [
  [36934, 1.417818, 37300, 0.001296],
  [37300, 1.422818, 37300, 0.001296],
  [37512, 1.372818, 37300, 0.001296],
  [37665, 1.845858, 37665, 0.0011232],
  [38334, 1.945858, 37665, 0.0011232],
  [38395, 3.24013, 38761, 0.001296],
  [38486, 3.34013, 38761, 0.001296],
  [38639, 3.44013, 38761, 0.001296],
  [38761, 3.54013, 38761, 0.001296],
  [38820, 3.64013, 38761, 0.001296],
  [38942, 3.74013, 38761, 0.001296],
  [39004, 3.84013, 38761, 0.001296],
  [39126, 4.31317, 39126, 0.002592],
  [39887, 4.21317, 39126, 0.002592],
]

/**
 * TAI − UTC in seconds on a UTC day (integer MJD) and fraction of it.
 *
 * @throws Problem time.out_of_range before 1960, when there was no UTC
 */
export function taiMinusUtc(mjdUtc: number, fraction: number = 0): number {
  const day = Math.floor(mjdUtc)
  const { mjd, taiMinusUtc: seconds } = leapSecondTable
  for (let i = mjd.length - 1; i >= 0; i--) if (day >= mjd[i]) return seconds[i]
  for (let i = drifting.length - 1; i >= 0; i--) {
    const [start, offset, reference, rate] = drifting[i]
    if (day >= start) return offset + (mjdUtc - reference + fraction) * rate
  }
  throw new Problem(
    'time.out_of_range',
    `MJD ${mjdUtc} is before 1960, when UTC began; give the time in TT.`,
    {
      mjdUtc,
    },
  )
}

/** Seconds in a UTC day: 86401 on one that ends with a leap second; before 1972 with the step at its end. */
export function secondsInUtcDay(mjdUtc: number): number {
  const day = Math.floor(mjdUtc)
  if (day < 36_934) return 86_400
  const step = taiMinusUtc(day + 1) - taiMinusUtc(day)
  if (day >= 41317) return 86_400 + step
  // Only what comes on top of the drift is a step of the day's length.
  const drift = taiMinusUtc(day, 1) - taiMinusUtc(day)
  const jump = step - drift
  return Math.abs(jump) > 1e-6 ? 86_400 + jump : 86_400
}

/** Where the table comes from and until when it is sure that no other leap second has been announced. */
export function leapSecondCoverage(): { source: string; expires: string; expiresMjd: number } {
  const { source, expires, expiresMjd } = leapSecondTable
  return { source, expires, expiresMjd }
}

/** True while the shipped table is valid; after it, TAI − UTC may be off by a second that was announced since. */
export function leapSecondsKnown(mjdUtc: number): boolean {
  return mjdUtc < leapSecondTable.expiresMjd
}
