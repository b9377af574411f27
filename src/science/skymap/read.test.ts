import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { deflate } from '#science/fits/gzip.ts'
import { card } from '#science/fits/header.ts'
import type { Card } from '#science/fits/card.ts'
import { writeFits } from '#science/fits/write.ts'
import type { ColumnInput } from '#science/fits/write.ts'
import { centreOf } from '#science/sky/healpix.ts'
import { ringToNest } from '#science/sky/healpix-ring.ts'
import { galacticToIcrs } from '#science/sky/frames.ts'
import { separation } from '#science/sky/vectors.ts'
import { areaAt } from './credible.ts'
import { circleMap } from './make.ts'
import { cellAreasSr, totalOf, uncovered } from './map.ts'
import type { SkyMap } from './map.ts'
import { normOf } from './moments.ts'
import { rasterize } from './raster.ts'
import { readSkyMap } from './read.ts'
import { summarize } from './summarize.ts'
import { writeSkyMap } from './write.ts'

const order = 5
const pixels = 12 * 4 ** order
const circle = circleMap(83, 22, 10, 0.9)
const grid = rasterize(circle, order).density
const probability = grid.map((each) => each * cellAreasSr[order])
const ring = Float64Array.from({ length: pixels }, (_, i) => probability[ringToNest(order, i)])
const numbers = Int32Array.from({ length: pixels }, (_, i) => i)
const uniq = Float64Array.from(numbers, (i) => 4 ** (order + 1) + i)

function file(columns: ColumnInput[], cards: Card[]): Uint8Array {
  return writeFits([{ kind: 'table', columns, cards: [card('PIXTYPE', 'HEALPIX'), ...cards] }])
}
/** A gzip file whose header claims a flat map of `nside` pixels on a side, with hardly any data. */
function claiming(nside: number): Uint8Array {
  const small = file(
    [{ name: 'PROB', values: new Float32Array(12) }],
    [card('ORDERING', 'NESTED'), card('NSIDE', nside)],
  )
  const text = new TextDecoder('latin1').decode(small)
  const said = text.replace(/NAXIS2 {2}= +12/, `NAXIS2  = ${String(12 * nside ** 2).padStart(20)}`)
  return deflate(Uint8Array.from(said, (letter) => letter.charCodeAt(0)))
}
const nested = [card('ORDERING', 'NESTED'), card('NSIDE', 2 ** order), card('COORDSYS', 'C')]
const ringed = [card('ORDERING', 'RING'), card('NSIDE', 2 ** order), card('COORDSYS', 'C')]
const multi = [card('ORDERING', 'NUNIQ'), card('COORDSYS', 'C'), card('INDXSCHM', 'EXPLICIT')]
const big = BigInt64Array.from(uniq, BigInt)
const density = { name: 'PROBDENSITY', unit: 'sr-1', values: grid }

/** Comparison element by element: matchers take seconds for arrays of this length. */
function identical(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  let same = a.length === b.length
  for (let i = 0; same && i < a.length; i++) same = Object.is(a[i], b[i])
  return same
}

/** The same map, whatever file it came from. */
function same(map: SkyMap, tolerance = 1e-12): void {
  expect(totalOf(map)).toBeCloseTo(1, 6)
  expect(uncovered(map)).toBe(0)
  const back = rasterize(map, order).density
  let worst = 0
  for (let i = 0; i < pixels; i++) worst = Math.max(worst, Math.abs(back[i] - grid[i]))
  expect(worst / Math.max(...grid)).toBeLessThan(tolerance)
}

