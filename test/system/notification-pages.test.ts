import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { simulateAlerts } from '#science/simulate/alerts.ts'
import { administrator, dispose, eventually } from './program.ts'
import type { Program } from './program.ts'
import { findings } from './axe.ts'
import { chromiumPath, openDesk } from './browser.ts'
import type { Desk } from './browser.ts'

/** Inbox and notifications in a real browser on the real program. */

const notices = simulateAlerts(7, new Date(Date.now() - 3_600_000))

describe.skipIf(!chromiumPath)('pages of notifications (needs Chromium)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'urania-tree-'))
  let desk: Desk
  let program: Program
  let context: Desk['context']
  let faults: string[]

  const open: Desk['open'] = (path, look) => desk.open(path, look)

  async function send(method: string, path: string, data?: unknown): Promise<unknown> {
    const response = await context.request.fetch(`${program.url}/api/v1${path}`, {
      method,
      headers: { origin: program.url },
      ...(data === undefined ? {} : { data }),
    })
    expect(response.ok(), `${method} ${path}: ${await response.text()}`).toBe(true)
    return response.status() === 204 ? undefined : response.json()
  }

  const hand = (notice: (typeof notices)[number]) =>
    context.request.post(`${program.url}/api/v1/notices?topic=${notice.topic}`, {
      data: Buffer.from(notice.bytes),
      headers: { 'content-type': 'application/octet-stream', origin: program.url },
    })

  beforeAll(async () => {
    desk = await openDesk()
    ;({ program, context, faults } = desk)
  }, 120_000)

  afterAll(async () => {
    await desk?.browser.close()
    await dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  it('the bell counts live, the inbox shows the thread as a chat, and what is looked at is read', async () => {
    const page = await open('/inbox')
    await page.getByText('Nothing was told yet.').waitFor()
    for (const notice of notices) await hand(notice)
    const bell = page.getByRole('link', { name: /^Inbox \d+ unread/ })
    await bell.waitFor({ timeout: 20_000 })
    await page.locator('.thread-line').first().waitFor()
    await page.locator('.message', { hasText: 'Alert N°4' }).waitFor({ timeout: 20_000 })
    const thread = page.locator('.thread-line').first()
    await thread.click()
    await page.waitForURL(/thread=event/)
    expect(await page.locator('.message').first().getAttribute('class')).toContain('start')
    await page.getByRole('img', { name: /alert/ }).first().waitFor()
    // Looked at for a second: read, though still marked as new here.
    await eventually(
      'the open thread is read',
      async () => thread.locator('.thread-count').count(),
      (count) => count === 0,
    )
    expect(await page.locator('.message[data-fresh]').count()).toBeGreaterThan(1)
    await page.getByRole('button', { name: 'Mark all read' }).click()
    await page.getByText('nothing unread').waitFor()
    await page.getByLabel('Unread only').check()
    await page.getByText('Nothing here by this choice.').waitFor()
    await page.close()
  })

  it('somebody acknowledges by a key; the event says who, and what was told to whom', async () => {
    const page = await open('/inbox')
    await page.locator('.thread-line[aria-current]').waitFor()
    await page.keyboard.press('j')
    await page.waitForURL(/thread=event/)
    await page.keyboard.press('a')
    await page.getByText('Acknowledged').waitFor()
    await page.locator('.thread-head h2 a').click()
    await page.waitForURL(/\/events\//)
    await page.locator('.event-acts').getByText(`by ${administrator.name}`).waitFor()
    const told = page.getByRole('region', { name: 'What was told' })
    await told.getByText('inbox, everybody').first().waitFor()
    await page.close()
  })

  it('a channel is set up from the form its kind draws, tested, edited without its secrets, and named in a rule', async () => {
    const page = await open('/notifications?tab=channels')
    await page.getByRole('link', { name: 'Add a channel' }).click()
    await page.getByLabel('Kind').selectOption('tree')
    await page.getByLabel('Name, by which rules call it').fill('cloud')
    await page.getByLabel(/^Place/).selectOption('folder')
    await page.getByLabel(/^Base/).fill('relative')
    await page.getByLabel(/^Password/).fill('open sesame')
    await page.getByRole('button', { name: 'Add the channel' }).click()
    await page.getByRole('alert').first().waitFor()
    await page.getByLabel(/^Base/).fill(folder)
    await page.getByRole('button', { name: 'Add the channel' }).click()
    const line = page.locator('.rule-line').filter({ hasText: 'Folder tree' })
    await line.getByRole('button', { name: 'Test…' }).click()
    await line.getByRole('button', { name: 'Send a test message' }).click()
    await line.getByText(/delivered in/).waitFor()
    expect(readdirSync(folder)).not.toEqual([])
    await line.getByRole('link', { name: 'Edit' }).click()
    expect(await page.getByLabel(/^Password/).inputValue()).toBe('')
    expect(await page.getByLabel(/^Password/).getAttribute('placeholder')).toContain('leave empty to keep')
    await page.getByRole('button', { name: 'Save' }).click()
    await line.waitFor()
    const { secrets } = (await send('GET', '/channels/cloud')) as { secrets: string[] }
    expect(secrets).toEqual(['password'])
    await page.close()
  })

  it('a rule is refused at the place of its mistake, tried on the past, saved, and switched off', async () => {
    const page = await open('/notifications?rule=new')
    await page.getByLabel(/^Name/).fill('near-ones')
    await page.getByLabel(/Only where/).fill('area_95 < 500')
    await page.getByRole('button', { name: 'Make the rule' }).click()
    await page
      .getByText(/did you mean "area_90"/)
      .first()
      .waitFor()
    expect(await page.locator('.caret').first().innerText()).toMatch(/area_95 < 500\n\^/)
    await page.getByLabel(/Only where/).fill('area_90 < 5000')
    await page.getByLabel('Add to By').fill('cloud')
    await page.getByLabel('Add to By').press('Enter')
    await page.getByLabel('Add to To').fill('channel')
    await page.getByLabel('Add to To').press('Enter')
    await page.getByRole('button', { name: 'Try this rule' }).click()
    await page.getByText(/occurrences were looked at/).waitFor()
    await page.getByRole('cell', { name: 'near-ones' }).waitFor()
    await page.getByRole('button', { name: 'Make the rule' }).click()
    const line = page.locator('.rule-line').filter({ hasText: 'near-ones' })
    await line.getByText(/everybody here and whoever reads the channel by inbox and cloud/).waitFor()
    await line.getByRole('button', { name: 'Disable' }).click()
    await line.getByText('off', { exact: true }).waitFor()
    await page.close()
  })

  it('shifts are entered and imported, those whom nobody knows are said; quiet hours are kept', async () => {
    const page = await open('/notifications?tab=shifts&shift=new')
    const today = new Date().toISOString().slice(0, 10)
    await page.getByLabel('Title').fill('Night watch')
    await page.getByLabel('Add to Who').fill(`${administrator.name}, ${administrator.email}`)
    await page.getByLabel('From').fill(`${today} 00:00`)
    await page.getByLabel('To', { exact: true }).fill(`${today} 23:59`)
    await page.getByRole('button', { name: 'Add the shift' }).click()
    await page.getByText('On shift now:').waitFor()
    const day = today.replaceAll('-', '')
    const calendar = [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'X-WR-CALNAME:Advocates',
      'BEGIN:VEVENT',
      'UID:1',
      'SUMMARY:Burst advocate',
      `DTSTART:${day}T010000Z`,
      `DTEND:${day}T050000Z`,
      'RRULE:FREQ=DAILY',
      'ATTENDEE:mailto:nobody@elsewhere.org',
      'END:VEVENT',
      'END:VCALENDAR',
    ].join('\r\n')
    await page
      .getByLabel('File')
      .setInputFiles({ name: 'watch.ics', mimeType: 'text/calendar', buffer: Buffer.from(calendar) })
    await page.getByRole('button', { name: 'Import' }).click()
    await page.getByText('nobody@elsewhere.org (1 shift)').waitFor()

    await page.goto(`${program.url}/notifications?tab=mine`)
    await page.getByLabel('Keep quiet').check()
    await page.getByLabel('Your time zone').fill('Europe/Paris')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('saved').waitFor()
    expect(await send('GET', '/notification-preferences')).toMatchObject({
      preferences: { zone: 'Europe/Paris', quiet: { from: '22:00', to: '07:00' } },
    })
    await page.close()
  })

  it('a catalogue is imported by its file, shows where it has rows, and answers a cone', async () => {
    const page = await open('/catalogues')
    await page.getByText('No catalogues yet.').waitFor()
    const rows = Array.from({ length: 200 }, (_, i) => `G${i},${10 + i / 100},${20 + (i % 20) / 10}`)
    await page.locator('input[type=file]').setInputFiles({
      name: 'Small survey.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(['name,ra,dec', ...rows].join('\n')),
    })
    await page.getByRole('button', { name: 'Import' }).click()
    await page.getByRole('link', { name: 'Look at it' }).click()
    await page.waitForURL(/catalogues\/small-survey/)
    await page.getByRole('img', { name: 'small-survey: where it has rows' }).waitFor()
    await page.getByLabel('Centre, in any form').fill('0h40m +20d')
    await page.getByLabel('Radius (deg)').fill('0.05')
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByRole('cell', { name: 'G0', exact: true }).waitFor()
    await page.waitForURL(/cone=10\.0/)
    await page.close()
  })

  it('no page of it has a serious finding of axe, an error or a sideways scroll at 1440 and 390', async () => {
    const { items } = (await send('GET', '/inbox')) as { items: { thread: { id: string } }[] }
    const paths = [
      '/inbox',
      `/inbox?thread=event:${items[0]!.thread.id}`,
      '/notifications',
      '/notifications?rule=near-ones',
      '/notifications?tab=channels',
      '/notifications?tab=channels&channel=cloud',
      '/notifications?tab=shifts',
      '/notifications?tab=shifts&shift=new',
      '/notifications?tab=deliveries',
      '/notifications?tab=mine',
      '/catalogues',
      '/catalogues/small-survey?cone=10,20,1',
    ]
    for (const width of [1440, 390]) {
      const page = await open('/', { width })
      for (const path of paths) {
        await page.goto(program.url + path, { waitUntil: 'load' })
        await page.locator('h1').first().waitFor()
        await page.waitForFunction(() => document.querySelector('.skeleton') === null)
        expect(await sideways(page), `${path} at ${width}`).toBe(0)
        expect(await findings(page), `${path} at ${width}`).toEqual([])
      }
      await page.close()
    }
    // Questions about a rule or channel that is not filled in yet are answered by what is missing.
    expect(faults.filter((fault) => !fault.includes('422'))).toEqual([])
  })

  function sideways(page: Page): Promise<number> {
    return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth))
  }
})
