import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import { storedProblem } from '#platform/jobs/failure.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import type { ChannelKind, ChannelMessage } from './channel.ts'
import {
  channelNamed,
  deleteChannel,
  insertChannel,
  listChannels,
  lockChannel,
  setFailing,
  setSent,
  updateChannel,
  type ChannelRow,
} from './channel-store.ts'
import { dropWaiting } from './delivery-store.ts'
import { inboxKind, kindNamed, type Kinds, type Needs } from './kinds.ts'
import { wakeChannel } from './outbox.ts'
import { listRules } from './rule-store.ts'
import { openSettings, parseSettings, sealSettings } from './sealed-settings.ts'
import type {
  ChannelChange,
  ChannelKindInfo,
  NewChannel,
  StoredChannel,
  TestResult,
} from './stored-channel.ts'

function requireAdministrator(actor: Actor): void {
  requireRole(actor, 'administrator', 'setting up channels')
  requireScope(actor, 'administer')
}

export async function readChannels(
  needs: Pick<Needs, 'db' | 'kinds'>,
  actor: Actor,
): Promise<StoredChannel[]> {
  requireRole(actor, 'operator', 'seeing channels')
  return (await listChannels(needs.db)).map((row) => shownChannel(needs.kinds, row))
}

export async function readChannel(
  needs: Pick<Needs, 'db' | 'kinds'>,
  actor: Actor,
  name: string,
): Promise<StoredChannel> {
  requireRole(actor, 'operator', 'seeing channels')
  return shownChannel(needs.kinds, await findChannel(needs, name))
}

async function findChannel(needs: Pick<Needs, 'db'>, name: string): Promise<ChannelRow> {
  const row = await channelNamed(needs.db, name)
  if (row) return row
  throw new Problem('resource.not_found', `There is no channel ${JSON.stringify(name.slice(0, 60))}.`)
}

/** Kinds that a channel can be of, with their settings as JSON Schema. */
export function channelKindInfos(kinds: Kinds, actor: Actor): ChannelKindInfo[] {
  requireRole(actor, 'operator', 'seeing kinds of channels')
  return [...kinds.values()].map((kind) => ({
    key: kind.key,
    title: kind.title,
    reaches: kind.reaches,
    addresses: kind.addresses ?? 'none',
    secret: [...kind.secret],
    settings: z.toJSONSchema(kind.settings, { io: 'input', unrepresentable: 'any' }),
  }))
}

export async function createChannel(needs: Needs, actor: Actor, input: NewChannel): Promise<StoredChannel> {
  requireAdministrator(actor)
  const kind = kindNamed(needs.kinds, input.kind)
  const parsed = parseSettings(kind, input.settings, input.name)
  const id = randomUUID()
  const { open, sealed } = sealSettings(needs.secrets, kind, id, parsed)
  return needs.db.transaction().execute(async (tx) => {
    if (await channelNamed(tx, input.name))
      throw new Problem('request.conflict', `There is a channel ${input.name} already; change that one.`)
    const { name, enabled } = input
    const row = await insertChannel(tx, id, { name, kind: kind.key, settings: open, sealed, enabled })
    const after = { name, kind: kind.key, settings: open, secrets: Object.keys(sealed) }
    await audit(tx, actor, 'notifications.channel_made', { kind: 'notification_channel', id }, null, after)
    return shownChannel(needs.kinds, row)
  })
}

/** Settings in place of the present ones; secrets that are not given stay as they are. */
export async function changeChannel(
  needs: Needs,
  actor: Actor,
  name: string,
  change: ChannelChange,
): Promise<StoredChannel> {
  requireAdministrator(actor)
  const { id } = await findChannel(needs, name)
  return needs.db.transaction().execute(async (tx) => {
    const before = await lockChannel(tx, id)
    if (!before)
      throw new Problem('resource.not_found', `There is no channel ${JSON.stringify(name)} any more.`)
    const kind = kindNamed(needs.kinds, before.kind)
    let parts = { open: before.settings, sealed: before.sealed }
    if (change.settings) {
      const present = openSecrets(needs, kind, before)
      const given = Object.fromEntries(
        Object.entries({ ...present, ...change.settings }).filter(
          ([key, value]) => !(value === null && kind.secret.includes(key)),
        ),
      )
      parts = sealSettings(needs.secrets, kind, id, parseSettings(kind, given, name))
    }
    const enabled = change.enabled ?? before.enabled
    const values = { name, kind: before.kind, settings: parts.open, sealed: parts.sealed, enabled }
    const row = await updateChannel(tx, id, values)
    await audit(
      tx,
      actor,
      'notifications.channel_changed',
      { kind: 'notification_channel', id },
      { settings: before.settings, enabled: before.enabled },
      {
        settings: parts.open,
        enabled,
        secretsGiven: Object.keys(change.settings ?? {}).filter((key) => kind.secret.includes(key)),
      },
    )
    if (enabled) await wakeChannel(needs, tx, id)
    return shownChannel(needs.kinds, row)
  })
}

