import type { DefinitionProblem } from './telescope.ts'

/**
 * Telescope files of gwemopt and its relatives ("key value" by line, # comments) as definitions of ours. What such a
 * file cannot say, or says in a way that two readings fit, stands as a comment above the key or is named in `notes`.
 */

export interface Converted {
  /** TOML, even where something is missing: it then says what. */
  source: string
  notes: DefinitionProblem[]
}

interface Value {
  text: string
  line: number
}

const known = new Set(
  `magnitude filt filters exposuretime latitude longitude elevation fov fov_type fov_coverage fov_coverage_type tesselationfile
   quadrantsfile referencefile slew_rate readout overhead_per_exposure filt_change_time horizon dec_constraint ha_constraint
   moon_constraint min_observability_duration max_exposure sat_sun_restriction fov_center fov_edge fov_center_edge telescope`.split(
    /\s+/,
  ),
)

/** True for a text that looks like such a file: no TOML, and the keys are there. */
export function isKeyValueConfig(text: string): boolean {
  return /^\s*latitude\s+\[?[-+.\d]/m.test(text) && /^\s*FOV\s/im.test(text)
}

/** @param name of the telescope: that of the file without its ending */
export function convertConfig(text: string, name: string): Converted {
  const notes: DefinitionProblem[] = []
  const note = (line: number | null, key: string | null, what: string): void =>
    void notes.push({ line, key, text: what })
  const values = readPairs(text, note)
  const lines: string[] = []
  const put = (key: string, value: string | undefined): void =>
    void lines.push(value === undefined ? `# ${key} = …` : `${key} = ${value}`)
  const number = (key: string): number | undefined => {
    const value = values.get(key)
    if (!value || value.text === '') return undefined
    const parsed = Number(value.text)
    if (Number.isFinite(parsed)) return parsed
    note(value.line, key, `is ${JSON.stringify(value.text.slice(0, 40))}, no number; it is left out`)
    return undefined
  }
  const need = (key: string, ours: string): void => {
    const value = number(key)
    if (value === undefined) note(null, ours, 'is not stated')
    put(ours, value === undefined ? undefined : String(value))
  }
  const optional = (key: string, ours: string, unless?: number): void => {
    const value = number(key)
    if (value !== undefined && value !== unless) put(ours, String(value))
  }

  const sun = number('sat_sun_restriction')
  const space = sun !== undefined || (number('horizon') ?? 0) <= -90 || (number('elevation') ?? 0) > 100_000
  lines.push(`name = ${JSON.stringify(name)}`, 'sources = ["converted from a key-value telescope file"]')
  if (space) {
    lines.push('ground = false')
    note(
      null,
      'ground',
      'is false: the file speaks of a satellite; its place on the ground is made up and left out',
    )
    if (sun !== undefined) note(null, 'limits', `the Sun distance of ${sun}° has no place here`)
  } else {
    lines.push('', '[site]')
    need('latitude', 'latitude')
    need('longitude', 'longitude')
    need('elevation', 'elevation_m')
    lines.push('', '[limits]', 'twilight = "nautical"  # such files have a fixed −12°')
    if (number('horizon') === undefined) {
      lines.push(
        'airmass_max = 2.5  # no horizon is stated; this is the default of the program that the file is from',
      )
      note(
        null,
        'limits.altitude_min_deg',
        'is not stated; airmass 2.5 is the default of the program that the file is from',
      )
    } else optional('horizon', 'altitude_min_deg')
    range('dec_constraint', 'declination_min_deg', 'declination_max_deg', -90, 90)
    range('ha_constraint', 'hour_angle_min_h', 'hour_angle_max_h', -12, 12)
    put('moon_separation_min_deg', String(number('moon_constraint') ?? 20))
    if (!values.has('moon_constraint'))
      note(
        null,
        'limits.moon_separation_min_deg',
        'is not stated; 20° is the default of the program that the file is from',
      )
  }

  lines.push('', '[footprint]')
  const fov = number('fov')
  const shape = values.get('fov_type')?.text.toLowerCase() ?? ''
  if (shape.startsWith('circ')) {
    put('shape', '"circle"')
    put('radius_deg', fov === undefined ? undefined : String(fov))
    note(
      values.get('fov')?.line ?? null,
      'footprint.radius_deg',
      `is FOV, which such files mean as the radius; if ${fov ?? 'it'} is the diameter, halve it`,
    )
  } else if (shape === 'square') {
    put('shape', '"box"')
    put('side_deg', fov === undefined ? undefined : String(fov))
  } else {
    put('shape', undefined)
    note(
      values.get('fov_type')?.line ?? null,
      'footprint',
      `the shape ${JSON.stringify(shape)} (${values.get('fov')?.text ?? 'no FOV'}) must be written by hand: polygon or mosaic`,
    )
  }
  if (fov === undefined && (shape === 'square' || shape.startsWith('circ')))
    note(null, 'footprint', 'the field of view is not stated')
  const coverage = values.get('fov_coverage')
  if (coverage && values.get('fov') && Number(coverage.text) !== Number(values.get('fov')!.text))
    note(
      coverage.line,
      'footprint',
      `FOV_coverage is ${coverage.text.slice(0, 40)} and FOV ${values.get('fov')!.text.slice(0, 40)}; FOV is taken`,
    )
  if (values.has('quadrantsfile'))
    note(
      values.get('quadrantsfile')!.line,
      'footprint',
      'the detectors of quadrantsFile are not taken over: write a mosaic',
    )

  const filter = values.get('filt') ?? values.get('filters')
  const filterName = filter?.text && !/^none$/i.test(filter.text) ? filter.text : 'clear'
  if (filterName === 'clear') note(filter?.line ?? null, 'filter', 'no filter is stated; it is called clear')
  lines.push('', '[[filter]]')
  put('name', JSON.stringify(filterName))
  optional('magnitude', 'depth_mag')
  need('exposuretime', 'exposure_s')
  if (/^[A-Z]{2,}$|^[ugrizy]{2,}$/.test(filterName))
    note(
      filter?.line ?? null,
      'filter',
      `${filterName} may be several filters: write one [[filter]] for each`,
    )

  lines.push('', '[slew]', 'mount = "direct"')
  need('slew_rate', 'rate_deg_per_s')
  lines.push('', '[timing]')
  optional('readout', 'readout_s')
  optional('overhead_per_exposure', 'overhead_s', 0)
  optional('filt_change_time', 'filter_change_s', 0)
  optional('max_exposure', 'max_exposure_s')
  const grid = values
    .get('tesselationfile')
    ?.text.replace(/^.*[/\\]/, '')
    .replace(/\.\w+$/, '')
  if (grid)
    note(
      values.get('tesselationfile')!.line,
      'pointing',
      `fields are laid freely; upload its grid with "urania telescopes grid SLUG FILE" if there is one`,
    )
  lines.push('', '[pointing]', 'grid = "free"')
  const least = values.get('min_observability_duration')
  if (least)
    note(least.line, 'min_observability_duration', 'has no place here: plans ask for whole visits instead')
  return { source: `${lines.join('\n')}\n`, notes }

  function range(key: string, low: string, high: string, least: number, most: number): void {
    const value = values.get(key)
    if (!value) return
    const [a, b] = value.text.split(',').map(Number)
    if (a === undefined || b === undefined || !Number.isFinite(a) || !Number.isFinite(b)) {
      note(value.line, key, `is ${JSON.stringify(value.text.slice(0, 40))}, not "min,max"; it is left out`)
      return
    }
    if (a > least) put(low, String(a))
    if (b < most) put(high, String(b))
  }
}

function readPairs(
  text: string,
  note: (line: number | null, key: string | null, what: string) => void,
): Map<string, Value> {
  const values = new Map<string, Value>()
  for (const [i, raw] of text.split(/\r\n|[\r\n]/).entries()) {
    const line = raw.replace(/#.*$/, '').trim()
    if (line === '') continue
    const m = /^(\S+)\s*(.*)$/.exec(line)
    if (!m) continue
    // Some write their values in brackets.
    const value = m[2]!.replace(/^\[(.*)\]$/, '$1').trim()
    const key = m[1]!.toLowerCase()
    if (!known.has(key)) note(i + 1, m[1]!.slice(0, 60), 'is not a key of such files; it is left out')
    else if (values.has(key)) note(i + 1, m[1]!, 'is stated twice; the first is taken')
    else values.set(key, { text: value, line: i + 1 })
  }
  return values
}