describe('every layout is one map', () => {
  const forms: [string, Uint8Array, number?][] = [
    ['NUNIQ, int64', file([{ name: 'UNIQ', values: big }, density], multi)],
    ['NUNIQ, uint64', file([{ name: 'UNIQ', values: BigUint64Array.from(big, (u) => u) }, density], multi)],
    ['NUNIQ, int32', file([{ name: 'UNIQ', values: Int32Array.from(uniq) }, density], multi)],
    ['NUNIQ, uint32', file([{ name: 'UNIQ', values: Uint32Array.from(uniq) }, density], multi)],
    [
      'NUNIQ, no unit',
      file(
        [
          { name: 'UNIQ', values: big },
          { name: 'PROBDENSITY', values: grid },
        ],
        multi,
      ),
    ],
    [
      'NUNIQ, lower case',
      file(
        [
          { name: 'uniq', values: big },
          { name: 'probdensity', unit: '1 / sr', values: grid },
        ],
        multi,
      ),
    ],
    [
      'NUNIQ, backwards',
      file(
        [
          { name: 'UNIQ', values: big.toReversed() },
          { ...density, values: grid.toReversed() },
        ],
        multi,
      ),
    ],
    [
      'NUNIQ, PROB',
      file(
        [
          { name: 'UNIQ', values: big },
          { name: 'PROB', values: probability },
        ],
        multi,
      ),
    ],
    [
      'NUNIQ, float32',
      file(
        [
          { name: 'UNIQ', values: big },
          { ...density, values: Float32Array.from(grid) },
        ],
        multi,
      ),
      1e-6,
    ],
    [
      'NUNIQ, per deg²',
      file(
        [
          { name: 'UNIQ', values: big },
          { name: 'PROBDENSITY', unit: 'deg-2', values: grid.map((v) => v * (Math.PI / 180) ** 2) },
        ],
        multi,
      ),
    ],
    ['NESTED, PROB', file([{ name: 'PROB', unit: 'pix-1', values: probability }], nested)],
    ['NESTED, no NSIDE', file([{ name: 'PROB', values: probability }], [card('ORDERING', 'NESTED')])],
    ['RING, T', file([{ name: 'T', values: ring }], ringed)],
    ['ORDERING missing', file([{ name: 'T', values: ring }], [card('NSIDE', 2 ** order)])],
    [
      'RING, 1024E',
      file([{ name: 'PROBABILITY', repeat: 1024, values: Float32Array.from(ring) }], ringed),
      1e-6,
    ],
    [
      'NESTED, 1024E of two',
      file(
        [
          { name: 'PROBABILITY', repeat: 1024, values: Float32Array.from(probability) },
          { name: 'SIGNIFICANCE', repeat: 1024, values: new Float32Array(pixels) },
        ],
        nested,
      ),
      1e-6,
    ],
    ['NESTED, unknown name', file([{ name: 'POSTERIOR', values: probability }], nested)],
    ['NESTED, density', file([density], nested)],
    [
      'explicit NESTED',
      file(
        [
          { name: 'PIXEL', values: numbers },
          { name: 'PROB', values: probability },
        ],
        [...nested, card('INDXSCHM', 'EXPLICIT')],
      ),
    ],
    [
      'explicit RING',
      file(
        [
          { name: 'PIXEL', values: numbers },
          { name: 'PROB', values: ring },
        ],
        [...ringed, card('INDXSCHM', 'EXPLICIT')],
      ),
    ],
  ]
  it.each(forms)('%s', (_, bytes, tolerance) => same(readSkyMap(bytes), tolerance))
  it.each(forms)('%s, gzip', (_, bytes, tolerance) => same(readSkyMap(deflate(bytes)), tolerance))

  it('partial, explicit: what is not listed is empty, and it is said', () => {
    const listed = [...numbers].filter((i) => probability[i] > 0)
    const map = readSkyMap(
      file(
        [
          { name: 'PIXEL', values: Int32Array.from(listed) },
          { name: 'PROB', values: Float64Array.from(listed, (i) => probability[i]) },
        ],
        [...nested, card('INDXSCHM', 'EXPLICIT'), card('OBJECT', 'PARTIAL')],
      ),
    )
    same(map)
    expect(map.meta.notes?.[0]).toMatch(/covers .* % of the sky/)
    expect(map.meta.object).toBeUndefined()
  })

  it('cells finer than order 24 are merged, and it is said', () => {
    const fine = 26
    const first = 4n ** BigInt(fine + 1)
    const cells: [bigint, number][] = []
    // Order-24 pixel 0 as sixteen cells of order 26, its siblings up to order 0, and the other base cells.
    for (let n = 0n; n < 16n; n++) cells.push([first + n, 1])
    for (let k = 24; k >= 1; k--) for (let n = 1n; n < 4n; n++) cells.push([4n ** BigInt(k + 1) + n, 1])
    for (let n = 1n; n < 12n; n++) cells.push([4n + n, 1])
    const flat = 1 / (4 * Math.PI)
    const map = readSkyMap(
      file(
        [
          { name: 'UNIQ', values: BigInt64Array.from(cells, ([u]) => u) },
          { ...density, values: Float64Array.from(cells, () => flat) },
        ],
        multi,
      ),
    )
    expect(map.order.length).toBe(cells.length - 15)
    expect(map.density.every((value) => Math.abs(value - flat) < 1e-15)).toBe(true)
    expect(map.meta.notes?.[0]).toMatch(/16 cells finer than order 24 were merged into 1/)
  })

  it('siblings of equal density are merged while a flat map is read', () => {
    const map = readSkyMap(
      file([{ name: 'PROB', values: new Float64Array(pixels).fill(1 / pixels) }], nested),
    )
    expect(map.order.length).toBe(12)
    expect(areaAt(map, 0.9)).toBeCloseTo(0.9 * 41252.96125, 3)
  })

  it('more cells than the limit: alike siblings are merged and it is said; the sum stays, the area to 0.5 %', () => {
    const wave = Float64Array.from(
      { length: pixels },
      (_, i) => 1 + 0.9 * Math.sin(centreOf(order, i)[1] / 30),
    )
    const sum = wave.reduce((a, b) => a + b)
    const bytes = file([{ name: 'PROB', values: wave.map((v) => v / sum) }], nested)
    const full = readSkyMap(bytes)
    const map = readSkyMap(bytes, { maxCells: 8000 })
    expect(map.order.length).toBeLessThan(8000)
    expect(uncovered(map)).toBe(0)
    expect(totalOf(map)).toBeCloseTo(totalOf(full), 12)
    expect(Math.abs(areaAt(map, 0.9) / areaAt(full, 0.9) - 1)).toBeLessThan(0.005)
    expect(map.meta.notes?.[0]).toMatch(/siblings whose densities differ by less than/)
    const noise = Float64Array.from({ length: pixels }, (_, i) => (1 + ((i * 7919) % 997)) / pixels / 499)
    expect(() => readSkyMap(file([{ name: 'PROB', values: noise }], nested), { maxCells: 1000 })).toThrow(
      /more than 1000 cells/,
    )
  })

  it('a Galactic map is turned to ICRS: peak within a pixel, area within 1 %, probability kept', () => {
    const [l, b] = [40, 20]
    const map = readSkyMap(
      file(
        [
          {
            name: 'PROB',
            values: rasterize(circleMap(l, b, 12, 0.9), 6).density.map((v) => v * cellAreasSr[6]),
          },
        ],
        [card('ORDERING', 'NESTED'), card('NSIDE', 64), card('COORDSYS', 'G')],
      ),
    )
    const { peak, area90Deg2 } = summarize(map)
    expect(separation(peak.ra, peak.dec, ...galacticToIcrs(l, b))).toBeLessThan(1)
    expect(Math.abs(area90Deg2 / areaAt(circleMap(l, b, 12, 0.9), 0.9) - 1)).toBeLessThan(0.01)
    expect(totalOf(map)).toBeCloseTo(1, 10)
    expect(map.meta.notes?.at(-1)).toMatch(/Resampled from galactic/)
    expect(map.order.length).toBeLessThan(400_000)
  })

  it('sums a little off are scaled, and it is said', () => {
    const map = readSkyMap(file([{ name: 'PROB', values: probability.map((v) => v * 1.003) }], nested))
    expect(totalOf(map)).toBeCloseTo(1, 12)
    expect(map.meta.notes?.[0]).toMatch(/summed to 1.0030000 and was scaled/)
  })

  it('UNSEEN pixels are empty', () => {
    const values = Float32Array.from(probability, (v) => (v > 0 ? v : -1.6375e30))
    expect(readSkyMap(file([{ name: 'T', values }], nested)).meta.notes?.[0]).toMatch(/UNSEEN/)
  })
})

