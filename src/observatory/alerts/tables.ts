import type { ColumnType, Generated, RawBuilder } from 'kysely'
import type { Assessment, Decision } from './assessment.ts'
import type { EventPlace, EventStatus, EventVerdict } from './event.ts'
import type { Region } from './formats/format.ts'
import type { LocalizationKind, LocalizationState, MapSummary } from './localization.ts'
import type { EventKind, EventRole, NoticeState, NoticeType } from './notice.ts'
import type { StoredNotice } from './stored-notice.ts'
import type { StoredStreamStatus } from './stream-status.ts'

/** jsonb: comes back as a value, goes in by `json(value)`. */
type Json<T> = ColumnType<T, RawBuilder<unknown>, RawBuilder<unknown>>
type JsonOrNull<T> = ColumnType<T | null, RawBuilder<unknown> | null, RawBuilder<unknown> | null>
type Now = ColumnType<Date, Date | undefined, Date>
/** int8 comes back as text. */
type Big = ColumnType<string, number | string, number | string>
type BigOrNull = ColumnType<string | null, number | string | null | undefined, number | string | null>

export interface ProblemFacts {
  code: string
  message: string
}

export interface AlertEventTable {
  id: string
  name: string
  kind: EventKind
  role: EventRole
  status: Generated<EventStatus>
  kept: Generated<boolean>
  expires_at: Date | null
  event_time: string | null
  event_at: Date | null
  first_notice_at: Date
  last_notice_at: Date
  notice_count: Generated<number>
  latest_type: NoticeType
  mission: string | null
  significant: boolean | null
  far_hz: number | null
  classification: Json<Record<string, number>>
  place: Json<EventPlace>
  verdict: JsonOrNull<EventVerdict>
  revision: ColumnType<string, number | undefined, RawBuilder<unknown>>
  merged_into: string | null
  created_at: Now
}

declare module '#platform/db/database.ts' {
  interface Database {
    alert_event: AlertEventTable
    alert_alias: {
      lookup: string
      event_id: string
      name: string
      source: string
      joins: boolean
      since: Now
    }
    alert_notice: {
      id: string
      sha256: string
      byte_length: Big
      topic: string
      partition: number | null
      stream_offset: BigOrNull
      received_at: Now
      receptions: ColumnType<number, number | undefined, number | RawBuilder<unknown>>
      state: Generated<NoticeState>
      format: string | null
      type: NoticeType | null
      kind: EventKind | null
      role: Generated<EventRole>
      mission: string | null
      instrument: string | null
      title: Generated<string>
      sent_at: Date | null
      event_id: string | null
      pinned: Generated<boolean>
      parsed: JsonOrNull<StoredNotice>
      problem: JsonOrNull<ProblemFacts>
    }
    alert_reception: {
      topic: string
      partition: number
      stream_offset: Big
      notice_id: string
      received_at: Now
    }
    alert_orphan: { lookup: string; notice_id: string }
    alert_map: {
      sha256: string
      byte_length: Big
      summary: JsonOrNull<MapSummary>
      problem: JsonOrNull<ProblemFacts>
      made_at: Now
    }
    alert_localization: {
      id: string
      notice_id: string
      event_id: string | null
      kind: LocalizationKind
      state: LocalizationState
      preferred: Generated<boolean>
      region: JsonOrNull<Region>
      map_sha256: string | null
      map_byte_length: BigOrNull
      source_url: string | null
      containment: number | null
      containment_stated: Generated<boolean>
      note: string | null
      summary: JsonOrNull<MapSummary>
      problem: JsonOrNull<ProblemFacts>
      created_at: Now
    }
    alert_assessment: {
      id: string
      event_id: string
      notice_id: string
      localization_id: string | null
      rules: string
      version: string
      rules_sha256: string
      score: number
      decision: Decision
      rule: string
      inputs: Json<Assessment['inputs']>
      reasons: Json<string[]>
      at: Now
    }
    alert_stream: { name: string; status: Json<StoredStreamStatus>; updated_at: Now }
    alert_history: {
      id: Generated<string>
      event_id: string
      at: Now
      by: string
      what: string
      text: string
      data: Json<Record<string, unknown>>
    }
  }
}

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}
