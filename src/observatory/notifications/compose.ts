import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { Attachment, Bulletin } from '#platform/bulletin.ts'
import type { Db } from '#platform/db/database.ts'
import type { EventRow } from '#platform/events/event.ts'
import type { JobContext } from '#platform/jobs/job.ts'
import type { StoredAttachment } from './channel.ts'
import { toldOf } from './delivery-store.ts'
import { composeKind } from './job-kinds.ts'
import type { Needs } from './kinds.ts'
import { addComposition, earlierPending, isComposed, setComposition } from './message-store.ts'
import { startWatches, writeOutbox } from './outbox.ts'
import { planByRules, planByTold, planRoute, withoutTold } from './plan-deliveries.ts'
import type { ReadyRule } from './rule-check.ts'
import { acknowledgementOf, endWatches } from './watch-store.ts'
import { readRules, readWorld, type World } from './world.ts'

/** How long messages wait for those of earlier events, which may still be composed. */
const turnMs = 20_000

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
 * Makes the messages of an event and the deliveries of its rules. Composing and storing pictures and files comes first;
 * all rows are one transaction, after those of every earlier event unless that one fails. Doing it again changes nothing.
 */
export async function composeEvent(
  needs: Needs,
  input: z.output<typeof composeKind.input>,
  job: Pick<JobContext, 'signal' | 'log'>,
): Promise<{ bulletins: number; deliveries: number }> {
  const event: EventRow = { ...input.event, at: new Date(input.event.at) }
  if (await isComposed(needs.db, event.id)) return { bulletins: 0, deliveries: 0 }
  try {
    const bulletins: Bulletin[] = []
    for (const source of needs.bulletins)
      if (source.events.includes(event.kind)) bulletins.push(...(await source.compose(event)))
    const world = await readWorld(needs, needs.db)
    const rules = bulletins.length === 0 ? [] : await readRules(needs.db, world)
    for (const { rule, problem } of rules)
      if (problem !== null) job.log(`Rule ${rule.name} is not followed: ${problem}`)
    const prepared: Prepared[] = []
    for (const bulletin of bulletins) prepared.push(await prepare(needs, bulletin, rules, job.signal))
    await turnOf(needs.db, event.id, job.signal)
    return await needs.db.transaction().execute(async (tx) => {
      let deliveries = 0
      for (const [item, each] of prepared.entries())
        deliveries += await write(needs, tx, event, item, each, rules, world)
      await setComposition(tx, event.id, 'done')
      return { bulletins: bulletins.length, deliveries }
    })
  } catch (error) {
    // Those that came after it go on without it.
    if (!job.signal.aborted) await setComposition(needs.db, event.id, 'failed')
    throw error
  }
}

interface Prepared {
  bulletin: Bulletin
  pictures: StoredAttachment[]
  files: (StoredAttachment & { path: string })[]
}

/** Puts what is attached into storage, if anybody may hear of it. */
async function prepare(
  needs: Pick<Needs, 'storage'>,
  bulletin: Bulletin,
  rules: readonly ReadyRule[],
  signal: AbortSignal,
): Promise<Prepared> {
  if (bulletin.role !== 'end' && !rules.some((rule) => rule.holds(bulletin)))
    return { bulletin, pictures: [], files: [] }
  const store = async (attachment: Attachment): Promise<StoredAttachment> => {
    signal.throwIfAborted()
    const { name, mediaType } = attachment
    return { name, mediaType, ...(await needs.storage.put(await attachment.bytes())) }
  }
  const pictures: StoredAttachment[] = []
  for (const picture of bulletin.pictures) pictures.push(await store(picture))
  const files: Prepared['files'] = []
  for (const file of bulletin.files) files.push({ ...(await store(file)), path: file.path })
  return { bulletin, pictures, files }
}

async function turnOf(db: Db, eventId: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + turnMs
  for (let pause = 5; await earlierPending(db, eventId); pause = Math.min(pause * 1.5, 200)) {
    if (performance.now() > deadline) return
    await sleep(pause, undefined, { signal })
  }
}

/** One bulletin's rows; how many deliveries. What nobody hears of leaves no message. */
async function write(
  needs: Needs,
  tx: Db,
  event: EventRow,
  item: number,
  { bulletin, pictures, files }: Prepared,
  rules: readonly ReadyRule[],
  world: World,
): Promise<number> {
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
  if (planned.length === 0) return 0
  const message = await writeOutbox(
    needs,
    tx,
    {
      ...bulletin,
      form: 'news',
      eventId: event.id,
      item,
      pictures,
      files,
      at: event.at,
    },
    planned,
  )
  if (!message) return 0
  const holding = rules.filter((rule) => rule.holds(bulletin)).map(({ rule }) => rule)
  await startWatches(
    needs,
    tx,
    message,
    holding.filter((rule) => planRoute(bulletin, rule, rule, world, now).length > 0),
  )
  return planned.length
}
