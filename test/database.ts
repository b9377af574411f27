import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openEmbedded } from '#platform/db/embedded.ts'
import { migrate, readMigrations, withClient } from '#platform/db/migrate.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** `admin`: address from which databases can be made; `template`: name of the migrated database to clone. */
    database: { admin: string; template: string; external: boolean }
  }
}

/** Folder of the program's own migrations. */
export const schemaFolder = resolve(import.meta.dirname, '../src/observatory/schema')

const throwaway = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off']

/**
 * One PostgreSQL server for the run: that of `DATABASE_URL`, else an embedded one in a temporary home. Makes one migrated
 * template database that `testDatabase()` of `test/platform.ts` clones.
 */
export default async function setup(project: TestProject) {
  const external = process.env['DATABASE_URL']
  const home = external ? undefined : await mkdtemp(join(tmpdir(), 'urania-test-'))
  const server = home ? await openEmbedded({ home, settings: throwaway }) : undefined
  const admin = external ?? server!.url('postgres')
  const template = `urania_test_${randomBytes(6).toString('hex')}`
  const teardown = async () => {
    if (external) {
      await withClient(admin, (client) => client.query(`drop database if exists ${template} with (force)`))
    }
    await server?.stop()
    if (home) await rm(home, { recursive: true, force: true })
  }
  try {
    await withClient(admin, (client) => client.query(`create database ${template} strategy wal_log`))
    await migrate(databaseUrl(admin, template), await readMigrations(schemaFolder))
  } catch (error) {
    await teardown()
    throw error
  }
  project.provide('database', { admin, template, external: external !== undefined })
  return teardown
}

/** The address of another database on the same server. */
export function databaseUrl(admin: string, name: string): string {
  const query = admin.indexOf('?')
  const [base, rest] = query < 0 ? [admin, ''] : [admin.slice(0, query), admin.slice(query)]
  return base.replace(/\/[^/]*$/, `/${name}`) + rest
}
