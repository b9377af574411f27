import type { Db } from '#platform/db/database.ts'

/**
 * Who may see an event: tokens compared with those of the listener. `everyone` (any signed-in person),
 * `role:operator`, `group:<id>`, `user:<id>`. Rooms make them, people hand out the listener's set.
 */
export type Audience = readonly string[]

export interface NewEvent {
  /** `<room>.<what happened>`: `alerts.notice_received`. */
  kind: string
  subject: { kind: string; id: string }
  /** Small facts for the page and for listeners; the subject's row holds the rest. */
  data?: Record<string, unknown>
  audience: Audience
}

export interface EventRow extends NewEvent {
  /** Ascending, as a decimal string (int8). */
  id: string
  at: Date
  data: Record<string, unknown>
}

/**
 * One append-only table. `append` joins the caller's transaction; after commit every process is woken by
 * LISTEN/NOTIFY. Readers resume by id and never miss a row that commits late with a smaller id.
 */
export interface Events {
  append(tx: Db, event: NewEvent): Promise<void>
  /** Durable listener of a room: called once per event in order, its position kept in the database under `name`. */
  listen(name: string, kinds: string[], handle: (event: EventRow, tx: Db) => Promise<void>): void
  /** Live tail for one viewer, from after `afterId` (null: from now). */
  tail(viewer: Audience, afterId: string | null, signal: AbortSignal): AsyncIterable<EventRow>
  recent(
    viewer: Audience,
    filter: { kinds?: string[]; subject?: { kind: string; id: string }; before?: string; limit?: number },
  ): Promise<EventRow[]>
}
