import type { Telescope, TelescopeDefinition } from './telescope.ts'

/** A telescope as TOML that reads back into the same telescope. */
export function definitionText(telescope: TelescopeDefinition | Telescope): string {
  const t = telescope
  const { limits } = t
  const lines: string[] = []
  const key = (name: string, value: string | number | boolean | null | undefined): void => {
    if (value !== null && value !== undefined) lines.push(`${name} = ${literal(value)}`)
  }
  const table = (name: string): void => void lines.push('', `[${name}]`)
  key('slug', t.slug)
  key('name', t.name)
  key('instrument', t.instrument)
  key('time_zone', t.timeZone)
  key('alternative_to', t.alternativeTo)
  if (!t.ground) key('ground', false)
  key('note', t.note)
  if (t.sources.length > 0) lines.push('sources = [', ...t.sources.map((each) => `  ${literal(each)},`), ']')
  table('site')
  key('observatory', t.observatory)
  key('latitude', t.site.latitude)
  key('longitude', t.site.longitude)
  key('elevation_m', t.site.elevationM)
  table('limits')
  key('sun_altitude_max_deg', limits.sunAltitudeMaxDeg)
  key('altitude_min_deg', limits.altitudeMinDeg)
  key('altitude_max_deg', limits.altitudeMaxDeg)
  if (limits.horizon)
    lines.push(`horizon = ${points(limits.horizon.map((each) => [each.azimuthDeg, each.altitudeDeg]))}`)
  key('airmass_max', limits.airmassMax)
  key('declination_min_deg', limits.decMinDeg)
  key('declination_max_deg', limits.decMaxDeg)
  key('hour_angle_min_h', limits.hourAngleMinHours)
  key('hour_angle_max_h', limits.hourAngleMaxHours)
  key('moon_separation_min_deg', limits.moonSeparationMinDeg)
  key('moon_altitude_max_deg', limits.moonAltitudeMaxDeg)
  key('galactic_latitude_min_deg', limits.galacticLatitudeMinDeg)
  table('footprint')
  const { footprint } = t
  key('shape', footprint.shape)
  if (footprint.shape === 'circle') key('radius_deg', footprint.radiusDeg)
  else if (footprint.shape === 'polygon') lines.push(`vertices = ${points(footprint.vertices)}`)
  else if (footprint.shape === 'mosaic')
    lines.push('detectors = [', ...footprint.polygons.map((ring) => `  ${points(ring)},`), ']')
  else {
    key('width_deg', footprint.widthDeg)
    key('height_deg', footprint.heightDeg)
  }
  for (const filter of t.filters) {
    lines.push('', '[[filter]]')
    key('name', filter.name)
    key('depth_mag', filter.depthMag)
    key('exposure_s', filter.exposureS)
  }
  table('slew')
  key('mount', t.slew.mount)
  if (t.slew.mount === 'direct') {
    key('rate_deg_per_s', t.slew.axis.rateDegPerS)
    key('acceleration_deg_per_s2', t.slew.axis.accelerationDegPerS2)
  } else {
    const axes =
      t.slew.mount === 'equatorial'
        ? ([
            ['hour_angle', t.slew.hourAngle],
            ['declination', t.slew.declination],
          ] as const)
        : ([
            ['azimuth', t.slew.azimuth],
            ['altitude', t.slew.altitude],
          ] as const)
    for (const [name, { rateDegPerS, accelerationDegPerS2 }] of axes) {
      const more =
        accelerationDegPerS2 === undefined ? '' : `, acceleration_deg_per_s2 = ${accelerationDegPerS2}`
      lines.push(`${name} = { rate_deg_per_s = ${rateDegPerS}${more} }`)
    }
  }
  key('settle_s', t.slew.settleS)
  table('timing')
  key('readout_s', t.readoutS)
  key('readout_blocks_slew', t.readoutBlocksSlew)
  key('overhead_s', t.overheadS)
  key('filter_change_s', t.filterChangeS)
  key('max_exposure_s', t.maxExposureS)
  const { pointing } = t
  table('pointing')
  if (pointing.how === 'free') key('grid', pointing.wants ?? 'free')
  else if (pointing.rule)
    lines.push(
      pointing.rule.kind === 'rows'
        ? `grid = { kind = "rows", spacing_deg = ${pointing.rule.spacingDeg} }`
        : `grid = { kind = ${literal(pointing.rule.kind)}, overlap = ${pointing.rule.overlap} }`,
    )
  else key('grid', pointing.grid)
  for (const doubt of t.doubts.filter((each) => each.stated)) {
    lines.push('', '[[doubt]]')
    key('key', doubt.key)
    key('text', doubt.text)
  }
  return `${lines.join('\n')}\n`
}

/** JSON's escapes are TOML's, but for DEL, which TOML wants escaped. */
function literal(value: string | number | boolean): string {
  return typeof value === 'string' ? JSON.stringify(value).replaceAll('\u007F', '\\u007f') : String(value)
}

function points(list: readonly (readonly [number, number])[]): string {
  return `[${list.map(([a, b]) => `[${a}, ${b}]`).join(', ')}]`
}
