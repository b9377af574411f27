import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { isProblem, type Problem } from '#problem.ts'
import { headerOf } from '#science/fits/header.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { simulatedWcs } from '#science/simulate/field-sky.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { createNet } from '#platform/net/client.ts'
import { wholeConfig } from '#observatory/tasks/config.ts'
import { tasksSection } from '#observatory/tasks/sections.ts'
import { readTemplate } from '#observatory/tasks/steps/subtract-template.ts'
import { templateSources } from '#observatory/tasks/template-sources.ts'
import { atEnd } from '#test/platform.ts'
import { startSurveys, type FakeSurveys, type SurveyStar } from '#test/surveys.ts'
import type { Asking } from './asking.ts'
import type { SkySettings } from './create.ts'
import { partsOf } from './hips.ts'
import { brickAt } from './legacy.ts'
import type { TemplatePicture } from './sources.ts'
import { surveyPictures } from './surveys.ts'

const workshop = createWorkshop({ hands: 1 })
const net = createNet()
atEnd(() => net.stop())

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'urania-surveys-'))
  atEnd(() => rm(made, { recursive: true, force: true }))
  return made
}

const defaults = Object.fromEntries(
  Object.entries(tasksSection.settings).map(([key, { schema }]) => [key, schema.parse(undefined)]),
) as unknown as SkySettings

const settingsFor = ({ base }: FakeSurveys): SkySettings => ({
  ...defaults,
  panstarrsUrl: `${base}/cgi-bin`,
  legacyUrl: `${base}/ls`,
  hipsUrls: [`${base}/hips2fits`],
})

const asking = async (offline = false): Promise<Asking> => ({ net, cache: await folder(), offline })

/** A turned frame about a place. */
function frameAt(ra: number, dec: number, side: number, scale: number) {
  const simulated = simulatedWcs({ ra, dec, scale, rotationDeg: 25, mirrored: false }, side / 2, side / 2)
  const wcs = readWcs(headerOf(simulated.cards))!
  const radiusDeg = (side * scale * Math.SQRT1_2) / 3_600
  return {
    wcs,
    side,
    scale,
    cone: { ra, dec, radiusDeg },
    toPixel: (a: number, d: number) => simulated.toPixel(a, d),
    toSky: (x: number, y: number) => simulated.toSky(x, y),
  }
}
type Frame = ReturnType<typeof frameAt>

/** Stars on a 4 × 4 grid of a frame, a few pixels off it, each of another flux. */
const starsOf = ({ toSky, side }: Frame): SurveyStar[] =>
  Array.from({ length: 16 }, (_, k) => {
    const [x, y] = [
      ((k % 4) + 0.5) * (side / 4) + (k % 3) * 0.37,
      (Math.floor(k / 4) + 0.5) * (side / 4) + (k % 5) * 0.21,
    ]
    const [ra, dec] = toSky(x, y)
    return { ra, dec, flux: 1_000 * (1 + k) }
  })

/** The answer as the subtraction takes it: on the frame's grid. */
async function onFrame(pictures: readonly TemplatePicture[], { wcs, side }: Frame) {
  return readTemplate(
    {
      folder: '/nowhere',
      config: wholeConfig({}),
      hands: 1,
      wcs: wcs.terms,
      frameSize: [side, side],
      gain: 1,
      saturation: 1e9,
      fwhm: 3,
      bgSize: 64,
      region: { x0: 0, y0: 0, x1: side, y1: side },
      tiles: [],
      pictures,
      custom: false,
      stars: { x: new Float64Array(), y: new Float64Array() },
      targets: { x: [], y: [] },
      detect: false,
    },
    wcs,
    side,
    side,
    workshop,
    { log() {}, warn() {}, progress() {} },
  )
}

