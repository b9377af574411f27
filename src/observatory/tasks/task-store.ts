import { sql, type Selectable } from 'kysely'
import type { Database, Db } from '#platform/db/database.ts'
import { json } from '#platform/db/json.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { visibleTo } from '#observatory/people/rights.ts'
import type { ConfigInput } from './config.ts'
import type { Findings } from './findings.ts'
import type { Preparation, StepName, TaskState, TaskStep } from './task.ts'
import './tables.ts'

export type TaskRow = Selectable<Database['task']>
export type StepRow = Selectable<Database['task_step']>
export type FileRow = Selectable<Database['task_file']>

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const rights = { owner: 'task.owner_id', groups: 'task.groups' }

export interface NewTask {
  id: string
  title: string
  originalName: string
  state: TaskState
  owner: Actor
  groups: readonly string[]
  requestKey: string | null
  frame: string | null
  parent: string | null
  config: ConfigInput
  preparations: readonly Preparation[]
}

/** Undefined where the owner has sent a request of this key before. */
export async function insertTask(tx: Db, task: NewTask): Promise<TaskRow | undefined> {
  return tx
    .insertInto('task')
    .values({
      id: task.id,
      title: task.title,
      original_name: task.originalName,
      state: task.state,
      owner_id: task.owner.userId,
      owner_name: task.owner.name,
      groups: [...task.groups],
      request_key: task.requestKey,
      frame_sha256: task.frame,
      parent: task.parent,
      config: json(task.config),
      preparations: json(task.preparations),
      // now() is that of the transaction; lists are by this time.
      created_at: new Date(),
    })
    .onConflict((oc) => oc.columns(['owner_id', 'request_key']).doNothing())
    .returningAll()
    .executeTakeFirst()
}

export async function taskByKey(db: Db, owner: string | null, key: string): Promise<TaskRow | undefined> {
  return db
    .selectFrom('task')
    .selectAll()
    .where('owner_id', owner === null ? 'is' : '=', owner)
    .where('request_key', '=', key)
    .executeTakeFirst()
}

/** The task where the actor may see it. */
export async function taskFor(db: Db, actor: Actor, id: string): Promise<TaskRow | undefined> {
  if (!uuidPattern.test(id)) return undefined
  return db
    .selectFrom('task')
    .selectAll()
    .where('id', '=', id)
    .where(visibleTo(actor, rights))
    .executeTakeFirst()
}

