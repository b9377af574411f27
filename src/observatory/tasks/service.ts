import { randomUUID } from 'node:crypto'
import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { existingGroups } from '#observatory/people/group-store.ts'
import { everyone } from '#observatory/people/rights.ts'
import { lockFor, readTask, requireRest, taskRow, tell, type Needs } from './access.ts'
import { readConfig, type ConfigInput } from './config.ts'
import { frameFor } from './frame-bytes.ts'
import { presetFor } from './preset-store.ts'
import { mayDelete, requireMember, requireOwnGroups } from './rights.ts'
import { mergedConfig, sendRun } from './run-service.ts'
import {
  deleteTask as deleteRow,
  filesOf,
  insertTask,
  lockTask,
  putFiles,
  taskByKey,
  updateTask,
  type NewFile,
  type TaskRow,
} from './task-store.ts'
import { originalName, type StepName, type Task } from './task.ts'
import { forget } from './unnamed.ts'

/** Use-cases of tasks: make, change, copy, delete. Permission, transaction and event are here and in the services beside. */

export interface CreateInput {
  /** SHA-256 of a frame that is known here; without one it is brought later. */
  frame?: string | null | undefined
  originalName?: string | undefined
  title?: string | undefined
  config?: unknown
  /** Id or name; what is in `config` wins over it. */
  preset?: string | undefined
  groups?: readonly string[] | undefined
  steps?: readonly StepName[] | undefined
  /** Sent again with the same key it is the same task. */
  requestKey?: string | undefined
}

/** Makes a task; with `steps` its processing begins at once. @throws Problem */
export async function createTask(platform: Needs, actor: Actor, input: CreateInput): Promise<Task> {
  requireMember(actor)
  const preset = input.preset === undefined ? undefined : await presetFor(platform.db, actor, input.preset)
  if (input.preset !== undefined && !preset)
    throw new Problem(
      'resource.not_found',
      `There is no preset ${input.preset.slice(0, 80)}, or it is not yours to see.`,
    )
  const config: ConfigInput = { ...preset?.config, ...readConfig(input.config ?? {}) }
  const groups = await checkedGroups(platform, actor, input.groups ?? [])
  const frame = input.frame ? await frameFor(platform, actor, input.frame) : undefined
  const id = randomUUID()
  const made = await platform.db.transaction().execute(async (tx) => {
    const row = await insertTask(tx, {
      id,
      title: input.title ?? '',
      originalName: input.originalName ?? frame?.name ?? '',
      state: frame ? 'uploaded' : 'initial',
      owner: actor,
      groups,
      requestKey: input.requestKey ?? null,
      frame: frame?.sha256 ?? null,
      parent: null,
      config,
      preparations: [],
    })
    if (!row) return undefined
    const files: NewFile[] = (preset?.files ?? []).map(({ name, sha256, bytes }) => ({
      name,
      sha256,
      byteLength: bytes,
      step: null,
    }))
    if (frame)
      files.push({ name: originalName, step: null, sha256: frame.sha256, byteLength: frame.byteLength })
    await putFiles(tx, id, files)
    await audit(tx, actor, 'tasks.created', { kind: 'task', id }, null, {
      title: row.title,
      config,
      frame: frame?.sha256 ?? null,
    })
    await tell(platform, tx, row, 'created')
    if (input.steps && input.steps.length > 0) await sendRun(platform, tx, actor, row, input.steps)
    return row
  })
  if (made) return readTask(platform, actor, id)
  const before = await taskByKey(platform.db, actor.userId, input.requestKey ?? '')
  if (before) return readTask(platform, actor, before.id)
  throw new Problem('request.conflict', 'Another request of this key is being answered; ask again.')
}

export interface ChangeInput {
  title?: string | undefined
  originalName?: string | undefined
  /** Keys that are given replace those of the task. */
  config?: unknown
  /** Keys that go back to their defaults. */
  reset?: readonly string[] | undefined
  groups?: readonly string[] | undefined
}

