import { randomUUID } from 'node:crypto'
import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { readConfig } from './config.ts'
import {
  deletePreset,
  insertPreset,
  listPresetRows,
  presetFor,
  updatePreset,
  type PresetRow,
} from './preset-store.ts'
import { mayDelete, requireMember, requireOwnGroups, requireReader } from './rights.ts'
import { taskFile } from './products.ts'
import type { PresetFile } from './tables.ts'
import { inputNames, type Preset } from './task.ts'
import { presetView } from './view.ts'

/** Presets: a configuration under a name, with files that are brought along. */

type Needs = Pick<Platform, 'db'>

export interface PresetChange {
  name: string
  groups?: readonly string[] | undefined
  config?: unknown
  /** Files of a task that the preset brings along: its masks and templates. */
  from?: { task: string; names: readonly string[] } | undefined
}

export async function listPresets(platform: Needs, actor: Actor): Promise<Preset[]> {
  requireReader(actor)
  return (await listPresetRows(platform.db, actor)).map((row) => presetView(actor, row))
}

/** By id or name. @throws Problem `resource.not_found` */
export async function readPreset(platform: Needs, actor: Actor, which: string): Promise<Preset> {
  return presetView(actor, await row(platform, actor, which))
}

async function row(platform: Needs, actor: Actor, which: string): Promise<PresetRow> {
  requireReader(actor)
  const found = await presetFor(platform.db, actor, which)
  if (found) return found
  throw new Problem(
    'resource.not_found',
    `There is no preset ${which.slice(0, 80)}, or it is not yours to see.`,
  )
}

/** @throws Problem `request.conflict` where one has a preset of that name */
export async function createPreset(platform: Needs, actor: Actor, input: PresetChange): Promise<Preset> {
  requireMember(actor)
  const config = readConfig(input.config ?? {})
  const groups = [...new Set(input.groups ?? [])]
  requireOwnGroups(actor, groups)
  const files = await filesIn(platform, actor, input.from)
  const id = randomUUID()
  return platform.db.transaction().execute(async (tx) => {
    const made = await insertPreset(tx, id, actor, { name: input.name, groups, config, files })
    if (!made)
      throw new Problem(
        'request.conflict',
        `You have a preset ${input.name} already; change it, or take another name.`,
      )
    await audit(tx, actor, 'tasks.preset_created', { kind: 'task_preset', id }, null, {
      name: made.name,
      config,
    })
    return presetView(actor, made)
  })
}

export async function changePreset(
  platform: Needs,
  actor: Actor,
  which: string,
  input: PresetChange,
): Promise<Preset> {
  requireMember(actor)
  const before = await row(platform, actor, which)
  own(actor, before)
  const config = readConfig(input.config ?? {})
  const groups = [...new Set(input.groups ?? [])]
  requireOwnGroups(actor, groups)
  const files = input.from === undefined ? before.files : await filesIn(platform, actor, input.from)
  return platform.db.transaction().execute(async (tx) => {
    const after = await updatePreset(tx, before.id, { name: input.name, groups, config, files })
    await audit(
      tx,
      actor,
      'tasks.preset_changed',
      { kind: 'task_preset', id: before.id },
      { name: before.name, config: before.config },
      { name: after.name, config },
    )
    return presetView(actor, after)
  })
}

export async function removePreset(platform: Needs, actor: Actor, which: string): Promise<void> {
  requireMember(actor)
  const before = await row(platform, actor, which)
  own(actor, before)
  await platform.db.transaction().execute(async (tx) => {
    await deletePreset(tx, before.id)
    await audit(
      tx,
      actor,
      'tasks.preset_deleted',
      { kind: 'task_preset', id: before.id },
      { name: before.name, config: before.config },
      null,
    )
  })
}

function own(actor: Actor, preset: PresetRow): void {
  if (!mayDelete(actor, preset))
    throw new Problem('access.forbidden', 'Only its owner, or an administrator, changes a preset.')
}

async function filesIn(platform: Needs, actor: Actor, from: PresetChange['from']): Promise<PresetFile[]> {
  const files: PresetFile[] = []
  for (const name of from?.names ?? []) {
    if (!(inputNames as readonly string[]).includes(name))
      throw new Problem(
        'request.invalid',
        `A preset brings ${inputNames.join(', ')} along, not ${name.slice(0, 80)}.`,
      )
    const { file } = await taskFile(platform, actor, from!.task, name)
    files.push({ name, sha256: file.sha256, bytes: Number(file.byte_length) })
  }
  return files
}
