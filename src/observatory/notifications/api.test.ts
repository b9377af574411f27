import { expect, it } from 'vitest'
import { createGroup } from '#observatory/people/service.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { testApi } from '#test/api.ts'
import { bellRoom, ring } from '#test/notifications.ts'
import { startSlackServer } from '#test/slack-server.ts'
import { startSmtpServer } from '#test/smtp-server.ts'
import { until } from '#test/until.ts'
import { startWebdavServer } from '#test/webdav-server.ts'
import { startWebhookServer } from '#test/webhook-server.ts'
import { room } from './module.ts'

const acts: unknown[] = []
const bells = bellRoom(
  [{ at: new Date(Date.now() - 86_400_000), headline: 'long ago' }],
  async (action, value, by) => {
    acts.push({ action, value, by })
    return 'It rings again.'
  },
)
const api = await testApi({
  rooms: [bells, room],
  work: true,
  env: { URANIA_NOTIFICATIONS_RETRY_SECONDS: '0.2' },
})
const admin = await api.person('administrator')
const operator = await api.person('operator')
const member = await api.person('member')
const viewer = await api.person('viewer')
const [slack, mail, cloud, hook] = await Promise.all([
  startSlackServer(),
  startSmtpServer(),
  startWebdavServer(),
  startWebhookServer(),
])
const body = async <T>(response: Response | Promise<Response>): Promise<T> =>
  (await (await response).json()) as T
const status = async (response: Promise<Response>): Promise<number> => (await response).status

interface Channel {
  name: string
  state: string
  settings: Record<string, unknown>
  secrets: string[]
}

it('channels: administrators set them up; secrets are written only', async () => {
  const channels = [
    {
      name: 'slack',
      kind: 'slack',
      settings: {
        token: slack.token,
        signingSecret: slack.signingSecret,
        channel: 'C0ALERTS',
        baseUrl: slack.url,
      },
    },
    {
      name: 'mail',
      kind: 'mail',
      settings: {
        host: mail.host,
        port: mail.port,
        user: mail.user,
        password: mail.password,
        from: 'urania@example.org',
        authority: mail.authority,
      },
    },
    {
      name: 'cloud',
      kind: 'tree',
      settings: { place: 'webdav', url: cloud.url, user: cloud.user, password: cloud.password },
    },
    { name: 'hook', kind: 'webhook', settings: { url: hook.url, secret: hook.secret, ownNetwork: true } },
  ]
  for (const channel of channels) {
    expect(await status(operator.send('POST', '/api/v1/channels', channel))).toBe(403)
    const made = await admin.send('POST', '/api/v1/channels', channel)
    expect(`${made.status} ${made.ok ? '' : await made.clone().text()}`).toBe('201 ')
  }
  expect(await status(admin.send('POST', '/api/v1/channels', channels[0]))).toBe(409)
  const wrong = { name: 'wrong', kind: 'slack', settings: { tokn: 'x' } }
  expect((await body<{ detail: string }>(admin.send('POST', '/api/v1/channels', wrong))).detail).toMatch(
    /settings\.\w+ of channel wrong/,
  )
  const huge = { ...channels[0], name: 'huge', settings: { token: 'x'.repeat(60_000) } }
  expect(await status(admin.send('POST', '/api/v1/channels', huge))).toBe(422)
  expect(
    (await body<{ detail: string }>(admin.send('POST', '/api/v1/channels', { ...wrong, kind: 'pigeon' })))
      .detail,
  ).toMatch(/no kind of channel "pigeon"; there are slack, mail, webhook, tree, inbox/)
  const one = await body<Channel>(operator.get('/api/v1/channels/slack'))
  expect(one).toMatchObject({
    state: 'ok',
    secrets: expect.arrayContaining(['token', 'signingSecret']) as string[],
  })
  expect(one.settings).toEqual(expect.objectContaining({ channel: 'C0ALERTS' }))
  expect(await status(member.get('/api/v1/channels'))).toBe(403)
  const kinds = await body<{ items: { key: string; settings: { properties: object } }[] }>(
    operator.get('/api/v1/channel-kinds'),
  )
  expect(kinds.items.map(({ key }) => key)).toEqual(['slack', 'mail', 'webhook', 'tree', 'inbox'])
  // A change without the secrets keeps them.
  const change = { settings: { channel: 'C0ALERTS', baseUrl: slack.url, timeoutSeconds: 5 } }
  const changed = await body<Channel>(admin.send('PUT', '/api/v1/channels/slack', change))
  expect(changed).toMatchObject({ settings: { timeoutSeconds: 5 } })
  expect(changed.secrets.toSorted()).toEqual(['signingSecret', 'token'])
  const removed = { settings: { ...change.settings, token: null } }
  expect(await status(admin.send('PUT', '/api/v1/channels/slack', removed))).toBe(422)
})

