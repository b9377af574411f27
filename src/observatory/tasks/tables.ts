import type { ColumnType, Generated, RawBuilder } from 'kysely'
import type { ConfigInput } from './config.ts'
import type { Findings } from './findings.ts'
import type { Preparation, StepName, TaskState, TaskStep } from './task.ts'

/** jsonb: comes back as a value, goes in by `json(value)`. */
type Json<T> = ColumnType<T, RawBuilder<unknown> | undefined, RawBuilder<unknown>>
type JsonOrNull<T> = ColumnType<T | null, RawBuilder<unknown> | null | undefined, RawBuilder<unknown> | null>
type Now = ColumnType<Date, Date | undefined, Date>
/** int8 comes back as text. */
type Big = ColumnType<string, number | string, number | string>
type BigOrNull = ColumnType<string | null, string | null | undefined, string | null>

export interface PresetFile {
  name: string
  sha256: string
  bytes: number
}

declare module '#platform/db/database.ts' {
  interface Database {
    task: {
      id: string
      title: Generated<string>
      original_name: Generated<string>
      state: Generated<TaskState>
      owner_id: string | null
      owner_name: string
      groups: string[]
      request_key: string | null
      frame_sha256: string | null
      parent: string | null
      config: Json<ConfigInput>
      findings: Json<Findings>
      preparations: Json<Preparation[]>
      ra: number | null
      dec: number | null
      radius_deg: number | null
      hpx: BigOrNull
      moc: string | null
      mjd: number | null
      filter: string | null
      job_id: string | null
      revision: ColumnType<string, number | undefined, RawBuilder<unknown>>
      created_at: Now
      modified_at: Now
      completed_at: Date | null
    }
    task_step: {
      task_id: string
      step: StepName
      state: TaskStep['state']
      job_id: string | null
      started_at: Date | null
      finished_at: Date | null
      problem: JsonOrNull<{ code: string; message: string }>
    }
    task_file: {
      task_id: string
      name: string
      step: StepName | null
      sha256: string
      byte_length: Big
      made_at: Now
    }
    task_preset: {
      id: string
      name: string
      owner_id: string | null
      owner_name: string
      groups: string[]
      config: Json<ConfigInput>
      files: Json<PresetFile[]>
      created_at: Now
    }
  }
}
