import { randomBytes } from 'node:crypto'
import { afterAll, inject } from 'vitest'
import { connect, type Connection } from '#platform/db/connect.ts'
import { withClient } from '#platform/db/migrate.ts'
import { databaseUrl } from './database.ts'

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
  afterAll(async () => {
    await connection.close()
    await withClient(admin, (client) => client.query(`drop database if exists ${name} with (force)`))
  })
  return { ...connection, url }
}
