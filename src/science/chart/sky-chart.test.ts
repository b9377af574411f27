import { geoArea } from 'd3-geo'
import { describe, expect, it } from 'vitest'
import { decText, raText } from './graticule.ts'
import { circle, milkyWayBand, milkyWayPlane } from './great-circles.ts'
import { localizationChart } from './localization-chart.ts'
import { bandsOf, darkness, nightTimeline } from './night-timeline.ts'
import { darkPalette } from './palette.ts'
import { allSky, zoom } from './projection.ts'
import { angleText, fieldOf, skyChart } from './sky-chart.ts'
import type { SkyRegion } from './sky-chart.ts'
import { element, serialize } from './svg.ts'

/** Directions from a small deterministic generator (Park and Miller). */
function directions(count: number): [number, number][] {
  let state = 20241102
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647
  return Array.from({ length: count }, () => [next() * 360, (Math.asin(2 * next() - 1) * 180) / Math.PI])
}

/** A cap as a credible region: interior to the left, as RFC 7946 asks. */
function cap(level: number, ra: number, dec: number, radius: number): SkyRegion {
  return {
    level,
    geometry: { type: 'Polygon', coordinates: [circle(ra, dec, radius).coordinates[0].toReversed()] },
  }
}

describe('projection', () => {
  it('comes back within 0.01 px from every direction of the whole sky', () => {
    const view = allSky({ width: 960, centreRa: 90 })
    for (const [ra, dec] of directions(2000)) {
      const at = view.project(ra, dec)!
      const back = view.invert(...at)
      if (!back) continue // within half a pixel of the limb
      const again = view.project(...back)!
      expect(Math.hypot(again[0] - at[0], again[1] - at[1])).toBeLessThan(0.01)
    }
  })

  it('has east on the left and north up', () => {
    for (const view of [
      allSky({ width: 900, centreRa: 350 }),
      zoom({ ra: 350, dec: 40, fieldDeg: 10, width: 500, height: 400 }),
    ]) {
      const [x0, y0] = view.project(350, 40)!
      expect(view.project(351, 40)![0]).toBeLessThan(x0)
      expect(view.project(350, 41)![1]).toBeLessThan(y0)
    }
  })

  it('is equal in area on the whole sky within 0.5 %', () => {
    const view = allSky({ width: 2000 })
    const areaOf = (ra: number, dec: number) => {
      const points = circle(ra, dec, 4).coordinates[0].map(([a, d]) => view.project(a, d)!)
      return Math.abs(
        points.reduce((sum, [x, y], i) => {
          const [u, v] = points[(i + 1) % points.length]
          return sum + x * v - u * y
        }, 0) / 2,
      )
    }
    const equator = areaOf(0, 0)
    for (const [ra, dec] of [
      [40, 30],
      [300, -60],
      [100, 75],
    ])
      expect(areaOf(ra, dec) / equator).toBeCloseTo(1, 2)
  })

  it('keeps the scale of a zoom within 1e-6 of the field asked for, and hides the far side', () => {
    const view = zoom({ ra: 10, dec: 0, fieldDeg: 20, width: 600, height: 400 })
    expect(view.project(0, 0)![0]).toBeCloseTo(600, 6)
    expect(view.project(190, 0)).toBeNull()
    const globe = zoom({ ra: 10, dec: 0, fieldDeg: 150, width: 600, height: 600 })
    expect(globe.project(190, 0)).toBeNull()
    expect(globe.project(70, 10)).not.toBeNull()
  })

  it('says that a pixel outside the sky is outside', () => {
    const view = allSky({ width: 800 })
    expect(view.invert(3, 3)).toBeNull()
    expect(view.invert(-5, 100)).toBeNull()
    expect(view.invert(400, view.height / 2)![1]).toBeCloseTo(0, 6)
  })
})

