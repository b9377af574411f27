import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Attachment, Bulletin, BulletinSource } from '#platform/bulletin.ts'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import type { Room } from '#platform/room.ts'
import type { ChannelKind, ChannelMessage, Delivered } from '#observatory/notifications/channel.ts'
import { Problem } from '#problem.ts'

/** What a bell of the test room says; the rest of a bulletin is the same for all. */
export interface Ring {
  kind?: string
  thread?: string
  headline: string
  role?: Bulletin['role']
  rehearsal?: boolean
  loud?: number
  pictures?: { name: string; text: string }[]
  files?: { path: string; text: string }[]
  actions?: Bulletin['actions'][number][]
  /** Composing takes that long. */
  slowMs?: number
  audience?: string[]
}

/** A room whose events are bulletins already: what is rung is told. */
export function bellRoom(
  past: (Ring & { at: Date })[] = [],
  act?: (action: string, value: string, by: { userId: string | null; name: string }) => Promise<string>,
): Room {
  const source: BulletinSource = {
    events: ['bells.rung'],
    kinds: { 'bells.rang': 'A bell rang', 'bells.broke': 'A bell is gone' },
    schema: {
      columns: [
        { name: 'loud', type: 'number', unit: 'dB' },
        { name: 'bell', type: 'string' },
      ],
    },
    async compose(event) {
      const rings = event.data['rings'] as Ring[]
      const slow = Math.max(0, ...rings.map((ring) => ring.slowMs ?? 0))
      if (slow > 0) await sleep(slow)
      if (rings.some((ring) => ring.headline === 'cracked')) throw new Error('The bell is cracked.')
      return rings.map(bulletinOf)
    },
    async *past(since, until) {
      for (const ring of past)
        if (ring.at >= since && ring.at < until) yield { ...bulletinOf(ring), at: ring.at }
    },
    ...(act ? { act } : {}),
  }
  return { name: 'bells', bulletins: () => [source] }
}

function bulletinOf(ring: Ring): Bulletin {
  const thread = ring.thread ?? 'bell-1'
  const attachment = (name: string, mediaType: string, text: string): Attachment => ({
    name,
    mediaType,
    bytes: async () => new TextEncoder().encode(text),
  })
  return {
    kind: ring.kind ?? 'bells.rang',
    thread: { kind: 'bell', id: thread, name: thread.toUpperCase(), group: 'BELLS' },
    headline: ring.headline,
    text: '',
    facts: [{ label: 'Loudness', value: `${ring.loud ?? 60} dB` }],
    links: [{ label: 'Bell', url: `https://bells.example.org/${thread}` }],
    pictures: (ring.pictures ?? []).map(({ name, text }) => attachment(name, 'image/png', text)),
    files: (ring.files ?? []).map(({ path, text }) => ({
      ...attachment(path.split('/').at(-1)!, 'text/plain', text),
      path,
    })),
    folders: [],
    actions: ring.actions ?? [],
    rehearsal: ring.rehearsal ?? false,
    role: ring.role ?? 'news',
    values: { loud: ring.loud ?? 60, bell: thread },
    audience: ring.audience ?? ['everyone'],
  }
}

/** Rings in one event; its id. */
export async function ring(platform: Pick<Platform, 'db' | 'events'>, ...rings: Ring[]): Promise<void> {
  await platform.db.transaction().execute((tx: Db) =>
    platform.events.append(tx, {
      kind: 'bells.rung',
      subject: { kind: 'bell', id: rings[0]?.thread ?? 'bell-1' },
      data: { rings },
      audience: ['everyone'],
    }),
  )
}

/** How the next messages fare on a recorder. */
export type Fate =
  'ok' | 'unreachable' | 'refused' | 'hang' | 'sent but not heard' | { afterSeconds: number } | { ms: number }

/** A channel of the tests' own: keeps what it is sent, doubles told by key as a good service does. */
export function recorder(
  key: string,
  traits: Partial<Pick<ChannelKind, 'reaches' | 'addresses'>> = {},
): ChannelKind & {
  received: (ChannelMessage & { receivedAt: number })[]
  attempts: ChannelMessage[]
  secretsSeen: string[]
  fate: (message: ChannelMessage) => Fate
} {
  const settings = z.strictObject({ place: z.string().min(1).default('here'), token: z.string().optional() })
  const kind = {
    key,
    title: `Recorder ${key}`,
    settings,
    secret: ['token'],
    reaches: 'people' as const,
    ...traits,
    received: [] as (ChannelMessage & { receivedAt: number })[],
    attempts: [] as ChannelMessage[],
    secretsSeen: [] as string[],
    fate: (_message: ChannelMessage): Fate => 'ok',
    async deliver(
      _needs: unknown,
      access: z.output<typeof settings>,
      message: ChannelMessage,
      signal: AbortSignal,
    ): Promise<Delivered> {
      kind.attempts.push(message)
      if (access.token !== undefined) kind.secretsSeen.push(access.token)
      const fate = kind.fate(message)
      if (fate === 'unreachable') throw new Problem('net.unreachable', `${key} can’t be reached.`)
      if (fate === 'refused') throw new Problem('channel.refused', `${key} takes no such message.`)
      if (typeof fate === 'object' && 'afterSeconds' in fate)
        throw new Problem('net.status', `${key} answered 429.`, { status: 429, ...fate })
      if (fate === 'hang') await sleep(600_000, undefined, { signal })
      if (typeof fate === 'object') await sleep(fate.ms, undefined, { signal })
      if (!kind.received.some((each) => each.key === message.key))
        kind.received.push({ ...message, receivedAt: performance.now() })
      if (fate === 'sent but not heard') throw new Problem('net.timeout', `${key} did not answer.`)
      return {
        receipt: `taken as ${kind.received.length}`,
        ...(message.threadState ? {} : { threadState: { root: message.key } }),
      }
    },
  }
  return kind
}
