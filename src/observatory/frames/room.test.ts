import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, inflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testApi, type TestPerson } from '#test/api.ts'
import { compressImage } from '#science/fits/compress.ts'
import { card } from '#science/fits/header.ts'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { writeFits } from '#science/fits/write.ts'
import { coneRanges } from '#science/sky/cover.ts'
import { contains } from '#science/sky/moc.ts'
import { mocFromFits } from '#science/sky/moc-fits.ts'
import type { Ranges } from '#science/sky/ranges.ts'
import { separation } from '#science/sky/vectors.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { registerFrame } from './add.ts'
import type { Frame } from './frame.ts'
import { room } from './module.ts'
import { readFrameHdu } from './open.ts'
import { neighbours } from './store.ts'
import { skyFrame } from './test-frames.ts'
import { continueUpload, sweepUploads, uploadState } from './upload-service.ts'

const { platform, app, person, request, home } = await testApi({ rooms: [room], work: true })
const folder = await mkdtemp(join(tmpdir(), 'urania-frames-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const [owner, other, viewer, administrator] = await Promise.all([
  person('member', 'Owner'),
  person('member', 'Other'),
  person('viewer', 'Viewer'),
  person('administrator', 'Chief'),
])

async function add(who: TestPerson, name: string, bytes: Uint8Array, query = '') {
  const response = await request(`/api/v1/frames?file=${encodeURIComponent(name)}${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/octet-stream' },
    body: bytes as Uint8Array<ArrayBuffer>,
  })
  return {
    status: response.status,
    body: (await response.json()) as Frame & { code?: string; detail?: string },
  }
}

async function items(who: TestPerson, query: string): Promise<Frame[]> {
  const response = await who.get(`/api/v1/frames?${query}`)
  expect(response.status).toBe(200)
  return ((await response.json()) as { items: Frame[] }).items
}

async function bytesOf(who: TestPerson, path: string, headers?: Record<string, string>) {
  const response = await who.get(`/api/v1${path}`, headers)
  return { response, bytes: new Uint8Array(await response.arrayBuffer()) }
}

it('ranges of the sky are asked for in groups of neighbours: about a pole one of each face', () => {
  const ranges = coneRanges(0, 89.99, 1, { order: 9 })
  const groups = neighbours(ranges)
  expect(groups.flatMap((group) => [...group])).toEqual([...ranges])
  const span = (part: Ranges): number => Number(part.at(-1)! - part[0])
  expect(groups.reduce((sum, group) => sum + span(group), 0)).toBeLessThan(0.01 * span(ranges))
  expect(neighbours(BigInt64Array.of(3n, 5n))).toEqual([BigInt64Array.of(3n, 5n)])
})

const first = skyFrame({ width: 40, height: 30, ra: 150, dec: 2.2, seed: 1 })
let frame: Frame

beforeAll(async () => {
  const { status, body } = await add(owner, 'first.fits', first)
  expect(status).toBe(201)
  frame = body
  await platform.jobs.idle()
})

describe('a frame', () => {
  it('says what its header says, where it lies, and what is missing', () => {
    expect(frame.facts).toMatchObject({ filter: 'r', exposure: 60, gain: 1.5, kind: 'object', object: 'M 1' })
    expect(frame.facts.time).toMatchObject({ place: 'start', scale: 'utc' })
    expect(frame.facts.time!.middle! - frame.facts.time!.mjd!).toBeCloseTo(30 / 86_400, 10)
    expect(frame.facts.readNoise).toBeNull()
    expect(frame.facts.missing.readNoise).toContain('RDNOISE')
    const { footprint } = frame
    expect(separation(...footprint!.centre, 150, 2.2)).toBeLessThan(1 / 3600)
    expect(footprint!.areaDeg2).toBeCloseTo(40 * 30 * (1 / 3600) ** 2, 8)
    expect(footprint!.pixelScaleArcsec).toBeCloseTo(1, 6)
    expect(frame.images[0]!.footprint!.polygon).toHaveLength(64)
  })

  it('is one whatever its name, and whoever brings it again', async () => {
    const again = await add(owner, 'renamed.fits', first)
    expect(again.status).toBe(200)
    expect(again.body).toMatchObject({ sha256: frame.sha256, name: 'first.fits' })
    expect((await items(owner, 'limit=100')).filter(({ sha256 }) => sha256 === frame.sha256)).toHaveLength(1)
  })

  it('is found by position, time, kind, filter and words', async () => {
    const yes = [
      'cone=150,2.2,0.01',
      'cone=10:00:00%20%2B02:12:00,0.01',
      'contains=150,2.2',
      'contains=150.005,2.203',
      'touches=150.02,2.2,0.02',
      'from=2026-11-20&to=2026-11-22',
      'kind=object,flat',
      'filter=r',
      'q=m%20FIRST',
      'instrument=testcam',
    ]
    const no = [
      'cone=150.1,2.2,0.01',
      'contains=150.02,2.2',
      'touches=151,2.2,0.02',
      'from=2026-11-22',
      'kind=bias',
      'filter=g',
      'q=first%20nothing',
      'instrument=other',
    ]
    for (const query of yes) expect([query, (await items(owner, query)).length]).toEqual([query, 1])
    for (const query of no) expect([query, (await items(owner, query)).length]).toEqual([query, 0])
    for (const query of ['cone=1,2', 'kind=nonsense', 'from=yesterday'])
      expect((await owner.get(`/api/v1/frames?${query}`)).status).toBe(422)
  })

  it('gives its header, file, ranges, picture and pixels to those who may see it', async () => {
    const at = `/frames/${frame.sha256}`
    const text = await (await owner.get(`/api/v1${at}/header?format=text&filter=gain`)).text()
    expect(text).toBe('GAIN    =                  1.5 / electron per adu\n')
    const header = (await (await owner.get(`/api/v1${at}/header`)).json()) as {
      items: { cards: { keyword: string }[] }[]
    }
    expect(header.items[0]!.cards.map(({ keyword }) => keyword)).toContain('CRVAL1')
    const file = await bytesOf(owner, `${at}/file`)
    expect(file.bytes).toEqual(first)
    expect(file.response.headers.get('content-type')).toBe('application/fits')
    const part = await bytesOf(owner, `${at}/file`, { range: 'bytes=0-29' })
    expect([part.response.status, new TextDecoder().decode(part.bytes)]).toEqual([
      206,
      'SIMPLE  =                    T',
    ])
    const picture = await bytesOf(owner, `${at}/thumbnail.png`)
    expect([...picture.bytes.subarray(1, 4)]).toEqual([...new TextEncoder().encode('PNG')])
    const { body: seen } = { body: (await (await owner.get(`/api/v1${at}`)).json()) as Frame }
    expect(seen.thumbnail).toBe(true)
    const pixels = await bytesOf(owner, `${at}/pixels?section=3:7,5:6`)
    expect(pixels.response.headers.get('cache-control')).toContain('immutable')
    const { hdus } = openFits(first)
    const all = readImage(first, hdus[0]!).data as Float32Array
    expect(new Float32Array(pixels.bytes.buffer)).toEqual(all.slice(5 * 40 + 3, 5 * 40 + 7))
    const tag = pixels.response.headers.get('etag')!
    const again = await owner.get(`/api/v1${at}/pixels?section=3:7,5:6`, { 'if-none-match': tag })
    expect(again.status).toBe(304)
    for (const wrong of ['section=0:41,0:1', 'section=5:5,0:1', 'level=3', 'hdu=1', 'plane=1'])
      expect([wrong, (await owner.get(`/api/v1${at}/pixels?${wrong}`)).status]).toEqual([wrong, 422])
  })

  it('is cut out with a WCS that says the same of each pixel to 1e-9 of a pixel', async () => {
    const { bytes } = await bytesOf(owner, `/frames/${frame.sha256}/cutout?x=11&y=7&w=9&h=6`)
    const { hdus } = openFits(bytes)
    expect(hdus[0]!.shape).toEqual([9, 6])
    const [whole, part] = [readWcs(openFits(first).hdus[0]!.header)!, readWcs(hdus[0]!.header)!]
    const [x, y] = part.skyToPixel(...whole.pixelToSky(14, 9))!
    expect(Math.hypot(x - 3, y - 2)).toBeLessThan(1e-9)
    const data = readImage(bytes, hdus[0]!).data
    const all = readImage(first, openFits(first).hdus[0]!).data
    expect(data[2 * 9 + 3]).toBe(all[9 * 40 + 14])
    const edge = await bytesOf(owner, `/frames/${frame.sha256}/cutout?ra=150&dec=2.2&size=1`)
    expect(openFits(edge.bytes).hdus[0]!.shape).toEqual([40, 30])
    expect((await owner.get(`/api/v1/frames/${frame.sha256}/cutout?ra=10&dec=2.2&size=0.1`)).status).toBe(422)
    const picture = await bytesOf(owner, `/frames/${frame.sha256}/cutout?x=0&y=0&w=10&h=10&format=png`)
    expect(picture.response.headers.get('content-type')).toBe('image/png')
  })

  it('gives its footprint as MOC, JSON and regions, and takes regions of others on its pixels', async () => {
    const at = `/frames/${frame.sha256}`
    const moc = mocFromFits((await bytesOf(owner, `${at}/footprint.moc`)).bytes)
    expect(contains(moc, 150, 2.2)).toBe(true)
    expect(contains(moc, 150.02, 2.2)).toBe(false)
    const json = (await (await owner.get(`/api/v1${at}/footprint.json`)).json()) as { images: unknown[] }
    expect(json.images).toHaveLength(1)
    const regions = await (await owner.get(`/api/v1${at}/regions`)).text()
    expect(regions).toContain('icrs\npolygon(')
    const response = await request(`/api/v1${at}/regions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'text/plain' },
      body: 'icrs\ncircle(150,2.2,5")\ncircle(10,-80,5")\nimage\npoint(1,1)\nnonsense',
    })
    const drawn = (await response.json()) as {
      items: { points: number[][]; sizes: number[] }[]
      skipped: unknown[]
    }
    expect(drawn.items[0]!.points[0]![0]).toBeCloseTo(19.5, 6)
    expect(drawn.items[0]!.sizes[0]).toBeCloseTo(5, 6)
    expect(drawn.items[1]!.points).toEqual([[0, 0]])
    expect(drawn.skipped).toHaveLength(2)
  })
})