describe('great circles', () => {
  it('passes the galactic centre and anticentre within 0.1 degrees', () => {
    const points = milkyWayPlane().coordinates
    expect(points[0][0]).toBeCloseTo(266.405, 2)
    expect(points[0][1]).toBeCloseTo(-28.936, 2)
    expect(points[36][0]).toBeCloseTo(86.405, 2)
    expect(points[36][1]).toBeCloseTo(28.936, 2)
  })

  it('orients circle and band so that d3-geo fills the inside', () => {
    const sr = (deg: number) => 2 * Math.PI * (1 - Math.cos((deg * Math.PI) / 180))
    for (const [ra, dec] of [
      [0, 0],
      [359, 89],
      [180, -90],
      [12, 60],
    ])
      expect(geoArea(circle(ra, dec, 10))).toBeCloseTo(sr(10), 3)
    // The rings are 72-gons of great circles, a little inside the parallels b = ±8°.
    expect(geoArea(milkyWayBand(8)) / (4 * Math.PI * Math.sin((8 * Math.PI) / 180))).toBeCloseTo(1, 2)
  })
})

describe('sky chart', () => {
  const data = {
    regions: [cap(0.5, 358, 41, 3), cap(0.9, 358, 41, 9)],
    sun: { ra: 238, dec: -20 },
    moon: { ra: 60, dec: 22, illumination: 0.31, waxing: true },
    marks: [{ ra: 358, dec: 41, label: '<peak>' }],
  }
  const draw = () =>
    serialize(
      skyChart(data, {
        view: allSky({ width: 760 }),
        palette: darkPalette,
        title: 'S & T',
        background: true,
      }),
    )

  it('is deterministic, and text in it is escaped', () => {
    expect(draw()).toBe(draw())
    expect(draw()).toContain('<title>S &amp; T</title>')
    expect(draw()).toContain('&lt;peak&gt;')
    expect(draw()).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('fills the inside of a region, also across ra 0', () => {
    const view = allSky({ width: 760, centreRa: 180 })
    const filled = skyChart({ regions: [cap(0.9, 0, 0, 9)] }, { view, palette: darkPalette })
    const path = filled.children.find(
      (child) => typeof child !== 'string' && child.attributes['fill-opacity'] === 0.22,
    )
    expect(path).toBeDefined()
    const xs = [
      ...String((path as { attributes: Record<string, unknown> }).attributes['d']).matchAll(/([\d.]+),/g),
    ].map((m) => Number(m[1]))
    // Cut in two at the limb, nothing in the middle of the picture.
    expect(xs.some((x) => x < 40) && xs.some((x) => x > 720)).toBe(true)
    expect(xs.every((x) => x < 40 || x > 720)).toBe(true)
  })

  it('does not outline where a region was cut at 180 degrees or closed over a pole', () => {
    const ring = [
      [180, 80],
      [180, 90],
      [-180, 90],
      [-180, 80],
      [-60, 80],
      [60, 80],
      [180, 80],
    ]
    const region: SkyRegion = { level: 0.9, geometry: { type: 'Polygon', coordinates: [ring] } }
    const view = zoom({ ra: 180, dec: 80, fieldDeg: 30, width: 400, height: 400 })
    const text = serialize(skyChart({ regions: [region] }, { view, milkyWay: false }))
    const outline = /d="([^"]*)"[^>]*stroke-dasharray="5 3"/.exec(text)?.[1] ?? ''
    // The edge at dec 80 runs through the middle of the picture; the cut would run from there straight up.
    expect(outline).not.toBe('')
    const ys = [...outline.matchAll(/,(-?[\d.]+)/g)].map((match) => Number(match[1]))
    const xs = [...outline.matchAll(/[ML](-?[\d.]+)/g)].map((match) => Number(match[1]))
    expect(xs.every((x, i) => Math.abs(x - 200) > 1 || Math.abs(ys[i] - 200) < 1)).toBe(true)
  })

  it('draws nothing that is not a number at the poles and at any field', () => {
    for (const dec of [-90, -89.9, 0, 89.9, 90])
      for (const fieldDeg of [0.01, 1, 30, 74, 76, 180]) {
        const view = zoom({ ra: 359.9, dec, fieldDeg, width: 500, height: 380 })
        expect(serialize(skyChart(data, { view, raLabels: 'degrees' }))).not.toMatch(/NaN|undefined|Infinity/)
      }
  })

  it('finds the field that holds a region, and the part near the peak of a wide one', () => {
    const near = fieldOf(cap(0.9, 359, 41, 9).geometry, { ra: 359, dec: 41 })
    expect(near.dec).toBeCloseTo(41, 0)
    expect(near.fieldDeg).toBeGreaterThan(18)
    expect(near.fieldDeg).toBeLessThan(36)
    const parts = [cap(0.9, 20, 10, 5), cap(0.9, 200, -10, 5)].map(
      (c) => c.geometry.coordinates as number[][][],
    )
    const wide = fieldOf({ type: 'MultiPolygon', coordinates: parts }, { ra: 201, dec: -11 })
    expect(wide.ra).toBeCloseTo(200, 0)
  })
})

