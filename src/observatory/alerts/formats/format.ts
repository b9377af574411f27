import type {
  Detail,
  EventKind,
  EventRole,
  ExternalCoincidence,
  Link,
  NoticeType,
  Position,
} from '#observatory/alerts/notice.ts'

/** A region of the sky as a notice states it; ICRS degrees, position angle North through East. */
export type Region =
  | { shape: 'circle'; ra: number; dec: number; radiusDeg: number }
  | { shape: 'ellipse'; ra: number; dec: number; majorDeg: number; minorDeg: number; angleDeg: number }
  | { shape: 'polygon'; ra: number; dec: number; vertices: [number, number][] }

/** Where the probability map of a notice is: in the notice (base64 or bytes) or at an address. */
export type MapSource = { role: 'event' | 'combined' } & (
  | { at: 'base64'; text: string; essential: boolean }
  | { at: 'bytes'; bytes: Uint8Array }
  | { at: 'address'; url: string }
)

/** A name for an event. Only a `key` says that two notices with it are about the same event. */
export interface Name {
  name: string
  source: string
  key: boolean
}

/**
 * What any format makes of one message. `makes`: an event of its own; something to attach to an event that other
 * notices make; or nothing (recognised and kept).
 */
export interface ParsedNotice {
  format: string
  makes: 'event' | 'attachment' | 'nothing'
  type: NoticeType
  kind: EventKind
  role: EventRole
  mission: string
  /** Who speaks: a retraction withdraws what the same voice said. Usually the mission. */
  voice: string
  instrument: string | null
  title: string
  names: Name[]
  /** ISO 8601 UTC with `Z`, digits as printed. */
  createdAt: string | null
  eventTime: string | null
  position: Position | null
  region: Region | null
  /** False: `position.containment` is an assumption about this mission, not in the notice. */
  containmentStated: boolean
  maps: MapSource[]
  significant: boolean | null
  farHz: number | null
  pAstro: number | null
  snr: number | null
  instruments: string[]
  group: string | null
  pipeline: string | null
  search: string | null
  durationSeconds: number | null
  centralFrequencyHz: number | null
  classification: Record<string, number>
  properties: Record<string, number>
  distance: { meanMpc: number; stdMpc: number | null } | null
  externalCoincidence: ExternalCoincidence | null
  /** Identifiers of the notices this one supersedes, retracts or follows. */
  cites: { relation: string; id: string }[]
  details: Detail[]
  links: Link[]
  unknownFields: Record<string, unknown>
  body: string | null
}

/** What identifies a message before it is parsed: its bytes and the door it came through. */
export interface Message {
  bytes: Uint8Array
  /** Text of the bytes, decoded once; null where they are not text. */
  text: string | null
  topic: string
}

/** One alert format. `key` is what the database stores. */
export interface Format {
  key: string
  title: string
  /** Cheap look at the message; the first format that says yes parses it. */
  sniff(message: Message, json: Record<string, unknown> | null): boolean
  /** Throws a Problem that says in one sentence what is wrong. */
  parse(message: Message, json: Record<string, unknown> | null): ParsedNotice
}

/** A notice with nothing in it, to be filled by a format. */
export function blankNotice(format: string, mission: string, title: string): ParsedNotice {
  return {
    format,
    makes: 'event',
    type: 'initial',
    kind: 'unknown',
    role: 'observation',
    mission,
    voice: mission,
    instrument: null,
    title,
    names: [],
    createdAt: null,
    eventTime: null,
    position: null,
    region: null,
    containmentStated: false,
    maps: [],
    significant: null,
    farHz: null,
    pAstro: null,
    snr: null,
    instruments: [],
    group: null,
    pipeline: null,
    search: null,
    durationSeconds: null,
    centralFrequencyHz: null,
    classification: {},
    properties: {},
    distance: null,
    externalCoincidence: null,
    cites: [],
    details: [],
    links: [],
    unknownFields: {},
    body: null,
  }
}
