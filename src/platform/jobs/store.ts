import { sql } from 'kysely'
import type { Db } from '#platform/db/database.ts'
import type { StoredProblem } from './failure.ts'
import type { JobRow, JobState } from './job.ts'
import { etaSeconds } from './rate.ts'

export const jobChannel = 'urania_job'
export const cancelChannel = 'urania_job_cancel'

export interface NewJob {
  id: string
  kind: string
  input: string
  key: string | null
  subject: { kind: string; id: string } | null
  requestedBy: string | null
  priority: number
  startAfter: Date | null
  after: string | null
  waiting: boolean
}

const json = (value: unknown) => sql`${JSON.stringify(value)}::text::json`
const ids = (values: readonly string[]) =>
  sql`(select coalesce(array_agg(v::uuid), '{}') from json_array_elements_text(${json(values)}) v)::uuid[]`
const texts = (values: readonly string[]) =>
  sql`(select coalesce(array_agg(v), '{}') from json_array_elements_text(${json(values)}) v)::text[]`
/** Ids of another form find nothing, instead of an error of the database. */
const uuid = (id: string) => sql`${/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? id : null}::uuid`

/** Adds a job, wakes the workers at commit, and returns its id; undefined where its key is taken. */
export async function insertJob(tx: Db, job: NewJob): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    with added as (
      insert into job (id, kind, state, input, key, subject_kind, subject_id, requested_by, priority, start_after,
        after_id, waiting)
      values (${job.id}, ${job.kind}, 'queued', ${job.input}::text::jsonb, ${job.key}, ${job.subject?.kind ?? null},
        ${job.subject?.id ?? null}, ${job.requestedBy}, ${job.priority},
        coalesce(${job.startAfter?.toISOString() ?? null}::timestamptz, now()), ${job.after}, ${job.waiting})
      on conflict (kind, key) where key is not null and state in ('queued', 'running', 'done', 'retrying') do nothing
      returning id
    ) select id::text as "id", pg_notify(${jobChannel}, ${job.kind}) from added`.execute(tx)
  return rows[0]?.id
}

export async function jobByKey(db: Db, kind: string, key: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    select id::text as "id" from job
    where kind = ${kind} and key = ${key} and state in ('queued', 'running', 'done', 'retrying')`.execute(db)
  return rows[0]?.id
}

interface StoredJob extends Omit<JobRow, 'progress' | 'title'> {
  done: number | null
  total: number | null
  unit: string | null
  rate: number | null
}

const columns = sql`
  id::text as "id", kind as "kind", state as "state", requested_by as "requestedBy", attempt as "attempt",
  case when subject_kind is not null then json_build_object('kind', subject_kind, 'id', subject_id) end as "subject",
  progress_done as "done", progress_total as "total", progress_unit as "unit", progress_rate as "rate",
  json_build_object('code', problem->>'code', 'message', problem->>'message') as "problem", result as "result",
  created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt"`

function toRow(row: StoredJob, titles: ReadonlyMap<string, string>): JobRow {
  const { done, total, unit, rate, ...rest } = row
  const perSecond = row.state === 'running' ? rate : null
  return {
    ...rest,
    title: titles.get(row.kind) ?? row.kind,
    problem: row.problem?.code ? row.problem : null,
    progress:
      done === null || total === null
        ? null
        : { done, total, unit: unit ?? '', perSecond, etaSeconds: etaSeconds(done, total, perSecond) },
  }
}

export async function jobById(
  db: Db,
  id: string,
  titles: ReadonlyMap<string, string>,
): Promise<JobRow | undefined> {
  const { rows } = await sql<StoredJob>`select ${columns} from job where id = ${uuid(id)}`.execute(db)
  return rows[0] && toRow(rows[0], titles)
}