/** The present secrets; those that can't be opened any more have to be given anew. */
function openSecrets(needs: Needs, kind: ChannelKind, row: ChannelRow): Record<string, unknown> {
  try {
    const all = openSettings(needs.secrets, kind, row)
    return Object.fromEntries(kind.secret.flatMap((key) => (key in row.sealed ? [[key, all[key]]] : [])))
  } catch {
    return {}
  }
}

/** Removes a channel that no rule names. What waits for it is dropped and stays in the log. */
export async function removeChannel(needs: Needs, actor: Actor, name: string): Promise<void> {
  requireAdministrator(actor)
  const { id } = await findChannel(needs, name)
  await needs.db.transaction().execute(async (tx) => {
    const users = (await listRules(tx)).filter(
      ({ rule }) => rule.through.includes(name) || rule.escalate?.through?.includes(name),
    )
    if (users.length > 0)
      throw new Problem(
        'request.conflict',
        `Rules go through channel ${name}: ${users.map(({ rule }) => rule.name).join(', ')}; change them first.`,
      )
    const before = await lockChannel(tx, id)
    if (!before) return
    await dropWaiting(tx, id, {
      code: 'channel.unknown',
      message: `Channel ${name} was removed by ${actor.name}.`,
    })
    await deleteChannel(tx, id)
    const { kind, settings } = before
    await audit(
      tx,
      actor,
      'notifications.channel_removed',
      { kind: 'notification_channel', id },
      { name, kind, settings },
      null,
    )
  })
}

/** Puts a test message on a channel at once, past the outbox, and says what came of it. */
export async function testChannel(
  needs: Needs,
  actor: Actor,
  name: string,
  to: readonly string[] = [],
  signal: AbortSignal = AbortSignal.timeout(60_000),
): Promise<TestResult> {
  requireAdministrator(actor)
  const row = await findChannel(needs, name)
  const kind = kindNamed(needs.kinds, row.kind)
  if (kind === inboxKind)
    throw new Problem('channel.invalid', 'The inbox needs no test: it is a table of this program.')
  const settings = openSettings(needs.secrets, kind, row)
  const { net, storage, log } = needs
  const began = performance.now()
  const seconds = () => Number(((performance.now() - began) / 1_000).toFixed(3))
  try {
    const done = await kind.deliver({ net, storage, log }, settings, testMessage(actor.name, to), signal)
    await recordTest(needs, actor, row, null)
    return {
      delivered: true,
      receipt: done.receipt,
      url: done.url ?? null,
      problem: null,
      seconds: seconds(),
    }
  } catch (error) {
    const { code, message } = storedProblem(error)
    await recordTest(needs, actor, row, message)
    return { delivered: false, receipt: null, url: null, problem: { code, message }, seconds: seconds() }
  }
}

async function recordTest(
  needs: Needs,
  actor: Actor,
  row: ChannelRow,
  failure: string | null,
): Promise<void> {
  await needs.db.transaction().execute(async (tx) => {
    const now = new Date()
    const channel = await lockChannel(tx, row.id)
    if (!channel) return
    if (failure === null) {
      await setSent(tx, row.id, now)
      await wakeChannel(needs, tx, row.id)
    } else
      await setFailing(tx, row.id, {
        since: channel.failing_since ?? now,
        why: failure,
        failures: channel.failures,
        retryAt: channel.retry_at,
      })
    const subject = { kind: 'notification_channel', id: row.id }
    await audit(tx, actor, 'notifications.channel_tested', subject, null, { name: row.name, failure })
  })
}

function testMessage(by: string, to: readonly string[]): ChannelMessage {
  const id = randomUUID()
  return {
    key: id,
    uncertain: false,
    form: 'news',
    kind: 'notifications.test',
    role: 'start',
    thread: { kind: 'test', id, name: `Test ${id.slice(0, 8)}`, group: 'TEST' },
    threadState: null,
    headline: 'Test of this channel',
    text: `${by} tests whether messages arrive here. Nothing has happened.`,
    facts: [{ label: 'Sent', value: `${new Date().toISOString().slice(0, 19)}Z` }],
    links: [],
    pictures: [],
    files: [],
    folders: [],
    actions: [],
    rehearsal: true,
    to,
    at: new Date(),
  }
}

function shownChannel(kinds: Kinds, row: ChannelRow): StoredChannel {
  const kind = kinds.get(row.kind)
  return {
    name: row.name,
    kind: row.kind,
    title: kind?.title ?? row.kind,
    enabled: row.enabled,
    reaches: kind?.reaches ?? 'people',
    addresses: kind?.addresses ?? 'none',
    // What a kind names secret is never shown, also where an older version stored it in the open.
    settings: Object.fromEntries(Object.entries(row.settings).filter(([key]) => !kind?.secret.includes(key))),
    secrets: Object.keys(row.sealed),
    state: !kind ? 'unknown kind' : !row.enabled ? 'off' : row.failing_since ? 'failing' : 'ok',
    failingSince: row.failing_since?.toISOString() ?? null,
    failingWhy: row.failing_why,
    lastSentAt: row.last_sent_at?.toISOString() ?? null,
  }
}
