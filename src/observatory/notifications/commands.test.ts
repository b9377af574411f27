import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Invocation } from '#platform/terminal/command.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { createPerson } from '#observatory/people/service.ts'
import { bellRoom, recorder, ring } from '#test/notifications.ts'
import { testPlatform } from '#test/platform.ts'
import { until } from '#test/until.ts'
import { notificationCommands } from './commands.ts'
import { kindsOf } from './kinds.ts'
import { notificationsRoom } from './module.ts'

const folder = mkdtempSync(join(tmpdir(), 'urania-notify-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const wall = recorder('wall')
const platform = await testPlatform({
  rooms: [bellRoom([{ at: new Date(), headline: 'past', loud: 70 }]), notificationsRoom([wall])],
})
await createPerson(platform, localOperator, {
  name: 'Ada',
  email: 'ada@example.org',
  role: 'member',
  groups: [],
})

async function run(line: string, flags: Invocation['flags'] = {}) {
  const words = line.split(' ')
  const command = notificationCommands(kindsOf([wall])).find((each) =>
    each.words.every((word, i) => words[i] === word),
  )!
  const lines: string[] = []
  const notes: string[] = []
  const code = await command.run({
    args: words.slice(command.words.length),
    flags,
    json: false,
    out: (text = '') => void lines.push(text),
    note: (text: string) => void notes.push(text),
    document: (_: unknown, human: () => void) => human(),
    signal: new AbortController().signal,
    progress: () => ({ update: () => {}, finish: () => {} }),
    config: () => Promise.reject(new Error('not needed')),
    platform: async () => platform,
  } as unknown as Invocation)
  return { code: code ?? 0, text: lines.join('\n'), notes: notes.join('\n') }
}
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

it('a channel is set up, tried and switched; its secret is printed nowhere', async () => {
  const settings = file('wall.json', JSON.stringify({ place: 'there', token: 'sesame' }))
  const made = await run('notify channels add wall wall', { settings })
  expect(made.text).toMatch(/wall +wall +ok/)
  const tested = await run('notify test wall')
  expect(tested).toMatchObject({ code: 0, text: expect.stringMatching(/^wall: taken as 1 \(/) as string })
  expect(wall.secretsSeen).toEqual(['sesame'])
  wall.fate = () => 'refused'
  expect(await run('notify test wall')).toMatchObject({ code: 1, text: 'wall: wall takes no such message.' })
  wall.fate = () => 'ok'
  const off = await run('notify channels off wall')
  expect(off.text).toMatch(/wall +wall +off/)
  expect(`${made.text}${tested.text}${off.text}`).not.toMatch(/sesame/)
  await run('notify channels on wall')
  const wrong = file('wrong.json', '{"token": sesame}')
  await expect(run('notify channels set wall', { settings: wrong })).rejects.toThrow(/are no JSON\.$/)
  await expect(run('notify channels add x pigeon')).rejects.toThrow(/no kind of channel "pigeon"/)
})

it('rules from a file, or none with line and reason; replay; what is dead is retried', async () => {
  const bad = file(
    'bad.toml',
    '[[rule]]\nname = "loud"\nto = ["channel"]\nthrough = ["wall"]\nwhen = "lod > 1"\n',
  )
  await expect(run(`notify rules import ${bad}`)).rejects.toThrow(/^bad\.toml:5: rule loud: when: Column 1/)
  const good = file(
    'good.toml',
    '[[rule]]\nname = "loud"\nto = ["channel"]\nthrough = ["wall"]\nwhen = "loud > 1"\n',
  )
  expect((await run(`notify rules import ${good}`)).text).toMatch(/loud +yes +\* +channel +wall/)
  expect((await run('notify rules export')).text).toMatch(/when = "loud > 1"/)
  expect((await run('notify replay loud')).text).toMatch(/loud +1 +1 +/)
  wall.fate = () => 'refused'
  await ring(platform, { headline: 'ding' })
  await until(async () => (await run('notify deliveries', { state: 'dead' })).text.includes('ding'), 'dead')
  const [id] = /^\d+/m.exec((await run('notify deliveries', { state: 'dead' })).text)!
  wall.fate = () => 'ok'
  const retried = await run(`notify deliveries retry ${id}`)
  expect(retried.text).toMatch(new RegExp(`^${id} +sent +wall +channel +BELL-1 +ding`, 'm'))
  expect((await run('notify ack bell:bell-1')).text).toMatch(/^BELL-1 is acknowledged by local operator/)
  await expect(run('notify deliveries', { state: 'lost' })).rejects.toThrow(/--state is one of/)
})

it('shifts from a calendar: who is on now, who is unknown, what is left out', async () => {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '')
  const calendar = file(
    'watch.ics',
    [
      'BEGIN:VCALENDAR',
      'BEGIN:VEVENT',
      'UID:1',
      'SUMMARY:Watch',
      `DTSTART:${day}T000000Z`,
      'DURATION:P2D',
      'ATTENDEE:mailto:ada@example.org',
      'ATTENDEE:mailto:who@example.org',
      'END:VEVENT',
      'BEGIN:VEVENT',
      'UID:2',
      'SUMMARY:Broken',
      'END:VEVENT',
      'END:VCALENDAR',
    ].join('\r\n'),
  )
  expect((await run('notify shifts now')).text).toBe('Nobody is on shift.')
  const { text, notes } = await run(`notify shifts import ${calendar}`, { calendar: 'watch' })
  expect(text).toBe('1 shifts of 1 people in "watch"; 0 replaced')
  expect(notes).toMatch(/who@example\.org belongs to nobody here/)
  expect(notes).toMatch(/watch\.ics:10: "Broken" is left out: It has no beginning/)
  expect((await run('notify shifts now')).text).toMatch(/^Ada: Watch, until /)
  expect((await run('notify shifts')).text).toMatch(/Watch +Ada, who@example\.org/)
})
