import { z } from 'zod'
import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { ChannelKind } from './channel.ts'

/** Kinds of channels by key. */
export type Kinds = ReadonlyMap<string, ChannelKind>

/** What the use-cases of this room stand on. */
export type Needs = Platform & { readonly kinds: Kinds }

/** @throws Error when two kinds have one key. */
export function kindsOf(kinds: readonly ChannelKind[]): Kinds {
  const found = new Map<string, ChannelKind>()
  for (const kind of [...kinds, inboxKind]) {
    if (found.has(kind.key)) throw new Error(`Two kinds of channels are named ${kind.key}.`)
    found.set(kind.key, kind)
  }
  return found
}

/** @throws Problem `channel.unknown` naming those that there are. */
export function kindNamed(kinds: Kinds, key: string): ChannelKind {
  const kind = kinds.get(key)
  if (kind) return kind
  throw new Problem(
    'channel.unknown',
    `There is no kind of channel ${JSON.stringify(key.slice(0, 40))}; there are ${[...kinds.keys()].join(', ')}.`,
    { kind: key },
  )
}

/**
 * The page's own channel. Its entries are rows beside the delivery, written in one transaction with it, so that each is
 * there exactly once; therefore nothing is left for `deliver`.
 */
export const inboxKind: ChannelKind = {
  key: 'inbox',
  title: 'Inbox in the page',
  settings: z.strictObject({}),
  secret: [],
  reaches: 'people',
  addresses: 'person',
  deliver: () => Promise.reject(new Error('Entries of the inbox are written with their deliveries.')),
}
