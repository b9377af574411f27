import type { AssessmentRow } from './assessment-store.ts'
import type { Assessment } from './assessment.ts'
import { inOrder } from './derive.ts'
import type { EventDetail, EventSummary } from './event.ts'
import type { AliasRow, EventRow } from './event-store.ts'
import type { LocalizationSummary } from './localization.ts'
import type { LocalizationRow } from './localization-store.ts'
import type { Change, Link, NoticeDetail, NoticeSummary } from './notice.ts'
import type { NoticeRow } from './notice-store.ts'
import { bestOf } from './derive.ts'
import { changesOf } from './refresh.ts'
import { topClass } from './rule-inputs.ts'

/** Rows as REST shows them. */

export function noticeSummary(row: NoticeRow, eventName: string | null): NoticeSummary {
  return {
    id: row.id,
    state: row.state,
    type: row.type,
    kind: row.kind,
    role: row.role,
    format: row.format,
    mission: row.mission,
    instrument: row.instrument,
    title: row.title,
    eventId: row.event_id,
    eventName,
    topic: row.topic,
    partition: row.partition,
    offset: row.stream_offset,
    receivedAt: row.received_at.toISOString(),
    createdAt: row.sent_at?.toISOString() ?? null,
    sha256: row.sha256,
    byteLength: Number(row.byte_length),
    problem: row.problem,
    receptions: row.receptions,
  }
}

export function noticeDetail(
  row: NoticeRow,
  eventName: string | null,
  localizations: readonly LocalizationRow[],
  changes: Change[],
): NoticeDetail {
  const n = row.parsed
  return {
    ...noticeSummary(row, eventName),
    eventTime: n?.eventTime ?? null,
    position: n?.position ?? null,
    significant: n?.significant ?? null,
    farHz: n?.farHz ?? null,
    pAstro: n?.pAstro ?? null,
    instruments: n?.instruments ?? [],
    group: n?.group ?? null,
    pipeline: n?.pipeline ?? null,
    search: n?.search ?? null,
    durationSeconds: n?.durationSeconds ?? null,
    centralFrequencyHz: n?.centralFrequencyHz ?? null,
    classification: n?.classification ?? {},
    properties: n?.properties ?? {},
    externalCoincidence: n?.externalCoincidence ?? null,
    aliases: n?.names.map((name) => name.name) ?? [],
    details: n?.details ?? [],
    links: n?.links ?? [],
    localizationId: bestOf(localizations.filter((l) => l.notice_id === row.id))?.id ?? null,
    changes,
    unknownFields: n?.unknownFields ?? {},
    body: n?.body ?? null,
  }
}

export function localizationSummary(row: LocalizationRow): LocalizationSummary {
  return {
    id: row.id,
    eventId: row.event_id,
    noticeId: row.notice_id,
    kind: row.kind,
    state: row.state,
    preferred: row.preferred,
    mapSha256: row.map_sha256,
    mapByteLength: row.map_byte_length === null ? null : Number(row.map_byte_length),
    sourceUrl: row.source_url,
    containment: row.containment,
    containmentStated: row.containment_stated,
    note: row.note,
    summary: row.summary,
    createdAt: row.created_at.toISOString(),
    problem: row.problem,
  }
}

function assessmentView(row: AssessmentRow): Assessment {
  return {
    id: row.id,
    eventId: row.event_id,
    noticeId: row.notice_id,
    localizationId: row.localization_id,
    rules: row.rules,
    version: row.version,
    rulesSha256: row.rules_sha256,
    score: row.score,
    decision: row.decision,
    rule: row.rule,
    inputs: row.inputs,
    reasons: row.reasons,
    at: row.at.toISOString(),
  }
}

export function eventSummary(row: EventRow, aliases: readonly AliasRow[]): EventSummary {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    role: row.role,
    status: row.status,
    kept: row.kept,
    expiresAt: row.kept ? null : (row.expires_at?.toISOString() ?? null),
    aliases: [...new Set(aliases.filter((a) => a.event_id === row.id).map((a) => a.name))],
    eventTime: row.event_time,
    firstNoticeAt: row.first_notice_at.toISOString(),
    lastNoticeAt: row.last_notice_at.toISOString(),
    noticeCount: row.notice_count,
    latestType: row.latest_type,
    mission: row.mission,
    significant: row.significant,
    farHz: row.far_hz,
    topClass: topClass(row.classification),
    classification: row.classification,
    place: row.place,
    verdict: row.verdict,
    revision: `${row.id.slice(0, 8)}-${row.revision}`,
  }
}

export function eventDetail(
  row: EventRow,
  parts: {
    aliases: readonly AliasRow[]
    notices: readonly NoticeRow[]
    localizations: readonly LocalizationRow[]
    assessments: readonly AssessmentRow[]
  },
): EventDetail {
  const told = inOrder(parts.notices)
  const own = told.filter((t) => t.notice.makes === 'event').map((t) => t.notice)
  const links = new Map<string, Link>()
  for (const notice of own) for (const link of notice.links) links.set(link.url, link)
  return {
    ...eventSummary(row, parts.aliases),
    aliasList: parts.aliases.map((a) => ({ name: a.name, source: a.source, since: a.since.toISOString() })),
    properties: own.findLast((n) => Object.keys(n.properties).length > 0)?.properties ?? {},
    externalCoincidence: own.findLast((n) => n.type !== 'retraction')?.externalCoincidence ?? null,
    instruments: own.findLast((n) => n.instruments.length > 0)?.instruments ?? [],
    notices: told.map((t) =>
      noticeDetail(t.row, row.name, parts.localizations, changesOf(told, parts.localizations, t.row.id)),
    ),
    localizations: parts.localizations.map(localizationSummary),
    assessments: parts.assessments.map(assessmentView),
    links: [...links.values()],
  }
}
