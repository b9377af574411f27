import type { EventFacts } from './event-store.ts'
import { isIdentifier } from './aliases.ts'
import type { AssessmentRow } from './assessment-store.ts'
import type { EventPlace, EventVerdict } from './event.ts'
import type { LocalizationRow } from './localization-store.ts'
import { eventKinds, type EventKind, type EventRole } from './notice.ts'
import type { NoticeRow } from './notice-store.ts'
import type { StoredNotice } from './stored-notice.ts'

/** What an event is, derived from its notices each time anew: the order in which they came in does not matter. */

export interface Told {
  row: NoticeRow
  notice: StoredNotice
  /** When it was sent as far as anyone can tell, ms; later than everything it supersedes. */
  at: number
}

/** Notices that were understood, in the order in which their senders wrote them. */
export function inOrder(rows: readonly NoticeRow[]): Told[] {
  const told: Told[] = []
  const replaced = oldTexts(rows)
  for (const row of rows) {
    if (row.parsed === null || replaced.has(row.id)) continue
    told.push({ row, notice: row.parsed, at: (row.sent_at ?? row.received_at).getTime() })
  }
  // A notice comes after those it says it supersedes, whatever its clock said.
  const byIvorn = new Map(told.map((t) => [t.notice.unknownFields['ivorn'], t]))
  for (let pass = 0; pass < 3; pass++) {
    for (const t of told) {
      for (const cite of t.notice.cites) {
        const cited = cite.relation === 'supersedes' ? byIvorn.get(cite.id) : undefined
        if (cited && cited !== t && cited.at >= t.at) t.at = cited.at + 1
      }
    }
  }
  return told.toSorted(
    (a, b) =>
      a.at - b.at ||
      a.row.received_at.getTime() - b.row.received_at.getTime() ||
      (a.row.id < b.row.id ? -1 : 1),
  )
}

/** Circulars of which a newer version is here: they are sent again when edited, and when a library lists them. */
function oldTexts(rows: readonly NoticeRow[]): Set<string> {
  const version = (row: NoticeRow): number =>
    Number(row.parsed!.details.find((d) => d.name === 'Version')?.value ?? 0) || 0
  const texts = rows.filter((row) => row.type === 'circular' && row.parsed?.voice.startsWith('Circular '))
  const old = [...Map.groupBy(texts, (row) => row.parsed!.voice).values()].flatMap((same) =>
    same
      .toSorted(
        (a, b) =>
          version(b) - version(a) ||
          b.received_at.getTime() - a.received_at.getTime() ||
          (a.id < b.id ? 1 : -1),
      )
      .slice(1),
  )
  return new Set(old.map((row) => row.id))
}

/** Roles of an event by those of its notices: the sky counts before all else. */
const roleOrder: readonly EventRole[] = ['observation', 'simulated', 'test', 'mock']

/** Days that tests and mocks are kept. */
export const testDays = 30

export function deriveEvent(
  told: readonly Told[],
  localizations: readonly LocalizationRow[],
  assessments: readonly AssessmentRow[],
  names: readonly { name: string; joins: boolean }[],
  defaultRules: string,
): { facts: EventFacts; preferred: string | null } {
  const own = told.filter((t) => t.notice.makes === 'event')
  const main = own.length > 0 ? own : told
  const speaking = standing(main)
  const last = main.at(-1)!
  const latest = speaking.at(-1) ?? last
  const role = roleOrder.find((r) => main.some((t) => t.row.role === r)) ?? 'observation'
  const kind = kindOf(main)
  const retracted = main.length > 0 && speaking.length === 0
  const spoken = placeOf(speaking, localizations)
  // Where nothing newer says where it is, the words withdrawn before still do.
  const { place, preferred } = spoken.preferred === null ? placeOf(main, localizations) : spoken
  const saying = (pick: (n: StoredNotice) => boolean): StoredNotice | undefined =>
    speaking.findLast((t) => pick(t.notice))?.notice
  const times = main.filter((t) => t.notice.eventTime !== null)
  // A wave's merger time gets better with each notice; a burst began when its first notice says.
  const time = kind === 'gw' ? times.at(-1) : times[0]
  const received = told.map((t) => t.row.received_at.getTime())
  const facts: EventFacts = {
    name: nameOf(names, latest.notice, kind),
    kind,
    role,
    status: retracted ? 'retracted' : 'active',
    expiresAt:
      role === 'test' || role === 'mock' ? new Date(Math.max(...received) + testDays * 86_400_000) : null,
    eventTime: time?.notice.eventTime ?? null,
    firstNoticeAt: new Date(Math.min(...received)),
    lastNoticeAt: new Date(Math.max(...received)),
    noticeCount: told.length,
    latestType: last.notice.type,
    mission: main[0]!.notice.mission,
    significant: saying((n) => n.significant !== null)?.significant ?? null,
    farHz: saying((n) => n.farHz !== null)?.farHz ?? null,
    classification: saying((n) => Object.keys(n.classification).length > 0)?.classification ?? {},
    place,
    verdict: verdictOf(
      retracted ? last : (decisive(speaking, localizations, preferred) ?? latest),
      assessments,
      defaultRules,
    ),
  }
  return { facts, preferred }
}

/** Notices of voices that have not withdrawn: a retraction takes back all that the same voice said before it. */
function standing(told: readonly Told[]): Told[] {
  const withdrawn = new Map<string, number>()
  told.forEach((t, i) => {
    if (t.notice.type === 'retraction') withdrawn.set(t.notice.voice, i)
  })
  return told.filter((t, i) => t.notice.type !== 'retraction' && i > (withdrawn.get(t.notice.voice) ?? -1))
}

