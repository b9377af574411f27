import { Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audienceFor } from '#observatory/people/rights.ts'
import { mayChange, requireMember, requireReader } from './rights.ts'
import { lockTask, stepsOf, taskFor, type TaskRow } from './task-store.ts'
import { isBusy, type Task } from './task.ts'
import { taskView } from './view.ts'

/** Which task an actor reaches, seen or locked to be changed, and who is told of what happens to it. */

export type Needs = Pick<Platform, 'db' | 'events' | 'jobs' | 'storage' | 'config' | 'log'>

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

/** @throws Problem `task.wrong_state` while it waits or runs */
export function requireRest(row: TaskRow): void {
  if (!isBusy(row.state)) return
  throw new Problem('task.wrong_state', 'The task is running; wait for it, or cancel it first.', {
    state: row.state,
  })
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