/** How far the centroid of a star is from its place, pixels, and its flux over the true one; null where pixels are masked. */
function seen(
  { plane, mask }: Awaited<ReturnType<typeof onFrame>>,
  frame: Frame,
  { ra, dec, flux }: SurveyStar,
  radius = 9,
): { off: number; ratio: number } | null {
  const [x, y] = frame.toPixel(ra, dec)!
  let [sum, sx, sy] = [0, 0, 0]
  for (let v = Math.ceil(y - radius); v <= y + radius; v++)
    for (let u = Math.ceil(x - radius); u <= x + radius; u++) {
      if (Math.hypot(u - x, v - y) > radius) continue
      if (u < 0 || v < 0 || u >= frame.side || v >= frame.side || mask.data[v * frame.side + u] !== 0)
        return null
      const value = plane.data[v * frame.side + u]!
      sum += value
      sx += value * (u - x)
      sy += value * (v - y)
    }
  return { off: Math.hypot(sx, sy) / sum, ratio: sum / flux }
}

const request = (frame: Frame, where: string, filter = 'r', signal = new AbortController().signal) => ({
  cone: frame.cone,
  filter,
  pixelScaleArcsec: frame.scale,
  folder: where,
  signal,
  log() {},
})

const refused = async (work: Promise<unknown>): Promise<Problem> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isProblem(error)) throw new Error(`No problem but ${String(error)}.`)
  return error
}

describe('Pan-STARRS', () => {
  const frame = frameAt(150, 2.2, 160, 1.2)
  const stars = starsOf(frame)
  const cells = [
    { ra: 150.03, dec: 2.2, exposure: 40, scale: 1 },
    { ra: 149.97, dec: 2.2, exposure: 875, scale: 1 },
  ]

  it('sky cells of different exposure join on the frame within 0.1 px and 1 %, blank where none covers it; kept', async () => {
    const server = await startSurveys(stars, { cells })
    const ask = await asking()
    const pictures = await surveyPictures(
      ask,
      settingsFor(server),
      'Pan-STARRS1',
      request(frame, await folder()),
    )
    expect(server.faults).toEqual([])
    expect(server.asked).toHaveLength(5)
    expect(pictures).toHaveLength(2)
    expect(pictures.map(({ scale }) => scale).toSorted((a, b) => a - b)).toEqual([1 / 875, 1 / 40])
    const template = await onFrame(pictures, frame)
    const found = stars.map((star) => seen(template, frame, star)).filter((each) => each !== null)
    expect(found.length).toBeGreaterThan(9)
    for (const { off, ratio } of found) {
      expect(off).toBeLessThan(0.1)
      expect(Math.abs(ratio - 1)).toBeLessThan(0.01)
    }
    // The marked bit of the mask says nothing, its saturated corner and the blank corner do.
    const at = (cell: (typeof cells)[number], east: number, north: number): number => {
      const cos = Math.cos((cell.dec * Math.PI) / 180)
      const [x, y] = frame.toPixel(cell.ra + east / cos / 3_600, cell.dec + north / 3_600)!
      return template.mask.data[Math.round(y) * frame.side + Math.round(x)]!
    }
    expect(at(cells[0]!, -60, 60)).toBe(0)
    expect(at(cells[1]!, 60, 10)).toBe(0)

    // The same once more, and for a frame that lies a little beside: nothing new is asked, also without network.
    server.asked.length = 0
    const again = await surveyPictures(
      { ...ask, offline: true },
      settingsFor(server),
      'ps1',
      request(frame, await folder()),
    )
    expect(again).toHaveLength(2)
    expect(server.asked).toEqual([])

    // A damaged file of the cache is asked for anew, and without network not taken for an answer.
    const kept = await readdir(join(ask.cache, 'pictures'))
    for (const name of kept)
      await writeFile(join(ask.cache, 'pictures', name), '{"asked": 1, "sha256": "00"}\nhalf')
    expect(
      (
        await refused(
          surveyPictures(
            { ...ask, offline: true },
            settingsFor(server),
            'ps1',
            request(frame, await folder()),
          ),
        )
      ).code,
    ).toBe('net.unreachable')
    await surveyPictures(ask, settingsFor(server), 'ps1', request(frame, await folder()))
    expect(server.asked).toHaveLength(5)
  })

  it('that it has no cell of a field is believed for a month, that it has some for longer', async () => {
    onTestFinished(() => void vi.useRealTimers())
    for (const [sky, listsAsked] of [
      [{}, 2],
      [{ cells: cells.slice(0, 1) }, 1],
    ] as const) {
      vi.useRealTimers()
      const server = await startSurveys(stars, sky)
      const ask = await asking()
      const begun = Date.now()
      for (const days of [0, 29, 31]) {
        vi.useFakeTimers({ toFake: ['Date'], now: begun + days * 86_400_000 })
        await surveyPictures(ask, settingsFor(server), 'ps1', request(frame, await folder())).catch(() => {})
      }
      expect(server.asked.filter((each) => each.includes('ps1filenames'))).toHaveLength(listsAsked)
    }
  })

  it('a field without cells, a page instead of the list, and one instead of a picture end in a sentence', async () => {
    const nothing = await startSurveys(stars, {})
    const first = await refused(
      surveyPictures(await asking(), settingsFor(nothing), 'ps1', request(frame, await folder())),
    )
    expect(first.message).toMatch(
      /^Pan-STARRS DR2 has no picture of this field in r; choose another template/,
    )
    const server = await startSurveys(stars, { cells })
    for (const path of ['/cgi-bin', '/rings']) {
      server.instead = (incoming, response) => {
        if (!incoming.url?.startsWith(path)) return false
        response
          .writeHead(200, { 'content-type': 'text/html' })
          .end('<html><h1>Down for maintenance</h1></html>')
        return true
      }
      const { message } = await refused(
        surveyPictures(await asking(), settingsFor(server), 'ps1', request(frame, await folder())),
      )
      expect(message).toContain('Down for maintenance')
      expect(message).toMatch(/try again later, or choose another template\.$/)
    }
  })
})

