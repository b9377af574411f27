import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { conditionCurves, conditionsAt, timesBetween } from './conditions.ts'
import type { Observer } from './model.ts'

interface Rows {
  site: string[]
  mjdUtc: number[]
  ra: number[]
  dec: number[]
  altitude: number[]
  azimuth: number[]
  hourAngle: number[]
  moonSeparation: number[]
  moonAltitude: number[]
  sunAltitude: number[]
}
const { sites, rows } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/planning/visibility.json'), 'utf8'),
) as { sites: Record<string, Observer>; rows: Rows }

const ours = rows.site.map((site, i) =>
  conditionsAt({ observer: sites[site] }, { ra: rows.ra[i], dec: rows.dec[i] }, rows.mjdUtc[i]),
)
const worst = (difference: (i: number) => number) =>
  Math.max(...ours.map((_, i) => Math.abs(difference(i)) * 3600))
const turned = (degrees: number) => degrees - 360 * Math.round(degrees / 360)

describe(`conditions at ${ours.length} moments against astropy, poles among the sites`, () => {
  it('altitude and azimuth on the sky within 2″', () => {
    expect(worst((i) => ours[i].altitudeDeg - rows.altitude[i])).toBeLessThan(2)
    const across = (i: number) =>
      turned(ours[i].azimuthDeg - rows.azimuth[i]) * Math.cos((rows.altitude[i] * Math.PI) / 180)
    expect(worst(across)).toBeLessThan(2)
  })

  it('hour angle within 2″ on the sky', () => {
    const across = (i: number) =>
      turned(15 * (ours[i].hourAngleHours - rows.hourAngle[i])) * Math.cos((rows.dec[i] * Math.PI) / 180)
    expect(worst(across)).toBeLessThan(2)
  })

  it('Sun’s altitude within 2″, Moon’s altitude and separation within 15″', () => {
    expect(worst((i) => ours[i].sunAltitudeDeg - rows.sunAltitude[i])).toBeLessThan(2)
    expect(worst((i) => ours[i].moonAltitudeDeg - rows.moonAltitude[i])).toBeLessThan(15)
    expect(worst((i) => ours[i].moonSeparationDeg - rows.moonSeparation[i])).toBeLessThan(15)
  })

  it('airmass is sec z, and Infinity below the horizon', () => {
    for (const { altitudeDeg, airmass } of ours)
      expect(airmass).toBeCloseTo(altitudeDeg > 0 ? 1 / Math.sin((altitudeDeg * Math.PI) / 180) : Infinity, 9)
  })
})

describe('curves', () => {
  const observer = { longitude: -70.8, latitude: -30.17, elevationM: 2200 }
  const fields = [
    { ra: 60, dec: -30 },
    { ra: 200, dec: 20 },
  ]

  it('agree with single moments within 2″ over three days, illumination within 1e-4', () => {
    const times = timesBetween(61_365.2, 61_368.2, 1800)
    const { sky, fields: curves } = conditionCurves(observer, fields, times)
    for (let i = 0; i < times.length; i += 7)
      fields.forEach((field, f) => {
        const at = conditionsAt({ observer }, field, times[i])
        expect(Math.abs(at.altitudeDeg - curves[f].altitudeDeg[i]) * 3600).toBeLessThan(2)
        expect(Math.abs(at.moonSeparationDeg - curves[f].moonSeparationDeg[i]) * 3600).toBeLessThan(2)
        expect(Math.abs(at.sunAltitudeDeg - sky.sunAltitudeDeg[i]) * 3600).toBeLessThan(2)
        expect(Math.abs(at.moonIllumination - sky.moonIllumination[i])).toBeLessThan(1e-4)
      })
  })

  it('times include both ends and are at most a step apart', () => {
    expect([...timesBetween(0, 1, 21_600)]).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(timesBetween(0, 1, 80_000)).toHaveLength(3)
    expect(conditionCurves(observer, fields, new Float64Array(0)).fields[1].airmass).toHaveLength(0)
  })
})
