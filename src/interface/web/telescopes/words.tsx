import { significant } from '#interface/web/pieces/format.ts'
import { State } from '#interface/web/pieces/state.tsx'
import type { Doubt, Telescope } from '#observatory/telescopes/telescope.ts'

/** How sites, limits and doubts of telescopes are said, the same on every page. */

export function siteText(telescope: Telescope): string {
  if (!telescope.ground) return 'in space'
  const { latitude, longitude } = telescope.site
  return `${Math.abs(latitude).toFixed(1)}° ${latitude < 0 ? 'S' : 'N'} ${Math.abs(longitude).toFixed(1)}° ${longitude < 0 ? 'W' : 'E'}`
}

/** The limits that decide most, in few words. */
export function limitsText({ limits, ground }: Telescope): string {
  if (!ground) return '–'
  const { altitudeMinDeg, sunAltitudeMaxDeg, decMinDeg, decMaxDeg, airmassMax } = limits
  return [
    airmassMax === undefined || altitudeMinDeg > 0
      ? `above ${significant(altitudeMinDeg, 2)}°`
      : `airmass ≤ ${airmassMax}`,
    `Sun below ${significant(sunAltitudeMaxDeg, 2)}°`,
    decMinDeg !== undefined && `Dec ≥ ${significant(decMinDeg, 2)}°`,
    decMaxDeg !== undefined && `Dec ≤ ${significant(decMaxDeg, 2)}°`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** Square degrees, small fields in arcminutes squared. */
export function areaText(deg2: number): string {
  return deg2 >= 0.01
    ? `${significant(deg2, deg2 >= 1 ? 3 : 2)} deg²`
    : `${significant(deg2 * 3600, 2)} arcmin²`
}

/** What is doubtful, and of which part of the definition. */
export function doubtText({ key, text }: Doubt): string {
  return `${key} ${text}`
}

export function Doubts({ telescope }: { telescope: Telescope }) {
  const [first, ...more] = telescope.doubts
  if (!first) return <span className="dim">–</span>
  return (
    <span title={telescope.doubts.map(doubtText).join('\n')}>
      <State tone="needs">
        <span className="cut">{doubtText(first)}</span>
        {more.length > 0 && ` and ${more.length} more`}
      </State>
    </span>
  )
}

export function pointingText({ pointing }: Telescope): string {
  if (pointing.how === 'free')
    return pointing.wants === undefined ? 'free' : `free; its grid ${pointing.wants} is not here`
  return `grid ${pointing.grid}, ${pointing.fields} fields`
}
