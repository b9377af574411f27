import type { Db } from '#platform/db/database.ts'
import './tables.ts'

export interface AuditRow {
  id: string
  at: Date
  actor_kind: string
  actor_id: string | null
  actor_name: string
  token_id: string | null
  address: string | null
  action: string
  subject_kind: string
  subject_id: string
  before: unknown
  after: unknown
}

export async function insertAudit(
  tx: Db,
  row: Omit<AuditRow, 'id' | 'at' | 'before' | 'after'> & { before: string | null; after: string | null },
): Promise<void> {
  await tx.insertInto('audit').values(row).execute()
}

/** Newest first. */
export async function listAudit(
  db: Db,
  filter: {
    actorId?: string
    action?: string
    subjectKind?: string
    subjectId?: string
    before?: string
    limit: number
  },
): Promise<AuditRow[]> {
  let query = db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(filter.limit)
  if (filter.actorId !== undefined) query = query.where('actor_id', '=', filter.actorId)
  if (filter.action !== undefined) query = query.where('action', '=', filter.action)
  if (filter.subjectKind !== undefined) query = query.where('subject_kind', '=', filter.subjectKind)
  if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId)
  if (filter.before !== undefined) query = query.where('id', '<', filter.before)
  return query.execute()
}
