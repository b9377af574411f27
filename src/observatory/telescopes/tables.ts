import type { ColumnType, Generated } from 'kysely'
import type { TelescopeVersion } from './telescope.ts'

type Now = ColumnType<Date, Date | undefined, Date>

declare module '#platform/db/database.ts' {
  interface Database {
    telescope_version: {
      slug: string
      version: number
      what: TelescopeVersion['what']
      source: string | null
      at: Now
      by_id: string | null
      by_name: string
    }
    telescope_grid: {
      slug: string
      number: number
      name: string
      sha256: string | null
      byte_length: ColumnType<string, number | undefined, never>
      fields: Generated<number>
      at: Now
      by_id: string | null
      by_name: string
    }
  }
}
