import type { Catalogue } from './catalogue.ts'
import type { CatalogueRow } from './store.ts'

/** A row as everybody outside of the room sees it. */
export function catalogueOf(row: CatalogueRow): Catalogue {
  return {
    name: row.name,
    title: row.title,
    kind: row.kind,
    version: row.version,
    rows: Number(row.rows),
    partitions: row.partitions,
    bytes: Number(row.byte_length),
    path: row.path,
    ...row.facts,
    importedAt: row.imported_at.toISOString(),
    importedBy: row.imported_by,
  }
}
