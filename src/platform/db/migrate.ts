import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { Problem } from '#problem.ts'

// Taken for the whole of a migration, so that two programs starting at once apply each step once.
const lockKey = '8317461022'

/** One step of the schema: `NNNN-name.sql`, an up part, a line `-- down`, and the way back. */
export interface Migration {
  number: number
  /** `0001-platform`. */
  name: string
  up: string
  down: string
  /** What the way back would lose, from its first line `-- loses data: …`; null when nothing. */
  losesData: string | null
  /** SHA-256 of the up part. */
  checksum: string
}

export interface AppliedMigration {
  number: number
  name: string
  checksum: string
  appliedAt: Date
}

/** Where a database stands against the migrations of this program. */
export interface MigrationStatus {
  applied: AppliedMigration[]
  pending: Migration[]
}

/** Reads a folder of migrations, in order. Throws `database.migration_failed` on a gap, a double or a missing way back. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()
  const migrations = await Promise.all(
    names.map(async (name) => parseMigration(name, await readFile(join(folder, name), 'utf8'))),
  )
  for (const [index, migration] of migrations.entries()) {
    const previous = migrations[index - 1]
    if (previous?.number === migration.number) {
      throw broken(migration.name, `has the same number as ${previous.name}.sql; give it the next free one.`)
    }
  }
  return migrations
}

/** Splits one file into its parts. */
export function parseMigration(file: string, text: string): Migration {
  const name = file.replace(/\.sql$/, '')
  const number = /^(\d{4})-[a-z0-9-]+$/.exec(name)?.[1]
  if (!number) throw broken(name, 'is not named like 0001-name.sql.')
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  const split = lines.findIndex((line) => /^--\s*down\s*$/.test(line))
  if (split < 0) throw broken(name, 'has no line "-- down" with the way back after it.')
  const up = lines.slice(0, split).join('\n').trim() + '\n'
  // The line numbers of errors count from the top of the file.
  const down =
    '\n'.repeat(split + 1) +
    lines
      .slice(split + 1)
      .join('\n')
      .trimEnd() +
    '\n'
  const losesData = /^\s*--\s*loses data:\s*(.+)$/m.exec(down)?.[1]?.trim() ?? null
  const checksum = createHash('sha256').update(up).digest('hex')
  return { number: Number(number), name, up, down, losesData, checksum }
}

/** What is applied and what is not. Refuses a database of a newer program and one whose applied steps were edited since. */
export async function migrationStatus(
  client: pg.ClientBase,
  migrations: Migration[],
): Promise<MigrationStatus> {
  const exists = await client.query(`select to_regclass('public.schema_migration') is not null as exists`)
  const rows = (exists.rows as { exists: boolean }[])[0].exists
    ? (
        await client.query<AppliedMigration>(
          `select number, name, checksum, applied_at as "appliedAt" from public.schema_migration order by number`,
        )
      ).rows
    : []
  const known = new Map(migrations.map((migration) => [migration.number, migration]))
  for (const row of rows) {
    const migration = known.get(row.number)
    if (!migration) {
      throw new Problem(
        'database.newer',
        `The database is of a newer version: step ${row.name} is unknown to this program. Use the newer Urania, or ` +
          `roll the database back with it first.`,
        { step: row.name },
      )
    }
    if (migration.checksum !== row.checksum) {
      throw new Problem(
        'database.migration_changed',
        `${migration.name}.sql is not what was applied to this database on ${row.appliedAt.toISOString()}; put the file back ` +
          `as it was and write a new step.`,
        { step: row.name },
      )
    }
  }
  const applied = new Set(rows.map((row) => row.number))
  return { applied: rows, pending: migrations.filter((migration) => !applied.has(migration.number)) }
}

export interface MigrateOptions {
  /** Number of the step to end at; forwards or back. */
  to?: number
  /** Go back even where data are lost. */
  yes?: boolean
  onStep?: (step: { name: string; direction: 'up' | 'down' }) => void
}

/**
 * Brings a database to the newest step, or to step `to` in either direction. Each step is one transaction under one
 * advisory lock. Throws `database.loses_data` before anything is done when the way back would lose data and `yes` is not set.
 * Returns the names of what was done, in order.
 */