describe('rights', () => {
  it('hold for every byte that is served', async () => {
    const at = `/api/v1/frames/${frame.sha256}`
    const paths = [
      '',
      '/header',
      '/header?format=text',
      '/file',
      '/thumbnail.png',
      '/view',
      '/pixels',
      '/cutout?x=0&y=0&w=2&h=2',
      '/footprint.json',
      '/footprint.moc',
      '/regions',
    ]
    for (const path of paths) {
      expect([path, (await other.get(at + path)).status]).toEqual([path, 404])
      expect([path, (await viewer.get(at + path)).status]).toEqual([path, 404])
      expect([path, (await owner.get(at + path)).status]).toEqual([path, 200])
      expect([path, (await request(at + path)).status]).toEqual([path, 401])
    }
    expect(await items(other, 'contains=150,2.2')).toEqual([])
    expect((await other.send('PATCH', at, { note: 'mine' })).status).toBe(404)
    expect((await other.send('DELETE', at)).status).toBe(404)
    expect((await viewer.send('POST', '/api/v1/uploads', { name: 'x.fits', byteLength: 10 })).status).toBe(
      403,
    )
    expect((await owner.get('/api/v1/frames/folders')).status).toBe(403)
    expect((await owner.send('POST', '/api/v1/frames/folders', { path: '/' })).status).toBe(403)
  })

  it('are changed by the owner alone, and to groups one is in', async () => {
    const own = (await add(owner, 'shared.fits', skyFrame({ seed: 77 }))).body
    const at = `/api/v1/frames/${own.sha256}`
    expect((await owner.send('PATCH', at, { groups: ['strangers'] })).status).toBe(403)
    expect((await owner.send('PATCH', at, { groups: ['everyone'], note: 'for all' })).status).toBe(200)
    expect((await viewer.get(at)).status).toBe(200)
    expect((await viewer.get(`${at}/file`)).status).toBe(200)
    expect((await other.send('PATCH', at, { note: 'no' })).status).toBe(403)
    expect((await other.send('DELETE', at)).status).toBe(403)
    expect((await owner.send('DELETE', at)).status).toBe(204)
    expect((await owner.get(at)).status).toBe(404)
  })

  it('let whoever has the same bytes see the frame, and leave it to its owner', async () => {
    const bytes = skyFrame({ seed: 78 })
    const { sha256 } = (await add(owner, 'twice.fits', bytes)).body
    expect((await add(other, 'mine.fits', bytes)).status).toBe(200)
    expect((await other.get(`/api/v1/frames/${sha256}`)).status).toBe(200)
    expect((await other.send('DELETE', `/api/v1/frames/${sha256}`)).status).toBe(204)
    expect((await other.get(`/api/v1/frames/${sha256}`)).status).toBe(404)
    expect((await owner.get(`/api/v1/frames/${sha256}`)).status).toBe(200)
  })
})