/** @throws Problem `task.wrong_state` for a configuration that is being worked with */
export async function changeTask(
  platform: Needs,
  actor: Actor,
  id: string,
  change: ChangeInput,
): Promise<Task> {
  const config = change.config === undefined ? undefined : readConfig(change.config)
  const groups = change.groups === undefined ? undefined : await checkedGroups(platform, actor, change.groups)
  await platform.db.transaction().execute(async (tx) => {
    const row = await lockFor(tx, actor, id)
    const next = mergedConfig(row.config, config, change.reset)
    if (next !== undefined) requireRest(row)
    if (groups !== undefined && !mayDelete(actor, row))
      throw new Problem('access.forbidden', 'Only the owner of a task shares it.')
    const after = await updateTask(tx, id, {
      ...(change.title === undefined ? {} : { title: change.title }),
      ...(change.originalName === undefined ? {} : { originalName: change.originalName }),
      ...(groups === undefined ? {} : { groups }),
      ...(next === undefined ? {} : { config: next }),
    })
    const facts = ({ title, config: keys, groups: shared }: TaskRow) => ({
      title,
      config: keys,
      groups: shared,
    })
    await audit(tx, actor, 'tasks.changed', { kind: 'task', id }, facts(row), facts(after))
    await tell(platform, tx, after, 'changed')
  })
  return readTask(platform, actor, id)
}

/** Deletes a task with all it made. Only its owner may. @throws Problem */
export async function deleteTask(platform: Needs, actor: Actor, id: string): Promise<void> {
  const files = await platform.db.transaction().execute(async (tx) => {
    const row = await lockFor(tx, actor, id)
    if (!mayDelete(actor, row))
      throw new Problem('access.forbidden', 'Only the owner of a task, or an administrator, deletes it.')
    requireRest(row)
    const all = await filesOf(tx, id)
    await deleteRow(tx, id)
    await audit(
      tx,
      actor,
      'tasks.deleted',
      { kind: 'task', id },
      { title: row.title, name: row.original_name },
      null,
    )
    await tell(platform, tx, row, 'deleted')
    return all
  })
  await forget(platform, files)
}

/** A new task of the same frame, configuration and what was brought; nothing is processed. */
export async function duplicateTask(platform: Needs, actor: Actor, id: string): Promise<Task> {
  requireMember(actor)
  const copy = randomUUID()
  await platform.db.transaction().execute(async (tx) => {
    await taskRow({ db: tx }, actor, id)
    // Locked, so that it is not deleted while it is copied.
    const row = await lockTask(tx, id)
    if (!row) throw new Problem('resource.not_found', `The task ${id} has just been deleted.`)
    const made = await insertTask(tx, {
      id: copy,
      title: row.title,
      originalName: row.original_name,
      state: row.frame_sha256 === null ? 'initial' : 'uploaded',
      owner: actor,
      // The groups of another person's task need not be the actor's.
      groups: row.groups.filter(
        (group) => group === everyone || actor.groups.includes(group) || actor.role === 'administrator',
      ),
      requestKey: null,
      frame: row.frame_sha256,
      parent: row.id,
      config: row.config,
      preparations: row.preparations,
    })
    const files = (await filesOf(tx, id)).filter((file) => file.step === null)
    await putFiles(
      tx,
      copy,
      files.map((file) => ({
        name: file.name,
        step: null,
        sha256: file.sha256,
        byteLength: Number(file.byte_length),
      })),
    )
    await audit(tx, actor, 'tasks.duplicated', { kind: 'task', id: copy }, null, { parent: id })
    if (made) await tell(platform, tx, made, 'created')
  })
  return readTask(platform, actor, copy)
}

async function checkedGroups(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  groups: readonly string[],
): Promise<string[]> {
  const wanted = [...new Set(groups)]
  const known = await existingGroups(platform.db, wanted)
  const strange = wanted.find((group) => group !== everyone && !known.has(group))
  if (strange !== undefined)
    throw new Problem(
      'request.invalid',
      `There is no group ${strange.slice(0, 80)}; groups are named by their id.`,
    )
  requireOwnGroups(actor, wanted)
  return wanted
}