describe('Legacy Survey', () => {
  it.each([
    [0.1, -0.2, '0001m002'],
    [359.99, 0.01, '3598p000'],
    [244.7, 12, '2447p120'],
    [110.2, 24, '1102p240'],
    [30, 89.99, '1800p900'],
  ])('%d %d lies in the brick %s', (ra, dec, name) => {
    const found = brickAt(ra, dec)
    expect(found.name).toBe(name)
    expect(Math.abs(found.dec - dec)).toBeLessThanOrEqual(0.125)
  })

  it('bricks join within 0.1 px and 1 %, without what has no weight, and one release stands in for the other', async () => {
    const one = brickAt(150, 2.2)
    const border = one.ra + 180 / 1440
    const two = brickAt(border + 0.01, 2.2)
    expect(two.name).not.toBe(one.name)
    const frame = frameAt(border, one.dec, 120, 5)
    const stars = starsOf(frame)
    const server = await startSurveys(stars, {
      bricks: {
        [one.name]: { ra: one.ra, dec: one.dec, path: 'dr10/south', scale: 4 },
        [two.name]: { ra: two.ra, dec: two.dec, path: 'dr9/north', scale: 4 },
      },
    })
    const ask = await asking()
    const pictures = await surveyPictures(
      ask,
      settingsFor(server),
      'DESI Legacy',
      request(frame, await folder()),
    )
    expect(server.faults).toEqual([])
    expect(pictures).toHaveLength(2)
    expect(pictures[0]!.masks.map(({ bad }) => bad)).toEqual(['zero', 0x1 | 0x400 | 0x8 | 0x40])
    const template = await onFrame(pictures, frame)
    const found = stars.map((star) => seen(template, frame, star)).filter((each) => each !== null)
    expect(found.length).toBeGreaterThan(9)
    for (const { off, ratio } of found) {
      expect(off).toBeLessThan(0.1)
      expect(Math.abs(ratio - 1)).toBeLessThan(0.01)
    }
    // What is not there is remembered too.
    server.asked.length = 0
    await surveyPictures({ ...ask, offline: true }, settingsFor(server), 'ls', request(frame, await folder()))
    expect(server.asked).toEqual([])
    const none = await startSurveys(stars, {})
    expect(
      (await refused(surveyPictures(await asking(), settingsFor(none), 'ls', request(frame, await folder()))))
        .message,
    ).toMatch(/no picture of this field in r; choose another/)
  })
})

