import type { BulletinSource } from './bulletin.ts'
import type { Logger } from 'pino'
import type { Config } from './config/config.ts'
import type { Columns } from './columns/columns.ts'
import type { Db } from './db/database.ts'
import type { Storage } from './storage/storage.ts'
import type { Jobs } from './jobs/job.ts'
import type { Events } from './events/event.ts'
import type { Compute } from './compute/compute.ts'
import type { Net } from './net/net.ts'
import type { Secrets } from './secrets/secrets.ts'
import type { Metrics } from './metrics/metrics.ts'

/** What the rooms stand on. Services take it (or a `Pick` of it) as first argument; nothing is global. */
export interface Platform {
  readonly config: Config
  readonly log: Logger
  readonly db: Db
  readonly storage: Storage
  /** Parquet under `catalogues` of the home folder; the engine starts with the first query. */
  readonly columns: Columns
  readonly jobs: Jobs
  readonly events: Events
  readonly compute: Compute
  readonly net: Net
  readonly secrets: Secrets
  readonly metrics: Metrics
  /** What the rooms have to tell people. */
  readonly bulletins: readonly BulletinSource[]
}
