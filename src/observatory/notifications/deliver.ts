import { isProblem, Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import { failureOf, storedProblem } from '#platform/jobs/failure.ts'
import type { JobContext } from '#platform/jobs/job.ts'
import { findPerson } from '#observatory/people/person-store.ts'
import { acknowledgeAction } from './acknowledgement.ts'
import type { ChannelKind, ChannelMessage, Delivered } from './channel.ts'
import { channelById, lockChannel, setFailing, setPaused, setSent, type ChannelRow } from './channel-store.ts'
import {
  claimDelivery,
  lockDelivery,
  nextDue,
  releaseClaims,
  sendingCount,
  touchClaim,
  setDelivered,
  setUndelivered,
  waitingChannels,
  type DeliveryRow,
} from './delivery-store.ts'
import { insertEntry } from './inbox-store.ts'
import { inboxKind, kindNamed, type Needs } from './kinds.ts'
import { messageById, type MessageRow } from './message-store.ts'
import { wakeChannel } from './outbox.ts'
import { preferencesOf } from './preference-store.ts'
import { addressOf, personOf } from './recipients.ts'
import { openSettings } from './sealed-settings.ts'
import { notificationsSection } from './sections.ts'
import { keepThreadState, threadState } from './thread-store.ts'

/** Messages of one channel that go out at once, each of another lane. */
const atOnce = 4
/** Attempts at a message that fails while others go through, until it is a dead letter. */
const mostAttempts = 8
/** A server that asks for more patience than this is asked again all the same: the header may be nonsense. */
const longestAskedSeconds = 3_600

interface Done {
  sent: number
  failed: number
}

/** Runs at one channel in this process; `again`: something came that the next of them to look will find. */
interface Runs {
  running: number
  again: boolean
}

/**
 * What puts waiting messages on channels, lane by lane in order, until nothing is left whose time has come. Each new
 * message sends a job; those that find enough of their channel at work here leave it to them, so that a channel with much
 * to say never holds the connections of the database that others need.
 */
export function createDeliverer(
  needs: Needs,
): (channelId: string, job: Pick<JobContext, 'id' | 'signal'>) => Promise<Done> {
  const runs = new Map<string, Runs>()
  return async (channelId, job) => {
    const longest = longestMs(needs)
    await releaseClaims(needs.db, channelId, job.id, longest)
    const here = runs.get(channelId) ?? { running: 0, again: false }
    runs.set(channelId, here)
    if (here.running >= atOnce) {
      here.again = true
      return { sent: 0, failed: 0 }
    }
    here.running++
    try {
      return await drain(needs, channelId, job, here)
    } finally {
      here.running--
      if (here.running === 0) runs.delete(channelId)
    }
  }
}

/** After this a message on its way has been forgotten by whoever sent it. */
function longestMs(needs: Pick<Needs, 'config'>): number {
  return (needs.config.section(notificationsSection).attemptSeconds + 60) * 1_000
}

async function drain(
  needs: Needs,
  channelId: string,
  job: Pick<JobContext, 'id' | 'signal'>,
  here: Runs,
): Promise<Done> {
  const done = { sent: 0, failed: 0 }
  const first = await channelById(needs.db, channelId)
  if (!first) return done
  const kind = kindNamed(needs.kinds, first.kind)
  const { attemptSeconds } = needs.config.section(notificationsSection)
  for (;;) {
    job.signal.throwIfAborted()
    here.again = false
    const claim = await needs.db.transaction().execute((tx) => claimNext(needs, tx, kind, channelId, job.id))
    if (!claim) {
      if (here.again) continue
      await lookAgain(needs, channelId, kind)
      if (here.again) continue
      return done
    }
    const sent =
      kind === inboxKind
        ? await putEntry(needs, claim)
        : await attempt(needs, kind, claim, job.signal, attemptSeconds)
    if (sent) done.sent++
    else done.failed++
  }
}

interface Claim {
  channel: ChannelRow
  delivery: DeliveryRow
}

async function claimNext(
  needs: Needs,
  tx: Db,
  kind: ChannelKind,
  channelId: string,
  by: string,
): Promise<Claim | null> {
  const channel = await lockChannel(tx, channelId)
  if (!channel?.enabled) return null
  if (channel.retry_at !== null && channel.retry_at > new Date()) return null
  // While it fails, one message tries whether it is back.
  if ((await sendingCount(tx, channelId)) >= (channel.failures > 0 ? 1 : atOnce)) return null
  const delivery = await claimDelivery(tx, channelId, by, {
    keeps: keepers(needs),
    waits: kind.reaches === 'people',
  })
  return delivery ? { channel, delivery } : null
}

/** Kinds of channels that keep files, which messages to people wait for a moment. */
function keepers({ kinds }: Pick<Needs, 'kinds'>): string[] {
  return [...kinds.values()].filter(({ reaches }) => reaches === 'files').map(({ key }) => key)
}

/** Sees to it that the channel is looked at when something becomes due by time alone. */
async function lookAgain(needs: Needs, channelId: string, kind: ChannelKind): Promise<void> {
  await needs.db.transaction().execute(async (tx) => {
    const channel = await channelById(tx, channelId)
    if (!channel?.enabled) return
    const keeps = kind.reaches === 'people' ? keepers(needs) : null
    const due = await nextDue(tx, channelId, keeps, longestMs(needs))
    const waiting = (await waitingChannels(tx)).includes(channelId)
    const times = [due, waiting ? channel.retry_at : null].filter((at) => at !== null && at > new Date())
    const next = times.toSorted((a, b) => a!.getTime() - b!.getTime())[0]
    if (next) await wakeChannel(needs, tx, channelId, next)
  })
}

/** The inbox is a table of ours: entry, log and event are one transaction. */
async function putEntry(needs: Needs, { channel, delivery }: Claim): Promise<boolean> {
  await needs.db.transaction().execute(async (tx) => {
    const message = (await messageById(tx, delivery.message_id))!
    const { target } = delivery
    const entry = { deliveryId: delivery.id, messageId: message.id, target, audience: message.audience }
    const id = await insertEntry(tx, entry)
    await setDelivered(tx, delivery.id, { receipt: `Entry ${id}`, url: null, at: new Date() })
    await setSent(tx, channel.id, new Date())
    const person = personOf(target)
    await needs.events.append(tx, {
      kind: 'notifications.inbox',
      subject: { kind: message.thread_kind, id: message.thread_id },
      // A group may hold people who may not see it: they find nothing when they look.
      data: {
        entryId: id,
        role: message.role,
        ...(target.startsWith('group:') ? {} : { headline: delivery.headline ?? message.headline }),
      },
      audience: person !== null ? [`user:${person}`] : target === 'everyone' ? message.audience : [target],
    })
  })
  return true
}

async function attempt(
  needs: Needs,
  kind: ChannelKind,
  { channel, delivery }: Claim,
  stop: AbortSignal,
  attemptSeconds: number,
): Promise<boolean> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(attemptSeconds * 1_000)])
  try {
    const settings = openSettings(needs.secrets, kind, channel)
    const message = await channelMessage(needs.db, kind, channel, delivery)
    const { storage, log } = needs
    const net = heard(needs, delivery.id)
    const delivered = await kind.deliver({ net, storage, log }, settings, message, signal)
    await recordSent(needs, kind, delivery, delivered)
    return true
  } catch (error) {
    await recordFailure(needs, delivery, error, stop.aborted)
    if (stop.aborted) throw error
    return false
  }
}

