import type { ColumnType } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Catalogue, CatalogueKind } from './catalogue.ts'

type Big = ColumnType<string, number | string, number | string>

/** What the row keeps beside what is searched by. */
export type CatalogueFacts = Pick<
  Catalogue,
  | 'columns'
  | 'coverage'
  | 'source'
  | 'preset'
  | 'mapping'
  | 'distance'
  | 'licence'
  | 'citation'
  | 'withoutPosition'
>

declare module '#platform/db/database.ts' {
  interface Database {
    reference_catalogue: {
      name: string
      version: number
      title: string
      kind: CatalogueKind
      rows: Big
      partitions: number
      byte_length: Big
      path: string
      facts: ColumnType<CatalogueFacts, RawBuilder<unknown>, RawBuilder<unknown>>
      imported_at: ColumnType<Date, Date | undefined, Date>
      imported_by: string
    }
  }
}