describe('localization chart', () => {
  it('is one picture that stands alone, with its note', () => {
    const regions = [cap(0.5, 10, -40, 2), cap(0.9, 10, -40, 5)]
    const draw = () =>
      serialize(
        localizationChart(
          { regions, marks: [{ ra: 10, dec: -40, label: 'peak' }] },
          { title: 'S241102br', caption: '90 %: 28.4 deg²', note: 'SIMULATED', palette: darkPalette },
        ),
      )
    expect(draw()).toBe(draw())
    expect(draw()).toContain('SIMULATED')
    expect(draw()).not.toMatch(/NaN|undefined|Infinity|var\(/)
  })
})

describe('words on charts', () => {
  it('writes right ascension and declination without float noise', () => {
    expect(raText(345, 'hours', 15)).toBe('23h')
    expect(raText(-20, 'hours', 5)).toBe('22h 40m')
    expect(raText(359.9999999, 'hours', 5)).toBe('0h')
    expect(raText(40.8 - 0.6, 'degrees', 0.2)).toBe('40.2°')
    expect(decText(-17.5, 0.5)).toBe('−17.5°')
    expect(decText(0, 30)).toBe('0°')
    expect(decText(9 + 1 / 6, 1 / 6, 'hours')).toBe('+9° 10′')
    expect(decText(-0.5, 1 / 6, 'hours')).toBe('−0° 30′')
    expect(angleText(1 / 6)).toBe('10′')
    expect(angleText(1 / 120)).toBe('30″')
  })

  it('leaves out empty children and undefined attributes', () => {
    expect(serialize(element('g', { a: undefined, b: 1 }, null, false, undefined, 'x<y'))).toBe(
      '<g xmlns="http://www.w3.org/2000/svg" b="1">x&lt;y</g>',
    )
  })
})

describe('night timeline', () => {
  const start = Date.UTC(2026, 10, 21, 18)
  const sunAltitude = Array.from({ length: 73 }, (_, i) => 15 - 60 * Math.sin((Math.PI * i) / 72))
  const night = { start, end: start + 12 * 3_600_000, sunAltitude }

  it('goes day, civil, nautical, astronomical, night and back without gap', () => {
    const bands = bandsOf(night)
    expect(bands.map((band) => band.kind)).toEqual([
      'day',
      'civil',
      'nautical',
      'astronomical',
      'night',
      'astronomical',
      'nautical',
      'civil',
      'day',
    ])
    bands.slice(1).forEach((band, i) => expect(band.from).toBe(bands[i].to))
    expect(bands[0].from).toBe(night.start)
    expect(bands.at(-1)!.to).toBe(night.end)
  })

  it('names the light at the limits of twilight', () => {
    expect([0, -5.9, -11.9, -17.9, -18.1].map(darkness)).toEqual([
      'day',
      'civil',
      'nautical',
      'astronomical',
      'night',
    ])
  })

  it('draws ticks inside the night only, linked', () => {
    const text = serialize(
      nightTimeline(
        {
          ...night,
          ticks: [
            { at: start + 3_600_000, label: 'S241102br', href: '/events/x' },
            { at: start - 3_600_000, label: 'before' },
          ],
          now: start + 7_200_000,
        },
        { width: 900 },
      ),
    )
    expect(text).toContain('href="/events/x"')
    expect(text).not.toContain('before')
    expect(text).toContain('now')
  })
})