export async function listJobs(
  db: Db,
  filter: {
    state?: JobState[]
    kind?: string
    subject?: { kind: string; id: string }
    before?: string
    limit?: number
    routine?: boolean
  },
  titles: ReadonlyMap<string, string>,
  routine: readonly string[],
): Promise<JobRow[]> {
  const limit = Math.max(1, Math.min(1_000, Math.floor(filter.limit ?? 50)))
  const { rows } = await sql<StoredJob>`
    select ${columns} from job where true
    ${filter.state ? sql`and state = any(${texts(filter.state)})` : sql``}
    ${filter.kind ? sql`and kind = ${filter.kind}` : sql``}
    ${filter.subject ? sql`and subject_kind = ${filter.subject.kind} and subject_id = ${filter.subject.id}` : sql``}
    ${filter.kind || filter.routine ? sql`` : sql`and (state in ('failed', 'cancelled') or kind <> all(${texts(routine)}))`}
    ${filter.before ? sql`and id < ${uuid(filter.before)}` : sql``}
    order by job.id desc limit ${sql.raw(String(limit))}`.execute(db)
  return rows.map((row) => toRow(row, titles))
}

export async function logOfJob(
  db: Db,
  id: string,
  afterLine: number,
): Promise<{ line: number; at: Date; text: string }[]> {
  const { rows } = await sql<{ line: string; at: Date; text: string }>`
    select line::text as "line", at as "at", text as "text" from job_log
    where job_id = ${uuid(id)} and line > ${afterLine} order by job_log.line limit 5000`.execute(db)
  return rows.map((row) => ({ ...row, line: Number(row.line) }))
}

export interface ClaimedJob {
  id: string
  kind: string
  input: unknown
  attempt: number
}

/** Marks fetched jobs as running here; those that were cancelled meanwhile are not returned. */
export async function claimJobs(tx: Db, jobs: readonly string[], worker: number): Promise<ClaimedJob[]> {
  const { rows } = await sql<ClaimedJob>`
    update job set state = 'running', worker = ${worker}, attempt = attempt + 1, cancel_requested = false,
      started_at = clock_timestamp(), finished_at = null, progress_done = null, progress_total = null,
      progress_rate = null, problem = null
    where id = any(${ids(jobs)}) and state in ('queued', 'retrying') and not waiting
    returning id::text as "id", kind as "kind", input as "input", attempt as "attempt"`.execute(tx)
  return rows
}

export interface Ending {
  id: string
  kind: string
  /** Attempt that ended: a job taken over by another process meanwhile is left alone. */
  attempt: number
  state: 'done' | 'failed' | 'cancelled' | 'retrying' | 'queued'
  problem: StoredProblem | null
  result: unknown
  delaySeconds: number
  /** The attempt does not count (the program stops, or the process died). */
  uncounted: boolean
  lost: boolean
}

export interface Ended {
  id: string
  kind: string
  state: Ending['state']
  startAfter: Date
  priority: number
  subject: { kind: string; id: string } | null
  problem: StoredProblem | null
}

/** Writes how jobs ended; returns those that were still this worker's. */
export async function endJobs(tx: Db, endings: readonly Ending[], worker: number): Promise<Ended[]> {
  const { rows } = await sql<Ended>`
    update job set state = e.state, problem = e.problem, result = e.result,
      attempt = job.attempt - e.uncounted::int, losses = job.losses + e.lost::int, worker = null,
      cancel_requested = false, start_after = clock_timestamp() + e."delaySeconds" * interval '1 second',
      finished_at = case when e.state in ('done', 'failed', 'cancelled') then clock_timestamp() end,
      progress_rate = null
    from json_to_recordset(${json(endings)}) as e (id uuid, attempt int, state text, problem jsonb, result jsonb,
      "delaySeconds" float8, uncounted boolean, lost boolean)
    where job.id = e.id and job.attempt = e.attempt and job.state = 'running' and job.worker = ${worker}
    returning job.id::text as "id", job.kind as "kind", job.state as "state", job.start_after as "startAfter",
      job.priority as "priority", job.problem as "problem",
      case when subject_kind is not null
        then json_build_object('kind', subject_kind, 'id', subject_id) end as "subject"`.execute(tx)
  return rows
}

export interface Ticket {
  id: string
  kind: string
  priority: number
  startAfter: Date
}