export async function migrate(
  url: string,
  migrations: Migration[],
  { to, yes = false, onStep }: MigrateOptions = {},
): Promise<{ up: string[]; down: string[] }> {
  if (to !== undefined && to !== 0 && !migrations.some((migration) => migration.number === to)) {
    const known = migrations.map((migration) => migration.name).join(', ')
    throw new Problem('database.migration_failed', `There is no step ${to}; there are 0 (empty), ${known}.`, {
      to,
    })
  }
  return withLock(url, async (client) => {
    const { applied, pending } = await migrationStatus(client, migrations)
    const target = to ?? Infinity
    const back = applied.filter((row) => row.number > target).toReversed()
    const steps = back.map((row) => migrations.find((migration) => migration.number === row.number)!)
    const losses = steps.filter((step) => step.losesData !== null)
    if (losses.length > 0 && !yes) {
      const what = losses.map((step) => `${step.name}: ${step.losesData}`).join('; ')
      throw new Problem(
        'database.loses_data',
        `Going back would lose data (${what.replace(/\.$/, '')}). Make a backup, then repeat it with --yes.`,
        { steps: losses.map((step) => ({ name: step.name, loses: step.losesData })) },
      )
    }
    for (const step of steps) {
      onStep?.({ name: step.name, direction: 'down' })
      await apply(client, step, 'down')
    }
    const forward = pending.filter((step) => step.number <= target)
    for (const step of forward) {
      onStep?.({ name: step.name, direction: 'up' })
      await apply(client, step, 'up')
    }
    return { up: forward.map((step) => step.name), down: steps.map((step) => step.name) }
  })
}

/** Takes back the last applied step, or all after step `to`. */
export async function rollback(
  url: string,
  migrations: Migration[],
  options: MigrateOptions = {},
): Promise<{ up: string[]; down: string[] }> {
  if (options.to !== undefined) return migrate(url, migrations, options)
  const { applied } = await withClient(url, (client) => migrationStatus(client, migrations))
  return migrate(url, migrations, { ...options, to: applied.at(-2)?.number ?? 0 })
}

async function apply(client: pg.ClientBase, migration: Migration, direction: 'up' | 'down') {
  const text = migration[direction]
  await client.query('begin')
  try {
    await client.query(text)
    if (direction === 'up') {
      await client.query('insert into public.schema_migration (number, name, checksum) values ($1, $2, $3)', [
        migration.number,
        migration.name,
        migration.checksum,
      ])
    } else {
      await client.query('delete from public.schema_migration where number = $1', [migration.number])
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    const position = error instanceof pg.DatabaseError ? Number(error.position) : NaN
    const line = Number.isNaN(position) ? null : text.slice(0, position).split('\n').length
    throw new Problem(
      'database.migration_failed',
      `Step ${migration.name} (${direction}) failed${line ? ` at line ${line}` : ''}: ` +
        `${error instanceof Error ? error.message : String(error)}. Nothing of it was kept.`,
      { step: migration.name, direction, line },
      error,
    )
  }
}

/** Runs with a connection of its own under the migration lock, the table of steps made. */
async function withLock<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return withClient(url, async (client) => {
    await client.query('select pg_advisory_lock($1)', [lockKey])
    await client.query(
      `create table if not exists public.schema_migration (
         number int primary key,
         name text not null,
         checksum text not null,
         applied_at timestamptz not null default now()
       )`,
    )
    return work(client)
  })
}

/** Runs with a connection of its own. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'urania migrate' })
  // The query that was waiting fails; without a listener the program would.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    throw unreachable(url, error)
  }
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** One sentence for a server that does not answer; never shows the password. */
export function unreachable(url: string, cause: unknown): Problem {
  const where = URL.parse(url)
  const place = where
    ? `${where.hostname || (where.searchParams.get('host') ?? 'local')}${where.pathname}`
    : 'DATABASE_URL'
  const reason =
    cause instanceof Error
      ? cause.message || ('code' in cause ? String(cause.code) : cause.name)
      : String(cause)
  return new Problem(
    'database.unavailable',
    `The database at ${place} does not answer: ${reason}. Check that it runs and that DATABASE_URL is right.`,
    { place },
    cause,
  )
}

function broken(name: string, what: string): Problem {
  return new Problem('database.migration_failed', `The migration ${name} ${what}`, { name })
}
