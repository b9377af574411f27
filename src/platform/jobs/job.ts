import type { z } from 'zod'
import type { Db } from '#platform/db/database.ts'

/** What a handler is given. Handlers are closed over the platform by the room that registers them. */
export interface JobContext {
  readonly id: string
  /** 1 for the first attempt. */
  readonly attempt: number
  /** Aborted on cancel, timeout and shutdown; pass it to everything that waits. */
  readonly signal: AbortSignal
  /** Shown live with rate and ETA. */
  readonly progress: (done: number, total: number, unit?: string) => void
  /** A line in the job's own log, kept with the job. */
  readonly log: (line: string) => void
}

/** One kind of background work. `name` is what the database stores: `alerts.parse`. */
export interface JobKind<T extends z.ZodType = z.ZodType> {
  name: string
  /** One sentence for the jobs page. */
  title: string
  input: T
  /** Happens all the time and says nothing to people unless it fails: lists leave it out. */
  routine?: boolean
  /** Attempts beyond the first, and the first delay (s); it doubles, with jitter, up to an hour. Default 3 and 2 s. */
  retry?: { limit: number; delaySeconds?: number }
  timeoutSeconds?: number
  /** How many of this kind run at once in one process, default 4. */
  concurrency?: number
}

/** How a handler ends other than by returning: whatever is thrown retries; `failure(problem, how)` says otherwise. */
export type JobFailure = 'retry' | 'never' | 'done'

export interface JobHandler<T extends z.ZodType = z.ZodType> {
  kind: JobKind<T>
  run(input: z.output<T>, context: JobContext): Promise<unknown>
}

export interface SendOptions {
  /** A second send with the same key while the first is queued, running or done is the same job. */
  key?: string
  startAfter?: Date
  /** Higher goes first. */
  priority?: number
  /** What the job is about, for the page and for `trace`. */
  subject?: { kind: string; id: string }
  /** Who asked for it. */
  requestedBy?: string | null
  /** Runs only after that job has succeeded. */
  after?: string
}

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'retrying'

export interface JobRow {
  id: string
  kind: string
  title: string
  state: JobState
  subject: { kind: string; id: string } | null
  requestedBy: string | null
  attempt: number
  progress: {
    done: number
    total: number
    unit: string
    perSecond: number | null
    etaSeconds: number | null
  } | null
  problem: { code: string; message: string } | null
  result: unknown
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
}

/** The queue. `send` joins the transaction it is given, so a rollback takes the job along. */
export interface Jobs {
  send<T extends z.ZodType>(
    tx: Db,
    kind: JobKind<T>,
    input: z.input<T>,
    options?: SendOptions,
  ): Promise<string>
  /**
   * Ends a job, also one that runs. In a transaction of the caller's it is part of that: a rollback leaves the job as it
   * was, and one that runs is aborted only after the commit.
   */
  cancel(id: string, tx?: Db): Promise<void>
  /** Puts a failed job back in the queue. */
  retry(id: string): Promise<void>
  get(id: string): Promise<JobRow | undefined>
  list(filter: {
    state?: JobState[]
    kind?: string
    subject?: { kind: string; id: string }
    before?: string
    limit?: number
    /** Also routine work that is queued, runs or is done; it is there anyway when its kind is asked for. */
    routine?: boolean
  }): Promise<JobRow[]>
  logOf(id: string, afterLine?: number): Promise<{ line: number; at: Date; text: string }[]>
  /** Resolves when every queued job of these kinds is done or failed; for tests and the command line. */
  idle(kinds?: string[]): Promise<void>
}
