import type { Logger } from 'pino'
import type { LoadedConfig } from '#platform/config/load.ts'
import { openEmbedded, type EmbeddedServer } from './embedded.ts'

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
  if (config.databaseUrl) return { url: config.databaseUrl, embedded: null, close: async () => {} }
  const embedded = await openEmbedded({ home: config.home, bin: config.pgBin, user: config.dbUser, log })
  return { url: embedded.url(), embedded, close: () => embedded.stop() }
}
