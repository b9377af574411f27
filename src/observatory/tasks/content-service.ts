import { createReadStream } from 'node:fs'
import { Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { StoredBytes } from '#platform/storage/storage.ts'
import { addFile } from '#observatory/frames/add.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { lockFor, readTask, requireRest, taskRow, tell, type Needs } from './access.ts'
import { sendRun } from './run-service.ts'
import {
  deleteFiles,
  deleteSteps,
  filesOf,
  putFiles,
  updateTask,
  type FileRow,
  type TaskChange,
  type TaskRow,
} from './task-store.ts'
import {
  inputNames,
  nextState,
  originalName,
  stepNames,
  type Preparation,
  type StepName,
  type Task,
} from './task.ts'
import { forget, removeUnnamed } from './unnamed.ts'

/** Use-cases of what a task is made of: the files that are brought, what is done to the pixels, and products put away. */

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

/**
 * Takes in a file that was received, its bytes first. Where the task refuses it they are removed again, unless they were in
 * the storage before. A frame is read before it is stored, and stays a frame of who brought it.
 */
export async function bringReceived(
  platform: Needs,
  actor: Actor,
  id: string,
  path: string,
  file: StoredBytes & { name: string; originalName?: string | undefined },
  rerun = false,
): Promise<Task> {
  requireInput(file.name)
  if (file.name === originalName) {
    const { original_name: before } = await taskRow(platform, actor, id)
    const [name, origin] = [file.originalName ?? before ?? file.name, file.originalName ?? file.name]
    await addFile(platform, actor, path, 'storage', { name, origin })
    return bringFile(platform, actor, id, file)
  }
  const known = (await platform.storage.size(file.sha256)) !== undefined
  await platform.storage.put(createReadStream(path, { highWaterMark: 2 ** 20 }))
  try {
    return await bringFile(platform, actor, id, file, rerun && file.name.startsWith('custom_mask'))
  } catch (error) {
    if (!known) await removeUnnamed(platform, [file.sha256])
    throw error
  }
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
