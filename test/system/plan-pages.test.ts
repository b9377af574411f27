import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { simulateAlerts } from '#science/simulate/alerts.ts'
import { dispose, eventually } from './program.ts'
import type { Program } from './program.ts'
import { findings } from './axe.ts'
import { chromiumPath, openDesk } from './browser.ts'
import type { Desk } from './browser.ts'

/** Plans, their rules and telescopes in a real browser on the real program, as a shift uses them. */

const notices = simulateAlerts(7, new Date(Date.now() - 3_600_000))
const viewer = { name: 'Vera Rubin', email: 'vera@example.org', password: 'rotation curves' }

interface EventRow {
  id: string
  name: string
  noticeCount: number
  place: { state: string }
}

describe.skipIf(!chromiumPath)('pages of plans (needs Chromium)', () => {
  let desk: Desk
  let program: Program
  let context: Desk['context']
  let faults: string[]
  let event: EventRow

  const open: Desk['open'] = (path, look) => desk.open(path, look)

  beforeAll(async () => {
    desk = await openDesk()
    ;({ program, context, faults } = desk)
    for (const notice of notices) {
      const answer = await program.request(`/api/v1/notices?topic=${notice.topic}`, {
        method: 'POST',
        body: Buffer.from(notice.bytes),
        headers: { 'content-type': 'application/octet-stream' },
      })
      expect(answer.status).toBe(202)
    }
    const found = await eventually(
      'an event with all its notices and a map',
      () => program.get<{ items: EventRow[] }>('/api/v1/events?kind=gw'),
      ({ items }) => items.some((one) => one.noticeCount > 2 && one.place.state === 'ready'),
    )
    event = found.items.find((one) => one.noticeCount > 2)!
  }, 120_000)

  afterAll(async () => {
    await desk?.browser.close()
    await dispose()
  })

  it('one press on the event and one on the form make a plan, whose page follows it until it is ready', async () => {
    const list = await open('/plans')
    await list.getByText('No plans yet.').waitFor()
    const page = await open(`/events/${event.id}`)
    await page.getByRole('link', { name: 'Plan', exact: true }).click()
    await page.getByRole('heading', { name: 'A new plan' }).waitFor()
    expect(await page.getByRole('combobox', { name: /^Event/ }).inputValue()).toBe(event.id)
    // Something is chosen already; what is wanted here is quick and sees the whole sky.
    const chosen = page.getByRole('group', { name: 'Telescopes' }).getByRole('checkbox', { checked: true })
    await chosen.first().waitFor()
    while ((await chosen.count()) > 0) await chosen.first().click()
    await page.getByText('Choose at least one telescope.').waitFor()
    await page.getByLabel('Search telescopes').fill('uvex')
    await page.getByLabel('Search telescopes').press('Enter')
    await page.getByText('UVEX: ').click()
    await page.getByLabel('Most fields').fill('6')
    await page.getByLabel('Time for the solver (s)').fill('5')
    await page.getByRole('button', { name: 'Make the plan' }).click()
    await page.waitForURL(/\/plans\/[0-9a-f-]{36}/)
    await page.getByText('No plan covers more than').waitFor({ timeout: 40_000 })
    for (const picture of [/: whole sky$/, /: zoom$/, 'Timeline', 'Probability covered'])
      await page.getByRole('img', { name: picture }).waitFor()
    await page
      .getByText('Where its night', { exact: false })
      .or(page.getByText('Telescopes'))
      .first()
      .waitFor()
    const text = await page.locator('article').innerText()
    for (const part of ['Exposures', 'How much', 'Asked for', 'Versions', 'The same from'])
      expect(text).toContain(part)
    expect(text).not.toMatch(/NaN|undefined|\[object/)
    await list.getByRole('row').nth(1).waitFor()
    expect(await list.getByText(event.name).count()).toBeGreaterThan(0)
    await list.close()
    await page.close()
  }, 120_000)

  it('a field is chosen in table or map and kept in the address; dropped, it is gone in the next version', async () => {
    const page = await open(`/plans/${(await newest()).id}`)
    const table = page.getByRole('region', { name: /^Exposures:/ })
    await table.focus()
    await table.press('ArrowDown')
    await page.waitForURL(/field=/)
    await table.locator('tr[aria-selected]').waitFor()
    await page.getByRole('button', { name: 'Clear' }).waitFor()
    await table.locator('tr[aria-selected]').getByRole('button', { name: 'drop' }).click()
    await page.getByLabel('Place of the new field').fill('nowhere')
    await page.getByRole('button', { name: 'Add a field' }).click()
    await page.locator('#add-field-wrong').waitFor()
    await page.getByRole('button', { name: 'Solve again' }).click()
    await page.getByText('version 2', { exact: true }).waitFor()
    await page.getByText('No plan covers more than').waitFor({ timeout: 40_000 })
    await page.getByRole('link', { name: 'Compare' }).click()
    await page.getByText(/It covers .* instead of/).waitFor()
    await page.getByRole('img', { name: 'What changes: zoom' }).waitFor()
    await page.getByRole('button', { name: 'Export' }).click()
    const links = await page
      .getByRole('menuitem')
      .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href))
    expect(links.length).toBeGreaterThan(10)
    for (const link of links.filter((href) => href.includes('/export/')))
      expect((await context.request.get(link)).status(), link).toBe(200)
    await page.close()
  }, 120_000)

  it('the event shows its plans, the night what is planned', async () => {
    const page = await open(`/events/${event.id}`)
    await page.getByRole('region', { name: 'Plans' }).getByText('uvex').waitFor()
    await page.getByText('planned, UVEX').waitFor()
    const tonight = await open('/')
    await tonight.getByText('Planned:').waitFor()
    await page.close()
    await tonight.close()
  })

  it('a rule says what is wrong with its condition, what it would have planned, and is turned on', async () => {
    const page = await open('/plans?tab=rules')
    await page.getByRole('button', { name: /^(Write a|New) rule$/ }).click()
    await page.getByLabel('Name', { exact: true }).fill('north')
    await page.getByLabel(/^Condition/).fill('area_90 <')
    await page.locator('#rule-condition-says.wrong').waitFor()
    await page.getByLabel(/^Condition/).fill("kind = 'gw' AND area_90 > 0")
    await page.getByLabel('Search telescopes').fill('uvex')
    await page.getByLabel('Search telescopes').press('Enter')
    await page.getByRole('button', { name: 'Replay' }).click()
    await page.getByText(/of \d+ events/).waitFor()
    await page.getByRole('button', { name: 'Add the rule' }).click()
    await page.getByRole('button', { name: 'Turn on north' }).click()
    await page.getByRole('button', { name: 'Turn off north' }).click()
    await page.getByRole('button', { name: 'Turn on north' }).waitFor()
    await page.close()
  })

  it('a telescope is copied, refused at its line, saved, and changed to a second version', async () => {
    const page = await open('/telescopes/new?from=tca')
    const text = page.getByLabel('Definition in TOML')
    const good = await text.inputValue()
    await text.fill(good.replace(/^readout_s = .*$/m, 'readout_s = "slow"'))
    await page.getByText(/^Line \d+:/).waitFor()
    await text.fill(good)
    await page.getByText('can be used, my-tca').waitFor()
    await page.getByRole('button', { name: 'Add the telescope' }).click()
    await page.getByRole('heading', { name: 'My TCA' }).waitFor()
    await page.getByRole('link', { name: 'Edit' }).first().click()
    await text.fill(good.replace(/^readout_s = .*$/m, 'readout_s = 12'))
    await page.getByText('can be used, my-tca').waitFor()
    await page.getByRole('button', { name: 'Save as new version' }).click()
    await page.getByRole('link', { name: 'Version 2' }).waitFor()
    await page.close()
  })

  it('a viewer reads everything and is offered no act', async () => {
    const made = await program.request('/api/v1/people', {
      method: 'POST',
      body: JSON.stringify({ ...viewer, role: 'viewer' }),
      headers: { 'content-type': 'application/json' },
    })
    expect(made.status).toBe(201)
    const other = await desk.signedIn(viewer)
    const plan = (await newest()).id
    for (const path of ['/plans', `/plans/${plan}`, '/telescopes', '/telescopes/tca', '/plans?tab=rules']) {
      const page = await open(path, { as: other })
      await page.locator('h1').first().waitFor()
      await settled(page)
      for (const act of [/^New/, /^Close…/, /^drop$/, /^Edit/, /^Copy$/, /^Add/, /^Turn/])
        expect(
          await page
            .getByRole('main')
            .getByRole('button', { name: act })
            .or(page.getByRole('main').getByRole('link', { name: act }))
            .filter({ hasNotText: 'Copy' })
            .count(),
          `${path} ${act}`,
        ).toBe(0)
      await page.close()
    }
    await other.close()
  })

  it('no page of plans and telescopes has a serious finding of axe, an error or a sideways scroll', async () => {
    const plan = (await newest()).id
    const paths = [
      '/plans',
      `/plans/${plan}`,
      '/plans/new',
      '/plans?tab=rules&rule=north',
      '/telescopes',
      '/telescopes/ztf-quadrants',
      '/telescopes/tca?edit=true',
    ]
    for (const [width, theme] of [
      [1440, 'dark'],
      [390, 'light'],
      [390, 'red'],
    ] as const)
      await Promise.all(
        paths.map(async (path) => {
          const page = await open(path, { width })
          await page.locator('h1').first().waitFor()
          await page.evaluate((name) => (document.documentElement.dataset['theme'] = name), theme)
          await settled(page)
          expect(
            await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
            `${path} at ${width}`,
          ).toBeLessThanOrEqual(0)
          expect(await findings(page), `${path} at ${width}, ${theme}`).toEqual([])
          await page.close()
        }),
      )
    expect(faults).toEqual([])
  }, 180_000)

  async function newest(): Promise<{ id: string }> {
    const { items } = await program.get<{ items: { id: string; state: string }[] }>(
      '/api/v1/plans?state=ready',
    )
    return items[0]
  }

  async function settled(page: Page): Promise<void> {
    await page.waitForFunction(() => document.querySelector('.skeleton') === null)
  }
})
