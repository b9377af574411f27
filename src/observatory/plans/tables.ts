import type { ColumnType, Generated, RawBuilder } from 'kysely'
import type { PlanRequest, PlanResult, PlanState } from './plan.ts'
import type { PlanGroup } from './plan-rule.ts'

/** jsonb: comes back as a value, goes in by `json(value)`. */
type Json<T> = ColumnType<T, RawBuilder<unknown>, RawBuilder<unknown>>
type JsonOrNull<T> = ColumnType<T | null, RawBuilder<unknown> | null | undefined, RawBuilder<unknown> | null>
type Now = ColumnType<Date, Date | undefined, Date>
type Revision = ColumnType<string, number | undefined, RawBuilder<unknown>>

export interface PlanTable {
  id: string
  series: string
  version: number
  parent: string | null
  state: PlanState
  title: string
  event_id: string | null
  event_name: string | null
  role: 'observation' | 'test' | 'mock' | 'simulated'
  notice_id: string | null
  localization_id: string
  /** Without what can be long where `request_sha256` names the whole. */
  request: Json<PlanRequest>
  request_sha256: string | null
  start_at: Date
  end_at: Date
  telescopes: string[]
  result: JsonOrNull<PlanResult>
  document_sha256: string | null
  /** int8 comes back as text. */
  document_bytes: ColumnType<string | null, number | null | undefined, number | null>
  proposed: Generated<boolean>
  stop_requested: Generated<boolean>
  requested_by: string
  rule: string | null
  job_id: string | null
  problem: JsonOrNull<{ code: string; message: string }>
  closed_because: string | null
  revision: Revision
  created_at: Now
  finished_at: Date | null
  closed_at: Date | null
}

declare module '#platform/db/database.ts' {
  interface Database {
    plan: PlanTable
    plan_rule: {
      name: string
      title: string
      enabled: boolean
      condition: string
      groups: Json<PlanGroup[]>
      delay_minutes: number
      on_update: 'propose' | 'ignore'
      revision: Revision
      changed_at: Now
      changed_by: string
    }
    plan_trigger: {
      rule: string
      group_number: number
      notice_id: string
      event_id: string
      plan_id: string | null
      at: Now
    }
  }
}
