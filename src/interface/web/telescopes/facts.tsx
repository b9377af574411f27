import { Facts } from '#interface/web/pieces/facts.tsx'
import { thousands } from '#interface/web/pieces/format.ts'
import { Time } from '#interface/web/pieces/time.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import type { Telescope } from '#observatory/telescopes/telescope.ts'

/** Site, limits, slew and overheads of a telescope; what it does not state is left out. */
export function TelescopeFacts({ telescope }: { telescope: Telescope }) {
  const { limits, slew, ground } = telescope
  const degrees = (value: number | undefined) => value !== undefined && `${String(value).replace('-', '−')}°`
  return (
    <Facts
      facts={[
        ['Slug', <code key="slug">{telescope.slug}</code>],
        [
          'Site',
          ground &&
            `latitude ${signed(telescope.site.latitude)}, longitude ${signed(telescope.site.longitude)} east, ${thousands(telescope.site.elevationM)} m${telescope.timeZone ? `, ${telescope.timeZone}` : ''}`,
        ],
        ['Sun below', ground && degrees(limits.sunAltitudeMaxDeg)],
        ['Altitude above', ground && degrees(limits.altitudeMinDeg)],
        ['Altitude below', degrees(limits.altitudeMaxDeg)],
        ['Horizon', limits.horizon && `${limits.horizon.length} points`],
        ['Airmass at most', limits.airmassMax],
        [
          'Declination',
          (limits.decMinDeg !== undefined || limits.decMaxDeg !== undefined) &&
            `${limits.decMinDeg ?? -90}° to ${limits.decMaxDeg ?? 90}°`,
        ],
        [
          'Hour angle',
          (limits.hourAngleMinHours !== undefined || limits.hourAngleMaxHours !== undefined) &&
            `${limits.hourAngleMinHours ?? -12} h to ${limits.hourAngleMaxHours ?? 12} h`,
        ],
        ['From the Moon', degrees(limits.moonSeparationMinDeg)],
        ['Moon below', degrees(limits.moonAltitudeMaxDeg)],
        ['Galactic latitude above', degrees(limits.galacticLatitudeMinDeg)],
        ['Slew', slewText(slew)],
        [
          'Readout',
          <span key="readout">
            <Value value={telescope.readoutS} unit="s" />{' '}
            <span className="dim">
              {telescope.readoutBlocksSlew ? 'no slew meanwhile' : 'slews meanwhile'}
            </span>
          </span>,
        ],
        ['Before each exposure', telescope.overheadS > 0 && <Value value={telescope.overheadS} unit="s" />],
        ['Filter change', telescope.filterChangeS > 0 && <Value value={telescope.filterChangeS} unit="s" />],
        [
          'Longest exposure',
          telescope.maxExposureS !== null && <Value value={telescope.maxExposureS} unit="s" />,
        ],
        ['Note', telescope.note],
        [
          'Version',
          <span key="version">
            {telescope.version}
            {telescope.changedAt && (
              <span className="dim">
                {' '}
                by {telescope.changedBy ?? 'nobody named'}, <Time at={telescope.changedAt} show="ago" />
              </span>
            )}
          </span>,
        ],
      ]}
    />
  )
}

function signed(degrees: number): string {
  return `${degrees < 0 ? '−' : ''}${Math.abs(degrees).toFixed(4)}°`
}

function slewText(slew: Telescope['slew']): string {
  const axis = ({
    rateDegPerS,
    accelerationDegPerS2,
  }: {
    rateDegPerS: number
    accelerationDegPerS2?: number | undefined
  }) =>
    rateDegPerS > 0
      ? `${rateDegPerS} °/s${accelerationDegPerS2 === undefined ? '' : `, ${accelerationDegPerS2} °/s²`}`
      : 'rate not known'
  const settle = slew.settleS > 0 ? `; settles ${slew.settleS} s` : ''
  if (slew.mount === 'direct') return `${axis(slew.axis)}${settle}`
  if (slew.mount === 'equatorial')
    return `equatorial: hour angle ${axis(slew.hourAngle)}, declination ${axis(slew.declination)}${settle}`
  return `altazimuth: azimuth ${axis(slew.azimuth)}, altitude ${axis(slew.altitude)}${settle}`
}
