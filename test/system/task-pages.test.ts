import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { starField } from '#test/imaging.ts'
import { startSkyServices } from '#test/sky-services.ts'
import { dispose } from './program.ts'
import type { Program } from './program.ts'
import { findings } from './axe.ts'
import { chromiumPath, openDesk } from './browser.ts'
import type { Desk } from './browser.ts'

/** From a dropped file to magnitudes, in a real browser on the real program. */

const { stars, field, bytes } = starField({ size: 512, seed: 11 })
const bright = [...field.truth.mag.keys()]
  .filter((i) => Math.hypot(field.truth.x[i]! - 256, field.truth.y[i]! - 256) < 150)
  .toSorted((i, j) => field.truth.mag[i]! - field.truth.mag[j]!)[2]!
const services = await startSkyServices({
  stars,
  names: { 'SN 2026abc': [field.truth.ra[bright]!, field.truth.dec[bright]!] },
})

describe.skipIf(!chromiumPath)('pages of tasks (needs Chromium)', () => {
  let desk: Desk
  let program: Program
  let faults: string[]

  const open: Desk['open'] = (path, look) => desk.open(path, look)

  beforeAll(async () => {
    desk = await openDesk({ env: services.env })
    ;({ program, faults } = desk)
  }, 120_000)

  afterAll(async () => {
    await desk?.browser.close()
    await dispose()
  })

  let task = ''

  it('a file dropped on the empty list becomes a task, whose page follows it to zero point, target and plots', async () => {
    const list = await open('/tasks')
    await list.getByText('No tasks yet.').waitFor()
    const page = await open('/tasks')
    await page.getByText('Drop FITS files here').waitFor()
    await page.evaluate((base64) => {
      const file = new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], 'field.fits')
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(file)
      document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }))
    }, Buffer.from(bytes).toString('base64'))
    await page.getByRole('list', { name: 'Frames of the new task' }).getByText('field.fits').waitFor()
    await page.getByLabel(/^Targets/).fill('SN 2026abc\nx=100 y=120')
    await page.getByRole('button', { name: 'Make the task' }).click()
    await page.waitForURL(/\/tasks\/[0-9a-f-]{36}$/)
    task = new URL(page.url()).pathname
    await page.getByText('done with photometry').waitFor({ timeout: 60_000 })
    for (const plot of [
      'Zero point residual against magnitude',
      'Zero point residual against colour',
      'Zero point residual over the frame',
      'FWHM against magnitude',
      'FWHM over the frame',
      'Limit: S/N against magnitude',
      'Magnitudes of objects and calibrating stars',
    ])
      await page.getByRole('figure', { name: plot }).waitFor()
    const row = page.getByRole('row', { name: /SN 2026abc/ })
    const [shown = ''] = /\d+\.\d+ ± 0\.\d+/.exec(await row.innerText()) ?? []
    expect(Math.abs(Number.parseFloat(shown) - field.truth.mag[bright]!)).toBeLessThan(0.05)
    await page.getByRole('img', { name: 'SN 2026abc: frame' }).waitFor()
    const text = await page.locator('article').innerText()
    for (const part of ['Zero point', 'Colour term', 'Limit by the sky alone', 'Products', 'The same from'])
      expect(text).toContain(part)
    expect(text).not.toMatch(/NaN|undefined|\[object/)
    // The list heard of it meanwhile.
    await list.getByRole('link', { name: 'field.fits' }).waitFor()
    await row.getByRole('link', { name: 'SN 2026abc' }).click()
    await page.getByRole('figure', { name: 'Magnitude in time, per filter' }).waitFor()
    await page.getByRole('row', { name: /forced on the frame/ }).waitFor()
    await list.close()
    await page.close()
  }, 120_000)

  it('a setting that cannot be is said at its field; one that can is kept, and goes back to its default when emptied', async () => {
    const page = await open(`${task}?step=photometry`)
    await page.getByText('Settings', { exact: true }).click()
    const sn = page.getByRole('textbox', { name: 'S/N', exact: true })
    await sn.fill('-3')
    await page.getByRole('button', { name: /^Save 1 change/ }).click()
    await page.getByRole('alert').first().waitFor()
    expect(await sn.getAttribute('aria-invalid')).toBe('true')
    await sn.fill('8')
    await page.getByRole('button', { name: /^Save 1 change/ }).click()
    await page
      .getByText('2 differ from the defaults')
      .or(page.getByText('1 differs from the defaults'))
      .waitFor()
    expect((await program.get<{ config: object }>(`/api/v1${task}`)).config).toMatchObject({ sn: 8 })
    await sn.fill('')
    await page.getByRole('button', { name: /^Save 1 change/ }).click()
    await page.getByText('all defaults').waitFor()
    // The answer to what cannot be is an error of the network to a browser, and none of the page.
    faults.splice(0, faults.length, ...faults.filter((fault) => !fault.includes('422')))
    await page.close()
  })

  it('a mask is drawn by rectangle, circle and polygon, kept as drawn, and the frame is inspected with it', async () => {
    const page = await open(`${task}?open=mask`)
    await page.locator('.viewer-stage[data-tiles="here"]').waitFor()
    const canvas = (await page.locator('.viewer-stage canvas').first().boundingBox())!
    const [X, Y] = [canvas.x + canvas.width / 2, canvas.y + canvas.height / 2]
    const drag = async (tool: string, from: [number, number], to: [number, number]) => {
      await page.getByRole('button', { name: tool, exact: true }).click()
      await page.mouse.move(X + from[0], Y + from[1])
      await page.mouse.down()
      await page.mouse.move(X + to[0], Y + to[1], { steps: 4 })
      await page.mouse.up()
    }
    await drag('rectangle', [-100, -100], [-20, -40])
    await drag('circle', [80, 20], [110, 20])
    await page.getByRole('button', { name: 'polygon', exact: true }).click()
    for (const [x, y] of [
      [-60, 60],
      [10, 60],
      [10, 120],
    ] as const)
      await page.mouse.click(X + x, Y + y)
    await page.keyboard.press('Enter')
    await page.getByText('polygon of 3 points').waitFor()
    await page.getByRole('button', { name: 'Save the mask' }).click()
    await page.getByText(/The frame is being inspected/).waitFor()
    await page.getByText('Save the mask').waitFor({ timeout: 60_000 })
    const { steps } = await program.get<{ steps: { step: string; state: string }[] }>(`/api/v1${task}`)
    expect(steps.find(({ step }) => step === 'inspect')?.state).toBe('done')
    const kept = await program.get<{ mode: string; shapes: { kind: string; radius?: number }[] }>(
      `/api/v1${task}/products/custom_mask.json`,
    )
    expect(kept.shapes.map(({ kind }) => kind)).toEqual(['rectangle', 'circle', 'polygon'])
    await page.close()
  })

  it('no page of tasks has a serious finding of axe, an error or a sideways scroll', async () => {
    const paths = ['/tasks?open=new', task, `${task}/candidates`, '/light-curve?ra=150&dec=2.2&radius=60']
    for (const [width, theme] of [
      [1440, 'dark'],
      [390, 'light'],
    ] as const)
      await Promise.all(
        paths.map(async (path) => {
          const page = await open(path, { width })
          await page.locator('h1').first().waitFor()
          await page.evaluate((name) => (document.documentElement.dataset['theme'] = name), theme)
          await page.waitForFunction(() => document.querySelector('.skeleton') === null)
          expect(
            await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
            `${path} at ${width}`,
          ).toBeLessThanOrEqual(0)
          expect(await findings(page), `${path} at ${width}, ${theme}`).toEqual([])
          await page.close()
        }),
      )
    expect(faults).toEqual([])
  }, 120_000)
})
