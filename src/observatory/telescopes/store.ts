import { sql } from 'kysely'
import type { Db } from '#platform/db/database.ts'
import type { TelescopeVersion } from './telescope.ts'
import './tables.ts'

export interface VersionRow {
  slug: string
  version: number
  what: TelescopeVersion['what']
  source: string | null
  at: Date
  by_name: string
}

export interface GridRow {
  slug: string
  number: number
  name: string
  sha256: string | null
  fields: number
  at: Date
  by_name: string
}

const versionColumns = ['slug', 'version', 'what', 'source', 'at', 'by_name'] as const
const gridColumns = ['slug', 'number', 'name', 'sha256', 'fields', 'at', 'by_name'] as const

/** The last version of every telescope that was ever edited here. */
export async function latestVersions(db: Db): Promise<VersionRow[]> {
  return db
    .selectFrom('telescope_version')
    .distinctOn('slug')
    .select(versionColumns)
    .orderBy('slug')
    .orderBy('version', 'desc')
    .execute()
}

/** The last word on the grid of every telescope that was ever given one. */
export async function latestGrids(db: Db): Promise<GridRow[]> {
  return db
    .selectFrom('telescope_grid')
    .distinctOn('slug')
    .select(gridColumns)
    .orderBy('slug')
    .orderBy('number', 'desc')
    .execute()
}

/** The last word on the grid of one. */
export async function latestGrid(db: Db, slug: string): Promise<GridRow | undefined> {
  return db
    .selectFrom('telescope_grid')
    .select(gridColumns)
    .where('slug', '=', slug)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** All versions of one, newest first. */
export async function versionsOf(db: Db, slug: string): Promise<VersionRow[]> {
  return db
    .selectFrom('telescope_version')
    .select(versionColumns)
    .where('slug', '=', slug)
    .orderBy('version', 'desc')
    .execute()
}

/** Edits of one telescope come one after the other for the rest of the transaction. */
export async function lockTelescope(tx: Db, slug: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`telescope ${slug}`}, 0))`.execute(tx)
}

export async function insertVersion(
  tx: Db,
  row: Pick<VersionRow, 'slug' | 'version' | 'what' | 'source' | 'by_name'> & { by_id: string | null },
): Promise<void> {
  await tx.insertInto('telescope_version').values(row).execute()
}

export async function insertGrid(
  tx: Db,
  row: Pick<GridRow, 'slug' | 'name' | 'sha256' | 'fields' | 'by_name'> & {
    by_id: string | null
    byte_length: number
  },
): Promise<void> {
  const last = await tx
    .selectFrom('telescope_grid')
    .select((eb) => eb.fn.max('number').as('number'))
    .where('slug', '=', row.slug)
    .executeTakeFirst()
  await tx
    .insertInto('telescope_grid')
    .values({ ...row, number: (last?.number ?? 0) + 1 })
    .execute()
}