/** The net, noting at most once a second that the other side answers. */
function heard({ net, db }: Pick<Needs, 'net' | 'db'>, deliveryId: string): Needs['net'] {
  let last = performance.now()
  return {
    async fetch(url, options) {
      const response = await net.fetch(url, options)
      if (performance.now() - last > 1_000) {
        last = performance.now()
        await touchClaim(db, deliveryId)
      }
      return response
    },
  }
}

/** What the channel is told: the same for every attempt, with the thread as it stands. */
async function channelMessage(
  db: Db,
  kind: ChannelKind,
  channel: ChannelRow,
  delivery: DeliveryRow,
): Promise<ChannelMessage> {
  const message = (await messageById(db, delivery.message_id))!
  const to: string[] = []
  const id = personOf(delivery.target)
  if (id !== null) {
    const person = await findPerson(db, id)
    const address =
      person && !person.disabled_at
        ? addressOf(kind, channel.name, person, await preferencesOf(db, id))
        : null
    if (address === null)
      throw new Problem(
        'channel.refused',
        `${person?.name ?? 'Somebody who is gone'} has no address on channel ${channel.name}; it is entered under Notifications, Preferences.`,
      )
    to.push(address)
  }
  return messageOf(message, delivery, to, await threadState(db, delivery))
}

function messageOf(
  row: MessageRow,
  delivery: Pick<DeliveryRow, 'key' | 'uncertain' | 'headline' | 'watched'>,
  to: readonly string[],
  state: Record<string, unknown> | null,
): ChannelMessage {
  const thread = { kind: row.thread_kind, id: row.thread_id, name: row.thread_name, group: row.thread_group }
  return {
    key: delivery.key,
    uncertain: delivery.uncertain,
    form: row.form,
    kind: row.kind,
    role: row.role,
    thread,
    threadState: state,
    headline: delivery.headline ?? row.headline,
    text: row.body,
    facts: row.facts,
    links: row.links,
    pictures: row.pictures,
    files: row.files,
    folders: row.folders,
    actions: delivery.watched ? [...row.actions, acknowledgeAction(thread)] : row.actions,
    rehearsal: row.rehearsal,
    to,
    at: row.at,
  }
}

