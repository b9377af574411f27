import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { requirePlanner } from './check.ts'
import { readPointings, type ReadPointings } from './treasure-map.ts'

export interface ObservedSource {
  /** Address that answers pointings, as the Treasure Map does. */
  url?: string | undefined
  /** Or what it answered. */
  pointings?: unknown
  /** Slug of the telescope for an instrument number or name. */
  instruments?: Record<string, string> | undefined
  radiusDeg?: number | undefined
}

/** Largest answer that is read. */
const maxBytes = 32 * 1024 * 1024

/** Pointings from elsewhere in the form that a plan request takes. @throws Problem `plan.invalid`, `net.…` */
export async function fetchObserved(
  platform: Pick<Platform, 'net'>,
  actor: Actor,
  { url, pointings, instruments, radiusDeg }: ObservedSource,
): Promise<ReadPointings> {
  requirePlanner(actor)
  const options = {
    ...(instruments === undefined ? {} : { instruments }),
    ...(radiusDeg === undefined ? {} : { radiusDeg }),
  }
  if (pointings !== undefined) return readPointings(JSON.stringify(pointings), options)
  if (url === undefined)
    throw new Problem('request.invalid', 'Give the pointings, or the address (url) that answers them.', {})
  // What the local operator names at the machine is trusted; an address from a request may not reach into the network.
  const response = await platform.net.fetch(url, { untrusted: actor.kind !== 'local', maxBytes })
  return readPointings(response.bytes, options)
}