/**
 * The notice whose assessment counts for the event: of a wave the newest; of anything else the one whose place counts,
 * for slews, light curves and "no position found" come after it and say nothing against it. A later word that it was no
 * burst counts before all.
 */
function decisive(
  speaking: readonly Told[],
  localizations: readonly LocalizationRow[],
  preferred: string | null,
): Told | undefined {
  if (kindOf(speaking) === 'gw') return speaking.at(-1)
  const owner = localizations.find((l) => l.id === preferred)?.notice_id
  const at = speaking.findIndex((t) => t.row.id === owner)
  return speaking.findLast((t, i) => i > at && t.notice.properties['NotGRB'] === 1) ?? speaking[at]
}

/** Kind of most weight: what the first notices said, unless a later one knows better than "unknown". */
function kindOf(told: readonly Told[]): EventKind {
  const kinds = told.map((t) => t.notice.kind)
  if (kinds.includes('gw')) return 'gw'
  return kinds.find((kind) => kind !== 'unknown') ?? eventKinds.at(-1)!
}

const nameFamilies: Record<EventKind, RegExp | null> = {
  gw: /^(GW\d|[MT]?S\d{6}|G\d)/,
  grb: /^GRB \d{6}[A-Z]$/,
  xray: /^(EP\d{6}[a-z]|GRB \d{6}[A-Z]|AT |SN )/,
  gamma: null,
  neutrino: /^(IceCube-|KM3-|ANTARES-)/,
  frb: /^FRB \d{8}/,
  optical: /^(AT|SN) \d{4}/,
  unknown: null,
}

function nameOf(
  names: readonly { name: string; joins: boolean }[],
  latest: StoredNotice,
  kind: EventKind,
): string {
  const family = nameFamilies[kind]
  const known = family ? names.find((n) => n.joins && family.test(n.name)) : undefined
  const spoken = names.filter((n) => !isIdentifier(n.name))
  return (known ?? spoken.find((n) => n.joins) ?? spoken[0] ?? names[0])?.name ?? latest.title
}

/** Where it is: per voice and instrument the newest word, of these the narrowest; combined maps before plain ones. */
function placeOf(
  told: readonly Told[],
  localizations: readonly LocalizationRow[],
): { place: EventPlace; preferred: string | null } {
  const of = Map.groupBy(localizations, (l) => l.notice_id)
  const newest = new Map<string, LocalizationRow>()
  let waiting: LocalizationRow | undefined
  let failed: LocalizationRow | undefined
  for (const t of told) {
    const list = of.get(t.row.id) ?? []
    const best = bestOf(list)
    // One word per voice of the waves; elsewhere instruments of one mission refine each other.
    const voice = t.notice.kind === 'gw' ? t.notice.voice : `${t.notice.voice} ${t.notice.instrument ?? ''}`
    if (best && !(exact(best) && newest.has(voice))) newest.set(voice, best)
    if (list.length > 0) {
      waiting = list.find((l) => l.state === 'waiting')
      failed = best ? undefined : list.find((l) => l.state === 'failed')
    }
  }
  const area = (l: LocalizationRow): number =>
    exact(l) ? Number.POSITIVE_INFINITY : (l.summary?.area90Deg2 ?? Number.POSITIVE_INFINITY)
  const [best] = [...newest.values()].toSorted((a, b) => area(a) - area(b))
  const position = told.findLast((t) => t.notice.position !== null)?.notice.position ?? null
  const stated = best?.region ?? null
  const distance = told.findLast((t) => t.notice.distance !== null)?.notice.distance ?? null
  const place: EventPlace = {
    localizationId: best?.id ?? null,
    state: waiting ? 'waiting' : best ? 'ready' : failed ? 'failed' : 'none',
    ra: stated?.ra ?? best?.summary?.peak.ra ?? position?.ra ?? null,
    dec: stated?.dec ?? best?.summary?.peak.dec ?? position?.dec ?? null,
    errorDeg:
      stated?.shape === 'circle' ? stated.radiusDeg : stated?.shape === 'ellipse' ? stated.majorDeg : null,
    area50Deg2: best?.summary?.area50Deg2 ?? null,
    area90Deg2: best?.summary?.area90Deg2 ?? null,
    distanceMeanMpc: best?.summary?.distance?.meanMpc ?? distance?.meanMpc ?? null,
    distanceStdMpc: best?.summary?.distance?.stdMpc ?? distance?.stdMpc ?? null,
    combined: best?.kind === 'combined',
  }
  return { place, preferred: best?.id ?? null }
}

/** An error of zero is a filler: no place is known without one. */
function exact(l: LocalizationRow): boolean {
  return l.region?.shape === 'circle' && l.region.radiusDeg === 0
}

const preference = ['combined', 'map', 'ellipse', 'polygon', 'circle', 'point']

/** The best of one notice's localizations that is ready. */
export function bestOf(list: readonly LocalizationRow[]): LocalizationRow | undefined {
  const [best] = list
    .filter((l) => l.state === 'ready')
    .toSorted((a, b) => preference.indexOf(a.kind) - preference.indexOf(b.kind))
  return best
}

function verdictOf(last: Told, assessments: readonly AssessmentRow[], rules: string): EventVerdict | null {
  const row = assessments.findLast((a) => a.notice_id === last.row.id && a.rules === rules)
  return row
    ? {
        rules: row.rules,
        version: row.version,
        score: row.score,
        decision: row.decision,
        reason: row.reasons[0] ?? '',
      }
    : null
}