const ticket = sql`job.id::text as "id", job.kind as "kind", job.priority as "priority", job.start_after as "startAfter"`

/** Lets the jobs go that waited for these, or (with none given) for any that is done. */
export async function releaseFollowers(tx: Db, after: readonly string[] | null): Promise<Ticket[]> {
  const { rows } = await sql<Ticket>`
    update job set waiting = false from job as first
    where job.waiting and job.state = 'queued' and first.id = job.after_id and first.state = 'done'
    ${after ? sql`and job.after_id = any(${ids(after)})` : sql``}
    returning ${ticket}`.execute(tx)
  return rows
}

/** Cancels what waits, directly or not, for jobs that failed or were cancelled. */
export async function cancelFollowers(
  tx: Db,
  after: readonly string[],
  problem: StoredProblem,
): Promise<void> {
  await sql`
    with recursive follower (id) as (
      select id from job where after_id = any(${ids(after)}) and waiting
      union select job.id from job join follower on job.after_id = follower.id where job.waiting
    )
    update job set state = 'cancelled', problem = ${json(problem)}, finished_at = clock_timestamp()
    where id in (select id from follower) and state = 'queued'`.execute(tx)
}

/** Locks a job and tells its state. */
export async function lockJob(
  tx: Db,
  id: string,
): Promise<{ kind: string; state: JobState; afterState: JobState | null } | undefined> {
  const { rows } = await sql<{ kind: string; state: JobState; afterState: JobState | null }>`
    select kind as "kind", state as "state",
      (select first.state from job first where first.id = job.after_id) as "afterState"
    from job where id = ${uuid(id)} for update`.execute(tx)
  return rows[0]
}

export async function cancelQueued(tx: Db, id: string, problem: StoredProblem): Promise<void> {
  await sql`
    update job set state = 'cancelled', problem = ${json(problem)}, finished_at = clock_timestamp()
    where id = ${id}::uuid`.execute(tx)
}

export async function requestCancel(tx: Db, id: string): Promise<void> {
  await sql`
    with asked as (update job set cancel_requested = true where id = ${id}::uuid returning 1)
    select pg_notify(${cancelChannel}, ${id}) from asked`.execute(tx)
}

/** Back to the start, with what waited for it and was cancelled for its sake. */
export async function requeueJob(tx: Db, id: string, waiting: boolean): Promise<Ticket> {
  const { rows } = await sql<Ticket>`
    update job set state = 'queued', attempt = 0, losses = 0, problem = null, result = null, finished_at = null,
      start_after = clock_timestamp(), waiting = ${waiting}, cancel_requested = false
    where id = ${id}::uuid returning ${ticket}`.execute(tx)
  await sql`
    with recursive follower (id) as (
      select id from job where after_id = ${id}::uuid and waiting and state = 'cancelled'
      union select job.id from job join follower on job.after_id = follower.id
        where job.waiting and job.state = 'cancelled'
    )
    update job set state = 'queued', problem = null, finished_at = null
    where id in (select id from follower)`.execute(tx)
  await sql`select pg_notify(${jobChannel}, ${rows[0].kind})`.execute(tx)
  return rows[0]
}

export interface ProgressReport {
  id: string
  attempt: number
  done: number
  total: number
  unit: string
  rate: number | null
}

export async function writeProgress(db: Db, reports: readonly ProgressReport[]): Promise<void> {
  await sql`
    update job set progress_done = p.done, progress_total = p.total, progress_unit = p.unit, progress_rate = p.rate
    from json_to_recordset(${json(reports)}) as p (id uuid, attempt int, done float8, total float8, unit text,
      rate float8)
    where job.id = p.id and job.attempt = p.attempt`.execute(db)
}

export async function writeLog(
  db: Db,
  lines: readonly { id: string; at: string; text: string }[],
): Promise<void> {
  await sql`
    insert into job_log (job_id, at, text)
    select l.id, l.at, l.text from rows from (
      json_to_recordset(${json(lines)}) as (id uuid, at timestamptz, text text)
    ) with ordinality as l (id, at, text, n)
    where exists (select from job where job.id = l.id) order by n`.execute(db)
}

