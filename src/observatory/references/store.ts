import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Database, Db } from '#platform/db/database.ts'
import { json } from '#platform/db/json.ts'
import type { Catalogue } from './catalogue.ts'
import './tables.ts'

export type CatalogueRow = Selectable<Database['reference_catalogue']>

export async function listCatalogueRows(db: Db): Promise<CatalogueRow[]> {
  return db.selectFrom('reference_catalogue').selectAll().orderBy('name').execute()
}

export async function catalogueRow(db: Db, name: string): Promise<CatalogueRow | undefined> {
  return db.selectFrom('reference_catalogue').selectAll().where('name', '=', name).executeTakeFirst()
}

/** Imports and removals under one name come one after the other for the rest of the transaction. */
export async function lockCatalogue(tx: Db, name: string): Promise<CatalogueRow | undefined> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`catalogue ${name}`}, 0))`.execute(tx)
  return catalogueRow(tx, name)
}

/** The catalogue takes the place of one of that name. */
export async function putCatalogue(tx: Db, catalogue: Catalogue): Promise<void> {
  const { columns, coverage, source, preset, mapping, distance, licence, citation, withoutPosition } =
    catalogue
  const facts = { columns, coverage, source, preset, mapping, distance, licence, citation, withoutPosition }
  const row = {
    name: catalogue.name,
    version: catalogue.version,
    title: catalogue.title,
    kind: catalogue.kind,
    rows: catalogue.rows,
    partitions: catalogue.partitions,
    byte_length: catalogue.bytes,
    path: catalogue.path,
    facts: json(facts),
    imported_at: new Date(catalogue.importedAt),
    imported_by: catalogue.importedBy,
  }
  await tx
    .insertInto('reference_catalogue')
    .values(row)
    .onConflict((oc) => oc.column('name').doUpdateSet(row))
    .execute()
}

export async function deleteCatalogue(tx: Db, name: string): Promise<void> {
  await tx.deleteFrom('reference_catalogue').where('name', '=', name).execute()
}
