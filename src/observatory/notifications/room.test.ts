import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { localOperator, type Actor } from '#observatory/people/actor.ts'
import { createGroup, createPerson } from '#observatory/people/service.ts'
import { bellRoom, recorder, ring, type Fate, type Ring } from '#test/notifications.ts'
import { testPlatform } from '#test/platform.ts'
import { until } from '#test/until.ts'
import { acknowledgeThread } from './acknowledge.ts'
import { createChannel } from './channel-service.ts'
import { makeDigests } from './digest.ts'
import { listDeliveries } from './delivery-store.ts'
import { readDeliveries, retryDelivery } from './delivery-service.ts'
import { changePreferences } from './inbox-service.ts'
import { kindsOf, type Needs } from './kinds.ts'
import { notificationsRoom } from './module.ts'
import { putPreferences } from './preference-store.ts'
import { replayNotifications } from './replay.ts'
import { RuleDefinition } from './rule.ts'
import { removeRule, saveRules } from './rule-service.ts'
import { createShift } from './shift-service.ts'
import { listRules } from './rule-store.ts'
import { escalate, remind } from './watch.ts'

const wall = recorder('wall')
const dead = recorder('dead')
const post = recorder('post', { addresses: 'mail' })
const tree = recorder('tree', { reaches: 'files' })
const channels = [wall, dead, post, tree]
const platform = await testPlatform({
  rooms: [bellRoom([]), notificationsRoom(channels)],
  env: {
    URANIA_NOTIFICATIONS_RETRY_SECONDS: '0.1',
    URANIA_NOTIFICATIONS_RETRY_CAP_SECONDS: '0.4',
    URANIA_NOTIFICATIONS_ATTEMPT_SECONDS: '30',
  },
})
const needs: Needs = { ...platform, kinds: kindsOf(channels) }
const { db } = platform

const people: Record<string, string> = {}
beforeAll(async () => {
  const { id: group } = await createGroup(platform, localOperator, { name: 'Night shift', description: '' })
  for (const name of ['ada', 'bob', 'eve']) {
    const groups = name === 'eve' ? [] : [group]
    const email = `${name}@example.org`
    const person = await createPerson(platform, localOperator, { name, email, role: 'member', groups })
    people[name] = person.id
  }
  for (const { key } of channels)
    await createChannel(needs, localOperator, { name: key, kind: key, settings: {}, enabled: true })
})

let thread = ''
let number = 0
beforeEach(async () => {
  thread = `bell-${++number}`
  for (const channel of channels) {
    channel.received.length = 0
    channel.attempts.length = 0
    channel.fate = () => 'ok'
  }
  for (const { rule } of await listRules(db)) await removeRule(needs, localOperator, rule.name)
})

const rules = async (...definitions: (Partial<RuleDefinition> & { to: string[]; through: string[] })[]) => {
  await saveRules(
    needs,
    localOperator,
    definitions.map((each, i) => ({ name: `rule-${i + 1}`, ...RuleDefinition.parse(each) })),
  )
}
const say = (...rings: (Omit<Ring, 'thread'> & { thread?: string })[]) =>
  ring(platform, ...rings.map((each) => ({ thread, ...each })))
const heard = (channel: { received: { headline: string }[] }) => channel.received.map((each) => each.headline)
const arrived = (channel: ReturnType<typeof recorder>, count: number, what = 'messages') =>
  until(() => channel.received.length >= count, `${count} ${what} on ${channel.key}`)
const log = () => listDeliveries(db, { thread: { kind: 'bell', id: thread }, limit: 1_000 })
const settled = () =>
  until(
    async () => !(await log()).some(({ state }) => state === 'waiting' || state === 'sending'),
    'nothing waiting',
  )

