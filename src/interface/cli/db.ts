import { migrate, migrationStatus, readMigrations, rollback, withClient } from '#platform/db/migrate.ts'
import { openDatabase } from '#platform/db/open.ts'
import { readOnlyQuery } from '#platform/db/query.ts'
import { upgradeCluster } from '#platform/db/upgrade.ts'
import { Problem } from '#problem.ts'
import type { LoadedConfig } from '#platform/config/load.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { numberFlag, textFlag } from '#platform/terminal/flags.ts'
import { table } from '#platform/terminal/table.ts'
import { schemaFolder } from './version.ts'

const to = { type: 'string', doc: 'Number of the step to end at (0: empty)' } as const
const yes = { type: 'boolean', doc: 'Go back even where that loses data' } as const

export const commands: readonly Command[] = [
  {
    words: ['db', 'status'],
    usage: '',
    summary: 'Which server, which version of the schema, how large',
    examples: ['urania db status'],
    async run({ config, out, document }) {
      const loaded = await config()
      await withDatabase(loaded, async (url, where) => {
        const migrations = await readMigrations(schemaFolder)
        const { applied, pending, server, bytes } = await withClient(url, async (client) => ({
          ...(await migrationStatus(client, migrations)),
          server: (await client.query<{ server_version: string }>('show server_version')).rows[0]
            .server_version,
          bytes: Number(
            (await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes'))
              .rows[0].bytes,
          ),
        }))
        const status = {
          server: `PostgreSQL ${server}`,
          where,
          sizeBytes: bytes,
          applied: applied.map(({ name, appliedAt }) => ({ name, appliedAt })),
          pending: pending.map(({ name }) => name),
        }
        document(status, () => {
          out(`PostgreSQL ${server}, ${where}, ${(bytes / 2 ** 20).toFixed(1)} MiB`)
          for (const line of table(
            ['step', 'applied'],
            [
              ...applied.map(({ name, appliedAt }) => [name, appliedAt.toISOString()]),
              ...pending.map(({ name }) => [name, 'not yet']),
            ],
          )) {
            out(line)
          }
          if (pending.length > 0) out('"urania db migrate" (or the next start) applies what is not.')
        })
      })
    },
  },
  {
    words: ['db', 'migrate'],
    usage: '',
    summary: 'Bring the schema to the newest step, or to any other',
    examples: ['urania db migrate', 'urania db migrate --to 2 --yes'],
    options: { to, yes },
    run: (invocation) => change(invocation, migrate),
  },
  {
    words: ['db', 'rollback'],
    usage: '',
    summary: 'Take back the last step, or all after --to',
    examples: ['urania db rollback', 'urania db rollback --to 1 --yes'],
    options: { to, yes },
    run: (invocation) => change(invocation, rollback),
  },
  {
    words: ['db', 'query'],
    usage: 'SQL',
    summary: 'Run one statement in a read-only transaction and print its rows',
    examples: [
      'urania db query "select kind, count(*) from event group by 1"',
      'urania db query "table job" --limit 5 --json',
    ],
    options: {
      limit: { type: 'string', doc: 'Most rows to print (default: 1000)' },
      timeout: { type: 'string', doc: 'Seconds after which it is given up (default: 30)' },
    },
    async run({ args, flags, config, out, note, document, signal }) {
      if (args.length !== 1)
        throw new Problem('command.usage', 'Give one SQL statement in quotes: urania db query "select 1".')
      const limit = numberFlag(flags, 'limit') ?? 1000
      const timeoutMs = (numberFlag(flags, 'timeout') ?? 30) * 1000
      await withDatabase(await config(), async (url) => {
        const { columns, rows, more } = await readOnlyQuery(url, args[0], { limit, timeoutMs, signal })
        const items = rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])))
        document({ columns, items, more }, () => {
          for (const line of table(columns, rows)) out(line)
        })
        if (more) note(`There are more rows than ${limit}; --limit shows more.`)
      })
    },
  },
  {
    words: ['db', 'upgrade'],
    usage: '',
    summary: 'Bring the embedded database of an older PostgreSQL over to this one',
    examples: ['urania db upgrade', 'urania db upgrade --old-bin /usr/lib/postgresql/15/bin'],
    options: {
      'old-bin': { type: 'string', doc: 'Folder of the older PostgreSQL’s binaries (default: looked for)' },
    },
    async run({ config, flags, out, note, document }) {
      const loaded = await config()
      if (loaded.databaseUrl) {
        throw new Problem(
          'command.usage',
          'This is for the embedded database, and DATABASE_URL is set; upgrade that server by its own means.',
        )
      }
      const oldBin = textFlag(flags, 'old-bin') ?? null
      const migrations = await readMigrations(schemaFolder)
      const result = await upgradeCluster({ config: loaded, migrations, oldBin, onStep: note })
      document(result, () => {
        out(
          `The database now runs on PostgreSQL ${result.to}. The old one is kept in ${result.kept}; remove it when all is well.`,
        )
      })
    },
  },
]

async function change(
  { config, flags, out, note, document }: Invocation,
  step: typeof migrate,
): Promise<void> {
  const target = numberFlag(flags, 'to')
  await withDatabase(await config(), async (url) => {
    const done = await step(url, await readMigrations(schemaFolder), {
      to: target,
      yes: flags['yes'] === true,
      onStep: ({ name, direction }) => note(direction === 'up' ? `Applying ${name}` : `Taking back ${name}`),
    })
    document(done, () => {
      const count = done.up.length + done.down.length
      out(
        count === 0
          ? 'Nothing to do.'
          : `Done: ${[...done.down.map((name) => `${name} taken back`), ...done.up.map((name) => `${name} applied`)].join(', ')}.`,
      )
    })
  })
}

/** Runs with the configured database, started where it is embedded. */
export async function withDatabase<T>(
  config: LoadedConfig,
  work: (url: string, where: string) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(config)
  try {
    return await work(database.url, database.embedded ? `embedded in ${config.home}` : 'by DATABASE_URL')
  } finally {
    await database.close()
  }
}
