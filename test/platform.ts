import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { afterAll, inject, onTestFinished, TestRunner } from 'vitest'
import type { Role } from '#platform/config/config.ts'
import { loadConfig } from '#platform/config/load.ts'
import { createPlatform, type RunningPlatform } from '#platform/create.ts'
import { connect, type Connection } from '#platform/db/connect.ts'
import { withClient } from '#platform/db/migrate.ts'
import type { Room } from '#platform/room.ts'
import { databaseUrl, schemaFolder } from './database.ts'

/** Runs after the current test, or after the file where none runs: hooks made inside a test are ignored. */
export function atEnd(clean: () => Promise<void>): void {
  if (TestRunner.getCurrentTest()) onTestFinished(clean)
  else afterAll(clean)
}

/** A database of one's own, cloned from the migrated template. */
export interface TestDatabase extends Connection {
  url: string
}

/**
 * A fresh, migrated database for the calling test file, dropped after it. Call it at the top level of the file:
 * `const { db } = await testDatabase()`. With `empty: true` it has no tables at all.
 */
export async function testDatabase({ empty = false }: { empty?: boolean } = {}): Promise<TestDatabase> {
  const { admin, template } = inject('database')
  const name = `urania_test_${randomBytes(6).toString('hex')}`
  const source = empty ? 'template0' : template
  await withClient(admin, (client) =>
    client.query(`create database ${name} template ${source} strategy wal_log`),
  )
  const url = databaseUrl(admin, name)
  const connection = connect(url, { name: 'urania test' })
  atEnd(async () => {
    await connection.close()
    await withClient(admin, (client) => client.query(`drop database if exists ${name} with (force)`))
  })
  return { ...connection, url }
}

/**
 * A whole platform on a database of its own and a temporary home, silent, stopped after the calling test file. It works the
 * jobs of the given rooms and runs their listeners unless `roles` says otherwise: `const platform = await testPlatform({ rooms: [room] })`.
 * @param options.env settings as environment variables: `{ URANIA_GCN_CLIENT_ID: … }`.
 */
export async function testPlatform(
  options: {
    rooms?: readonly Room[]
    roles?: readonly Role[]
    env?: Record<string, string>
    log?: Logger
  } = {},
): Promise<RunningPlatform> {
  const { rooms = [], roles = ['worker'], env } = options
  const { url } = await testDatabase()
  const home = await mkdtemp(join(tmpdir(), 'urania-home-'))
  const config = loadConfig({
    sections: rooms.flatMap((room) => room.sections ?? []),
    env: { URANIA_HOME: home, DATABASE_URL: url, URANIA_LOG_LEVEL: 'silent', ...env },
  })
  const platform = await createPlatform(config, { rooms, roles, schema: schemaFolder, log: options.log })
  atEnd(async () => {
    await platform.stop()
    await rm(home, { recursive: true, force: true })
  })
  return platform
}