describe('order', () => {
  it('opening, news and end arrive in the order of the events, in one thread, however long each takes to compose', async () => {
    await rules({ to: ['channel'], through: ['wall', 'tree'] })
    await say({ headline: 'opens', role: 'start', slowMs: 300 }, { headline: 'first', slowMs: 300 })
    await say({ headline: 'opens', role: 'start' }, { headline: 'second', slowMs: 100 })
    await say({ headline: 'third' })
    await say({ headline: 'gone', role: 'end', kind: 'bells.broke' })
    await arrived(wall, 5)
    await arrived(tree, 5)
    expect(heard(wall)).toEqual(['opens', 'first', 'second', 'third', 'gone'])
    expect(heard(tree)).toEqual(['opens', 'first', 'second', 'third', 'gone'])
    const root = wall.received[0]!
    expect(root.threadState).toBeNull()
    expect(wall.received.slice(1).map((each) => each.threadState)).toEqual(
      Array.from({ length: 4 }, () => ({ root: root.key })),
    )
    expect(root.thread).toEqual({ kind: 'bell', id: thread, name: thread.toUpperCase(), group: 'BELLS' })
    await settled()
    expect((await log()).every(({ receipt, sent_at }) => receipt !== null && sent_at !== null)).toBe(true)
  })

  it('more events than are composed at once wait behind a slow one, and none is passed', async () => {
    await rules({ to: ['channel'], through: ['wall'] })
    await say({ headline: 'slow', slowMs: 1_500 })
    const quick = Array.from({ length: 10 }, (_, i) => `quick ${i}`)
    for (const headline of quick) await say({ headline })
    await arrived(wall, 11)
    expect(heard(wall)).toEqual(['slow', ...quick])
    expect(await db.selectFrom('notification_prepared').select('item').execute()).toEqual([])
  })

  it('an event that can’t be composed does not hold up those after it', async () => {
    await rules({ to: ['channel'], through: ['wall'] })
    await say({ headline: 'cracked' })
    const began = performance.now()
    await say({ headline: 'whole' })
    await arrived(wall, 1)
    expect(heard(wall)).toEqual(['whole'])
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  it('people wait for the files of what came before, but not for a channel that fails', async () => {
    await rules({ to: ['channel'], through: ['wall', 'tree'] })
    const files = [{ path: 'A/b.txt', text: 'hello' }]
    tree.fate = (message) => (message.headline === 'with files' ? { ms: 700 } : 'ok')
    await say({ headline: 'with files', files }, { headline: 'with links' })
    await arrived(wall, 2)
    const at = (channel: typeof wall, headline: string) =>
      channel.received.find((each) => each.headline === headline)!.receivedAt
    // Its own files it does not wait for; the next bulletin waits for them.
    expect(at(wall, 'with files')).toBeLessThan(at(tree, 'with files'))
    expect(at(wall, 'with links')).toBeGreaterThan(at(tree, 'with files'))
    const [file] = tree.received[0]!.files
    expect(new TextDecoder().decode(await platform.storage.get(file!.sha256))).toBe('hello')
    await settled()

    tree.fate = () => 'unreachable'
    const began = performance.now()
    await say({ headline: 'more files', files })
    await say({ headline: 'more links' })
    await arrived(wall, 4)
    expect(performance.now() - began).toBeLessThan(8_000)
    tree.fate = () => 'ok'
    await settled()
  })
})

describe('failures', () => {
  it('a channel of files that says nothing for seconds is not waited for', async () => {
    await rules({ to: ['channel'], through: ['wall', 'tree'] })
    tree.fate = () => ({ ms: 9_000 })
    await say({ headline: 'files', files: [{ path: 'A/b.txt', text: 'hello' }] })
    await say({ headline: 'links' })
    await arrived(wall, 2)
    expect(tree.received).toHaveLength(0)
    await settled()
    expect(heard(tree)).toEqual(['files', 'links'])
  })

  it('a channel that hangs and one that is away delay no other: measured', async () => {
    await rules({ to: ['channel'], through: ['dead'] }, { to: ['channel'], through: ['wall'] })
    dead.fate = () => 'hang'
    const threads = Array.from({ length: 60 }, (_, i) => `${thread}-${i}`)
    for (const each of threads) await say({ headline: 'hangs', thread: each })
    await arrived(wall, 60)
    const took: number[] = []
    for (let i = 0; i < 10; i++) {
      const before = wall.received.length
      const began = performance.now()
      await say({ headline: 'quick', thread: `${thread}-${i}` })
      await arrived(wall, before + 1)
      took.push(performance.now() - began)
    }
    const [, , , , , median] = took.toSorted((a, b) => a - b)
    process.stdout.write(
      `notifications: with 60 threads hanging on one channel another gets its message after ${Math.round(median!)} ms (median of 10), at most ${Math.round(Math.max(...took))} ms\n`,
    )
    expect(dead.attempts.length).toBeLessThanOrEqual(4)
    expect(dead.received).toHaveLength(0)
    await db.updateTable('notification_channel').set({ enabled: false }).where('name', '=', 'dead').execute()
    await db
      .updateTable('notification_delivery')
      .set({ state: 'dropped' })
      .where('channel_name', '=', 'dead')
      .where('state', 'in', ['waiting'])
      .execute()
  })

  it('is tried again with growing pauses, in order, and as long as the server asks; what may have gone out is said', async () => {
    await rules({ to: ['channel'], through: ['wall'] })
    const fates: Fate[] = ['unreachable', { afterSeconds: 1 }, 'sent but not heard']
    wall.fate = () => fates.shift() ?? 'ok'
    await say({ headline: 'one' })
    await say({ headline: 'two' })
    await arrived(wall, 2)
    await settled()
    expect(heard(wall)).toEqual(['one', 'two'])
    expect(wall.attempts.map(({ headline, uncertain }) => [headline, uncertain])).toEqual([
      ['one', false],
      ['one', true],
      ['one', true],
      ['one', true],
      ['two', false],
    ])
    expect(new Set(wall.attempts.slice(0, 4).map(({ key }) => key)).size).toBe(1)
    const [two, one] = await log()
    // Being asked to wait is no attempt.
    expect(one).toMatchObject({ attempts: 3, state: 'sent', problem: null })
    expect(two).toMatchObject({ attempts: 1 })
    const channel = await db
      .selectFrom('notification_channel')
      .selectAll()
      .where('name', '=', 'wall')
      .executeTakeFirstOrThrow()
    expect(channel).toMatchObject({ failing_since: null, failures: 0, failing_why: null })
  })

  it.each([1e9, 1e15, Infinity])(
    'a server that asks to wait %f s is asked again within the hour',
    async (afterSeconds) => {
      await rules({ to: ['channel'], through: ['wall'] })
      wall.fate = () => ({ afterSeconds })
      await say({ headline: 'patience' })
      const paused = () =>
        db
          .selectFrom('notification_channel')
          .select('retry_at')
          .where('name', '=', 'wall')
          .where('retry_at', 'is not', null)
          .executeTakeFirst()
      await until(async () => (await paused()) !== undefined, 'a pause of the channel')
      expect((await paused())!.retry_at!.getTime() - Date.now()).toBeLessThanOrEqual(3_600_000)
      await db
        .updateTable('notification_channel')
        .set({ retry_at: null })
        .where('name', '=', 'wall')
        .execute()
      await db
        .updateTable('notification_delivery')
        .set({ state: 'dropped' })
        .where('state', '=', 'waiting')
        .execute()
    },
  )

  it('what is refused is a dead letter, which others pass, and which a person retries', async () => {
    await rules({ to: ['channel'], through: ['wall'] })
    wall.fate = ({ headline }) => (headline === 'bad' ? 'refused' : 'ok')
    await say({ headline: 'bad' })
    await say({ headline: 'good' })
    await arrived(wall, 1)
    await settled()
    const [letter] = await readDeliveries(needs, localOperator, { state: 'dead', limit: 10 })
    expect(letter).toMatchObject({
      message_headline: 'bad',
      attempts: 1,
      uncertain: false,
      problem: { code: 'channel.refused', message: 'wall takes no such message.' },
    })
    const told = await platform.events.recent(['role:operator'], { kinds: ['notifications.delivery_dead'] })
    expect(told[0]?.data).toMatchObject({ channel: 'wall' })
    wall.fate = () => 'ok'
    await retryDelivery(needs, localOperator, letter!.id)
    await arrived(wall, 2)
    expect(heard(wall)).toEqual(['good', 'bad'])
    await settled()
    await expect(retryDelivery(needs, localOperator, letter!.id)).rejects.toThrow(/is sent; only a dead/)
  })

  it('one message that never passes gives up while the others go on', async () => {
    await rules({ to: ['channel'], through: ['wall'] })
    wall.fate = ({ headline }) => (headline === 'poison' ? 'unreachable' : 'ok')
    await say({ headline: 'poison' })
    for (let i = 0; i < 30; i++) {
      await say({ headline: `other ${i}`, thread: `${thread}-x` })
      await arrived(wall, i + 1)
      if ((await log()).some(({ state }) => state === 'dead')) break
    }
    await until(async () => (await log()).some(({ state }) => state === 'dead'), 'the poison given up')
    expect((await log())[0]).toMatchObject({ state: 'dead', attempts: 8 })
  })
})

describe('who', () => {
  it('the end reaches all who heard, also when rules are gone, and nobody else', async () => {
    await rules(
      { to: ['channel'], through: ['wall'], when: 'loud > 50' },
      { to: ['person:ada@example.org'], through: ['post', 'inbox'] },
    )
    await say({ headline: 'rings', role: 'start' })
    await arrived(post, 1)
    await settled()
    for (const { rule } of await listRules(db)) await removeRule(needs, localOperator, rule.name)
    await say({ headline: 'unheard' })
    await say({ headline: 'gone', role: 'end', kind: 'bells.broke', loud: 0 })
    await arrived(wall, 2)
    await arrived(post, 2)
    await settled()
    expect(heard(wall)).toEqual(['rings', 'gone'])
    expect(post.received.map(({ headline, to }) => [headline, ...to])).toEqual([
      ['rings', 'ada@example.org'],
      ['gone', 'ada@example.org'],
    ])
    expect(post.received[1]!.threadState).toEqual({ root: post.received[0]!.key })
    expect((await log()).filter(({ channel_name: name }) => name === 'inbox')).toHaveLength(2)
    expect(tree.received).toHaveLength(0)
  })

  it('groups and people by mail, each once however many rules name them; those who may not see it are left out', async () => {
    await rules(
      {
        to: ['group:night shift', 'person:ADA@example.org'],
        through: ['post'],
        headline: '{thread} at {loud}',
      },
      { to: ['everybody'], through: ['post'] },
    )
    await say({ headline: 'for all' })
    await arrived(post, 3)
    await settled()
    expect(post.received.map(({ to, headline }) => `${to.join()} ${headline}`).toSorted()).toEqual([
      `ada@example.org ${thread.toUpperCase()} at 60`,
      `bob@example.org ${thread.toUpperCase()} at 60`,
      'eve@example.org for all',
    ])
    await say({ headline: 'for eve', audience: [`user:${people['eve']}`] })
    await arrived(post, 4)
    await settled()
    expect(post.received.slice(3).map(({ to }) => to)).toEqual([['eve@example.org']])
  })

  it('tests and mocks reach nobody unless the rule says so', async () => {
    await rules({ to: ['channel'], through: ['wall', 'tree'] }, { to: ['channel'], through: ['dead'] })
    await say({ headline: 'rehearsal', rehearsal: true })
    await say({ headline: 'real' })
    await arrived(wall, 1)
    expect(heard(wall)).toEqual(['real'])
    await rules({ to: ['channel'], through: ['wall'], rehearsals: true })
    await say({ headline: 'rehearsal', rehearsal: true })
    await arrived(wall, 2)
    expect(wall.received[1]).toMatchObject({ headline: 'rehearsal', rehearsal: true })
    await settled()
  })

  it('who is on shift now, and nobody when nobody is', async () => {
    const hour = (plus: number) => new Date(Date.now() + plus * 3_600_000).toISOString().slice(0, 16)
    const shift = { title: 'Watch', zone: 'UTC', recurrence: null, skipped: [] }
    const night = { ...shift, starts: hour(-1), ends: hour(1), people: ['bob@example.org'] }
    await createShift(platform, localOperator, night)
    await createShift(platform, localOperator, {
      ...night,
      starts: hour(2),
      ends: hour(3),
      people: [people['eve']!],
    })
    await rules({ to: ['shift'], through: ['post'] }, { to: ['shift:Other'], through: ['post'] })
    await say({ headline: 'on shift' })
    await arrived(post, 1)
    await settled()
    expect(post.received.map(({ to }) => to)).toEqual([['bob@example.org']])
  })

  it('quiet hours hold a message back until they end; urgent ones pass and bring along what waited', async () => {
    const clock = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16)
    await putPreferences(db, {
      person_id: people['ada']!,
      zone: 'UTC',
      quiet_from: clock(-60),
      quiet_to: clock(60),
      muted: [],
      addresses: {},
    })
    await rules({ to: ['person:ada@example.org', 'person:bob@example.org'], through: ['post'] })
    await say({ headline: 'asleep' })
    await arrived(post, 1)
    expect(post.received.map(({ to }) => to[0])).toEqual(['bob@example.org'])
    const held = (await log()).find(({ target }) => target === `person:${people['ada']}`)!
    expect(held).toMatchObject({ state: 'waiting', held: true })
    expect(held.not_before.getTime() - Date.now()).toBeGreaterThan(58 * 60_000)
    expect(held.not_before.getTime() - Date.now()).toBeLessThan(61 * 60_000)
    await rules({ to: ['person:ada@example.org'], through: ['post'], urgent: true })
    await say({ headline: 'wake up' })
    await arrived(post, 3)
    expect(post.received.slice(1).map(({ headline }) => headline)).toEqual(['asleep', 'wake up'])
    await settled()

    await rules({ to: ['person:ada@example.org'], through: ['post'] })
    await say({ headline: 'asleep again' })
    await until(async () => (await log()).some(({ held }) => held), 'held back')
    const ada: Actor = { ...localOperator, kind: 'person', userId: people['ada']!, role: 'member' }
    await changePreferences(needs, ada, { zone: 'UTC', quiet: null, muted: [], addresses: {} })
    await arrived(post, 4)
    expect(heard(post).at(-1)).toBe('asleep again')
    await settled()
    await db.deleteFrom('notification_preference').execute()
  })

  it('a muted channel is not used; without an address the log says so', async () => {
    await putPreferences(db, {
      person_id: people['ada']!,
      zone: 'UTC',
      quiet_from: null,
      quiet_to: null,
      muted: ['post'],
      addresses: {},
    })
    await rules({ to: ['person:ada@example.org', 'person:bob@example.org'], through: ['post', 'inbox'] })
    await say({ headline: 'muted' })
    await arrived(post, 1)
    await settled()
    expect(
      (await log()).map(({ channel_name: name, person_name: who }) => `${name} ${who}`).toSorted(),
    ).toEqual(['inbox ada', 'inbox bob', 'post bob'])
    await db.deleteFrom('notification_preference').execute()
  })
})

describe('later', () => {
  it('a digest gathers by channel and person, once', async () => {
    await rules({
      to: ['channel', 'person:ada@example.org'],
      through: ['wall', 'post', 'inbox'],
      digest: 'hourly',
    })
    await say({ headline: 'one' }, { headline: 'two', thread: `${thread}-b` })
    await say({ headline: 'three' })
    // The wall, mail to its list and to Ada, everybody's inbox and Ada's: five lines each, two in this thread.
    await until(async () => (await log()).length === 10, 'ten lines collected')
    expect(wall.received).toHaveLength(0)
    const due = (await log())[0]!.digest_at!
    expect(due.getTime() % 3_600_000).toBe(0)
    await makeDigests(needs, 'rule-1', due)
    expect(await makeDigests(needs, 'rule-1', due)).toBe(0)
    await arrived(wall, 1)
    await arrived(post, 2)
    expect(wall.received[0]).toMatchObject({ form: 'digest', headline: '3 messages about 2 subjects' })
    expect(wall.received[0]!.facts).toEqual([
      { label: thread.toUpperCase(), value: 'one' },
      { label: `${thread}-b`.toUpperCase(), value: 'two' },
      { label: thread.toUpperCase(), value: 'three' },
    ])
  })

  it('reminds at most so often and escalates, until somebody acknowledges', async () => {
    await rules({
      to: ['channel'],
      through: ['wall'],
      remind: { everyMinutes: 0.02, atMost: 2 },
      escalate: { afterMinutes: 0.03, to: ['person:bob@example.org'], through: ['post'] },
    })
    await say({ headline: 'help', pictures: [{ name: 'p.png', text: 'x' }] })
    await say({ headline: 'help more' })
    await arrived(post, 1)
    await arrived(wall, 4)
    expect(wall.received[0]!.actions).toEqual([
      { action: 'notifications.acknowledge', label: 'Acknowledge', value: `bell:${thread}`, primary: true },
    ])
    expect(wall.received.map(({ form, headline }) => `${form} ${headline}`)).toEqual([
      'news help',
      'news help more',
      'reminder Reminder 1 of 2: help more',
      'reminder Reminder 2 of 2: help more',
    ])
    expect(post.received[0]).toMatchObject({
      form: 'reminder',
      headline: 'Not acknowledged: help more',
      to: ['bob@example.org'],
    })
    await settled()
  })

  it('an acknowledgement stops reminders and escalation, is shown, and the first one stays', async () => {
    await rules({
      to: ['channel'],
      through: ['wall'],
      remind: { everyMinutes: 0.02, atMost: 50 },
      escalate: { afterMinutes: 60, to: ['person:bob@example.org'], through: ['post'] },
    })
    await say({ headline: 'help' })
    await arrived(wall, 2, 'reminded once')
    const done = await acknowledgeThread(platform, localOperator, { kind: 'bell', id: thread }, 'api')
    expect(done).toMatchObject({ thread: { id: thread }, by: { name: 'local operator' }, through: 'api' })
    const watch = () =>
      db
        .selectFrom('notification_watch')
        .selectAll()
        .where('thread_id', '=', thread)
        .executeTakeFirstOrThrow()
    const { id, reminded } = await watch()
    // What the jobs that are set for later will do.
    expect(await remind(needs, id)).toBe('ended: acknowledged by local operator')
    expect(await escalate(needs, id)).toBe('ended: acknowledged by local operator')
    await say({ headline: 'later news' })
    await until(() => heard(wall).includes('later news'), 'news after it')
    expect(wall.received.at(-1)!.actions).toEqual([])
    await settled()
    expect(wall.received.filter(({ form }) => form === 'reminder')).toHaveLength(reminded)
    expect(await watch()).toMatchObject({ reminded, escalated_at: null })
    expect(post.received).toHaveLength(0)
    const again = await acknowledgeThread(platform, localOperator, { kind: 'bell', id: thread }, 'cli')
    expect(again).toEqual(done)
    await expect(
      acknowledgeThread(platform, localOperator, { kind: 'bell', id: 'nowhere' }, 'api'),
    ).rejects.toThrow(/Nobody was told of bell "nowhere"/)
  })
})

it('a replay says what would have been sent, with its yield, and sends nothing', async () => {
  const day = (n: number) => new Date(Date.UTC(2026, 5, n, 12))
  const past: (Ring & { at: Date })[] = [
    { at: day(1), thread: 'a', headline: 'opens', role: 'start' },
    { at: day(1), thread: 'a', headline: 'loud', loud: 90 },
    { at: day(2), thread: 'a', headline: 'opens', role: 'start' },
    { at: day(3), thread: 'a', headline: 'soft', loud: 10 },
    { at: day(4), thread: 'b', headline: 'soft end', loud: 10, role: 'end' },
    { at: day(5), thread: 'a', headline: 'end', loud: 10, role: 'end' },
  ]
  const [source] = bellRoom(past).bulletins!(platform)
  await rules({ to: ['channel'], through: ['wall', 'tree'], when: 'loud > 50' })
  const report = await replayNotifications({ ...needs, bulletins: [source!] }, localOperator, {
    since: day(1),
    until: day(15),
  })
  expect(report).toMatchObject({
    bulletins: 6,
    byRule: [{ rule: 'rule-1', bulletins: 2, messages: 4, perWeek: 2, busiestHour: 4 }],
    byChannel: { wall: 3, tree: 3 },
    complete: true,
  })
  expect(report.messages.map(({ headline }) => headline)).toEqual(['opens', 'loud', 'end'])
  expect(wall.attempts).toHaveLength(0)
  const draft = {
    name: 'draft',
    ...RuleDefinition.parse({ to: ['channel'], through: ['wall'], when: 'lod > 1' }),
  }
  await expect(replayNotifications(needs, localOperator, { draft })).rejects.toThrow(
    /when: Column 1: there is no column "lod"; did you mean "loud"/,
  )
})
