import type { TelescopeDefinition, TelescopeInput } from './telescope.ts'
import { definitionText } from './write.ts'

/** A telescope given as JSON, as the TOML that is kept; whether it can be true is for whoever reads that. */
export function inputText(input: TelescopeInput): string {
  const ground = input.ground ?? true
  const site = input.site ?? (ground ? undefined : { latitude: 0, longitude: 0, elevationM: 0 })
  const definition: TelescopeDefinition = {
    slug: input.slug ?? '',
    name: input.name,
    instrument: input.instrument ?? null,
    observatory: input.observatory ?? null,
    site: site ?? { latitude: 0, longitude: 0, elevationM: 0 },
    timeZone: input.timeZone ?? null,
    ground,
    limits: { sunAltitudeMaxDeg: ground ? -12 : 90, altitudeMinDeg: 0, ...input.limits },
    footprint: input.footprint,
    fieldAreaDeg2: 0,
    filters: input.filters,
    slew: input.slew,
    readoutS: input.readoutS ?? 0,
    readoutBlocksSlew: input.readoutBlocksSlew ?? false,
    overheadS: input.overheadS ?? 0,
    filterChangeS: input.filterChangeS ?? 0,
    maxExposureS: input.maxExposureS ?? null,
    pointing: input.pointing ?? { how: 'free' },
    alternativeTo: input.alternativeTo ?? null,
    note: input.note ?? null,
    sources: input.sources ?? [],
    doubts: input.doubts ?? [],
  }
  let text = definitionText(definition)
  // What is not said must be missed by whoever reads the text, not filled in.
  const without = (pattern: RegExp): void => void (text = text.replace(pattern, ''))
  if (input.slug === undefined) without(/^slug = .*\n/m)
  if (site === undefined)
    without(/^\[site\]\n(observatory = .*\n)?(latitude|longitude|elevation_m)[^]*?(?=^\[)/m)
  if (input.limits?.altitudeMinDeg === undefined) without(/^altitude_min_deg = .*\n/m)
  return text
}
