import type { z } from 'zod'
import type { Attachment, Bulletin } from '#platform/bulletin.ts'
import type { Db } from '#platform/db/database.ts'
import type { EventRow } from '#platform/events/event.ts'
import type { JobContext } from '#platform/jobs/job.ts'
import type { StoredAttachment } from './channel.ts'
import { toldOf } from './delivery-store.ts'
import { composeKind } from './job-kinds.ts'
import type { Needs } from './kinds.ts'
import {
  addComposition,
  compositionState,
  keepPrepared,
  nextPrepared,
  setComposition,
  takePrepared,
  type PreparedBulletin,
} from './message-store.ts'
import { startWatches, writeOutbox } from './outbox.ts'
import { planByRules, planByTold, planRoute, withoutTold } from './plan-deliveries.ts'
import type { ReadyRule } from './rule-check.ts'
import { acknowledgementOf, endWatches } from './watch-store.ts'
import { readRules, readWorld, type World } from './world.ts'

/** What the durable listener does with an event: it is composed later, in the order of its coming. */
export async function receiveEvent(needs: Pick<Needs, 'jobs'>, event: EventRow, tx: Db): Promise<void> {
  await addComposition(tx, event.id)
  const { id, kind, subject, data, audience } = event
  await needs.jobs.send(
    tx,
    composeKind,
    { event: { id, at: event.at.toISOString(), kind, subject, data, audience: [...audience] } },
    { key: id, subject },
  )
}

/**
 * Composes an event, its pictures and files put into storage, and writes what is due by then: messages and deliveries come
 * in the order of the events, whichever is composed first. Doing it again changes nothing.
 */
export async function composeEvent(
  needs: Needs,
  input: z.output<typeof composeKind.input>,
  job: Pick<JobContext, 'signal' | 'log'>,
): Promise<{ bulletins: number; written: number }> {
  const event: EventRow = { ...input.event, at: new Date(input.event.at) }
  const state = await compositionState(needs.db, event.id)
  if (state === 'prepared' || state === 'done')
    return { bulletins: 0, written: await writePrepared(needs, job) }
  try {
    const bulletins: Bulletin[] = []
    for (const source of needs.bulletins)
      if (source.events.includes(event.kind)) bulletins.push(...(await source.compose(event)))
    const rules = bulletins.length === 0 ? [] : await readRules(needs.db, await readWorld(needs, needs.db))
    const prepared: PreparedBulletin[] = []
    for (const bulletin of bulletins) prepared.push(await prepare(needs, event, bulletin, rules, job.signal))
    await needs.db.transaction().execute((tx) => keepPrepared(tx, event.id, prepared))
    return { bulletins: bulletins.length, written: await writePrepared(needs, job) }
  } catch (error) {
    if (!job.signal.aborted) {
      // Those that came after it go on without it.
      await setComposition(needs.db, event.id, 'failed', ['pending'])
      await writePrepared(needs, job)
    }
    throw error
  }
}

/** Puts what is attached into storage, if anybody may hear of it. */
async function prepare(
  needs: Pick<Needs, 'storage'>,
  event: EventRow,
  bulletin: Bulletin,
  rules: readonly ReadyRule[],
  signal: AbortSignal,
): Promise<PreparedBulletin> {
  const at = event.at.toISOString()
  if (bulletin.role !== 'end' && !rules.some((rule) => rule.holds(bulletin)))
    return { ...bulletin, pictures: [], files: [], at }
  const store = async (attachment: Attachment): Promise<StoredAttachment> => {
    signal.throwIfAborted()
    const { name, mediaType } = attachment
    return { name, mediaType, ...(await needs.storage.put(await attachment.bytes())) }
  }
  const pictures: StoredAttachment[] = []
  for (const picture of bulletin.pictures) pictures.push(await store(picture))
  const files: (StoredAttachment & { path: string })[] = []
  for (const file of bulletin.files) files.push({ ...(await store(file)), path: file.path })
  return { ...bulletin, pictures, files, at }
}

/** Writes messages and deliveries of all events whose turn it is, one transaction each. How many events. */
async function writePrepared(needs: Needs, job: Pick<JobContext, 'signal' | 'log'>): Promise<number> {
  const world = await readWorld(needs, needs.db)
  const rules = await readRules(needs.db, world)
  for (const { rule, problem } of rules)
    if (problem !== null) job.log(`Rule ${rule.name} is not followed: ${problem}`)
  for (let written = 0; ; written++) {
    job.signal.throwIfAborted()
    const more = await needs.db.transaction().execute(async (tx) => {
      const eventId = await nextPrepared(tx, composeKind.name)
      if (eventId === undefined) return false
      for (const [item, bulletin] of (await takePrepared(tx, eventId)).entries())
        await write(needs, tx, eventId, item, bulletin, rules, world)
      await setComposition(tx, eventId, 'done', ['prepared'])
      return true
    })
    if (!more) return written
  }
}

/** One bulletin's rows. What nobody hears of leaves no message. */
async function write(
  needs: Needs,
  tx: Db,
  eventId: string,
  item: number,
  bulletin: PreparedBulletin,
  rules: readonly ReadyRule[],
  world: World,
): Promise<void> {
  const now = new Date()
  const byRules = planByRules(bulletin, rules, world, now)
  const told = bulletin.role === 'news' ? [] : await toldOf(tx, bulletin.thread)
  const taken = (await acknowledgementOf(tx, bulletin.thread)) !== undefined
  const wanted =
    bulletin.role === 'end'
      ? [...planByTold(told, world, now), ...withoutTold(byRules, told)]
      : withoutTold(byRules, told)
  // Somebody has taken charge: nobody is asked to again.
  const planned = taken ? wanted.map((each) => ({ ...each, watched: false })) : wanted
  if (bulletin.role === 'end') await endWatches(tx, bulletin.thread, bulletin.kind)
  if (planned.length === 0) return
  const message = await writeOutbox(
    needs,
    tx,
    {
      ...bulletin,
      form: 'news',
      eventId,
      item,
      at: new Date(bulletin.at),
    },
    planned,
  )
  if (!message) return
  const holding = rules.filter((rule) => rule.holds(bulletin)).map(({ rule }) => rule)
  await startWatches(
    needs,
    tx,
    message,
    holding.filter((rule) => planRoute(bulletin, rule, rule, world, now).length > 0),
  )
}
