import { randomUUID } from 'node:crypto'
import { Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { existingGroups } from '#observatory/people/group-store.ts'
import { audienceFor, everyone } from '#observatory/people/rights.ts'
import { readConfig, type ConfigInput } from './config.ts'
import { frameFor } from './frame-bytes.ts'
import { runKind } from './job-kinds.ts'
import { otherTasks } from './other-task.ts'
import { presetFor } from './preset-store.ts'
import { mayChange, mayDelete, requireMember, requireOwnGroups, requireReader } from './rights.ts'
import {
  cancelSteps,
  deleteFiles,
  deleteSteps,
  deleteTask as deleteRow,
  filesOf,
  insertTask,
  lockTask,
  putFiles,
  putSteps,
  stepsOf,
  taskByKey,
  taskFor,
  updateTask,
  type FileRow,
  type NewFile,
  type TaskChange,
  type TaskRow,
} from './task-store.ts'
import {
  inputNames,
  isBusy,
  nextState,
  originalName,
  stepNames,
  type Preparation,
  type StepName,
  type Task,
} from './task.ts'
import { forget } from './unnamed.ts'
import { taskView } from './view.ts'

/** Use-cases of tasks: make, change, run, stop, copy, put away. Permission, transaction and event are here. */

export type Needs = Pick<Platform, 'db' | 'events' | 'jobs' | 'storage' | 'config' | 'log'>

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

/** The task where the actor may see it. @throws Problem `resource.not_found` */
export async function taskRow(platform: Pick<Platform, 'db'>, actor: Actor, id: string): Promise<TaskRow> {
  requireReader(actor)
  const row = await taskFor(platform.db, actor, id)
  if (row) return row
  throw new Problem('resource.not_found', `There is no task ${id.slice(0, 80)}, or it is not yours to see.`)
}

/** The same, locked, where the actor may change it. @throws Problem */
export async function lockFor(tx: Db, actor: Actor, id: string): Promise<TaskRow> {
  requireMember(actor)
  const row = await taskRow({ db: tx }, actor, id)
  if (!mayChange(actor, row))
    throw new Problem('access.forbidden', 'You may see this task, but only its owner and groups change it.')
  const locked = await lockTask(tx, id)
  if (locked) return locked
  throw new Problem('resource.not_found', `The task ${id} has just been deleted.`)
}

export async function readTask(
  platform: Pick<Platform, 'db' | 'jobs'>,
  actor: Actor,
  id: string,
): Promise<Task> {
  const row = await taskRow(platform, actor, id)
  const job = isBusy(row.state) && row.job_id !== null ? await platform.jobs.get(row.job_id) : undefined
  return taskView(actor, row, await stepsOf(platform.db, [row.id]), job)
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

function mergedConfig(
  before: ConfigInput,
  change: ConfigInput | undefined,
  reset: readonly string[] = [],
): ConfigInput | undefined {
  if (change === undefined && reset.length === 0) return undefined
  const kept = Object.fromEntries(Object.entries(before).filter(([key]) => !reset.includes(key)))
  return { ...kept, ...change }
}

/** @throws Problem `task.wrong_state` while it waits or runs */
export function requireRest(row: TaskRow): void {
  if (!isBusy(row.state)) return
  throw new Problem('task.wrong_state', 'The task is running; wait for it, or cancel it first.', {
    state: row.state,
  })
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

/** Runs steps, in their order, as one job. @throws Problem `task.wrong_state` while it runs */
export async function processTask(
  platform: Needs,
  actor: Actor,
  id: string,
  input: { steps: readonly StepName[]; config?: unknown },
): Promise<Task> {
  const change = input.config === undefined ? undefined : readConfig(input.config)
  await platform.db.transaction().execute(async (tx) => {
    let row = await lockFor(tx, actor, id)
    requireRest(row)
    const next = mergedConfig(row.config, change)
    if (next !== undefined) row = await updateTask(tx, id, { config: next })
    await sendRun(platform, tx, actor, row, input.steps)
  })
  return readTask(platform, actor, id)
}

/** Puts a run in the queue, in the transaction that locked the task. */
export async function sendRun(
  platform: Pick<Platform, 'jobs' | 'events'>,
  tx: Db,
  actor: Actor,
  row: TaskRow,
  wanted: readonly StepName[],
): Promise<void> {
  const steps = stepNames.filter((step) => wanted.includes(step))
  if (steps.length === 0)
    throw new Problem('request.invalid', `A run needs at least one step: ${stepNames.join(', ')}.`)
  if (row.frame_sha256 === null && !steps.includes('stack'))
    throw new Problem(
      'task.missing',
      'The task has no frame yet; upload one, or begin with the step "stack".',
    )
  // The job works for everybody: what it may read is looked at here.
  if (steps.includes('stack'))
    for (const frame of row.config.stack_filenames ?? []) await frameFor({ db: tx }, actor, frame)
  // Who runs the task of another must not read the other's further tasks through it.
  for (const other of otherTasks(row.config, steps)) await taskRow({ db: tx }, actor, other)
  const state = nextState(row.state, 'send')
  const jobId = await platform.jobs.send(
    tx,
    runKind,
    { taskId: row.id, steps },
    { subject: { kind: 'task', id: row.id }, requestedBy: actor.userId },
  )
  await putSteps(tx, row.id, steps, jobId)
  const after = await updateTask(tx, row.id, { state, jobId, completed: false })
  await audit(tx, actor, 'tasks.started', { kind: 'task', id: row.id }, null, { steps, jobId })
  await tell(platform, tx, after, 'started', { steps })
}

/** Stops what runs: the job, its threads and programs end with it. @throws Problem `task.wrong_state` where nothing runs */
export async function cancelTask(platform: Needs, actor: Actor, id: string): Promise<Task> {
  await platform.db.transaction().execute(async (tx) => {
    const row = await lockFor(tx, actor, id)
    const state = nextState(row.state, 'cancel')
    if (row.job_id !== null) {
      const job = await platform.jobs.get(row.job_id)
      if (job && ['queued', 'running', 'retrying'].includes(job.state)) await platform.jobs.cancel(job.id, tx)
    }
    await cancelSteps(tx, id)
    const after = await updateTask(tx, id, { state, completed: true })
    await audit(tx, actor, 'tasks.cancelled', { kind: 'task', id }, { state: row.state }, { state })
    await tell(platform, tx, after, 'cancelled')
  })
  return readTask(platform, actor, id)
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

/** `archive` deletes the products and keeps the configuration; `clean` also puts that back to its defaults. */
export async function putAway(
  platform: Needs,
  actor: Actor,
  id: string,
  how: 'archive' | 'clean',
): Promise<Task> {
  const gone = await platform.db.transaction().execute(async (tx) => {
    const row = await lockFor(tx, actor, id)
    const state = row.frame_sha256 === null && how === 'clean' ? 'initial' : nextState(row.state, how)
    const files = await dropProducts(tx, row)
    const after = await updateTask(tx, id, {
      state,
      findings: {},
      ...(how === 'clean' ? { config: {}, preparations: [] } : {}),
    })
    await audit(
      tx,
      actor,
      `tasks.${how}`,
      { kind: 'task', id },
      { config: row.config },
      { config: after.config },
    )
    await tell(platform, tx, after, how === 'archive' ? 'archived' : 'cleaned')
    return files
  })
  await forget(platform, gone)
  return readTask(platform, actor, id)
}

/** Takes all that the steps made from the rows; returns what to forget after the commit. */
export async function dropProducts(tx: Db, row: TaskRow): Promise<FileRow[]> {
  const files = (await filesOf(tx, row.id)).filter((file) => file.step !== null)
  await deleteFiles(tx, row.id, { steps: stepNames })
  await deleteSteps(tx, row.id)
  return files
}

/**
 * What is done to the pixels before anything else: one more, or none at all (`reset`). The products are deleted, for they
 * were of other pixels; the bytes of the frame never change.
 */
export async function prepareTask(
  platform: Needs,
  actor: Actor,
  id: string,
  change: Preparation | 'reset',
  run?: readonly StepName[],
): Promise<Task> {
  const gone = await platform.db.transaction().execute(async (tx) => {
    const row = await lockFor(tx, actor, id)
    requireRest(row)
    if (row.frame_sha256 === null)
      throw new Problem('task.missing', 'The task has no frame yet; upload one first.')
    const before =
      change !== 'reset' && change.what === 'header'
        ? row.preparations.filter((each) => each.what !== 'header')
        : row.preparations
    const preparations = change === 'reset' ? [] : [...before, change]
    const files = await dropProducts(tx, row)
    const after = await updateTask(tx, id, {
      preparations,
      findings: {},
      state: nextState(row.state, 'clean'),
    })
    await audit(
      tx,
      actor,
      'tasks.prepared',
      { kind: 'task', id },
      { preparations: row.preparations },
      { preparations },
    )
    await tell(platform, tx, after, 'changed')
    if (run && run.length > 0) await sendRun(platform, tx, actor, after, run)
    return files
  })
  await forget(platform, gone)
  return readTask(platform, actor, id)
}

/**
 * Takes in a file that a person brought: the frame itself, a mask, a template. Bytes are in the storage already. A mask or a
 * frame makes what was found before invalid: with `rerun` inspect runs anew.
 */
export async function bringFile(
  platform: Needs,
  actor: Actor,
  id: string,
  file: { name: string; sha256: string; byteLength: number; originalName?: string | undefined },
  rerun = false,
): Promise<Task> {
  requireInput(file.name)
  const gone = await platform.db.transaction().execute(async (tx) => {
    const row = await lockFor(tx, actor, id)
    requireRest(row)
    const old = (await filesOf(tx, id)).filter((each) => each.name === file.name)
    const dropped = file.name === originalName ? await dropProducts(tx, row) : []
    await putFiles(tx, id, [
      { name: file.name, step: null, sha256: file.sha256, byteLength: file.byteLength },
    ])
    const isFrame = file.name === originalName
    const after = await updateTask(tx, id, isFrame ? frameChange(file) : {})
    await audit(tx, actor, 'tasks.file', { kind: 'task', id }, null, { name: file.name, sha256: file.sha256 })
    await tell(platform, tx, after, 'changed')
    if (rerun && file.name !== originalName && after.frame_sha256 !== null)
      await sendRun(platform, tx, actor, after, ['inspect'])
    return [...dropped, ...old.filter((each) => each.sha256 !== file.sha256)]
  })
  await forget(platform, gone)
  return readTask(platform, actor, id)
}

/** @throws Problem `request.invalid` for a name that is none of the files that are brought to a task */
export function requireInput(name: string): void {
  if (name === originalName || (inputNames as readonly string[]).includes(name)) return
  throw new Problem(
    'request.invalid',
    `A task takes ${[originalName, ...inputNames].join(', ')}, not ${JSON.stringify(name.slice(0, 80))}; its other files are made by its steps.`,
  )
}

function frameChange(file: { sha256: string; originalName?: string | undefined }): TaskChange {
  return {
    frame: file.sha256,
    findings: {},
    place: null,
    state: 'uploaded',
    ...(file.originalName === undefined ? {} : { originalName: file.originalName }),
  }
}

/** Takes away a file that was brought. @throws Problem */
export async function removeFile(platform: Needs, actor: Actor, id: string, name: string): Promise<Task> {
  const gone = await platform.db.transaction().execute(async (tx) => {
    const row = await lockFor(tx, actor, id)
    requireRest(row)
    const file = (await filesOf(tx, id)).find((each) => each.name === name)
    if (!file) throw new Problem('resource.not_found', `The task has no file ${name.slice(0, 80)}.`)
    if (name === originalName)
      throw new Problem(
        'request.conflict',
        'The frame of a task is not taken away; upload another, or delete the task.',
      )
    await deleteFiles(tx, id, { names: [name] })
    const after = await updateTask(tx, id, {})
    await audit(tx, actor, 'tasks.file', { kind: 'task', id }, { name, sha256: file.sha256 }, null)
    await tell(platform, tx, after, 'changed')
    return [file]
  })
  await forget(platform, gone)
  return readTask(platform, actor, id)
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

/** Tells whoever may see the task. */
export async function tell(
  platform: Pick<Platform, 'events'>,
  tx: Db,
  row: TaskRow,
  what: string,
  data: Record<string, unknown> = {},
): Promise<void> {
  await platform.events.append(tx, {
    kind: 'tasks.changed',
    subject: { kind: 'task', id: row.id },
    data: { what, state: row.state, ...data },
    audience: audienceFor({ owner: row.owner_id, groups: row.groups }),
  })
}