/** Workers that hold running jobs, with whether their lock is held, i.e. their process lives. */
export async function workersOf(db: Db, lockClass: number): Promise<{ worker: number; alive: boolean }[]> {
  const { rows } = await sql<{ worker: number; alive: boolean }>`
    select worker as "worker", exists (
      select from pg_locks where locktype = 'advisory' and granted and classid = ${lockClass}::int8::oid
        and objid = w.worker::int8::oid and objsubid = 2
        and database = (select oid from pg_database where datname = current_database())
    ) as "alive"
    from (select distinct worker from job where state = 'running') w`.execute(db)
  return rows
}

export async function runningOf(
  db: Db,
  worker: number,
): Promise<{ id: string; kind: string; attempt: number; losses: number; cancelRequested: boolean }[]> {
  const { rows } = await sql<{
    id: string
    kind: string
    attempt: number
    losses: number
    cancelRequested: boolean
  }>`
    select id::text as "id", kind as "kind", attempt as "attempt", losses as "losses",
      cancel_requested as "cancelRequested"
    from job where state = 'running' and worker = ${worker} for update skip locked`.execute(db)
  return rows
}

/** Of the given kinds those with a job that could start now; and ids among `mine` that someone wants cancelled. */
export async function dueKinds(
  db: Db,
  kinds: readonly string[],
  worker: number,
): Promise<{ kinds: string[]; cancelled: string[] }> {
  const { rows } = await sql<{ kinds: string[]; cancelled: string[] }>`
    select
      (select coalesce(json_agg(k), '[]') from unnest(${texts(kinds)}) k where exists (
        select from job where kind = k and state in ('queued', 'retrying') and start_after <= now() and not waiting
      )) as "kinds",
      (select coalesce(json_agg(id), '[]') from job
        where state = 'running' and worker = ${worker} and cancel_requested) as "cancelled"`.execute(db)
  return rows[0]
}

/** Jobs of these kinds that are neither done, failed nor cancelled. */
export async function unfinished(db: Db, kinds: readonly string[] | null): Promise<boolean> {
  const { rows } = await sql<{ busy: boolean }>`
    select exists (select from job where state in ('queued', 'running', 'retrying')
      ${kinds ? sql`and kind = any(${texts(kinds)})` : sql``}) as "busy"`.execute(db)
  return rows[0].busy
}

/** Kinds with unfinished jobs; what the program must have handlers for. */
export async function unfinishedKinds(db: Db): Promise<string[]> {
  const { rows } = await sql<{ kind: string }>`
    select distinct kind as "kind" from job where state in ('queued', 'running', 'retrying')`.execute(db)
  return rows.map((row) => row.kind)
}

export async function failUnhandled(db: Db, kind: string, problem: StoredProblem): Promise<void> {
  await sql`
    update job set state = 'failed', problem = ${json(problem)}, finished_at = clock_timestamp()
    where kind = ${kind} and state in ('queued', 'retrying')`.execute(db)
}

/** Queued jobs that pg-boss does not know, as after a restore of a backup without its schema. */
export async function withoutTicket(db: Db): Promise<Ticket[]> {
  const { rows } = await sql<Ticket>`
    select ${ticket} from job where state in ('queued', 'retrying') and not waiting
    and not exists (select from pgboss.job b where b.id = job.id and b.name = job.kind and b.state < 'active')
    for update skip locked limit 10000`.execute(db)
  return rows
}

export async function deleteFinished(
  db: Db,
  before: Date,
  failedBefore: Date,
  limit: number,
): Promise<number> {
  const { rows } = await sql`
    delete from job where id in (
      select id from job where finished_at < ${before.toISOString()}::timestamptz
      and (state in ('done', 'cancelled') or finished_at < ${failedBefore.toISOString()}::timestamptz)
      order by finished_at limit ${sql.raw(String(limit))}
    ) returning 1`.execute(db)
  return rows.length
}
