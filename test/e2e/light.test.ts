import { afterAll, beforeAll, expect, it } from 'vitest'
import { alert, retraction } from './notices.ts'
import { groups, startObservatory, type Observatory } from './observatory.ts'

/** The chain with the quick solver, notices handed in by HTTP: under a minute. */

let observatory: Observatory

beforeAll(async () => {
  observatory = await startObservatory({ method: 'greedy' })
})
afterAll(() => observatory.stop())

/** Place in the timeline of the first line that matches after another place. */
function at(pattern: RegExp, after = -1): number {
  const found = observatory.timeline.findIndex((line, i) => i > after && pattern.test(line))
  if (found < 0) throw new Error(`${String(pattern)} is not in\n${observatory.timeline.join('\n')}`)
  return found
}

it('an insignificant notice is stored and sends nothing', async () => {
  await observatory.hand(alert({ id: 'S261101a', type: 'PRELIMINARY', significant: false }))
  await observatory.told(1)
  const { items } = await observatory.program.get<{ items: { name: string }[] }>('/api/v1/events?limit=10')
  expect(items.map((e) => e.name)).toEqual(['S261101a'])
  expect(observatory.timeline).toEqual([])
  expect(observatory.smtp.mails).toEqual([])
})

it('a significant one: thread, notice, folders, plans begun, products, plans done with a picture', async () => {
  await observatory.hand(alert({ id: 'S261102b', type: 'PRELIMINARY' }))
  // The notice, and of each group: begun, products, done.
  await observatory.told(1 + 1 + groups.length * 3)
  const root = at(/^slack thread: 🔔 New GW alert: S261102b/)
  const notice = at(/^slack: 🟡 S261102b: alert N°1 – PRELIMINARY/, root)
  const folders = at(/^cloud: MKCOL Candidates\/GW\/S261102b/)
  for (const folder of ['GWEMOPT', 'IMAGES', 'KNC_IMAGES', 'LOGBOOK', 'VOEVENTS'])
    at(new RegExp(`^cloud: MKCOL Candidates/GW/S261102b/${folder}$`), folders - 1)
  for (const group of groups) {
    const started = at(new RegExp(`^slack: .*planning started for ${group.join(', ')}`), notice)
    const named = group.map((slug) => slug.toUpperCase()).join('_')
    const tiles = at(new RegExp(`^cloud: MOVE .*TILING_${named}/`), started)
    const finished = at(new RegExp(`^slack: .*plan for ${group.join(', ')} covers [\\d.]+ %`), tiles)
    at(/^slack picture: coverage/, finished)
  }
  const { messages, refusals } = observatory.slack
  expect(refusals).toEqual([])
  expect(observatory.cloud.refusals).toEqual([])
  const [thread] = messages
  expect(thread.thread_ts).toBeUndefined()
  expect(messages.slice(1).map((m) => m.thread_ts)).toEqual(messages.slice(1).map(() => thread.ts))
  const told = messages.find((m) => m.text.includes('alert N°1'))!
  const blocks = JSON.stringify(told.blocks)
  for (const words of ['90 % and 50 % area', 'Classes', 'BNS 95 %', 'Decision', 'gracedb.ligo.org'])
    expect(blocks).toContain(words)
  const done = messages.find((m) => m.text.includes('plan for tca covers'))!
  expect(JSON.stringify(done.blocks)).toMatch(/deg²/)
  expect(observatory.smtp.mails.map((m) => m.subject)).toEqual([told.text.split(' — ')[0]])
  const tiles = [...observatory.cloud.files.keys()].filter((path) => /tiles_(TCH|TRE|TCA)\.txt$/.test(path))
  expect(tiles).toHaveLength(3)
  const text = observatory.cloud.files.get(tiles[0])!.bytes.toString('utf8')
  expect(text).toMatch(/^# \w+\nrank_id tile_id RA DEC Prob Timeobs\n|^# \w+\n# No tiles to observe/)
})

it('its retraction closes the plans and is told in the same thread and to whoever was told', async () => {
  const before = observatory.slack.messages.length
  await observatory.hand(retraction('S261102b'))
  // The retraction, and each plan closed.
  await observatory.told(1 + 1 + groups.length * 3 + 1 + groups.length)
  const plans = await observatory.program.get<{ items: { state: string }[] }>('/api/v1/plans?limit=10')
  expect(plans.items.map((p) => p.state)).toEqual(groups.map(() => 'closed'))
  const later = observatory.slack.messages.slice(before)
  expect(later.some((m) => m.text.startsWith('❌ S261102b is retracted'))).toBe(true)
  expect(new Set(later.map((m) => m.thread_ts))).toEqual(new Set([observatory.slack.messages[0].ts]))
  const mails = observatory.smtp.mails.map((m) => m.subject)
  expect(mails).toHaveLength(2)
  expect(mails[1]).toContain('S261102b is retracted')
})
