import { Problem } from '#problem.ts'
import type { Audience } from '#platform/events/event.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { audienceOf, requireRole, requireScope } from '#observatory/people/rights.ts'
import type { Acknowledgement } from './acknowledgement.ts'
import { latestOfThread } from './message-store.ts'
import {
  acknowledgementOf,
  endWatches,
  insertAcknowledgement,
  listAcknowledgements,
  type AcknowledgementRow,
} from './watch-store.ts'

type Needs = Pick<Platform, 'db' | 'events'>

/** Who acknowledges: a person here, or somebody on a channel who may have no account. */
export interface Acknowledger {
  personId: string | null
  name: string
  /** `page`, `api`, `cli`, name of a channel. */
  through: string
}

/**
 * Somebody takes charge of what a thread is about: its reminders and escalations stop. The first one stays.
 * @throws Problem `resource.not_found` where nobody was told of such a thread
 */
export async function acknowledgeThread(
  platform: Needs,
  actor: Actor,
  thread: { kind: string; id: string },
  through: 'page' | 'api' | 'cli',
): Promise<Acknowledgement> {
  requireRole(actor, 'member', 'acknowledging')
  requireScope(actor, 'write')
  const message = await latestOfThread(platform.db, thread)
  if (!message || !maySee(actor, message.audience)) throw nothingTold(thread)
  return putAcknowledgement(platform, actor, thread, { personId: actor.userId, name: actor.name, through })
}

/** As `acknowledgeThread`, for whoever the caller has made sure of. */
export async function putAcknowledgement(
  platform: Needs,
  actor: Actor,
  thread: { kind: string; id: string },
  by: Acknowledger,
): Promise<Acknowledgement> {
  return platform.db.transaction().execute(async (tx) => {
    const message = await latestOfThread(tx, thread)
    if (!message) throw nothingTold(thread)
    const name = message.thread_name
    const row = await insertAcknowledgement(tx, { thread: { ...thread, name }, ...by })
    if (!row) return shownAcknowledgement((await acknowledgementOf(tx, thread))!)
    await endWatches(tx, thread, `acknowledged by ${by.name}`)
    await audit(tx, actor, 'notifications.acknowledged', thread, null, { by: by.name, through: by.through })
    await platform.events.append(tx, {
      kind: 'notifications.acknowledged',
      subject: thread,
      data: { name, by: by.name, through: by.through },
      audience: message.audience,
    })
    return shownAcknowledgement(row)
  })
}

export async function readAcknowledgements(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  filter: Omit<Parameters<typeof listAcknowledgements>[1], 'viewer'>,
): Promise<AcknowledgementRow[]> {
  requireRole(actor, 'viewer', 'seeing acknowledgements')
  const viewer = actor.role === 'administrator' ? null : audienceOf(actor)
  return listAcknowledgements(platform.db, { ...filter, viewer })
}

function maySee(actor: Actor, audience: Audience): boolean {
  const tokens = audienceOf(actor)
  return actor.role === 'administrator' || audience.some((token) => tokens.includes(token))
}

function nothingTold(thread: { kind: string; id: string }): Problem {
  return new Problem(
    'resource.not_found',
    `Nobody was told of ${thread.kind} ${JSON.stringify(thread.id.slice(0, 80))}; there is nothing to acknowledge.`,
  )
}

export function shownAcknowledgement(row: AcknowledgementRow): Acknowledgement {
  return {
    thread: { kind: row.thread_kind, id: row.thread_id, name: row.thread_name },
    at: row.at.toISOString(),
    by: { id: row.person_id, name: row.name },
    through: row.through,
  }
}