describe('files that are odd', () => {
  const cards = [card('OBJECT', 'odd')]
  const image = (shape: number[], data: Float32Array, more = cards) =>
    writeFits([{ kind: 'image', shape, data, cards: more }])

  it.each([
    ['empty', new Uint8Array(0), 'fits.truncated'],
    ['text', new TextEncoder().encode('hello, this is no FITS file\n'.repeat(200)), 'fits.invalid'],
    ['cut off', first.subarray(0, 4_000), 'fits.truncated'],
    ['a damaged gzip', gzipSync(first).subarray(0, 900), 'fits.truncated'],
    ['a gzip of text', new Uint8Array(gzipSync('no FITS'.repeat(1_000))), 'fits.invalid'],
    ['without pixels', writeFits([{ kind: 'image', shape: [] }]), 'fits.not_found'],
    [
      'a table alone',
      writeFits([{ kind: 'table', columns: [{ name: 'x', values: Float64Array.of(1) }] }]),
      'fits.not_found',
    ],
    ['claims of 10^18 pixels', huge(), 'fits.truncated'],
    ['a header of a million cards', endless(), 'fits.truncated'],
  ])('%s: refused with a reason that is kept, nothing is stored', async (name, bytes, code) => {
    const before = await stored()
    const { status, body } = await add(owner, `${name}.fits`, bytes)
    expect([status, body.code]).toEqual([422, code])
    expect(await stored()).toBe(before)
    const failures = (await (await owner.get('/api/v1/frames/failures?limit=100')).json()) as {
      items: { origin: string; code: string; reason: string }[]
    }
    expect(failures.items.find(({ origin }) => origin === `${name}.fits`)).toMatchObject({ code })
    expect(await readdir(join(home, 'uploads'))).toEqual([])
  })

  async function stored(): Promise<number> {
    let count = 0
    for await (const _ of platform.storage.list()) count++
    return count
  }

  it('a failure is the business of whoever had it', async () => {
    const mine = (await (await other.get('/api/v1/frames/failures')).json()) as { items: unknown[] }
    expect(mine.items).toEqual([])
  })

  it('8 × 8, all NaN, constant, without WCS: frames with pictures', async () => {
    const odd = {
      tiny: image(
        [8, 8],
        Float32Array.from({ length: 64 }, (_, i) => i),
      ),
      nan: image([20, 10], new Float32Array(200).fill(NaN)),
      constant: image([10, 20], new Float32Array(200).fill(42)),
      infinite: image([4, 4], new Float32Array(16).fill(Infinity)),
    }
    for (const [name, bytes] of Object.entries(odd)) {
      const { status, body } = await add(owner, `${name}.fits`, bytes)
      expect([name, status]).toEqual([name, 201])
      expect(body.footprint).toBeNull()
      expect(body.images[0]!.noFootprint).toBe('The header has no celestial WCS.')
      expect(body.facts.time).toBeNull()
      const { response } = await bytesOf(owner, `/frames/${body.sha256}/thumbnail.png`)
      expect([name, response.status]).toEqual([name, 200])
      const view = (await (await owner.get(`/api/v1/frames/${body.sha256}/view`)).json()) as {
        finite: number
      }
      expect(view.finite).toBe(name === 'nan' || name === 'infinite' ? 0 : 1)
      const cutout = await owner.get(`/api/v1/frames/${body.sha256}/cutout?ra=1&dec=1&size=1`)
      expect(cutout.status).toBe(422)
    }
  })

  it('cubes by plane, mosaics by HDU, packed ones as what is in them', async () => {
    const cube = Float32Array.from({ length: 60 }, (_, i) => i)
    const { body: cubic } = await add(owner, 'cube.fits', image([4, 5, 3], cube))
    const plane = await bytesOf(owner, `/frames/${cubic.sha256}/pixels?plane=2`)
    expect(new Float32Array(plane.bytes.buffer)).toEqual(cube.slice(40))
    const mosaic = writeFits([
      { kind: 'image', shape: [], cards: [card('OBJECT', 'mosaic'), card('EXPTIME', 10)] },
      { kind: 'image', name: 'DQ', shape: [4, 4], data: new Int16Array(16) },
      { kind: 'image', name: 'SCI', shape: [4, 4], data: new Float32Array(16), cards: [card('GAIN', 2)] },
      { kind: 'image', name: 'SCI', shape: [4, 4], data: new Float32Array(16), cards: [card('GAIN', 3)] },
    ])
    const { body: many } = await add(owner, 'mosaic.fits', mosaic)
    expect(many.images.map(({ hdu, role, gain }) => [hdu, role, gain])).toEqual([
      [1, 'mask', null],
      [2, 'image', 2],
      [3, 'image', 3],
    ])
    expect([many.main, many.facts.object, many.facts.exposure, many.facts.gain]).toEqual([1, 'mosaic', 10, 2])
    const counts = Int16Array.from({ length: 64 * 48 }, (_, i) => (i * 7) % 301)
    const rice = writeFits([compressImage({ kind: 'image', shape: [64, 48], data: counts, cards })])
    const { body: fz } = await add(owner, 'packed.fits.fz', rice)
    expect(fz.images).toMatchObject([{ hdu: 1, shape: [64, 48], compressed: 'RICE_1' }])
    const tile = await bytesOf(owner, `/frames/${fz.sha256}/pixels?section=10:20,30:31`)
    expect([...new Float32Array(tile.bytes.buffer)]).toEqual([...counts.subarray(30 * 64 + 10, 30 * 64 + 20)])
    const part = await bytesOf(owner, `/frames/${fz.sha256}/cutout?x=60&y=40&w=10&h=3`)
    const { hdus: cut } = openFits(part.bytes)
    expect(cut[0]!.shape).toEqual([4, 3])
    expect([...readImage(part.bytes, cut[0]!).data.subarray(0, 4)]).toEqual([
      ...counts.subarray(40 * 64 + 60, 41 * 64),
    ])
    const packed = new Uint8Array(gzipSync(skyFrame({ seed: 5 })))
    const { body: gz } = await add(owner, 'packed.fits.gz', packed)
    expect([gz.packing, gz.images[0]!.shape]).toEqual(['gzip', [32, 32]])
    expect((await bytesOf(owner, `/frames/${gz.sha256}/file`)).bytes).toEqual(packed)
    const once = await bytesOf(owner, `/frames/${gz.sha256}/pixels`)
    await rm(join(home, 'cache'), { recursive: true, force: true })
    expect((await bytesOf(owner, `/frames/${gz.sha256}/pixels`)).bytes).toEqual(once.bytes)
  })

  it('stacks of Pan-STARRS are read as flux', async () => {
    const a = 2.5 / Math.LN10
    const flux = [-3, 0, 1, 1e4]
    const value = Float32Array.from(flux, (f) => a * Math.asinh((f - 0.5) / (2 * 1.7)))
    const more = [card('BSOFTEN', 1.7), card('BOFFSET', 0.5), card('FPA.FILTERID', 'r.00000')]
    const { body } = await add(owner, 'ps1.fits', image([2, 2], value, more))
    expect(body.facts).toMatchObject({ profiles: ['panstarrs'], filter: 'r', pixels: { form: 'asinh' } })
    const { data } = await readFrameHdu(platform, localOperator, body.sha256)
    for (const [i, f] of flux.entries()) expect(Math.abs(data[i]! - f)).toBeLessThan(1e-5 * Math.max(1, f))
  })
})

