import { cleanText } from '#platform/db/json.ts'
import type { ColumnType, Generated, GeneratedAlways, RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { ChannelMessage, StoredAttachment } from './channel.ts'
import type { DeliveryState } from './delivery.ts'
import type { PreparedBulletin } from './message-store.ts'
import type { RuleDefinition } from './rule.ts'

/** jsonb: comes back as a value, goes in by `json(value)`. */
type Json<T> = ColumnType<T, RawBuilder<unknown> | undefined, RawBuilder<unknown>>
type JsonOrNull<T> = ColumnType<T | null, RawBuilder<unknown> | null | undefined, RawBuilder<unknown> | null>
type Now = ColumnType<Date, Date | undefined, Date>
/** int8 comes back as text. */
type Big = ColumnType<string, string | number, string | number>
type BigOrNull = ColumnType<string | null, string | number | null | undefined, string | number | null>

export interface ProblemFacts {
  code: string
  message: string
}

declare module '#platform/db/database.ts' {
  interface Database {
    notification_channel: {
      id: string
      name: string
      kind: string
      settings: Json<Record<string, unknown>>
      sealed: Json<Record<string, string>>
      enabled: Generated<boolean>
      failing_since: Date | null
      failing_why: string | null
      failures: Generated<number>
      retry_at: Date | null
      last_sent_at: Date | null
      revision: ColumnType<string, number | undefined, RawBuilder<unknown>>
      created_at: Now
    }
    notification_rule: {
      name: string
      definition: Json<RuleDefinition>
      revision: ColumnType<string, number | undefined, RawBuilder<unknown>>
      updated_by: string
      updated_at: Now
    }
    notification_composition: {
      seq: GeneratedAlways<string>
      event_id: Big
      state: Generated<'pending' | 'prepared' | 'failed' | 'done'>
      at: Now
    }
    notification_prepared: { event_id: Big; item: number; content: Json<PreparedBulletin> }
    notification_message: {
      id: GeneratedAlways<string>
      event_id: BigOrNull
      item: number | null
      form: ChannelMessage['form']
      kind: string
      role: ChannelMessage['role']
      thread_kind: string
      thread_id: string
      thread_name: string
      thread_group: Generated<string>
      headline: string
      body: Generated<string>
      facts: Json<ChannelMessage['facts']>
      links: Json<ChannelMessage['links']>
      pictures: Json<StoredAttachment[]>
      files: Json<(StoredAttachment & { path: string })[]>
      folders: Json<string[]>
      actions: Json<ChannelMessage['actions']>
      rehearsal: Generated<boolean>
      values: Json<Record<string, unknown>>
      audience: ColumnType<string[], RawBuilder<unknown>, RawBuilder<unknown>>
      at: Now
    }
    notification_delivery: {
      id: GeneratedAlways<string>
      key: Generated<string>
      message_id: Big
      channel_id: string | null
      channel_name: string
      target: Generated<string>
      thread_kind: string
      thread_id: string
      rule: string | null
      headline: string | null
      watched: Generated<boolean>
      urgent: Generated<boolean>
      state: Generated<DeliveryState>
      attempts: Generated<number>
      uncertain: Generated<boolean>
      not_before: Now
      held: Generated<boolean>
      first_attempt_at: Date | null
      claimed_at: Date | null
      claimed_by: string | null
      problem: JsonOrNull<ProblemFacts>
      receipt: string | null
      url: string | null
      sent_at: Date | null
      digest_at: Date | null
      created_at: Now
    }
    notification_thread: {
      channel_id: string
      target: string
      thread_kind: string
      thread_id: string
      state: Json<Record<string, unknown>>
    }
    notification_watch: {
      id: string
      thread_kind: string
      thread_id: string
      rule: string
      message_id: Big
      started_at: Now
      reminded: Generated<number>
      escalated_at: Date | null
      ended_at: Date | null
      ended_why: string | null
    }
    notification_acknowledgement: {
      thread_kind: string
      thread_id: string
      thread_name: string
      at: Now
      person_id: string | null
      name: string
      through: string
    }
    notification_shift: {
      id: string
      title: string
      people: string[]
      unmatched: string[]
      starts: string
      zone: string
      minutes: number
      exact: boolean
      recurrence: string | null
      skipped: string[]
      added: string[]
      calendar: string | null
      uid: string | null
      created_by: string
      created_at: Now
    }
    notification_inbox: {
      id: GeneratedAlways<string>
      delivery_id: Big
      message_id: Big
      target: string
      audience: string[]
      at: Now
    }
    notification_read: { person_id: string; entry_id: Big; at: Now }
    notification_preference: {
      person_id: string
      zone: string
      quiet_from: string | null
      quiet_to: string | null
      muted: string[]
      addresses: Json<Record<string, string>>
      updated_at: Now
    }
  }
}

/** A text[] as a JSON parameter, so that no driver setting decides how arrays travel. */
export function texts(values: readonly string[]): RawBuilder<unknown> {
  return sql`(select coalesce(array_agg(v), '{}') from json_array_elements_text(${JSON.stringify(values)}::text::json) v)::text[]`
}

/** Text of at most that many characters. */
export function clipped(text: string, most: number): string {
  const clean = cleanText(text)
  return clean.length <= most ? clean : `${clean.slice(0, most - 1).toWellFormed()}…`
}
