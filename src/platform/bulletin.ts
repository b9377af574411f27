import type { Schema } from '#science/adql/schema.ts'
import type { Audience, EventRow } from './events/event.ts'

/**
 * What a room tells people. Rooms compose bulletins from rows of the event table; the room of notifications, which
 * knows nothing of what they are about, decides by rules who hears them and by which channel.
 */
export interface Bulletin {
  /** `alerts.notice`, `plans.started`, `plans.finished`, `alerts.retraction`: rules and templates name it. */
  readonly kind: string
  /** Everything about one subject is one thread. */
  readonly thread: {
    readonly kind: string
    readonly id: string
    readonly name: string
    /** Under what people file threads of its sort: GW, GRB. */
    readonly group: string
  }
  /** One line, no trailing stop. */
  readonly headline: string
  /** One or two sentences, or empty. */
  readonly text: string
  readonly facts: readonly { readonly label: string; readonly value: string }[]
  readonly links: readonly { readonly label: string; readonly url: string }[]
  readonly pictures: readonly Attachment[]
  /** Files for channels that keep files; `path` is relative to the thread's folder. */
  readonly files: readonly (Attachment & { readonly path: string })[]
  /** Folders that should exist beside them, empty or not. */
  readonly folders: readonly string[]
  /** What people may do from a message: the name is sent back by the channel, `action` says what happens. */
  readonly actions: readonly {
    readonly action: string
    readonly label: string
    readonly value: string
    readonly primary?: boolean
  }[]
  /** Never reaches people unless a rule says so. */
  readonly rehearsal: boolean
  /** `start`: opens the thread, told once per thread and channel however often it is composed. `end`: retraction; goes to everyone who heard of the thread, whatever the rules say. */
  readonly role: 'start' | 'news' | 'end'
  /** Rule predicates read these; names and units by the composer's schema. */
  readonly values: Readonly<Record<string, number | string | boolean | Date | null>>
  readonly audience: Audience
}

export interface Attachment {
  readonly name: string
  readonly mediaType: string
  readonly bytes: () => Promise<Uint8Array<ArrayBuffer>>
}

/** How a room makes bulletins. */
export interface BulletinSource {
  /** Rows of the event table that may become bulletins. */
  readonly events: readonly string[]
  /** Columns that rules about these bulletins may name. */
  readonly schema: Schema
  /** Bulletin kinds that may come out, each with a sentence for the rule editor. */
  readonly kinds: Readonly<Record<string, string>>
  /** None: nothing to tell. Reads only; may be asked again for the same event and then tells the same. */
  compose(event: EventRow): Promise<readonly Bulletin[]>
  /** Past bulletins, oldest first, for a replay of rules. */
  past(since: Date, until: Date): AsyncIterable<Bulletin & { readonly at: Date }>
  /** What an action does; answers what the channel should say. */
  act?(action: string, value: string, by: { userId: string | null; name: string }): Promise<string>
}
