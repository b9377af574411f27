import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Logger } from 'pino'
import type { BulletinSource } from './bulletin.ts'
import { createLazyColumns } from './columns/lazy.ts'
import { createCompute } from './compute/pool.ts'
import type { Role } from './config/config.ts'
import type { LoadedConfig } from './config/load.ts'
import { connect } from './db/connect.ts'
import { migrate, readMigrations } from './db/migrate.ts'
import { openDatabase } from './db/open.ts'
import { createEvents } from './events/events.ts'
import { createSignals } from './events/signals.ts'
import { createJobs } from './jobs/jobs.ts'
import { createLog } from './log/log.ts'
import { createMetrics } from './metrics/registry.ts'
import { createNet } from './net/client.ts'
import type { Platform } from './platform.ts'
import type { Room, Service } from './room.ts'
import { createSecrets, loadSecretKey } from './secrets/aes.ts'
import { openStorage } from './storage/open.ts'

// Held, shared, by every process that works jobs.
const workerKey = '8317461023'

export interface CreateOptions {
  rooms: readonly Room[]
  /** Folder of the numbered migrations; they are applied before anything else. */
  schema: string
  /**
   * What this process does; `if needed`: it works jobs only where no other process does, and runs no services. Default: the
   * roles of the configuration.
   */
  roles?: readonly Role[] | 'if needed'
  log?: Logger
  version?: string
}

/** A platform whose parts run. */
export interface RunningPlatform extends Platform {
  readonly config: LoadedConfig
  /** Address of the database; holds the password. */
  readonly databaseUrl: string
  /** Steps of the schema that were applied at this start. */
  readonly migrated: readonly string[]
  /** Stops services, jobs and connections in the reverse order, and the embedded database with its last user. */
  stop(): Promise<void>
}

/**
 * Assembles the platform: database (started or adopted, migrated), storage, secrets, jobs, events, compute, net, metrics;
 * registers what the rooms contribute and starts what the roles ask for. Whatever fails, what was started is stopped.
 */
export async function createPlatform(config: LoadedConfig, options: CreateOptions): Promise<RunningPlatform> {
  const { rooms } = options
  await using started = new AsyncDisposableStack()
  mkdirSync(config.home, { recursive: true, mode: 0o700 })
  const log = options.log ?? createLog(config)
  for (const warning of config.warnings) log.warn(warning)

  const database = await openDatabase(config, log)
  started.defer(() => database.close())
  const { up: migrated } = await migrate(database.url, await readMigrations(options.schema))
  if (migrated.length > 0) log.info({ steps: migrated }, 'the database was migrated')

  const connection = connect(database.url, { max: 20, log })
  started.defer(() => connection.close())
  const signals = createSignals({ connection: { connectionString: database.url }, log })
  const events = createEvents({ db: connection.db, signals, log })
  const metrics = createMetrics()
  const jobs = createJobs({ db: connection.db, signals, log, events, metrics })
  const compute = createCompute()
  started.defer(() => compute.stop())
  const columns = createLazyColumns({
    folders: [join(config.home, 'catalogues')],
    temporary: join(config.home, 'temporary'),
  })
  started.defer(() => columns.stop())
  const net = createNet({ userAgent: `urania/${options.version ?? '0'}` })
  started.defer(() => net.stop())

  const bulletins: BulletinSource[] = []
  const platform: Platform & { config: LoadedConfig } = {
    config,
    log,
    db: connection.db,
    storage: await openStorage(config, net),
    columns,
    jobs,
    events,
    compute,
    net,
    secrets: createSecrets(loadSecretKey(join(config.home, 'secret.key'))),
    metrics,
    bulletins,
  }
  for (const room of rooms) bulletins.push(...(room.bulletins?.(platform) ?? []))
  for (const room of rooms) {
    if (room.jobs) jobs.register(room.jobs(platform))
    room.listeners?.(platform)
  }

  const presence = await findWorkers(database.url, log)
  started.defer(() => presence.close())
  const roles = options.roles ?? config.roles
  const work = roles === 'if needed' ? !presence.found : roles.includes('worker')
  if (work) await presence.announce()

  await signals.start()
  started.defer(() => signals.stop())
  await events.start({ listeners: work })
  started.defer(() => events.stop())
  await jobs.start({ work })
  started.defer(() => jobs.stop())
  if (roles !== 'if needed') {
    for (const service of rooms.flatMap((room) => room.services?.(platform) ?? [])) {
      if (roles.includes(service.role)) await startService(service, started, log)
    }
  }

  const stack = started.move()
  return { ...platform, databaseUrl: database.url, migrated, stop: () => stack.disposeAsync() }
}

async function startService(service: Service, started: AsyncDisposableStack, log: Logger) {
  await service.start()
  log.debug({ service: service.name }, 'started')
  started.defer(() => service.stop())
}

/** Whether another process works jobs, and the way to say that this one does. The lock ends with the connection. */
async function findWorkers(url: string, log: Logger) {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'urania presence',
    keepAlive: true,
  })
  client.on('error', (error) => log.debug({ err: error }, 'the presence connection was lost'))
  await client.connect()
  const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_lock($1) as free', [
    workerKey,
  ])
  if (rows[0].free) await client.query('select pg_advisory_unlock($1)', [workerKey])
  return {
    found: !rows[0].free,
    announce: () => client.query('select pg_advisory_lock_shared($1)', [workerKey]),
    close: () => client.end(),
  }
}