it('a test message says what came of it', async () => {
  const test = (name: string, to?: string[]) =>
    body<{ delivered: boolean; receipt: string | null; problem: { message: string } | null }>(
      admin.send('POST', `/api/v1/channels/${name}/test`, to && { to }),
    )
  expect(await test('slack')).toMatchObject({ delivered: true, problem: null })
  expect(slack.messages.at(-1)?.text).toMatch(/Test of this channel/)
  expect(await test('mail', ['ada@example.org'])).toMatchObject({ delivered: true })
  expect(mail.mails.at(-1)?.to).toEqual(['ada@example.org'])
  expect(await test('cloud')).toMatchObject({ delivered: true })
  expect(await test('hook')).toMatchObject({ delivered: true })
  slack.missingScopes.add('chat:write')
  expect(await test('slack')).toMatchObject({ delivered: false, receipt: null })
  expect(await body<Channel>(operator.get('/api/v1/channels/slack'))).toMatchObject({ state: 'failing' })
  slack.missingScopes.clear()
  await test('slack')
  expect(await body<Channel>(operator.get('/api/v1/channels/slack'))).toMatchObject({ state: 'ok' })
  slack.messages.length = 0
})

it('rules by JSON and by file; what is wrong is refused with line and reason', async () => {
  const { id: group } = await createGroup(api.platform, localOperator, { name: 'Watch', description: '' })
  const rule = { name: 'team', to: ['channel'], through: ['slack', 'cloud', 'hook'] }
  const all = { name: 'all', to: ['everybody'], through: ['inbox'] }
  expect(await status(operator.send('POST', '/api/v1/notification-rules', all))).toBe(201)
  expect(await status(member.send('POST', '/api/v1/notification-rules', rule))).toBe(403)
  expect(await status(operator.send('POST', '/api/v1/notification-rules', rule))).toBe(201)
  expect(await status(operator.send('POST', '/api/v1/notification-rules', rule))).toBe(409)
  const { name: _, ...definition } = { ...rule, when: 'lowd > 1' }
  const refused = await operator.send('PUT', '/api/v1/notification-rules/team', definition)
  expect(refused.status).toBe(422)
  expect(await body(refused)).toMatchObject({
    detail: expect.stringMatching(/when: Column 1: there is no column "lowd"; did you mean "loud"/) as string,
    column: 1,
  })
  const send = (text: string) =>
    api.request('/api/v1/notification-rules/import', {
      method: 'POST',
      headers: { authorization: `Bearer ${operator.token}`, 'content-type': 'application/toml' },
      body: text,
    })
  const bad = await send('[[rule]]\nname = "x"\nto = ["channel"]\nthrough = ["slak"]\n')
  expect((await body<{ detail: string }>(bad)).detail).toBe(
    'rules.toml:4: rule x: through.0: there is no channel "slak"; did you mean "slack"?',
  )
  const file = `[[rule]]\nname = "people"\nto = ["person:${member.email}"]\nthrough = ["mail", "inbox"]\nremind = { every_minutes = 600, at_most = 1 }\n\n[[rule]]\nname = "watch"\nto = ["group:${group}"]\nthrough = ["inbox"]\n`
  expect((await send(file)).status).toBe(200)
  const rules = await body<{ items: { name: string; problem: string | null }[] }>(
    member.get('/api/v1/notification-rules'),
  )
  expect(rules.items.map(({ name, problem }) => [name, problem])).toEqual([
    ['all', null],
    // The one that is there from the beginning is about rooms that this program does not have.
    ['news-to-the-inbox', expect.stringMatching(/nothing makes bulletins of kind alerts\.\*/) as string],
    ['people', null],
    ['team', null],
    ['watch', null],
  ])
  const text = await (await member.get('/api/v1/notification-rules.toml')).text()
  expect(text).toMatch(/every_minutes = 600/)
  expect((await send(text)).status).toBe(422)
  expect(await status(operator.send('DELETE', '/api/v1/notification-rules/news-to-the-inbox'))).toBe(204)
  const others = await (await member.get('/api/v1/notification-rules.toml')).text()
  expect((await send(others)).status).toBe(200)
  expect(await status(admin.send('DELETE', '/api/v1/channels/slack'))).toBe(409)
  const replay = await body<{ bulletins: number; byChannel: object }>(
    operator.send('POST', '/api/v1/notification-rules/replay', {}),
  )
  expect(replay).toMatchObject({
    bulletins: 1,
    byChannel: { slack: 1, mail: 1, cloud: 1, hook: 1, inbox: 3 },
  })
  const sources = await body<{ items: { columns: { name: string }[] }[] }>(
    member.get('/api/v1/notification-sources'),
  )
  expect(sources.items[0]!.columns.map(({ name }) => name)).toContain('thread')
})