async function recordSent(
  needs: Needs,
  kind: ChannelKind,
  claimed: DeliveryRow,
  delivered: Delivered,
): Promise<void> {
  await needs.db.transaction().execute(async (tx) => {
    const channel = await lockChannel(tx, claimed.channel_id!)
    const delivery = await lockDelivery(tx, claimed.id)
    // The channel was removed meanwhile, or the claim given to another.
    if (!channel || delivery?.state !== 'sending' || delivery.claimed_by !== claimed.claimed_by) return
    const at = new Date()
    const { receipt, url = null } = delivered
    await setDelivered(tx, delivery.id, { receipt: receipt.slice(0, 500), url, at })
    if (delivered.threadState) await keepThreadState(tx, delivery, delivered.threadState)
    await setSent(tx, channel.id, at)
    if (channel.failures > 0) {
      needs.log.info({ channel: channel.name }, 'a channel of notifications works again')
      await needs.events.append(tx, channelChanged(channel, 'ok', null))
      // What piled up goes out side by side.
      for (let i = 1; i < atOnce; i++) await wakeChannel(needs, tx, channel.id)
    }
    if (kind.reaches !== 'files') return
    for (const id of await waitingChannels(tx, { kind: delivery.thread_kind, id: delivery.thread_id }))
      if (id !== channel.id) await wakeChannel(needs, tx, id)
  })
}

async function recordFailure(
  needs: Needs,
  claimed: DeliveryRow,
  error: unknown,
  stopped: boolean,
): Promise<void> {
  const { retrySeconds, retryCapSeconds, giveUpHours } = needs.config.section(notificationsSection)
  const { code, message } = storedProblem(error)
  const problem = { code, message }
  await needs.db.transaction().execute(async (tx) => {
    const channel = await lockChannel(tx, claimed.channel_id!)
    const delivery = await lockDelivery(tx, claimed.id)
    if (!channel || delivery?.state !== 'sending' || delivery.claimed_by !== claimed.claimed_by) return
    const now = new Date()
    const uncertain = delivery.uncertain || mayHaveGoneOut(error)
    if (stopped) {
      // Not the channel's fault: it counts as no attempt.
      const attempts = delivery.attempts - 1
      await setUndelivered(tx, delivery.id, {
        state: 'waiting',
        problem,
        uncertain: true,
        notBefore: now,
        attempts,
      })
      return
    }
    if (!isProblem(error))
      needs.log.error({ err: error, channel: channel.name }, 'a channel failed by a fault of ours')
    const final = isProblem(error, 'channel.refused') || isProblem(error, 'channel.invalid')
    const since = delivery.first_attempt_at ?? now
    const othersPass = channel.last_sent_at !== null && channel.last_sent_at > since
    const tooOld = now.getTime() - since.getTime() > giveUpHours * 3_600_000
    const dead = final || tooOld || (delivery.attempts >= mostAttempts && othersPass)
    const pause = (tries: number, asked: number): Date =>
      new Date(
        now.getTime() +
          1_000 *
            Math.max(
              asked,
              Math.min(retryCapSeconds, retrySeconds * 2 ** Math.min(tries - 1, 20)) *
                (0.9 + Math.random() / 5),
            ),
      )
    const asked = Math.min(failureOf(error).afterSeconds ?? 0, longestAskedSeconds)
    if (isProblem(error) && error.details['status'] === 429 && !tooOld) {
      // The server takes messages, only not so fast: nobody's fault, and no attempt to count.
      const notBefore = pause(1, asked)
      const attempts = delivery.attempts - 1
      await setUndelivered(tx, delivery.id, { state: 'waiting', problem, uncertain, notBefore, attempts })
      await setPaused(tx, channel.id, notBefore)
      return
    }
    await setUndelivered(tx, delivery.id, {
      state: dead ? 'dead' : 'waiting',
      problem,
      uncertain,
      notBefore: dead ? now : pause(delivery.attempts, asked),
    })
    if (dead) {
      needs.log.warn(
        { channel: channel.name, delivery: delivery.id, code },
        'a notification is a dead letter',
      )
      await needs.events.append(tx, {
        kind: 'notifications.delivery_dead',
        subject: { kind: 'notification_delivery', id: delivery.id },
        data: { channel: channel.name, message },
        audience: ['role:operator'],
      })
    }
    const failures = channel.failures + 1
    await setFailing(tx, channel.id, {
      since: channel.failing_since ?? now,
      why: message,
      failures,
      // What is refused says nothing of the next message: that may go at once.
      retryAt: final ? null : pause(failures, asked),
    })
    if (channel.failing_since === null) {
      await needs.events.append(tx, channelChanged(channel, 'failing', message))
      // People who waited for its files wait no longer.
      for (const id of await waitingChannels(tx, { kind: delivery.thread_kind, id: delivery.thread_id }))
        if (id !== channel.id) await wakeChannel(needs, tx, id)
    }
  })
}

/** An answer of 4xx and a refusal say that nothing was taken; after anything else it may have been. */
function mayHaveGoneOut(error: unknown): boolean {
  if (
    isProblem(error, 'channel.refused') ||
    isProblem(error, 'channel.invalid') ||
    isProblem(error, 'secrets.invalid')
  )
    return false
  const status = isProblem(error, 'net.status') ? Number(error.details['status']) : 0
  return !(status >= 400 && status < 500)
}

function channelChanged(channel: ChannelRow, state: 'ok' | 'failing', why: string | null) {
  return {
    kind: 'notifications.channel_changed',
    subject: { kind: 'notification_channel', id: channel.id },
    data: { name: channel.name, state, why },
    audience: ['role:operator'],
  }
}
