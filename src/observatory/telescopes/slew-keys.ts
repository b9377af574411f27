import type { Axis, Slew } from '#science/planning/model.ts'
import type { Keys } from './keys.ts'

const rate = { min: 0, max: 360, unit: 'deg/s' }
const acceleration = { above: 0, max: 360, unit: 'deg/s2' }

/** The table `[slew]`: one rate along the great circle, or one for each axis of the mount. */
export function slewOf(keys: Keys): Slew | undefined {
  const mount = keys.oneOf('mount', ['direct', 'equatorial', 'altazimuth']) ?? 'direct'
  const settleS = keys.number('settle_s', { min: 0, max: 3_600, unit: 's' }) ?? 0
  const misplaced = 'belongs to mount = "direct"; here each axis has its own table'
  let slew: Slew | undefined
  if (mount === 'direct') {
    const axis = axisOf(keys)
    keys.refuseOthers(
      Object.fromEntries(
        ['hour_angle', 'declination', 'azimuth', 'altitude'].map((name) => [
          name,
          'needs mount = "equatorial" or "altazimuth"',
        ]),
      ),
    )
    if (axis) slew = { mount, axis, settleS }
  } else {
    const [first, second] =
      mount === 'equatorial' ? (['hour_angle', 'declination'] as const) : (['azimuth', 'altitude'] as const)
    const [a, b] = [axisIn(keys, first), axisIn(keys, second)]
    keys.refuseOthers({ rate_deg_per_s: misplaced, acceleration_deg_per_s2: misplaced })
    if (a && b)
      slew =
        mount === 'equatorial'
          ? { mount, hourAngle: a, declination: b, settleS }
          : { mount, azimuth: a, altitude: b, settleS }
  }
  return slew
}

function axisIn(keys: Keys, name: string): Axis | undefined {
  const table = keys.table(name)
  if (!keys.has(name)) keys.wrong(name, `is missing: ${name} = { rate_deg_per_s = … }`)
  if (!table) return undefined
  const axis = axisOf(table)
  table.refuseOthers()
  return axis
}

function axisOf(keys: Keys): Axis | undefined {
  const rateDegPerS = keys.needNumber('rate_deg_per_s', rate)
  const accelerationDegPerS2 = keys.number('acceleration_deg_per_s2', acceleration)
  if (rateDegPerS === undefined) return undefined
  return accelerationDegPerS2 === undefined ? { rateDegPerS } : { rateDegPerS, accelerationDegPerS2 }
}
