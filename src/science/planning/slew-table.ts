/** Slews between the fields of one telescope, looked up instead of computed again and again. */
import type { Field, TelescopeModel } from './model.ts'
import { slewsBetween } from './slew.ts'

const DAY = 86400
/** Slews of an altazimuth mount are tabulated for stretches of this many seconds. */
const STRETCH = 600
/** Entries of one telescope's table (4 bytes each); beyond it slews are computed each time. */
const MOST_ENTRIES = 6_000_000

export interface SlewTable {
  /**
   * From one field to another, leaving at `t` seconds after the epoch, s. For mounts whose slews depend on the time it
   * is the longest of a few moments of that stretch of time.
   */
  readonly estimate: (from: number, to: number, t: number) => number
  /** The same at that very moment. */
  readonly exact: (from: number, to: number, t: number) => number
  /** Slews do not depend on the time. */
  readonly timeless: boolean
}

/** Slews between `fields` (indices into it); `start` is the epoch, `end` the last moment of interest, MJD. */
export function createSlewTable(
  telescope: Pick<TelescopeModel, 'slew' | 'observer'>,
  fields: readonly Field[],
  start: number,
  end: number,
): SlewTable {
  const { slew, observer } = telescope
  const n = fields.length
  const { seconds } = slewsBetween(slew, observer, fields, start)
  const exact = (from: number, to: number, t: number) =>
    from === to ? 0 : seconds(from, to, start + t / DAY)
  const timeless = slew.mount !== 'altazimuth'
  const stretches = timeless ? 1 : Math.max(1, Math.ceil(((end - start) * DAY) / STRETCH))
  if (n * n * stretches > MOST_ENTRIES) return { estimate: exact, exact, timeless }
  const table = new Float32Array(n * n * stretches).fill(NaN)
  return {
    exact,
    timeless,
    estimate(from, to, t) {
      if (from === to) return 0
      const stretch = timeless ? 0 : Math.min(stretches - 1, Math.max(0, Math.floor(t / STRETCH)))
      const e = (stretch * n + from) * n + to
      if (Number.isNaN(table[e])) {
        const begin = stretch * STRETCH
        table[e] = timeless
          ? exact(from, to, 0)
          : Math.max(
              exact(from, to, begin),
              exact(from, to, begin + STRETCH / 2),
              exact(from, to, begin + STRETCH),
            )
      }
      return table[e]
    },
  }
}
