import { sql } from 'kysely'
import { json } from '#platform/db/json.ts'
import type { Db } from '#platform/db/database.ts'
import { RuleDefinition, type NamedRule } from './rule.ts'

export interface RuleRow {
  rule: NamedRule
  revision: string
  updatedBy: string
  updatedAt: Date
}

export async function listRules(db: Db): Promise<RuleRow[]> {
  const rows = await db.selectFrom('notification_rule').selectAll().orderBy('name').execute()
  return rows.map(rowOf)
}

export async function ruleNamed(db: Db, name: string): Promise<RuleRow | undefined> {
  const row = await db.selectFrom('notification_rule').selectAll().where('name', '=', name).executeTakeFirst()
  return row && rowOf(row)
}

/** Inserts the rule or takes the place of the one of its name. */
export async function putRule(tx: Db, { name, ...definition }: NamedRule, by: string): Promise<void> {
  await tx
    .insertInto('notification_rule')
    .values({ name, definition: json(definition), updated_by: by })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({
        definition: json(definition),
        updated_by: by,
        updated_at: new Date(),
        revision: sql`notification_rule.revision + 1`,
      }),
    )
    .execute()
}

export async function deleteRule(tx: Db, name: string): Promise<boolean> {
  const result = await tx.deleteFrom('notification_rule').where('name', '=', name).executeTakeFirst()
  return result.numDeletedRows > 0n
}

function rowOf(row: {
  name: string
  definition: unknown
  revision: string
  updated_by: string
  updated_at: Date
}): RuleRow {
  return {
    // What an older version stored gets the defaults of what came since.
    rule: { name: row.name, ...RuleDefinition.parse(row.definition) },
    revision: row.revision,
    updatedBy: row.updated_by,
    updatedAt: row.updated_at,
  }
}
