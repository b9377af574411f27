import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dispose } from './program.ts'
import type { Program } from './program.ts'
import { findings } from './axe.ts'
import { chromiumPath, openDesk } from './browser.ts'
import type { Desk } from './browser.ts'
import { frameOf, pixelsApart, skyOf, type Plane } from './sky-frames.ts'

/** Pages of frames in a real browser on the real program: what lies under the cursor is what lies there. */

const first: Plane = { ra: 359.99, dec: 61.2, x: 480.3, y: 811.7, scaleDeg: 0.4 / 3600, turnDeg: 33 }
const second: Plane = { ra: 0.01, dec: 61.21, x: 210, y: 190, scaleDeg: 0.9 / 3600, turnDeg: -110 }

const pointFrame = frameOf([64, 48], (x, y) => (x === 37 && y === 21 ? 1 : 0), null)

describe.skipIf(!chromiumPath)('pages of frames (needs Chromium)', () => {
  let desk: Desk
  let program: Program
  let context: Desk['context']
  let faults: string[]
  const sha: Record<string, string> = {}

  const open: Desk['open'] = (path, look) => desk.open(path, look)

  /** The page of a frame, once all its pixels are on the screen. */
  async function openFrame(name: string, search = '', width = 1440): Promise<Page> {
    const page = await open(`/frames/${sha[name]}${search}`, { width })
    await page.locator('.viewer-stage[data-tiles="here"]').waitFor()
    return page
  }

  async function readout(
    page: Page,
  ): Promise<{ x: number; y: number; ra: number; dec: number; value: number }> {
    await page
      .getByTestId('value')
      .filter({ hasText: /\d.* adu$/ })
      .waitFor()
    const text = async (id: string) => (await page.getByTestId(id).innerText()).replaceAll('−', '-')
    const [, x, y] = /0-based ([-\d.]+), ([-\d.]+)/.exec(await text('pixel')) ?? []
    const [, ra, dec] = /([\d.]+)°? ([-+][\d.]+)°? ICRS/.exec(await text('sky')) ?? []
    return {
      x: Number(x),
      y: Number(y),
      ra: Number(ra),
      dec: Number(dec),
      value: Number.parseFloat(await text('value')),
    }
  }

  beforeAll(async () => {
    desk = await openDesk()
    ;({ program, context, faults } = desk)
    const frames = {
      // Each pixel says where it is; large enough for levels of the server.
      ramp: frameOf([1000, 1600], (x, y) => x + 1000 * y, first),
      turned: frameOf([420, 380], (x, y) => x + 1000 * y, second),
      point: pointFrame,
      blank: frameOf([20, 20], () => NaN, null),
    }
    for (const [name, bytes] of Object.entries(frames)) {
      const answer = await program.request(`/api/v1/frames?file=${name}.fits`, {
        method: 'POST',
        body: Buffer.from(bytes),
        headers: { 'content-type': 'application/octet-stream' },
      })
      expect(answer.status).toBe(201)
      sha[name] = ((await answer.json()) as { sha256: string }).sha256
    }
  }, 120_000)

  afterAll(async () => {
    await desk?.browser.close()
    await dispose()
  })

  it.each([1 / 8, 1, 8])(
    'pixel, value and sky under the cursor are those of the file to 0.1 px at zoom %f',
    async (zoom) => {
      const centre = { x: 512.25, y: 700.5 }
      const page = await openFrame('ramp', `?x=${centre.x}&y=${centre.y}&zoom=${zoom}`)
      const canvas = (await page.locator('.viewer-stage canvas').first().boundingBox())!
      for (const [X, Y] of [
        [canvas.width / 2 + 31, canvas.height / 2 - 47],
        [canvas.width / 2 - 52, canvas.height / 2 + 66],
      ] as const) {
        // The browser tells whole pixels only.
        const at = [Math.round(canvas.x + X), Math.round(canvas.y + Y)] as const
        await page.mouse.move(...at)
        const x = centre.x + (at[0] - canvas.x - canvas.width / 2) / zoom
        const y = centre.y - (at[1] - canvas.y - canvas.height / 2) / zoom
        const said = await readout(page)
        expect(Math.hypot(said.x - x, said.y - y), 'pixels').toBeLessThan(0.1)
        expect(said.value).toBe(Math.round(x) + 1000 * Math.round(y))
        expect(pixelsApart(skyOf(first, x, y), [said.ra, said.dec], first.scaleDeg), 'sky').toBeLessThan(0.1)
      }
      await page.close()
    },
  )

  it.each([1, 8, 32])('a pixel is drawn crisp where it lies, at zoom %f', async (zoom) => {
    const page = await openFrame('point', `?x=30&y=20&zoom=${zoom}&interval=v:0,1&stretch=linear`)
    const [left, bottom] = [(37 - 0.5 - 30) * zoom, (21 - 0.5 - 20) * zoom]
    const lit = await page.evaluate(
      ({ from, to }) => {
        const canvas = document.querySelector<HTMLCanvasElement>('.viewer-stage canvas')!
        const { width, height } = canvas
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height)
        let [x0, x1, y0, y1, grey] = [width, 0, height, 0, 0]
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const red = data[4 * (y * width + x)]!
            if (red > 60 && red < 200) grey++
            if (red < 128) continue
            ;[x0, x1] = [Math.min(x0, x), Math.max(x1, x + 1)]
            ;[y0, y1] = [Math.min(y0, y), Math.max(y1, y + 1)]
          }
        return {
          grey,
          size: [x1 - x0, y1 - y0],
          off: [x0 - (width / 2 + from[0]!), height - y1 - (height / 2 + from[1]!)],
          to,
        }
      },
      { from: [left, bottom], to: zoom },
    )
    // A pixel of the screen is either in it or not.
    expect(Math.max(...lit.size.map((each) => Math.abs(each - zoom)))).toBeLessThanOrEqual(1)
    expect(Math.max(...lit.off.map(Math.abs))).toBeLessThanOrEqual(1)
    expect(lit.grey).toBeLessThanOrEqual(4 * zoom + 4)
    await page.close()
  })

  it('a frame on another grid blinks aligned by the sky, to 0.1 px at the cursor', async () => {
    const centre = { x: 480, y: 820 }
    const page = await openFrame('ramp', `?x=${centre.x}&y=${centre.y}&zoom=1`)
    await page.getByLabel('Frame to blink with').selectOption({ label: 'turned.fits' })
    await page.getByRole('group', { name: 'Planes' }).getByRole('button', { name: 'turned.fits' }).click()
    await page.getByText('aligned by sky').waitFor()
    const canvas = (await page.locator('.viewer-stage canvas').first().boundingBox())!
    const at = [
      Math.round(canvas.x + canvas.width / 2 + 40),
      Math.round(canvas.y + canvas.height / 2 + 25),
    ] as const
    await page.mouse.move(...at)
    const said = await readout(page)
    const x = centre.x + at[0] - canvas.x - canvas.width / 2
    const y = centre.y - (at[1] - canvas.y - canvas.height / 2)
    expect(said.value).toBe(Math.round(said.x) + 1000 * Math.round(said.y))
    expect(pixelsApart(skyOf(first, x, y), skyOf(second, said.x, said.y), second.scaleDeg)).toBeLessThan(0.1)
    await page.locator('.viewer-stage').focus()
    await page.keyboard.press('b')
    await page.getByLabel('Blink rate').waitFor()
    await page.keyboard.press('b')
    await page.close()
  })

  it('keys and controls change what is seen, and the address brings it back', async () => {
    const page = await openFrame('ramp')
    await page.locator('.viewer-stage').focus()
    for (const key of ['1', '+', 'w', 'i', 'n', 'ArrowLeft']) await page.keyboard.press(key)
    await page.getByLabel('Stretch').selectOption('log')
    await page.getByLabel('Limits').selectOption('zscale')
    await page.waitForURL(/zoom=2.*stretch=log.*invert=true.*grid=true/)
    const again = await open(new URL(page.url()).pathname + new URL(page.url()).search)
    await again.locator('.viewer-stage[data-tiles="here"]').waitFor()
    await again.getByText('2× zoom').waitFor()
    expect(await again.getByLabel('Limits').inputValue()).toBe('zscale')
    expect(await again.getByRole('button', { name: 'North up' }).getAttribute('aria-pressed')).toBe('true')
    await again.getByRole('button', { name: 'Take…' }).click()
    const cut = await again.getByRole('menuitem', { name: /as FITS/ }).getAttribute('href')
    const answer = await context.request.get(program.url + cut)
    expect(answer.status()).toBe(200)
    expect((await answer.body()).subarray(0, 6).toString()).toBe('SIMPLE')
    await page.close()
    await again.close()
  })

  it('a file is added on the page, one that is none says why, and both are found again', async () => {
    const page = await open('/frames?open=add')
    await page.getByLabel('FITS files', { exact: true }).setInputFiles([
      {
        name: 'new.fits',
        mimeType: 'application/fits',
        buffer: Buffer.from(frameOf([40, 30], (x) => x, second)),
      },
      { name: 'none.fits', mimeType: 'application/fits', buffer: Buffer.from('no FITS at all'.repeat(300)) },
    ])
    const added = page.getByRole('list', { name: 'Files being added' })
    await added.getByText('added').waitFor()
    await added.getByText(/not a FITS file/).waitFor()
    await page.getByRole('button', { name: 'Failures' }).click()
    await page.getByText('none.fits').first().waitFor()
    await page.getByLabel(/^Words in name/).fill('new')
    await page.waitForURL(/q=new/)
    await page.getByText('1 shown').waitFor()
    await page.getByLabel('Choose new.fits').check()
    expect(await page.getByRole('link', { name: 'Process…' }).getAttribute('href')).toContain('frames=')
    await page.close()
  })

  it('two fingers: three times as far apart is three times the zoom, and what lies between them stays there', async () => {
    const page = await openFrame('ramp', '?x=500&y=800&zoom=0.5', 390)
    const stage = (await page.locator('.viewer-stage canvas').first().boundingBox())!
    const [X, Y] = [Math.round(stage.x + stage.width / 2), Math.round(stage.y + stage.height / 2)]
    const session = await context.newCDPSession(page)
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', away = 0, shift = 0) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints:
          type === 'touchEnd'
            ? []
            : [-1, 1].map((side, id) => ({ x: X + side * away + shift, y: Y + shift, id })),
      })
    await touch('touchStart', 30)
    for (let away = 36; away <= 90; away += 6) await touch('touchMove', away)
    for (let shift = 6; shift <= 60; shift += 6) await touch('touchMove', 90, shift)
    await touch('touchEnd')
    await page.waitForURL(/zoom=1\.5/)
    const { searchParams } = new URL(page.url())
    // Sixty pixels of the screen, less what rounding the middle of the stage leaves.
    expect(Math.abs(Number(searchParams.get('x')) - (500 - 60 / 1.5))).toBeLessThan(1.5)
    expect(Math.abs(Number(searchParams.get('y')) - (800 + 60 / 1.5))).toBeLessThan(1.5)
    await page.getByRole('button', { name: 'Colours…' }).click()
    await page.getByLabel('Stretch').waitFor()
    await page.close()
  })

  it('a region file is drawn where it is dropped, is there after a reload, and goes out as it came', async () => {
    const page = await openFrame('ramp')
    const lines = [
      'circle(501,801,20) # color=cyan text={one}',
      'ellipse(430,470,30,15,45) # color=red',
      'box(400,540,40,20,30) # color=green',
    ]
    await page.evaluate(
      (text) => {
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(new File([text], 'marks.reg'))
        document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }))
      },
      ['# Region file format: DS9 version 4.1', 'physical', ...lines, 'panda(9,9,0,270,3,0,60,2)'].join('\n'),
    )
    await page.getByText('The shape panda is not read here').waitFor()
    await page.reload()
    await page.getByRole('checkbox', { name: /marks.reg/ }).waitFor()
    await page.getByRole('button', { name: 'Take…' }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('menuitem', { name: /DS9 region file/ }).click()
    const saved = await (await download).path()
    const text = readFileSync(saved, 'utf8')
    for (const line of lines) expect(text).toContain(line)
    await page.getByRole('button', { name: 'Take marks.reg away' }).click()
    await page.getByText('The shape panda is not read here').waitFor({ state: 'detached' })
    await page.close()
  })

  it('an upload is paused and goes on, a broken line is waited for, and a frame that was here is said to be', async () => {
    const page = await open('/frames?open=add')
    let line: 'slow' | 'broken' | 'whole' = 'slow'
    await page.route('**/api/v1/uploads/*', async (route) => {
      if (line === 'broken') await route.abort('internetdisconnected')
      // What is slow is not answered before it is given up.
      else if (line === 'whole') await route.continue()
    })
    const choose = (name: string, bytes: Uint8Array) =>
      page
        .getByLabel('FITS files', { exact: true })
        .setInputFiles([{ name, mimeType: 'application/fits', buffer: Buffer.from(bytes) }])
    await choose(
      'long.fits',
      frameOf([60, 50], (x, y) => x * y, null),
    )
    await page.getByRole('progressbar', { name: 'Sending long.fits' }).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText(/paused at/).waitFor()
    line = 'broken'
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('no connection; goes on by itself').waitFor()
    line = 'whole'
    const list = page.getByRole('list', { name: 'Files being added' })
    await list.getByText('added', { exact: true }).waitFor()
    await choose('point again.fits', pointFrame)
    await list.getByText('was here already').waitFor()
    await page.close()
    faults.splice(0, faults.length, ...faults.filter((fault) => !fault.includes('INTERNET_DISCONNECTED')))
  })

  it('what has no value or no sky is said, never a zero', async () => {
    const page = await openFrame('blank')
    await page.getByText('all are NaN or blank').waitFor()
    await page.getByText('no sky: pixels only').waitFor()
    await page.locator('.viewer-stage').hover()
    await page.getByText('no value (NaN)').waitFor()
    expect(await page.locator('article').innerText()).not.toMatch(/undefined|\[object/)
    await page.close()
  })

  it('no page of frames has a serious finding of axe, an error or a sideways scroll', async () => {
    const paths = ['/frames?open=add', '/frames?view=pictures&map=true', `/frames/${sha['ramp']}?grid=true`]
    for (const [width, theme] of [
      [1440, 'dark'],
      [390, 'light'],
    ] as const)
      for (const path of paths) {
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
      }
    // The upload of a file that is no frame is answered 422 and said so.
    expect(faults.filter((fault) => !fault.includes('422'))).toEqual([])
  })
})