interface Entry {
  id: string
  for: string
  headline: string
  read: boolean
  acknowledge: boolean
  acknowledged: { by: string } | null
  pictures: { url: string }[]
}
interface Inbox {
  items: Entry[]
  next: string | null
}

it('one event reaches Slack’s thread, mail, folder, webhook and inbox; the button in Slack acknowledges it', async () => {
  await ring(
    api.platform,
    { headline: 'opens', role: 'start' },
    {
      headline: 'rings',
      files: [{ path: 'LOG/ring.txt', text: 'ding' }],
      pictures: [{ name: 'p.png', text: 'picture' }],
      actions: [{ action: 'bells.again', label: 'Ring again', value: 'bell-1' }],
    },
  )
  await until(async () => (await body<Inbox>(member.get('/api/v1/inbox'))).items.length === 4, 'four entries')
  await until(
    () => mail.mails.some((each) => each.to.includes(member.email) && each.raw.includes('rings')),
    'mail',
  )
  await until(() => cloud.files.has('Candidates/BELLS/BELL-1/LOG/ring.txt'), 'file in the folder')
  await until(() => hook.messages.length >= 3, 'webhook')
  await until(() => slack.messages.length >= 3, 'Slack')
  const [root, second] = slack.messages
  expect(second!.thread_ts).toBe(root!.ts)

  const inbox = await body<Inbox>(member.get('/api/v1/inbox'))
  const unread = async (who: typeof member) => body<{ unread: number }>(who.get('/api/v1/inbox/unread'))
  expect(await unread(member)).toEqual({ unread: 4 })
  expect(inbox.items.map((each) => `${each.for} ${each.headline}`).toSorted()).toEqual([
    'everybody opens',
    'everybody rings',
    'me opens',
    'me rings',
  ])
  const mine = await body<Inbox>(member.get('/api/v1/inbox?for=me'))
  expect(mine.items.every((each) => each.acknowledge)).toBe(true)
  const picture = await member.get(mine.items[0]!.pictures[0]!.url)
  expect(await picture.text()).toBe('picture')
  expect(await status(viewer.get(mine.items[0]!.pictures[0]!.url))).toBe(404)
  expect((await body<Inbox>(viewer.get('/api/v1/inbox'))).items).toHaveLength(2)
  const personal = await api.platform.events.recent([`user:${member.id}`], { kinds: ['notifications.inbox'] })
  expect(personal).toHaveLength(2)

  const read = await body(member.send('POST', '/api/v1/inbox/read', { ids: [mine.items[0]!.id] }))
  expect(read).toEqual({ marked: 1, unread: 3 })
  expect(await body(member.send('POST', '/api/v1/inbox/read', { upTo: inbox.items[0]!.id }))).toMatchObject({
    unread: 0,
  })
  expect(await unread(viewer)).toEqual({ unread: 2 })
  expect((await body<Inbox>(member.get('/api/v1/inbox?unread=true'))).items).toEqual([])

  const press = (actionId: string, value: string, at?: number) => {
    const request = slack.press({ actionId, value, user: 'U0ADA', ...(at === undefined ? {} : { at }) })
    return api.request('/api/v1/hooks/slack', { method: 'POST', ...request })
  }
  const stale = await press('urania:bells.again', 'bell-1', Math.floor(Date.now() / 1_000) - 400)
  expect(stale.status).toBe(401)
  const forged = slack.press({ actionId: 'x', value: 'y', user: 'U0ADA' })
  const tampered = await api.request('/api/v1/hooks/slack', {
    method: 'POST',
    ...forged,
    body: `${forged.body}&a=b`,
  })
  expect(tampered.status).toBe(401)
  const buttons = slack.messages.flatMap((each) =>
    each.blocks.flatMap(
      (block) => (block['elements'] as { action_id?: string; value?: string }[] | undefined) ?? [],
    ),
  )
  const again = buttons.find(({ value }) => value === 'bell-1')!
  expect((await press(again.action_id!, again.value!)).status).toBe(200)
  expect(acts).toEqual([
    { action: 'bells.again', value: 'bell-1', by: { userId: null, name: expect.any(String) as string } },
  ])
  await until(
    () => slack.responses.some((each) => JSON.stringify(each).includes('It rings again.')),
    'the answer',
  )

  await member.send('PUT', '/api/v1/notification-preferences', { addresses: { slack: 'U0ADA' } })
  const acknowledge = again.action_id!.replace('bells.again', 'notifications.acknowledge')
  expect((await press(acknowledge, 'bell:bell-1')).status).toBe(200)
  const list = await body<{ items: unknown[] }>(viewer.get('/api/v1/acknowledgements?subject=bell:bell-1'))
  expect(list.items).toMatchObject([{ by: { id: member.id, name: 'member' }, through: 'slack' }])
  expect((await body<Inbox>(member.get('/api/v1/inbox?for=me'))).items[0]).toMatchObject({
    acknowledge: false,
    acknowledged: { by: 'member' },
  })
  expect(await status(viewer.send('POST', '/api/v1/acknowledgements', { kind: 'bell', id: 'bell-1' }))).toBe(
    403,
  )
})

