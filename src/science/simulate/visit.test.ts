import { expect, it } from 'vitest'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { simulateVisit, type VisitOptions } from './visit.ts'

const options: VisitOptions = {
  seed: 3,
  ra: 359.99,
  dec: -70,
  size: 256,
  start: new Date('2026-11-21T03:00:00Z'),
  exposureSeconds: 30,
  telescope: 'TCH',
  object: 'MS261121a, field 7',
}

/** A frame as a function of the sky: counts above the median in 5 × 5 pixels. */
function lightOf(file: Uint8Array): (ra: number, dec: number) => number {
  const { bytes, hdus } = openFits(file)
  const { data, shape } = readImage(bytes, hdus[0]!)
  const pixels = data as Float32Array
  const [width] = shape as [number, number]
  const wcs = readWcs(hdus[0]!.header)!
  const sky = pixels.toSorted()[pixels.length >> 1]!
  return (ra, dec) => {
    const [x, y] = wcs.skyToPixel(ra, dec)!.map(Math.round) as [number, number]
    let sum = 0
    for (let j = -2; j <= 2; j++) for (let i = -2; i <= 2; i++) sum += pixels[(y + j) * width + x + i]! - sky
    return sum
  }
}

it('what is new is on the frame of tonight alone, what has faded on the one from before; same options, same bytes', () => {
  const visit = simulateVisit(options)
  const [tonight, before] = [lightOf(visit.frame), lightOf(visit.template)]
  expect(visit.changes.map(({ what }) => what)).toEqual(['new', 'new', 'new', 'faded'])
  // The first lies in a galaxy, which is on both.
  for (const { ra, dec, mag, what } of visit.changes.slice(1)) {
    const [zeroPoint, there, away] = what === 'new' ? [26, tonight, before] : [27, before, tonight]
    const flux = 10 ** (0.4 * (zeroPoint - mag))
    expect(there(ra, dec)).toBeGreaterThan(0.4 * flux)
    expect(away(ra, dec)).toBeLessThan(0.4 * flux)
  }
  expect(simulateVisit(options)).toEqual(visit)
})

it('the catalogue has the stars of the frame, under the names of four surveys', () => {
  const { catalogue, frame } = simulateVisit(options)
  const [names, ...rows] = catalogue
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','))
  expect(names).toEqual(expect.arrayContaining(['ra', 'dec', 'rmag', 'e_rmag', 'rPSF', 'phot_g_mean_mag']))
  expect(rows.every((row) => row.length === names!.length)).toBe(true)
  const light = lightOf(frame)
  // The last seven are galaxies.
  const bright = rows.slice(0, -7).filter((row) => {
    const away = Math.abs(Number(row[1]) - options.dec) * 3600
    const across = ((Number(row[0]) + 180) % 360) - ((options.ra + 180) % 360)
    return Number(row[4]) < 16 && away < 110 && Math.abs(across) * Math.cos(1.22) * 3600 < 110
  })
  expect(bright.length).toBeGreaterThan(3)
  for (const [ra, dec, , , r] of bright)
    expect(light(Number(ra), Number(dec))).toBeGreaterThan(0.3 * 10 ** (0.4 * (26 - Number(r))))
})

it('nothing changes within 5″ of a star but in the galaxy, whatever the seed', () => {
  for (const seed of [3, 11, 12]) {
    const { changes, catalogue } = simulateVisit({ ...options, seed, dec: 20, ra: 150 })
    // The last seven are galaxies.
    const stars = catalogue
      .trimEnd()
      .split('\n')
      .slice(1, -7)
      .map((line) => line.split(',').map(Number) as [number, number])
    const near = changes
      .slice(1)
      .flatMap(({ ra, dec }) =>
        stars.map(([a, d]) => 3600 * Math.hypot((a - ra) * Math.cos(Math.PI / 9), d - dec)),
      )
    expect(Math.min(...near)).toBeGreaterThan(4.9)
  }
})
