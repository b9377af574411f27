import type { Logger } from 'pino'
import { Problem } from '#problem.ts'
import type { LoadedConfig } from '#platform/config/load.ts'
import { openEmbedded, type EmbeddedServer } from './embedded.ts'
import { withClient } from './migrate.ts'

/** The database that a configuration names, running. */
export interface OpenDatabase {
  /** Address of the database; holds the password, so never log it. */
  url: string
  /** The embedded server; null where the address is one's own. */
  embedded: EmbeddedServer | null
  close(): Promise<void>
}

/** The server of `DATABASE_URL`, or the embedded one of the home folder, started or adopted. Changes nothing in it. */
export async function openDatabase(
  config: Pick<LoadedConfig, 'home' | 'databaseUrl' | 'pgBin' | 'dbUser'>,
  log?: Pick<Logger, 'info' | 'warn'>,
): Promise<OpenDatabase> {
  if (config.databaseUrl) {
    await requireVersion(config.databaseUrl)
    return { url: config.databaseUrl, embedded: null, close: async () => {} }
  }
  const embedded = await openEmbedded({ home: config.home, bin: config.pgBin, user: config.dbUser, log })
  return { url: embedded.url(), embedded, close: () => embedded.stop() }
}

async function requireVersion(url: string) {
  const version = await withClient(url, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    return rows[0].server_version
  })
  if (Number.parseInt(version, 10) >= 15) return
  throw new Problem(
    'database.too_old',
    `DATABASE_URL is a PostgreSQL ${version}, but 15 or newer is needed; upgrade it, or leave DATABASE_URL unset.`,
    { version },
  )
}
