import { describe, expect, it } from 'vitest'
import { seeded } from '#science/sky/seeded.ts'
import { separation } from '#science/sky/vectors.ts'
import { conditionsAt } from './conditions.ts'
import type { Field, Slew } from './model.ts'
import { axisSeconds, slewSeconds, slewsBetween } from './slew.ts'

const observer = { longitude: -70.8, latitude: -30.17, elevationM: 2200 }
const mjd = 61_366.2
const field = (ra: number, dec: number): Field => ({ id: `${ra} ${dec}`, ra, dec })
const fast = { rateDegPerS: 1e9 }

describe('one axis', () => {
  it('without acceleration takes x/v', () => {
    expect(axisSeconds({ rateDegPerS: 2 }, 10)).toBe(5)
    expect(axisSeconds({ rateDegPerS: 2 }, 0)).toBe(0)
  })

  it('takes 2√(x/a) until the rate is reached, then x/v + v/a, and both where they meet', () => {
    const axis = { rateDegPerS: 4, accelerationDegPerS2: 2 }
    expect(axisSeconds(axis, 0)).toBe(0)
    expect(axisSeconds(axis, 2)).toBe(2)
    expect(axisSeconds(axis, 8)).toBe(4)
    expect(axisSeconds(axis, 8 - 1e-9)).toBeCloseTo(4, 8)
    expect(axisSeconds(axis, 40)).toBe(12)
  })

  it('agrees with driving the axis in steps of 1 ms within 5 ms', () => {
    for (const [v, a, x] of [
      [3, 1.5, 25],
      [1, 0.1, 7],
      [6, 0.5, 12],
    ]) {
      let [at, speed, time] = [0, 0, 0]
      while (x - at > 1e-3 || speed > a * 1e-3) {
        const braking = (speed * speed) / (2 * a)
        speed = x - at > braking ? Math.min(v, speed + a * 1e-3) : Math.max(0, speed - a * 1e-3)
        if (speed === 0) break
        at += speed * 1e-3
        time += 1e-3
      }
      const ours = axisSeconds({ rateDegPerS: v, accelerationDegPerS2: a }, x)
      expect(Math.abs(ours - time) / ours).toBeLessThan(0.01)
    }
  })
})

describe('direct mount', () => {
  const slew: Slew = { mount: 'direct', axis: { rateDegPerS: 0.5 }, settleS: 3 }

  it('moves along the great circle, over the pole and through RA 0, then settles', () => {
    for (const [a, b] of [
      [field(10, -20), field(50, 10)],
      [field(0, 85), field(180, 85)],
      [field(359, 0), field(1, 0)],
    ])
      expect(slewSeconds(slew, observer, a, b, mjd)).toBeCloseTo(
        separation(a.ra, a.dec, b.ra, b.dec) / 0.5 + 3,
        9,
      )
  })

  it('takes no time to where it is', () => {
    expect(slewSeconds(slew, observer, field(10, 20), field(10, 20), mjd)).toBe(0)
    expect(slewSeconds(slew, observer, field(10, 20), field(370, 20), mjd)).toBe(0)
  })
})

describe('equatorial mount', () => {
  const mount = (hourAngle: number, declination: number): Slew => ({
    mount: 'equatorial',
    hourAngle: { rateDegPerS: hourAngle },
    declination: { rateDegPerS: declination },
    settleS: 2,
  })

  it('waits for the slower axis; hour angle goes the shorter way round', () => {
    const a = field(350, -10)
    const b = field(10, -50)
    // Precession turns the axes by up to 0.4°, which may add half a degree.
    const byHourAngle = slewSeconds(mount(1, 1e9), observer, a, b, mjd) - 2
    expect(byHourAngle).toBeGreaterThan(20 - 1e-9)
    expect(byHourAngle).toBeLessThan(20.6)
    const byDeclination = slewSeconds(mount(1e9, 1), observer, a, b, mjd) - 2
    expect(byDeclination).toBeGreaterThan(40 - 1e-9)
    expect(byDeclination).toBeLessThan(40.4)
    expect(slewSeconds(mount(1, 1), observer, a, b, mjd) - 2).toBe(byDeclination)
  })

  it('goes after the turning sky: 20° west at 0.1°/s takes 1/(1 − 0.0418) of the time (to 0.3 %), east not less than 20°', () => {
    const west = slewSeconds(mount(0.1, 1e9), observer, field(120, 0), field(100, 0), mjd) - 2
    const east = slewSeconds(mount(0.1, 1e9), observer, field(100, 0), field(120, 0), mjd) - 2
    expect(Math.abs((west * (1 - 0.04178)) / 200 - 1)).toBeLessThan(0.003)
    expect(east).toBeGreaterThan(200 - 1e-9)
    expect(east).toBeLessThan(201)
  })

  it('is the same at any time of a day', () => {
    const [a, b] = [field(30, 70), field(140, -20)]
    const slew = mount(1, 1)
    expect(slewSeconds(slew, observer, a, b, 61_366.1)).toBe(slewSeconds(slew, observer, a, b, 61_366.9))
  })
})