describe('a large frame', () => {
  it('comes in levels whose pixels are means of blocks to 1e-5', async () => {
    const [width, height] = [1501, 1203]
    const data = Float32Array.from({ length: width * height }, (_, i) => (i % 977 === 0 ? NaN : i % 1000))
    const { body } = await add(
      owner,
      'large.fits',
      writeFits([{ kind: 'image', shape: [width, height], data }]),
    )
    await platform.jobs.idle()
    const at = `/frames/${body.sha256}`
    const view = (await (await owner.get(`/api/v1${at}/view`)).json()) as {
      levels: { width: number; height: number }[]
      percentiles: Record<string, number>
    }
    expect(view.levels.map((level) => [level.width, level.height])).toEqual([
      [1501, 1203],
      [751, 602],
      [376, 301],
      [188, 151],
    ])
    expect(view.percentiles['50']).toBeGreaterThan(480)
    expect(view.percentiles['50']).toBeLessThan(520)
    for (const level of [1, 2]) {
      const size = 2 ** level
      const [x, y] = [100, 77]
      const { bytes } = await bytesOf(
        owner,
        `${at}/pixels?level=${level}&section=${x}:${x + 3},${y}:${y + 2}`,
      )
      const got = new Float32Array(bytes.buffer)
      for (const [i, [dx, dy]] of [
        [0, 0],
        [1, 0],
        [2, 0],
        [0, 1],
      ].entries())
        expect(Math.abs(got[i]! - meanOf((x + dx!) * size, (y + dy!) * size, size))).toBeLessThan(1e-2)
    }
    const { bytes: png } = await bytesOf(owner, `${at}/thumbnail.png?width=300&cmap=viridis&stretch=log`)
    expect(new DataView(png.buffer).getUint32(16)).toBe(300)
    const whole = `x=0&y=0&w=${width}&h=${height}`
    const { bytes: cut } = await bytesOf(owner, `${at}/cutout?${whole}`)
    const again = readImage(cut, openFits(cut).hdus[0]!).data as Float32Array
    expect(Buffer.compare(new Uint8Array(again.buffer), new Uint8Array(data.buffer))).toBe(0)
    const { bytes: shown } = await bytesOf(owner, `${at}/cutout?${whole}&format=png`)
    expect(new DataView(shown.buffer).getUint32(16)).toBe(width)
    const { response: first } = await bytesOf(owner, `${at}/view`)
    const known = { 'if-none-match': first.headers.get('etag')! }
    expect((await bytesOf(owner, `${at}/view`, known)).response.status).toBe(304)

    function meanOf(x0: number, y0: number, size: number): number {
      let [sum, count] = [0, 0]
      for (let y = y0; y < Math.min(height, y0 + size); y++)
        for (let x = x0; x < Math.min(width, x0 + size); x++) {
          const value = data[y * width + x]!
          if (!Number.isNaN(value)) [sum, count] = [sum + value, count + 1]
        }
      return sum / count
    }
  })
})

