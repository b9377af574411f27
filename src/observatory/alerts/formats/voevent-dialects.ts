import type { EventKind } from '#observatory/alerts/notice.ts'
import type { ParsedNotice } from './format.ts'
import { numberOf } from './text.ts'

/** VOEvent parameters by name (`Group.Name` in groups). */
export type Params = Map<string, { value: string; unit: string; ucd: string }>

/**
 * What a mission means by its VOEvents. Containment of the error circle is in none of them, so it is the mission's
 * documented one: Swift, SVOM, INTEGRAL, IceCube, MAXI 90 %; Fermi GBM 1σ (68 %), statistical only.
 */
export interface Dialect {
  mission: string
  instrument: string | null
  title: string
  kind: EventKind
  makes: ParsedNotice['makes']
  /** `none`: the position in it is the spacecraft's, or the sender's filler. */
  place: 'source' | 'none'
  containment: number
  systematicIncluded: boolean
  lvk: boolean
  /** Canonical names by trigger number. */
  ids: (params: Params) => string[]
  /** Error radius (deg) from a parameter that is better than `Error2Radius`. */
  error: (params: Params) => number | null
  containmentStated: (params: Params) => boolean
  /** Parameters read elsewhere, not to be listed as unknown. */
  known: ReadonlySet<string>
}

interface Line {
  ivorn: RegExp
  mission: string
  kind?: EventKind
  makes?: ParsedNotice['makes']
  containment?: number
  idPrefix?: string
  idParams?: string[]
  instruments?: readonly [
    RegExp,
    string,
    Partial<Pick<Line, 'kind' | 'containment' | 'idPrefix' | 'idParams'>>?,
  ][]
}