export async function taskById(db: Db, id: string): Promise<TaskRow | undefined> {
  if (!uuidPattern.test(id)) return undefined
  return db.selectFrom('task').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function lockTask(tx: Db, id: string): Promise<TaskRow | undefined> {
  if (!uuidPattern.test(id)) return undefined
  return tx.selectFrom('task').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

export interface TaskChange {
  title?: string
  originalName?: string
  state?: TaskState
  groups?: readonly string[]
  frame?: string | null
  config?: ConfigInput
  findings?: Findings
  preparations?: readonly Preparation[]
  place?: { ra: number; dec: number; radiusDeg: number; hpx: string; moc: string | null } | null
  mjd?: number | null
  filter?: string | null
  jobId?: string | null
  completed?: boolean
}

export async function updateTask(tx: Db, id: string, change: TaskChange): Promise<TaskRow> {
  const { place } = change
  return tx
    .updateTable('task')
    .set({
      revision: sql`revision + 1`,
      modified_at: new Date(),
      ...(change.title === undefined ? {} : { title: change.title }),
      ...(change.originalName === undefined ? {} : { original_name: change.originalName }),
      ...(change.state === undefined ? {} : { state: change.state }),
      ...(change.groups === undefined ? {} : { groups: [...change.groups] }),
      ...(change.frame === undefined ? {} : { frame_sha256: change.frame }),
      ...(change.config === undefined ? {} : { config: json(change.config) }),
      ...(change.findings === undefined ? {} : { findings: json(change.findings) }),
      ...(change.preparations === undefined ? {} : { preparations: json(change.preparations) }),
      ...(place === undefined
        ? {}
        : {
            ra: place?.ra ?? null,
            dec: place?.dec ?? null,
            radius_deg: place?.radiusDeg ?? null,
            hpx: place?.hpx ?? null,
            moc: place?.moc ?? null,
          }),
      ...(change.mjd === undefined ? {} : { mjd: change.mjd }),
      ...(change.filter === undefined ? {} : { filter: change.filter }),
      ...(change.jobId === undefined ? {} : { job_id: change.jobId }),
      ...(change.completed === undefined ? {} : { completed_at: change.completed ? new Date() : null }),
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function deleteTask(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('task').where('id', '=', id).execute()
}

export interface TaskFilter {
  /** Each word must be in name, title or owner. */
  words: readonly string[]
  state?: readonly TaskState[] | undefined
  own?: string | undefined
  frame?: string | undefined
  /** Ranges of order-29 pixels in which the centre lies; the exact distance is looked at afterwards. */
  cone?: { ra: number; dec: number; radiusDeg: number } | undefined
  after?: readonly [string, string] | undefined
  limit: number
}

/** Great-circle distance in degrees, by the vectors' chord, which is good for small ones. */
const distance = (ra: number, dec: number) => sql<number>`2 * degrees(asin(least(1, sqrt(
  sin(radians(task.dec - ${dec}) / 2) ^ 2
  + cos(radians(${dec})) * cos(radians(task.dec)) * sin(radians(task.ra - ${ra}) / 2) ^ 2))))`

/** Tasks that the actor may see, newest first. */
export async function listTaskRows(db: Db, actor: Actor, f: TaskFilter): Promise<TaskRow[]> {
  let query = db
    .selectFrom('task')
    .selectAll()
    .where(visibleTo(actor, rights))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(f.limit)
  for (const word of f.words) {
    const like = `%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
    query = query.where((eb) =>
      eb.or([
        eb('title', 'ilike', like),
        eb('original_name', 'ilike', like),
        eb('owner_name', 'ilike', like),
        eb('filter', 'ilike', word),
      ]),
    )
  }
  if (f.state && f.state.length > 0) query = query.where('state', 'in', [...f.state])
  if (f.own !== undefined) query = query.where('owner_id', '=', f.own)
  if (f.frame !== undefined) query = query.where('frame_sha256', '=', f.frame)
  if (f.cone) {
    const { ra, dec, radiusDeg } = f.cone
    query = query.where('task.ra', 'is not', null)
    query = query.where(sql<boolean>`${distance(ra, dec)} <= ${radiusDeg} + coalesce(task.radius_deg, 0)`)
  }
  if (f.after) {
    const [at, id] = f.after
    query = query.where(sql<boolean>`(created_at, id) < (${at}::timestamptz, ${id}::uuid)`)
  }
  return query.execute()
}

export async function stepsOf(db: Db, ids: readonly string[]): Promise<StepRow[]> {
  if (ids.length === 0) return []
  return db
    .selectFrom('task_step')
    .selectAll()
    .where('task_id', 'in', [...ids])
    .execute()
}

/** The steps of a new run wait; others of earlier runs stay as they are. */
export async function putSteps(tx: Db, id: string, steps: readonly StepName[], jobId: string): Promise<void> {
  for (const step of steps) {
    const row = {
      task_id: id,
      step,
      state: 'waiting' as const,
      job_id: jobId,
      started_at: null,
      finished_at: null,
      problem: null,
    }
    await tx
      .insertInto('task_step')
      .values(row)
      .onConflict((oc) => oc.columns(['task_id', 'step']).doUpdateSet(row))
      .execute()
  }
}

export async function updateStep(
  tx: Db,
  id: string,
  step: StepName,
  change: { state: TaskStep['state']; problem?: { code: string; message: string } | null },
): Promise<void> {
  await tx
    .updateTable('task_step')
    .set({
      state: change.state,
      ...(change.state === 'running'
        ? { started_at: new Date(), finished_at: null }
        : { finished_at: new Date() }),
      problem: change.problem ? json(change.problem) : null,
    })
    .where('task_id', '=', id)
    .where('step', '=', step)
    .execute()
}

/** Steps of earlier runs that are no longer true. */
export async function removeSteps(
  tx: Db,
  id: string,
  steps: readonly StepName[],
  exceptOf: string,
): Promise<void> {
  await tx
    .deleteFrom('task_step')
    .where('task_id', '=', id)
    .where('step', 'in', [...steps])
    .where((eb) => eb.or([eb('job_id', '!=', exceptOf), eb('job_id', 'is', null)]))
    .execute()
}

/** Steps that wait or run are marked as cancelled. */
export async function cancelSteps(tx: Db, id: string): Promise<void> {
  await tx
    .updateTable('task_step')
    .set({ state: 'cancelled', finished_at: new Date() })
    .where('task_id', '=', id)
    .where('state', 'in', ['waiting', 'running'])
    .execute()
}

export async function deleteSteps(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('task_step').where('task_id', '=', id).execute()
}

export async function filesOf(db: Db, id: string): Promise<FileRow[]> {
  return db.selectFrom('task_file').selectAll().where('task_id', '=', id).orderBy('name').execute()
}

export async function fileOf(db: Db, id: string, name: string): Promise<FileRow | undefined> {
  return db
    .selectFrom('task_file')
    .selectAll()
    .where('task_id', '=', id)
    .where('name', '=', name)
    .executeTakeFirst()
}

export interface NewFile {
  name: string
  step: StepName | null
  sha256: string
  byteLength: number
}

export async function putFiles(tx: Db, id: string, files: readonly NewFile[]): Promise<void> {
  for (let from = 0; from < files.length; from += 500) {
    const rows = files.slice(from, from + 500).map(({ name, step, sha256, byteLength }) => ({
      task_id: id,
      name,
      step,
      sha256,
      byte_length: byteLength,
      made_at: new Date(),
    }))
    await tx
      .insertInto('task_file')
      .values(rows)
      .onConflict((oc) =>
        oc.columns(['task_id', 'name']).doUpdateSet((eb) => ({
          step: eb.ref('excluded.step'),
          sha256: eb.ref('excluded.sha256'),
          byte_length: eb.ref('excluded.byte_length'),
          made_at: eb.ref('excluded.made_at'),
        })),
      )
      .execute()
  }
}

export async function deleteFiles(
  tx: Db,
  id: string,
  which: { names?: readonly string[]; steps?: readonly StepName[] },
): Promise<void> {
  const { names = [], steps = [] } = which
  if (names.length > 0)
    await tx
      .deleteFrom('task_file')
      .where('task_id', '=', id)
      .where('name', 'in', [...names])
      .execute()
  if (steps.length > 0)
    await tx
      .deleteFrom('task_file')
      .where('task_id', '=', id)
      .where('step', 'in', [...steps])
      .execute()
}

/** Tasks with a table of this name that the actor may see and whose field holds the place. */
export async function tasksAt(
  db: Db,
  actor: Actor,
  place: { ra: number; dec: number },
  file: string,
  words: readonly string[],
  limit: number,
): Promise<(TaskRow & { table_sha256: string })[]> {
  let query = db
    .selectFrom('task')
    .innerJoin('task_file', 'task_file.task_id', 'task.id')
    .selectAll('task')
    .select('task_file.sha256 as table_sha256')
    .where('task_file.name', '=', file)
    .where(visibleTo(actor, rights))
    .where('task.ra', 'is not', null)
    .where(sql<boolean>`${distance(place.ra, place.dec)} <= coalesce(task.radius_deg, 0)`)
    .orderBy('task.mjd')
    .limit(limit)
  for (const word of words)
    query = query.where((eb) =>
      eb.or([
        eb('task.title', 'ilike', `%${word}%`),
        eb('task.original_name', 'ilike', `%${word}%`),
        eb('task.owner_name', 'ilike', `%${word}%`),
      ]),
    )
  return query.execute()
}

/** Which of these hashes some task or preset names. */
export async function stillNamed(db: Db, hashes: readonly string[]): Promise<Set<string>> {
  const named = new Set<string>()
  for (let from = 0; from < hashes.length; from += 500) {
    const some = hashes.slice(from, from + 500)
    const rows = await db
      .selectFrom('task_file')
      .select('sha256')
      .where('sha256', 'in', some)
      .union(
        db
          .selectFrom('task')
          .select('frame_sha256 as sha256')
          .where('frame_sha256', 'in', some)
          .$narrowType<{ sha256: string }>(),
      )
      .execute()
    for (const row of rows) named.add(row.sha256)
  }
  return named
}

/** Tasks that say they wait or run. */
export async function busyTasks(db: Db): Promise<Pick<TaskRow, 'id' | 'job_id'>[]> {
  return db.selectFrom('task').select(['id', 'job_id']).where('state', 'in', ['queued', 'running']).execute()
}
