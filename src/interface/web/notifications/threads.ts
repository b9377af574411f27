import type { Tone } from '#interface/web/pieces/state.tsx'
import type { InboxEntry } from '#observatory/notifications/inbox.ts'

/** What was told of one subject, as a list of threads shows it. */
export interface Thread {
  /** kind:id, as the API names subjects. */
  key: string
  kind: string
  id: string
  name: string
  /** The newest entry. */
  last: InboxEntry
  unread: string[]
  /** Somebody is to acknowledge it, and nobody has. */
  waits: boolean
  ended: boolean
}

/** Entries, newest first, as threads: that with the newest entry first. */
export function threadsOf(entries: readonly InboxEntry[]): Thread[] {
  const threads = new Map<string, Thread>()
  for (const entry of entries) {
    const key = `${entry.thread.kind}:${entry.thread.id}`
    const known = threads.get(key)
    const thread = known ?? {
      key,
      kind: entry.thread.kind,
      id: entry.thread.id,
      name: entry.thread.name,
      last: entry,
      unread: [],
      waits: false,
      ended: false,
    }
    if (!known) threads.set(key, thread)
    if (!entry.read) thread.unread.push(entry.id)
    thread.waits ||= entry.acknowledge
    thread.ended ||= entry.role === 'end'
  }
  return [...threads.values()]
}

/** A text without the pictogram it begins with: chats have them in their fonts, the page has shapes of its own. */
export function plain(text: string): string {
  return text.replace(/^(?:\p{Extended_Pictographic}|[\u{1F1E6}-\u{1F1FF}]|\uFE0F|\u200D)+\s*/u, '')
}

/** A headline under the name of its thread says that name only once: `🟡 MS1: alert N°2` → `alert N°2`. */
export function withoutName(headline: string, name: string): string {
  const rest = plain(headline).replace(`${name}: `, '').replace(`: ${name}`, '').replace(`${name} is `, '')
  return rest.charAt(0).toUpperCase() + rest.slice(1)
}

const tones: Record<string, Tone> = {
  'alerts.retraction': 'failed',
  'plans.started': 'running',
  'plans.finished': 'done',
  'plans.products': 'done',
  'plans.proposed': 'needs',
  'plans.failed': 'failed',
  'plans.closed': 'none',
}

/** The shape before a message: what its kind means for the night. */
export function toneOf({ kind, role }: Pick<InboxEntry, 'kind' | 'role'>): Tone {
  return role === 'end' ? 'failed' : (tones[kind] ?? 'waiting')
}

/** Where a link of a message leads: a path of this page where it is one of its own, else null. */
export function ownPath(url: string, origin: string): string | null {
  try {
    const { origin: other, pathname, search } = new URL(url)
    return other === origin ? pathname + search : null
  } catch {
    return null
  }
}