describe('HiPS', () => {
  const frame = frameAt(150, 2.2, 160, 1.5)
  const stars = starsOf(frame)
  const all = templateSources.filter(({ access }) => access === 'hips')
  const known = all.flatMap(({ bands }) => Object.values(bands))

  it.each(
    all.flatMap(({ key, title, aliases, bands }) =>
      [key, title, ...aliases].map((name) => [name, bands] as const),
    ),
  )('%s is asked for each of its bands by the identifier of its HiPS', async (name, bands) => {
    const server = await startSurveys([], { hips: known })
    const small = frameAt(150, 2.2, 8, 1.5)
    for (const [filter, id] of Object.entries(bands)) {
      server.asked.length = 0
      const [picture] = await surveyPictures(
        await asking(),
        settingsFor(server),
        name,
        request(small, await folder(), filter),
      )
      expect(new URLSearchParams(server.asked[0]!.split('?')[1]).get('hips')).toBe(id)
      expect(picture).toMatchObject({ filter, gain: 10_000, scale: 1, masks: [] })
    }
    expect(server.faults).toEqual([])
  })

  it('too large for one answer comes in parts that join within 0.1 px and 1 %, blank where the survey ends', async () => {
    const server = await startSurveys(stars, { hips: known, mostPixels: 30_000 })
    const pictures = await surveyPictures(
      await asking(),
      settingsFor(server),
      '2MASS',
      request(frame, await folder(), 'J'),
    )
    expect(server.faults).toEqual([])
    expect(pictures.length).toBeGreaterThan(15)
    const template = await onFrame(pictures, frame)
    // HiPS show brightness per pixel of theirs, 1″: what is conserved is the sum over the frame's pixels.
    const found = stars.map((star) => ({ star, at: seen(template, frame, star) }))
    const west = (star: SurveyStar): boolean => star.ra < 150 - 0.028 - 0.006
    expect(found.filter(({ star, at }) => west(star) && at !== null)).toEqual([])
    const whole = found.flatMap(({ at }) => (at === null ? [] : [at]))
    expect(whole.length).toBeGreaterThan(9)
    for (const { off, ratio } of whole) {
      expect(off).toBeLessThan(0.1)
      expect(Math.abs(ratio - 1)).toBeLessThan(0.01)
    }
  })

  it('near the pole and over RA 0 the parts still cover the frame', async () => {
    for (const [ra, dec] of [
      [0.001, 10],
      [40, 89.97],
    ] as const) {
      const there = frameAt(ra, dec, 160, 1.5)
      const few = starsOf(there)
      const server = await startSurveys(few, { hips: known, mostPixels: 30_000 })
      // The fake survey ends in the west, wherever that is.
      const pictures = await surveyPictures(
        await asking(),
        settingsFor(server),
        '2MASS',
        request(there, await folder(), 'H'),
      )
      const template = await onFrame(pictures, there)
      const found = few.map((star) => seen(template, there, star)).filter((each) => each !== null)
      expect(found.length).toBeGreaterThan(dec > 80 ? 3 : 7)
      for (const { off } of found) expect(off).toBeLessThan(0.1)
    }
  })

  it('parts cover the whole and share a border', () => {
    const whole = { x0: 0, y0: 0, width: 1_000, height: 700 }
    const parts = partsOf(whole, 256)
    const covered = new Uint8Array(700_000)
    for (const { x0, y0, width, height } of parts) {
      expect(Math.max(width, height)).toBeLessThanOrEqual(257)
      for (let y = y0; y < y0 + height; y++) covered.fill(1, y * 1_000 + x0, y * 1_000 + x0 + width)
    }
    expect(covered.every((each) => each === 1)).toBe(true)
    expect(partsOf(whole, 1_000)).toEqual([whole])
  })

  it('the second mirror is asked where the first is down', async () => {
    const server = await startSurveys(stars, { hips: known })
    const down = 'http://127.0.0.1:9'
    const settings = { ...settingsFor(server), hipsUrls: [down, `${server.base}/hips2fits`] }
    expect(
      await surveyPictures(await asking(), settings, 'ztf', request(frame, await folder())),
    ).toHaveLength(1)
  })
})