it('preferences, shifts and their calendar, by their rights', async () => {
  const preferences = { zone: 'Europe/Paris', quiet: { from: '22:00', to: '07:00' }, muted: ['mail'] }
  expect(await body(member.send('PUT', '/api/v1/notification-preferences', preferences))).toEqual({
    ...preferences,
    addresses: {},
  })
  const wrong = { ...preferences, zone: 'Mars' }
  expect(await status(member.send('PUT', '/api/v1/notification-preferences', wrong))).toBe(422)
  const shown = await body<{ channels: { name: string; addresses: string }[] }>(
    member.get('/api/v1/notification-preferences'),
  )
  expect(shown.channels.map(({ name, addresses }) => `${name} ${addresses}`)).toEqual([
    'inbox person',
    'mail mail',
    'slack given',
  ])
  const starts = new Date(Date.now() - 3_600_000).toISOString().slice(0, 16)
  const ends = new Date(Date.now() + 3_600_000).toISOString().slice(0, 16)
  const shift = { title: 'Watch', people: [member.email], starts, ends }
  expect(await status(member.send('POST', '/api/v1/shifts', shift))).toBe(403)
  const made = await body<{ id: string; people: { name: string }[] }>(
    operator.send('POST', '/api/v1/shifts', shift),
  )
  expect(made.people).toEqual([{ id: member.id, name: 'member' }])
  const stranger = await operator.send('POST', '/api/v1/shifts', { ...shift, people: ['who@example.org'] })
  expect((await body<{ detail: string }>(stranger)).detail).toMatch(/Nobody here has .*"who@example.org"/)
  const calendar = [
    'BEGIN:VCALENDAR',
    'BEGIN:VEVENT',
    'UID:1',
    'SUMMARY:Night',
    'DTSTART;TZID=Europe/Paris:20260601T200000',
    'DTEND;TZID=Europe/Paris:20260602T080000',
    'RRULE:FREQ=DAILY',
    `ATTENDEE:mailto:${viewer.email}`,
    'ATTENDEE:mailto:who@example.org',
    'END:VEVENT',
    'END:VCALENDAR',
  ].join('\r\n')
  const load = (text: string) =>
    api.request('/api/v1/shifts/import?calendar=night', {
      method: 'POST',
      headers: { authorization: `Bearer ${operator.token}`, 'content-type': 'text/calendar' },
      body: text,
    })
  expect(await body(load(calendar))).toEqual({
    calendar: 'night',
    shifts: 1,
    people: 1,
    replaced: 0,
    unmatched: [{ address: 'who@example.org', shifts: 1 }],
    refused: [],
  })
  expect(await body(load(calendar))).toMatchObject({ replaced: 1 })
  expect((await load('nonsense')).status).toBe(422)
  const turns = await body<{ items: { title: string; start: string; unmatched: string[] }[] }>(
    viewer.get('/api/v1/shifts/turns?since=2026-06-01T00:00:00Z&until=2026-06-03T12:00:00Z'),
  )
  expect(turns.items.map(({ start }) => start)).toEqual([
    '2026-06-01T18:00:00.000Z',
    '2026-06-02T18:00:00.000Z',
  ])
  const now = await body<{ items: { title: string }[] }>(viewer.get('/api/v1/shifts/turns'))
  expect(now.items.map(({ title }) => title)).toContain('Watch')
  expect(await status(operator.send('DELETE', `/api/v1/shifts/${made.id}`))).toBe(204)
  expect(await status(operator.send('DELETE', `/api/v1/shifts/${made.id}`))).toBe(404)
})