describe('uploads in parts', () => {
  async function send(id: string, offset: number, body: Uint8Array, who = owner) {
    return request(`/api/v1/uploads/${id}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${who.token}`,
        'content-type': 'application/offset+octet-stream',
        'upload-offset': String(offset),
      },
      body: body as Uint8Array<ArrayBuffer>,
    })
  }

  async function begin(name: string, byteLength: number): Promise<string> {
    const response = await owner.send('POST', '/api/v1/uploads', { name, byteLength })
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toMatch(/^\/api\/v1\/uploads\//)
    return ((await response.json()) as { id: string }).id
  }

  it('go on where they broke off, and become frames with the last byte', async () => {
    const bytes = skyFrame({ seed: 9 })
    const id = await begin('parts.fits', bytes.length)
    expect((await send(id, 0, bytes.subarray(0, 1_000))).headers.get('upload-offset')).toBe('1000')
    const wrong = await send(id, 500, bytes.subarray(500, 2_000))
    expect([wrong.status, wrong.headers.get('upload-offset')]).toEqual([409, '1000'])
    const head = await app.request(`/api/v1/uploads/${id}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${owner.token}` },
    })
    expect(head.headers.get('upload-offset')).toBe('1000')
    expect((await other.get(`/api/v1/uploads/${id}`)).status).toBe(404)
    expect((await send(id, 1_000, bytes.subarray(1_000), other)).status).toBe(404)
    const done = (await (await send(id, 1_000, bytes.subarray(1_000))).json()) as {
      state: string
      sha256: string
    }
    expect(done.state).toBe('done')
    expect((await owner.get(`/api/v1/frames/${done.sha256}`)).status).toBe(200)
    expect(await readdir(join(home, 'uploads'))).toEqual([])
  })

  it('keep what came when a connection breaks off, also for another server on the same home', async () => {
    const bytes = skyFrame({ seed: 10 })
    const id = await begin('broken.fits', bytes.length)
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (this.sent) return controller.error(new Error('lost'))
        controller.enqueue(bytes.slice(0, 2_000))
        this.sent = true
      },
      sent: false,
    } as UnderlyingDefaultSource<Uint8Array> & { sent: boolean })
    const response = await app.request(
      new Request(`http://localhost/api/v1/uploads/${id}`, {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${owner.token}`,
          'content-type': 'application/octet-stream',
          'upload-offset': '0',
        },
        body,
        duplex: 'half',
      } as RequestInit),
    )
    expect(response.ok).toBe(false)
    // Nothing of an upload is held in memory: whoever has the database and the home folder goes on with it.
    const actor = { ...localOperator, kind: 'person' as const, userId: owner.id }
    const { offset } = await uploadState({ db: platform.db, config: platform.config }, actor, id)
    expect(offset).toBe(2_000)
    const rest = (async function* () {
      yield bytes.subarray(2_000)
    })()
    expect((await continueUpload({ ...platform }, actor, id, offset, rest)).state).toBe('done')
  })

  it('that are given up while the last part comes are gone, and nothing of them stays', async () => {
    const bytes = skyFrame({ seed: 12 })
    const id = await begin('given-up.fits', bytes.length)
    const actor = { ...localOperator, kind: 'person' as const, userId: owner.id }
    const parts = (async function* () {
      yield bytes.subarray(0, 2_000)
      expect((await owner.send('DELETE', `/api/v1/uploads/${id}`)).status).toBe(204)
      yield bytes.subarray(2_000)
    })()
    const end = await continueUpload({ ...platform }, actor, id, 0, parts).catch((error: unknown) => error)
    expect(end).toMatchObject({ code: 'upload.unknown' })
    expect(await readdir(join(home, 'uploads'))).not.toContain(id)
  })

  it('of killed processes are swept: old files without a row, no others', async () => {
    const id = await begin('goes-on.fits', 100)
    const place = join(home, 'uploads')
    const [old, young] = ['7'.repeat(8), '8'.repeat(8)].map((each) => `${each}-1234-4123-8123-123456789abc`)
    for (const name of [id, old!, young!]) await writeFile(join(place, name), 'SIMPLE')
    const past = new Date(Date.now() - 400 * 86_400_000)
    for (const name of [id, old!]) await utimes(join(place, name), past, past)
    await sweepUploads(platform)
    const left = await readdir(place)
    expect(left).toEqual(expect.arrayContaining([id, young]))
    expect(left).not.toContain(old)
    await rm(join(place, young!))
  })

  it('take no more than was announced, and say why a file is no frame', async () => {
    const id = await begin('long.fits', 10)
    expect((await send(id, 0, new Uint8Array(11))).status).toBe(413)
    expect((await send(id, 0, new Uint8Array(10))).status).toBe(200)
    const state = (await (await owner.get(`/api/v1/uploads/${id}`)).json()) as {
      state: string
      problem: { code: string }
    }
    expect(state).toMatchObject({ state: 'failed', problem: { code: 'fits.invalid' } })
    expect((await owner.send('DELETE', `/api/v1/uploads/${id}`)).status).toBe(204)
    const large = await owner.send('POST', '/api/v1/uploads', { name: 'x.fits', byteLength: 2 ** 50 })
    expect(large.status).toBe(413)
  })
})

describe('folders and addresses', () => {
  it('a registered folder gives frames in place, follows no link out of it, and is looked through again', async () => {
    const place = join(folder, 'night')
    await mkdir(join(place, 'deeper'), { recursive: true })
    await writeFile(join(place, 'a.fits'), skyFrame({ seed: 21 }))
    await writeFile(join(place, 'deeper', 'b.fits.gz'), gzipSync(skyFrame({ seed: 22 })))
    await writeFile(join(place, 'broken.fits'), 'nothing')
    await writeFile(join(place, 'readme.txt'), 'nothing')
    await writeFile(join(folder, 'outside.fits'), skyFrame({ seed: 23 }))
    await symlink(join(folder, 'outside.fits'), join(place, 'link.fits'))
    const response = await administrator.send('POST', '/api/v1/frames/folders', {
      path: place,
      groups: ['everyone'],
    })
    expect(response.status).toBe(202)
    const { id } = (await response.json()) as { id: string }
    await platform.jobs.idle()
    const folders = (await (await administrator.get('/api/v1/frames/folders')).json()) as {
      items: { counts: unknown }[]
    }
    expect(folders.items[0]!.counts).toEqual({ seen: 3, added: 2, known: 0, failed: 1 })
    const [a] = await items(viewer, 'q=a.fits')
    expect(a).toMatchObject({ inPlace: true, name: 'a.fits' })
    expect((await bytesOf(viewer, `/frames/${a!.sha256}/file`)).bytes).toEqual(skyFrame({ seed: 21 }))
    expect((await administrator.send('POST', `/api/v1/frames/folders/${id}/scan`)).status).toBe(202)
    await platform.jobs.idle()
    // The file in place is changed: its frame is no longer served from there.
    await truncate(join(place, 'a.fits'), 3_000)
    await utimes(join(place, 'a.fits'), new Date(), new Date(0))
    const gone = await viewer.get(`/api/v1/frames/${a!.sha256}/file`)
    expect([gone.status, ((await gone.json()) as { code: string }).code]).toEqual([409, 'frame.changed'])
    expect((await administrator.send('DELETE', `/api/v1/frames/folders/${id}`)).status).toBe(204)
  })

  it('private addresses are refused', async () => {
    const response = await owner.send('POST', '/api/v1/frames/urls', {
      urls: ['http://127.0.0.1:9/frame.fits'],
    })
    expect(response.status).toBe(202)
    const { jobIds } = (await response.json()) as { jobIds: string[] }
    await platform.jobs.idle()
    expect(await platform.jobs.get(jobIds[0]!)).toMatchObject({
      state: 'failed',
      problem: { code: 'net.host_refused' },
    })
  })

  it('bytes that steps left in the storage become frames', async () => {
    const bytes = skyFrame({ seed: 31 })
    const { sha256 } = await platform.storage.put(bytes)
    const options = { name: 'stack.fits', origin: 'task 1' }
    expect(await registerFrame(platform, localOperator, sha256, options)).toEqual({ sha256, added: true })
    expect(await registerFrame(platform, localOperator, sha256, options)).toEqual({ sha256, added: false })
  })

  it('many at once are one frame each', async () => {
    const bytes = skyFrame({ seed: 41 })
    const done = await Promise.all(Array.from({ length: 5 }, (_, i) => add(owner, `same${i}.fits`, bytes)))
    expect(done.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 201])
  })
})

it('pages of the list hold each frame once', async () => {
  const seen: string[] = []
  let cursor = ''
  for (;;) {
    const page = (await (await administrator.get(`/api/v1/frames?limit=4${cursor}`)).json()) as {
      items: Frame[]
      next: string | null
    }
    seen.push(...page.items.map(({ sha256 }) => sha256))
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen.length).toBeGreaterThan(10)
})

/** A header that promises what no file holds. */
function huge(): Uint8Array {
  return headerOf([
    'NAXIS   =                    2',
    'NAXIS1  =           1000000000',
    'NAXIS2  =           1000000000',
  ])
}

function headerOf(lines: readonly string[]): Uint8Array {
  const text = ['SIMPLE  =                    T', 'BITPIX  =                   16', ...lines, 'END']
    .map((line) => line.padEnd(80))
    .join('')
  return new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 2880) * 2880))
}

function endless(): Uint8Array {
  const bytes = new Uint8Array(80 * 1_000_000).fill(32)
  bytes.set(new TextEncoder().encode('SIMPLE  =                    T'))
  bytes.set(
    randomBytes(4).map((each) => 65 + (each % 26)),
    8_000,
  )
  return bytes
}

it('the first row of a picture is the last of the image', async () => {
  const data = Float32Array.of(0, 0, 1, 1)
  const { body } = await add(owner, 'up.fits', writeFits([{ kind: 'image', shape: [2, 2], data }]))
  const { bytes } = await bytesOf(
    owner,
    `/frames/${body.sha256}/cutout?x=0&y=0&w=2&h=2&format=png&interval=range&stretch=linear`,
  )
  const view = new DataView(bytes.buffer)
  let at = 8
  while (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) !== 'IDAT') at += 12 + view.getUint32(at)
  expect([...inflateSync(bytes.subarray(at + 8, at + 8 + view.getUint32(at)))]).toEqual([
    0, 255, 255, 0, 1, 1,
  ])
})
