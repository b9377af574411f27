import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { simulateAlerts } from '#science/simulate/alerts.ts'
import { dispose, eventually } from './program.ts'
import type { Program } from './program.ts'
import { findings } from './axe.ts'
import { chromiumPath, openDesk } from './browser.ts'
import type { Desk } from './browser.ts'

/** The pages in a real browser on the real program, as a person uses them. */

const person = { name: 'Ada Lovelace', email: 'ada@example.org', password: 'analytical engine' }
const [first, second, ...rest] = simulateAlerts(7, new Date(Date.now() - 3_600_000))

describe.skipIf(!chromiumPath)('pages (needs Chromium)', () => {
  let desk: Desk
  let program: Program
  let context: Desk['context']
  let faults: string[]

  const open: Desk['open'] = (path, look) => desk.open(path, look)

  async function post(notice: { topic: string; bytes: Uint8Array }): Promise<void> {
    const response = await context.request.post(`${program.url}/api/v1/notices?topic=${notice.topic}`, {
      data: Buffer.from(notice.bytes),
      headers: { 'content-type': 'application/octet-stream', origin: program.url },
    })
    expect(response.status(), await response.text()).toBe(202)
  }

  beforeAll(async () => {
    desk = await openDesk({ empty: true })
    ;({ program, context, faults } = desk)
  }, 120_000)

  afterAll(async () => {
    await desk?.browser.close()
    await dispose()
  })

  it('the one-time link makes the first administrator, who lands on an empty Tonight that says how to begin', async () => {
    const page = await open(new URL(program.setup!).pathname + new URL(program.setup!).hash)
    await page.getByLabel('Name').fill(person.name)
    await page.getByLabel('E-mail').fill(person.email)
    await page.getByLabel(/Password/).fill(person.password)
    expect(page.url(), 'the secret leaves the address at once').not.toContain('token')
    await page.getByRole('button', { name: 'Make the account' }).click()
    await page.getByRole('heading', { name: 'Tonight' }).waitFor()
    await page.getByText('Look at one notice').waitFor()
    await page.getByRole('img', { name: /Night of/ }).waitFor()
    // Before the account exists the page asks who it is, and is told 403 and 401: that is how it knows where to go.
    faults.length = 0
    await page.close()
  })

  it('a notice posted appears on open pages without a reload', async () => {
    const page = await open('/events')
    await page.getByText('No events yet.').waitFor()
    await page.getByText('live', { exact: true }).waitFor()
    // A second tab hears through the first: one stream for the browser.
    const tab = await open('/')
    await tab.getByText('live', { exact: true }).waitFor()
    await post(first)
    await page.getByRole('row').nth(1).waitFor({ timeout: 20_000 })
    expect(await page.getByText('simulated').count()).toBeGreaterThan(0)
    await tab.getByText('simulated').first().waitFor()
    await page.close()
    await tab.close()
  })

  it('an open event page follows the next notice, and draws both maps', async () => {
    const [event] = (await (await context.request.get(`${program.url}/api/v1/events`)).json()).items as {
      id: string
      name: string
    }[]
    const page = await open(`/events/${event.id}`)
    await page.getByRole('heading', { name: event.name }).waitFor()
    await page.getByText('Simulated', { exact: false }).first().waitFor()
    await post(second)
    await page.getByText('2 in order, newest first').waitFor({ timeout: 20_000 })
    for (const picture of ['whole sky', 'zoom'])
      await page.getByRole('img', { name: `${event.name}: ${picture}` }).waitFor({ timeout: 20_000 })
    for (const notice of rest) await post(notice)
    await page.getByRole('link', { name: 'Sky map (FITS)' }).waitFor()
    const text = await page.locator('article').innerText()
    for (const part of ['Assessment', 'Notices', 'Facts', 'Downloads', 'The same from', 'History'])
      expect(text).toContain(part)
    expect(text).not.toMatch(/NaN|undefined|\[object/)
    await page.close()
  })

  it('every download of an event answers with bytes', async () => {
    const page = await eventPage()
    const links = await page
      .locator('.downloads a')
      .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href))
    expect(links.length).toBeGreaterThan(5)
    for (const link of links) {
      const response = await context.request.get(link)
      expect(response.status(), link).toBe(200)
      expect((await response.body()).byteLength, link).toBeGreaterThan(100)
    }
    await page.close()
  })

  it('the address is the state: filters, chosen notice and zoom come back from a pasted link', async () => {
    const list = await open('/events?kind=gw&q=S')
    expect(await list.getByLabel('Kind').inputValue()).toBe('gw')
    const line = list.getByLabel('Filter', { exact: true })
    expect(await line.inputValue()).toBe('kind:gw S')
    await list.getByLabel('Kind').selectOption('grb')
    await list.waitForURL(/kind=grb/)
    await line.fill('kind:gw state:retracted')
    await list.waitForURL(/state=retracted/)
    expect(await list.getByLabel('State').inputValue()).toBe('retracted')
    expect(list.url()).not.toContain('q=')
    await list.close()

    const page = await eventPage()
    await page.getByRole('button', { name: 'Zoom out' }).click()
    await page.waitForURL(/fov=/)
    await page.getByRole('group', { name: /^Zoom/ }).click({ position: { x: 150, y: 150 } })
    await page.getByText(/on the edge of the/).waitFor()
    await page.locator('.notices a').last().click()
    await page.waitForURL(/notice=/)
    const pasted = await open(new URL(page.url()).pathname + new URL(page.url()).search)
    await pasted.locator('.notices a[aria-current]').waitFor()
    await pasted.getByText(/on the edge of the/).waitFor()
    await page.close()
    await pasted.close()
  })

  it('notices are split off into an event of their own and merged back', async () => {
    const page = await eventPage()
    const name = await page.locator('h1').innerText()
    const here = page.url()
    await page.getByRole('button', { name: 'Split…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('checkbox').last().check()
    await dialog.getByRole('button', { name: 'Split off 1' }).click()
    await page.waitForURL((url) => url.href !== here)
    await page.getByText('1 in order, newest first').waitFor()
    const other = new URL(page.url()).pathname.split('/').at(-1)!
    await page.goto(here)
    await page.getByRole('button', { name: 'Merge…' }).click()
    await dialog.getByLabel('Name or id of the other event').fill(other)
    await dialog.getByRole('button', { name: `Merge into ${name}` }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByText('4 in order, newest first').waitFor()
    await page.close()
  })

  it('keys: / and Ctrl-K open the box, j and Enter open a row, j goes on, t changes the theme, ? shows the keys', async () => {
    const page = await open('/events')
    await page.getByRole('row').nth(1).waitFor()
    await page.keyboard.press('/')
    const box = page.getByLabel('Name, coordinates, id or command')
    await box.fill('10h08m22s +12d18m')
    await page.getByRole('option', { name: /SIMBAD at/ }).waitFor()
    await box.fill('theme')
    await page.getByRole('option', { name: 'Theme: red' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('t')
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('light')
    await page.keyboard.press('j')
    await page.locator('tr[aria-selected]').waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/events\/.+/)
    const opened = page.url()
    await page.getByText('History').waitFor()
    await page.keyboard.press('j')
    await page.waitForURL((url) => url.href !== opened)
    await page.keyboard.press('k')
    await page.waitForURL(opened)
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText('Open the chosen row').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+k')
    await box.waitFor()
    await page.evaluate(() => localStorage.clear())
    await page.close()
  })

  it('a token made on the page is shown once and works', async () => {
    const page = await open('/settings')
    await page.getByLabel('What it is for').fill('a test')
    await page.getByRole('button', { name: 'Make a token' }).click()
    const token = await page.locator('.once code').innerText()
    const answer = await fetch(`${program.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(200)
    await page.reload()
    await page.getByText('a test').waitFor()
    expect(await page.content()).not.toContain(token)
    await page.close()
  })

  it('a viewer sees no room of administrators and no acts; the page says why', async () => {
    const invited = await context.request.post(`${program.url}/api/v1/people`, {
      data: { name: 'Vera Rubin', email: 'vera@example.org', role: 'viewer', password: 'rotation curves' },
      headers: { origin: program.url },
    })
    expect(invited.status(), await invited.text()).toBe(201)
    const other = await desk.browser.newContext()
    const page = await other.newPage()
    await page.goto(`${program.url}/people`)
    await page.waitForURL(/sign-in/)
    await page.getByLabel('E-mail').fill('vera@example.org')
    await page.getByLabel('Password').fill('rotation curves')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Only administrators see people').waitFor()
    expect(
      await page
        .getByRole('navigation', { name: 'Rooms', exact: true })
        .getByRole('link', { name: 'People' })
        .count(),
    ).toBe(0)
    await other.close()
  })

  it('no page has a serious finding of axe, an error or a sideways scroll, at 1440 and 390, dark, light and red', async () => {
    const page = await eventPage()
    const event = new URL(page.url()).pathname
    await page.close()
    const { items } = (await (await context.request.get(`${program.url}/api/v1/jobs?limit=1`)).json()) as {
      items: { id: string }[]
    }
    const paths = [
      '/',
      '/events',
      event,
      '/jobs',
      `/jobs/${items[0].id}`,
      '/jobs?state=dead',
      '/people',
      '/people?tab=groups',
      '/people?tab=audit',
      '/settings',
    ]
    for (const [width, theme] of [
      [1440, 'dark'],
      [390, 'light'],
      [390, 'red'],
    ] as const)
      for (const path of paths) {
        const view = await open(path, { width, theme: theme === 'light' ? 'light' : 'dark' })
        await view.locator('h1').first().waitFor()
        if (theme === 'red') await view.evaluate(() => (document.documentElement.dataset['theme'] = 'red'))
        await view.waitForFunction(() => document.querySelector('.skeleton') === null)
        expect(await sideways(view), `${path} at ${width}`).toBe(0)
        expect(await findings(view), `${path} at ${width}, ${theme}`).toEqual([])
        await view.close()
      }
    expect(faults).toEqual([])
  }, 240_000)

  it('the site of Tonight can be that of a telescope, also after a reload', async () => {
    const page = await open('/')
    const { items } = (await (await context.request.get(`${program.url}/api/v1/telescopes`)).json()) as {
      items: { name: string; ground: boolean; alternativeTo: string | null }[]
    }
    const { name } = items.find((one) => one.ground && one.alternativeTo === null)!
    await page.getByRole('button', { name: 'change site' }).click()
    await page.getByRole('menuitem', { name, exact: true }).click()
    const night = page.getByRole('region', { name: 'The night' })
    await night.getByText(`${name} (`).waitFor()
    await page.reload()
    await night.getByText(`${name} (`).waitFor()
    await page.close()
  })

  it('the first load is at most 250 kB over the wire', async () => {
    const fresh = await desk.browser.newContext({ storageState: await context.storageState() })
    const page = await fresh.newPage()
    await page.goto(program.url, { waitUntil: 'load' })
    await page
      .getByRole('img', { name: /Night of/ })
      .or(page.getByRole('group', { name: /Night of/ }))
      .waitFor()
    const bytes = await page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce(
        (sum, entry) => sum + (entry as PerformanceResourceTiming).transferSize,
        0,
      ),
    )
    expect(bytes).toBeLessThan(250_000)
    await fresh.close()
  })

  /** The page of a simulated gravitational-wave event with several notices. */
  async function eventPage(): Promise<Page> {
    const events = await eventually(
      'an event with a map',
      async () =>
        (await (await context.request.get(`${program.url}/api/v1/events?kind=gw`)).json()).items as {
          id: string
          noticeCount: number
          place: { state: string }
        }[],
      (items) => items.some((item) => item.noticeCount > 2 && item.place.state === 'ready'),
    )
    const page = await open(
      `/events/${events.find((item) => item.noticeCount > 2 && item.place.state === 'ready')!.id}`,
    )
    await page.getByRole('button', { name: 'Zoom out' }).waitFor()
    return page
  }

  function sideways(page: Page): Promise<number> {
    return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth))
  }
})