it('no secret in any answer, event, audit entry or log line', async () => {
  const pages = [
    '/channels',
    '/channels/slack',
    '/channels/mail',
    '/channels/cloud',
    '/channels/hook',
    '/deliveries?limit=500',
    '/notification-rules',
    '/audit?limit=500',
    '/jobs?limit=500',
  ]
  const answers = await Promise.all(pages.map(async (page) => (await admin.get(`/api/v1${page}`)).text()))
  const events = await api.platform.events.recent(['everyone', 'role:operator', 'role:administrator'], {
    limit: 1_000,
  })
  const rows = await api.db.selectFrom('notification_channel').select(['settings', 'sealed']).execute()
  const all = [...answers, JSON.stringify(events), JSON.stringify(rows), ...api.lines].join('\n')
  expect(all.length).toBeGreaterThan(5_000)
  for (const secret of [slack.token, slack.signingSecret, mail.password, cloud.password, hook.secret])
    expect(all.includes(secret)).toBe(false)
  const log = await body<{ items: { state: string; channel: string; receipt: string | null }[] }>(
    operator.get('/api/v1/deliveries?subject=bell:bell-1&state=sent'),
  )
  expect(new Set(log.items.map(({ channel }) => channel))).toEqual(
    new Set(['slack', 'mail', 'cloud', 'hook', 'inbox']),
  )
  expect(log.items.every(({ receipt }) => receipt !== null)).toBe(true)
  await Promise.all([slack.stop(), mail.stop(), cloud.stop(), hook.stop()])
})