describe('an answer that is none', () => {
  const frame = frameAt(150, 2.2, 40, 1.5)
  const known = ['CDS/P/2MASS/J']
  const from = async (server: FakeSurveys, signal?: AbortSignal): Promise<Problem> =>
    refused(
      surveyPictures(
        await asking(),
        settingsFor(server),
        '2mass',
        request(frame, await folder(), 'J', signal),
      ),
    )

  it.each([
    ['a failure', 500, 'text/plain', '', /answered 500\. Try again later.*another template\.$/, 3],
    [
      'an overload',
      503,
      'application/json',
      '{"title": "Busy", "description": "Come back"}',
      /It says: Busy: Come back\. Try/,
      3,
    ],
    ['a refusal', 403, 'text/html', '<html>go away</html>', /answered 403\. Try again/, 1],
    [
      'a page',
      200,
      'text/html',
      '<html><body>Maintenance</body></html>',
      /"Maintenance".*choose another template\.$/,
      1,
    ],
    ['nothing', 200, 'image/fits', '', /answered with nothing; try/, 1],
    [
      'half a picture',
      200,
      'image/fits',
      `${'SIMPLE  =                    T'.padEnd(80)}${'BITPIX  =                  -32'.padEnd(80)}`,
      /damaged picture.*cut off.*another template\.$/,
      1,
    ],
  ])('%s', async (_, status, type, body, sentence, times) => {
    const server = await startSurveys([], { hips: known })
    server.instead = (_request, response) => {
      response.writeHead(status, { 'content-type': type }).end(body)
      return true
    }
    const { message, code } = await from(server)
    expect(code).toMatch(/^(net|task)\./)
    expect(message).toMatch(sentence)
    expect(server.asked).toHaveLength(times)
    // It was not kept.
    server.instead = null
    server.asked.length = 0
    await surveyPictures(await asking(), settingsFor(server), '2mass', request(frame, await folder(), 'J'))
    expect(server.asked).toHaveLength(1)
  })

  it('a connection that breaks in the middle of a picture', async () => {
    const server = await startSurveys([], { hips: known })
    server.instead = (_request, response) => {
      response.writeHead(200, { 'content-length': '100000' })
      response.write('SIMPLE  =', () => response.destroy())
      return true
    }
    const { code, message } = await from(server)
    expect(code).toBe('net.unreachable')
    expect(message).toMatch(/choose another template\.$/)
    expect(server.asked).toHaveLength(3)
  })

  it('one that never comes is given up on cancel', async () => {
    const server = await startSurveys([], { hips: known })
    const stop = new AbortController()
    server.instead = () => {
      stop.abort()
      return true
    }
    expect((await from(server, stop.signal)).code).toBe('net.aborted')
    expect(server.asked).toHaveLength(1)
  })

  it('one larger than allowed, and one that leads elsewhere for ever', async () => {
    const server = await startSurveys([], { hips: known })
    server.instead = (_request, response) => {
      response.writeHead(200, { 'content-length': String(2 ** 40) }).write('SIMPLE')
      return true
    }
    expect((await from(server)).code).toBe('net.too_large')
    server.instead = (_request, response) => {
      response.writeHead(302, { location: '/hips2fits?again' }).end()
      return true
    }
    expect((await from(server)).message).toMatch(/redirects more than 5 times.*Try again/)
  })

  it('pictures that were not used for longest go when there are too many', async () => {
    const server = await startSurveys([], { hips: known })
    const ask = { ...(await asking()), mostPictures: 60_000 }
    for (const ra of [150, 151, 152, 153])
      await surveyPictures(
        ask,
        settingsFor(server),
        '2mass',
        request(frameAt(ra, 2.2, 40, 1.5), await folder(), 'J'),
      )
    const kept = await readdir(join(ask.cache, 'pictures'))
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length).toBeLessThan(4)
    server.asked.length = 0
    await surveyPictures(
      ask,
      settingsFor(server),
      '2mass',
      request(frameAt(153, 2.2, 40, 1.5), await folder(), 'J'),
    )
    expect(server.asked).toEqual([])
  })
})