describe('what is no map, or a damaged one, gets one sentence', () => {
  const changed = (at: number, value: number): Float64Array => grid.map((v, i) => (i === at ? value : v))
  const bad = (values: Float64Array): Uint8Array =>
    file(
      [
        { name: 'UNIQ', values: big },
        { ...density, values },
      ],
      multi,
    )
  it.each<[string, Uint8Array, string, RegExp]>([
    ['negative', bad(changed(77, -1e-3)), 'skymap.bad_density', /cell 5\/77 .* negative/],
    ['NaN', bad(changed(77, NaN)), 'skymap.bad_density', /not a number/],
    ['infinite', bad(changed(77, Infinity)), 'skymap.bad_density', /infinite/],
    ['sum of 2', bad(grid.map((v) => 2 * v)), 'skymap.bad_sum', /sums to 2/],
    ['sum of 0', bad(grid.map(() => 0)), 'skymap.bad_sum', /sums to 0/],
    [
      'counts',
      file([{ name: 'T', values: Int32Array.from(numbers) }], nested),
      'skymap.bad_sum',
      /another quantity/,
    ],
    [
      'a row twice',
      file([{ name: 'UNIQ', values: big.map((u, i) => (i === 5 ? u - 1n : u)) }, density], multi),
      'skymap.overlap',
      /5\/4/,
    ],
    [
      'parent and child',
      file(
        [
          { name: 'UNIQ', values: big.map((u, i) => (i === 5 ? (u - 4n) / 4n + 4n ** 5n - 4n ** 5n : u)) },
          density,
        ],
        multi,
      ),
      'skymap.overlap',
      /twice/,
    ],
    [
      'missing row',
      file(
        [
          { name: 'UNIQ', values: big.slice(1) },
          { ...density, values: grid.slice(1) },
        ],
        multi,
      ),
      'skymap.incomplete',
      /leave out 0.00814 %|leave out 0.0081/,
    ],
    [
      'half the rows',
      file([{ name: 'PROB', values: probability.slice(6144) }], nested),
      'skymap.incomplete',
      /NSIDE = 32/,
    ],
    [
      'NSIDE 33',
      file([{ name: 'PROB', values: probability }], [card('ORDERING', 'NESTED'), card('NSIDE', 33)]),
      'skymap.invalid',
      /power of two/,
    ],
    [
      'uniq 3',
      file([{ name: 'UNIQ', values: big.map((u, i) => (i === 5 ? 3n : u)) }, density], multi),
      'skymap.invalid',
      /Row 6/,
    ],
    [
      'uniq negative',
      file([{ name: 'UNIQ', values: big.map((u, i) => (i === 5 ? -3n : u)) }, density], multi),
      'skymap.invalid',
      /Row 6/,
    ],
    [
      'odd frame',
      file(
        [{ name: 'PROB', values: probability }],
        [card('ORDERING', 'NESTED'), card('NSIDE', 32), card('COORDSYS', 'X')],
      ),
      'skymap.invalid',
      /COORDSYS/,
    ],
    [
      'odd ordering',
      file([{ name: 'PROB', values: probability }], [card('ORDERING', 'SPIRAL'), card('NSIDE', 32)]),
      'skymap.invalid',
      /ORDERING/,
    ],
    ['a MOC', file([{ name: 'UNIQ', values: big }], multi), 'skymap.not_a_map', /MOC/],
    [
      'a catalogue',
      writeFits([{ kind: 'table', columns: [{ name: 'RA', values: grid }] }]),
      'skymap.not_a_map',
      /no sky map/,
    ],
    [
      'no cells',
      file(
        [
          { name: 'UNIQ', values: new BigInt64Array(0) },
          { ...density, values: new Float64Array(0) },
        ],
        multi,
      ),
      'skymap.incomplete',
      /no cells/,
    ],
    ['not FITS', new TextEncoder().encode('<html>'), 'fits.invalid', /not a FITS/],
    [
      'cut off',
      file([{ name: 'UNIQ', values: big }, density], multi).slice(0, 20_000),
      'fits.truncated',
      /needs/,
    ],
    [
      'cut gzip',
      deflate(file([{ name: 'UNIQ', values: big }, density], multi)).slice(0, 9000),
      'fits.invalid',
      /gzip/,
    ],
    ['gzip that claims 13 TB', claiming(2 ** 19), 'skymap.too_large', /inflates to \d+ bytes, more than/],
  ])('%s', (_, bytes, code, sentence) => {
    let seen: unknown
    try {
      readSkyMap(bytes)
    } catch (error) {
      seen = error
    }
    expect(isProblem(seen), String(seen)).toBe(true)
    expect((seen as { code: string }).code).toBe(code)
    expect(String(seen)).toMatch(sentence)
  })

  it('a map known to be partial can be read as such', () => {
    const empty = grid.findIndex((v) => v === 0)
    const bytes = file(
      [
        { name: 'UNIQ', values: big.filter((_, i) => i !== empty) },
        { ...density, values: grid.filter((_, i) => i !== empty) },
      ],
      multi,
    )
    same(readSkyMap(bytes, { partial: true }))
  })
})

