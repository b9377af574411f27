import type { Kysely } from 'kysely'

/**
 * All tables. Each room adds its own from its `store.ts`:
 * `declare module '#platform/db/database.ts' { interface Database { notice: NoticeTable } }`
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- empty here: rooms add their tables to it
export interface Database {}

/** The database or an open transaction; the first argument of every function in a `store.ts`. */
export type Db = Kysely<Database>