describe('altazimuth mount', () => {
  const slew: Slew = {
    mount: 'altazimuth',
    azimuth: { rateDegPerS: 3, accelerationDegPerS2: 1.5 },
    altitude: { rateDegPerS: 2, accelerationDegPerS2: 1 },
    settleS: 4,
  }

  it('reaches where the target stands at departure and at arrival, within 0.01 s', () => {
    for (const [a, b] of [
      [field(40, -60), field(120, -10)],
      [field(60, -25), field(70, -35)],
      [field(100, 0), field(20, -80)],
    ]) {
      const from = conditionsAt({ observer }, a, mjd)
      const time = slewSeconds(slew, observer, a, b, mjd)
      const ways = [0, time - 4].map((later) => {
        const to = conditionsAt({ observer }, b, mjd + later / 86_400)
        const around = Math.abs(((to.azimuthDeg - from.azimuthDeg + 540) % 360) - 180)
        return Math.max(
          axisSeconds(slew.azimuth, around),
          axisSeconds(slew.altitude, Math.abs(to.altitudeDeg - from.altitudeDeg)),
        )
      })
      expect(Math.abs(time - 4 - Math.max(...ways))).toBeLessThan(0.01)
    }
  })

  it('depends on the time', () => {
    const [a, b] = [field(60, -25), field(80, -35)]
    const times = [61_366.1, 61_366.2, 61_366.3].map((at) => slewSeconds(slew, observer, a, b, at))
    expect(new Set(times.map((time) => time.toFixed(1))).size).toBeGreaterThan(1)
  })
})

describe('all pairs', () => {
  const fields = [field(10, -20), field(30, -40), field(80, -70), field(10, -20)]

  it.each<Slew>([
    { mount: 'direct', axis: { rateDegPerS: 1 }, settleS: 1 },
    { mount: 'equatorial', hourAngle: { rateDegPerS: 1 }, declination: fast, settleS: 1 },
    {
      mount: 'altazimuth',
      azimuth: { rateDegPerS: 1, accelerationDegPerS2: 1 },
      altitude: { rateDegPerS: 1 },
      settleS: 1,
    },
  ])('$mount: rows from, columns to, as one by one and up to 0.05 s more at 1°/s', (slew) => {
    const matrix = slewsBetween(slew, observer, fields, mjd).matrix(mjd)
    expect(matrix).toHaveLength(16)
    fields.forEach((from, i) =>
      fields.forEach((to, j) => {
        const one = i === j ? 0 : slewSeconds(slew, observer, from, to, mjd)
        expect(matrix[i * 4 + j]).toBeGreaterThanOrEqual(one * (1 - 1e-7))
        expect(matrix[i * 4 + j]).toBeLessThanOrEqual(one * (1 + 1e-7) + (slew.mount === 'direct' ? 0 : 0.05))
      }),
    )
    expect(matrix[3]).toBe(0)
  })

  it.each<Slew>([
    { mount: 'equatorial', hourAngle: { rateDegPerS: 0.2 }, declination: { rateDegPerS: 0.3 }, settleS: 1 },
    { mount: 'altazimuth', azimuth: { rateDegPerS: 1 }, altitude: { rateDegPerS: 0.5 }, settleS: 1 },
  ])('$mount: places of one day do for two weeks: never less than the slew of that moment', (slew) => {
    const random = seeded(5)
    const many = Array.from({ length: 20 }, () =>
      field(360 * random(), (Math.asin(2 * random() - 1) * 180) / Math.PI),
    )
    const { seconds } = slewsBetween(slew, observer, many, mjd)
    for (let n = 0; n < 300; n++) {
      const [i, j] = [Math.floor(20 * random()), Math.floor(20 * random())]
      const at = mjd + 14 * random()
      const one = slewSeconds(slew, observer, many[i], many[j], at)
      expect(seconds(i, j, at)).toBeGreaterThanOrEqual(one)
    }
  })
})
