import { expect, it } from 'vitest'
import { normalizeDegreesSigned } from './angles.ts'
import { seeded } from './seeded.ts'
import {
  angleBetween,
  directionOf,
  directionsOf,
  multiply,
  offsetBy,
  polygonAreaSr,
  positionAngle,
  rotateDirection,
  rotateDirections,
  rotationX,
  rotationY,
  rotationZ,
  separation,
  separationsFrom,
  transpose,
  unitVector,
  unitVectors,
} from './vectors.ts'

const random = seeded(2)
const anywhere = (): [number, number] => [random() * 360, (Math.asin(2 * random() - 1) * 180) / Math.PI]

it('separates the near, the opposite and the polar (1e-9 relative)', () => {
  expect(separation(10, 20, 10, 20)).toBe(0)
  expect(separation(0, 0, 180, 0)).toBe(180)
  expect(separation(0, 90, 123, 90)).toBeLessThan(1e-13)
  expect(separation(0, -90, 77, 90)).toBe(180)
  expect(separation(359.9999999, 0, 0.0000001, 0) / 2e-7).toBeCloseTo(1, 6)
  // 1 µas at 80° of declination, where acos sees nothing.
  const tiny = 1e-6 / 3600
  expect(separation(10, 80, 10, 80 + tiny) / tiny).toBeCloseTo(1, 4)
  expect(angleBetween(unitVector(10, 80), unitVector(10, 80 + tiny)) / tiny).toBeCloseTo(1, 4)
})

it('finds the direction again that offsetBy gives (1e-12 deg, 5,000 seeded, poles and wrap)', () => {
  let worst = 0
  for (let i = 0; i < 5000; i++) {
    const [lon, lat] = i === 0 ? [0, 90] : i === 1 ? [0, -90] : i < 100 ? [359.99999, 0] : anywhere()
    const angle = random() * 360
    const distance = 10 ** (random() * 6 - 4)
    if (distance > 179) continue
    const [lon2, lat2] = offsetBy(lon, lat, angle, distance)
    worst = Math.max(worst, Math.abs(separation(lon, lat, lon2, lat2) - distance))
    if (Math.abs(lat) < 90 && distance > 1e-3)
      worst = Math.max(
        worst,
        Math.abs(normalizeDegreesSigned(positionAngle(lon, lat, lon2, lat2) - angle)) *
          Math.sin((distance * Math.PI) / 180),
      )
    expect(lon2).toBeGreaterThanOrEqual(0)
    expect(lon2).toBeLessThan(360)
  }
  expect(worst).toBeLessThan(1e-12)
})

it('measures position angles north through east', () => {
  expect(positionAngle(10, 0, 10, 1)).toBe(0)
  expect(positionAngle(359.5, 0, 0.5, 0)).toBeCloseTo(90, 12)
  expect(positionAngle(0.5, 0, 359.5, 0)).toBeCloseTo(270, 12)
})

it('rotates there and back (1e-13 deg), one by one as in bulk', () => {
  const turn = multiply(rotationX(0.3), rotationY(-1.2), rotationZ(2.5))
  const lon = new Float64Array(2000)
  const lat = new Float64Array(2000)
  for (let i = 0; i < lon.length; i++) [lon[i], lat[i]] = anywhere()
  ;[lon[0], lat[0], lon[1], lat[1]] = [0, 90, 0, -90]
  const there = rotateDirections(turn, lon, lat)
  const back = rotateDirections(transpose(turn), there.lon, there.lat)
  for (let i = 0; i < lon.length; i++) {
    expect(rotateDirection(turn, lon[i], lat[i])).toEqual([there.lon[i], there.lat[i]])
    expect(separation(lon[i], lat[i], back.lon[i], back.lat[i])).toBeLessThan(1e-13)
  }
  const again = directionsOf(unitVectors(lon, lat))
  const from = separationsFrom(33, 44, lon, lat)
  for (let i = 0; i < lon.length; i++) {
    expect([again.lon[i], again.lat[i]]).toEqual(directionOf(unitVector(lon[i], lat[i])))
    expect(from[i]).toBe(separation(33, 44, lon[i], lat[i]))
  }
})

it('an octant is an eighth of the sphere, turned either way, within 1e-12 sr', () => {
  const octant: [number, number][] = [
    [0, 0],
    [90, 0],
    [0, 90],
  ]
  expect(polygonAreaSr(octant)).toBeCloseTo(Math.PI / 2, 12)
  expect(polygonAreaSr(octant.toReversed())).toBeCloseTo(Math.PI / 2, 12)
})