const table: readonly Line[] = [
  { ivorn: /gwnet|\/LVC#|\/LVK#/i, mission: 'LVK', kind: 'gw' },
  {
    ivorn: /\/SWIFT#/i,
    mission: 'Swift',
    kind: 'grb',
    instruments: [
      [/^(BAT|SubSub|SubTh)/i, 'BAT'],
      [/^XRT/i, 'XRT'],
      [/^UVOT/i, 'UVOT'],
    ],
  },
  {
    ivorn: /svom/i,
    mission: 'SVOM',
    kind: 'grb',
    idPrefix: '',
    idParams: ['Svom_Identifiers.Burst_Id', 'Burst_Id'],
    instruments: [
      [/eclairs/i, 'ECLAIRs'],
      [/mxt/i, 'MXT'],
      [/grm/i, 'GRM'],
      [/vt/i, 'VT'],
    ],
  },
  {
    ivorn: /\/Fermi#/i,
    mission: 'Fermi',
    kind: 'grb',
    idParams: ['TrigID', 'Trans_Num'],
    instruments: [
      [/^GBM/i, 'GBM', { containment: 0.68 }],
      [/^LAT_(Monitor|Trans|Mon)/i, 'LAT', { kind: 'gamma', idPrefix: 'Fermi-LAT' }],
      [/^LAT/i, 'LAT'],
    ],
  },
  { ivorn: /\/INTEGRAL#/i, mission: 'INTEGRAL', kind: 'grb' },
  { ivorn: /\/AGILE#/i, mission: 'AGILE', kind: 'grb' },
  { ivorn: /\/MAXI#/i, mission: 'MAXI', kind: 'xray', idParams: ['TrigID', 'EventID', 'Event_ID'] },
  { ivorn: /\/CALET#/i, mission: 'CALET', kind: 'grb' },
  { ivorn: /\/GECAM#/i, mission: 'GECAM', kind: 'grb', containment: 0.68 },
  { ivorn: /\/(KONUS|IPN)/i, mission: 'IPN', kind: 'grb' },
  { ivorn: /\/AMON#.*HAWC/i, mission: 'HAWC', kind: 'grb', idParams: [] },
  {
    ivorn: /\/(AMON|ICECUBE)#/i,
    mission: 'IceCube',
    kind: 'neutrino',
    idParams: [],
    instruments: [
      [/NU_EM/i, 'AMON coincidence'],
      [/ICECUBE_(GOLD|BRONZE|CASCADE|HESE|EHE)/i, 'IceCube'],
    ],
  },
  { ivorn: /\/HAWC#/i, mission: 'HAWC', kind: 'grb' },
  {
    ivorn: /\/(SK_SN|SUPERK)/i,
    mission: 'Super-Kamiokande',
    kind: 'neutrino',
    idParams: ['TrigID', 'Trigger_Number'],
  },
  { ivorn: /antares/i, mission: 'ANTARES', kind: 'neutrino' },
  { ivorn: /\/SNEWS#/i, mission: 'SNEWS', kind: 'neutrino', makes: 'nothing' },
  {
    ivorn: /grandma/i,
    mission: 'GRANDMA',
    kind: 'unknown',
    makes: 'nothing',
    idParams: ['Event_ID', 'Name_ID'],
    idPrefix: '',
  },
]

const known = new Set(
  `Packet_Type Pkt_Ser_Num GraceID AlertType Significant FAR Instruments Group Pipeline Search EventPage TrigID Trans_Num
   Burst_Id signalness src_error_90 BNS NSBH BBH Terrestrial MassGap HasNS HasRemnant HasMassGap HasSSM skymap_fits
   joint_skymap_fits External_GCN_Notice_Id External_Ivorn External_Observatory External_Search Time_Difference
   Time_Coincidence_FAR Time_Sky_Position_Coincidence_FAR internal OpenAlert ProbHasNS ProbHasRemnant`.split(
    /\s+/,
  ),
)

/** The dialect that the sender's identifier names; unknown senders get the plain reading of the standard. */
export function dialectOf(ivorn: string, params: Params): Dialect {
  const line = table.find((entry) => entry.ivorn.test(ivorn))
  const fragment = ivorn.slice(ivorn.indexOf('#') + 1)
  const stream = streamOf(fragment)
  const found = line?.instruments?.find(
    ([pattern]) => pattern.test(fragment) || pattern.test(params.get('Instrument')?.value ?? ''),
  )
  const own = found?.[2] ?? {}
  const mission = line?.mission ?? (/\/([\w.-]+)#/.exec(ivorn)?.[1] || 'unknown mission')
  const prefix = own.idPrefix ?? line?.idPrefix ?? mission
  const pointing = /point(ing)?_?dir/i.test(stream)
  return {
    mission,
    instrument: found?.[1] ?? null,
    title: found
      ? stream.replace(found[1], '').replace(/_/g, ' ').trim() || stream
      : stream.replace(/_/g, ' '),
    kind: own.kind ?? line?.kind ?? 'unknown',
    makes: pointing ? 'nothing' : (line?.makes ?? 'event'),
    place: pointing || notSource.test(stream) ? 'none' : 'source',
    containment: own.containment ?? line?.containment ?? 0.9,
    systematicIncluded: false,
    lvk: line?.mission === 'LVK' && params.has('GraceID'),
    ids: (p) =>
      mission === 'IceCube' || /\/AMON#/i.test(ivorn)
        ? runIds(p, mission)
        : triggerIds(p, prefix, own.idParams ?? line?.idParams ?? ['TrigID']),
    error: (p) => degreesIn(p.get('src_error_90') ?? p.get('Src_Error90')),
    containmentStated: (p) => p.has('src_error_90') || p.has('Src_Error90'),
    known,
  }
}

/** Streams whose position is where the spacecraft looks or will look, or which say that there is none. */
const notSource = /SC_?Slew|FOM_|Slew_Abort|Nack|TOO_/i

/** Name of the stream in an identifier's fragment, up to its numbers: `BAT_GRB_Pos`, `GBM_Gnd_Pos`. */
function streamOf(fragment: string): string {
  const svom = /^sb\d{8}_(.+)$/.exec(fragment)
  if (svom) return svom[1]!
  return /^[A-Za-z]+(?:_[A-Za-z]+)*/.exec(fragment)?.[0] ?? fragment.slice(0, 40)
}

function triggerIds(params: Params, prefix: string, names: string[]): string[] {
  for (const name of names) {
    const value = params.get(name)?.value.trim()
    // Zero is the filler of senders that have not numbered the trigger.
    if (value && !/^0+$/.test(value)) return [prefix ? `${prefix} ${value}` : value]
  }
  return []
}

/** Degrees in one unit of angle, as messages spell it. */
export const degreesPer: Record<string, number> = {
  deg: 1,
  degrees: 1,
  arcmin: 1 / 60,
  arcsec: 1 / 3600,
  rad: 180 / Math.PI,
  hours: 15,
  h: 15,
}

/** An angle in degrees; where its unit is left out or no angle, it is in degrees. */
function degreesIn(param: { value: string; unit: string } | undefined): number | null {
  const value = numberOf(param?.value)
  return value === null ? null : value * (degreesPer[param!.unit.trim().toLowerCase()] ?? 1)
}

/** Run and event number name an IceCube event in every stream; alerts of other detectors go by their AMON number. */
function runIds(params: Params, mission: string): string[] {
  const run = params.get('run_id')?.value.trim()
  const event = params.get('event_id')?.value.trim()
  if (run && event && /^\d+$/.test(run) && run !== '0') return [`${mission} ${run}_${event}`]
  const id = params.get('AMON_ID')?.value ?? params.get('TrigID')?.value
  return id && !/^0+$/.test(id) ? [`AMON ${id}`] : []
}
