import type { Selectable } from 'kysely'
import type { Database, Db } from '#platform/db/database.ts'
import { json } from '#platform/db/json.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { visibleTo } from '#observatory/people/rights.ts'
import type { ConfigInput } from './config.ts'
import type { PresetFile } from './tables.ts'

export type PresetRow = Selectable<Database['task_preset']>

const rights = { owner: 'task_preset.owner_id', groups: 'task_preset.groups' }
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export async function listPresetRows(db: Db, actor: Actor): Promise<PresetRow[]> {
  return db.selectFrom('task_preset').selectAll().where(visibleTo(actor, rights)).orderBy('name').execute()
}

/** By id, or by name: one's own before others'. */
export async function presetFor(db: Db, actor: Actor, which: string): Promise<PresetRow | undefined> {
  const rows = await db
    .selectFrom('task_preset')
    .selectAll()
    .where(visibleTo(actor, rights))
    .where(uuidPattern.test(which) ? 'id' : 'name', '=', which)
    .execute()
  return rows.find((row) => row.owner_id === actor.userId) ?? rows[0]
}

export interface PresetInput {
  name: string
  groups: readonly string[]
  config: ConfigInput
  files: readonly PresetFile[]
}

/** Undefined where the owner has one of that name. */
export async function insertPreset(
  tx: Db,
  id: string,
  owner: Actor,
  preset: PresetInput,
): Promise<PresetRow | undefined> {
  return tx
    .insertInto('task_preset')
    .values({
      id,
      name: preset.name,
      owner_id: owner.userId,
      owner_name: owner.name,
      groups: [...preset.groups],
      config: json(preset.config),
      files: json(preset.files),
    })
    .onConflict((oc) => oc.columns(['owner_id', 'name']).doNothing())
    .returningAll()
    .executeTakeFirst()
}

export async function updatePreset(tx: Db, id: string, preset: PresetInput): Promise<PresetRow> {
  return tx
    .updateTable('task_preset')
    .set({
      name: preset.name,
      groups: [...preset.groups],
      config: json(preset.config),
      files: json(preset.files),
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function deletePreset(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('task_preset').where('id', '=', id).execute()
}