describe('writing', () => {
  it('gives back identical values, cells and header', () => {
    const n = circle.order.length
    const map: SkyMap = {
      ...circle,
      distance: {
        mu: Float64Array.from({ length: n }, (_, i) => (i % 5 ? 40 + i / 7 : Infinity)),
        sigma: Float64Array.from({ length: n }, (_, i) => (i % 5 ? 8 + i / 1e5 : 1)),
        norm: Float64Array.from({ length: n }, (_, i) => (i % 5 ? normOf(40 + i / 7, 8 + i / 1e5) : 0)),
      },
      meta: {
        object: 'S1',
        instruments: ['H1', 'L1'],
        dateObs: '2026-01-01T00:00:00.5',
        distMean: 40.25,
        distStd: 8.125,
        mjdObs: 61041.5,
        creator: 'a test',
        logBci: 3.5,
      },
    }
    const written = writeSkyMap(map)
    const back = readSkyMap(written)
    expect(identical(back.order, map.order)).toBe(true)
    expect(identical(back.ipix, map.ipix)).toBe(true)
    expect(identical(back.density, map.density)).toBe(true)
    for (const layer of ['mu', 'sigma', 'norm'] as const) {
      expect(identical(back.distance![layer], map.distance![layer])).toBe(true)
    }
    expect(back.meta).toMatchObject(map.meta)
    expect(identical(writeSkyMap(back), written)).toBe(true)
  })

  it('the peak is where it was', () => {
    const { peak } = summarize(readSkyMap(writeSkyMap(circle)))
    expect(separation(peak.ra, peak.dec, 83, 22)).toBeLessThan(0.3)
  })
})
