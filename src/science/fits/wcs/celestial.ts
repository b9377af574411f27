/** From native to celestial coordinates: where the native pole lies (Calabretta & Greisen 2002, §2.2–2.4). */
import { Problem } from '#problem.ts'
import type { Matrix } from '#science/sky/vectors.ts'
import { degreesPerRadian, radiansPerDegree } from '#science/sky/vectors.ts'

/** sin and cos of degrees, exact at multiples of 90. */
function sincos(degrees: number): [number, number] {
  const turned = degrees % 360
  if (turned % 90 === 0) {
    const quarter = (((turned / 90) % 4) + 4) % 4
    return [
      [0, 1],
      [1, 0],
      [0, -1],
      [-1, 0],
    ][quarter] as [number, number]
  }
  return [Math.sin(turned * radiansPerDegree), Math.cos(turned * radiansPerDegree)]
}

/** Celestial [longitude, latitude] of the native pole, degrees. */
function nativePole(
  [alpha0, delta0]: readonly [number, number],
  [phi0, theta0]: readonly [number, number],
  lonpole: number,
  latpole: number,
): [number, number] {
  if (theta0 === 90) return [alpha0, delta0]
  const [sinTheta, cosTheta] = sincos(theta0)
  const [sinDelta, cosDelta] = sincos(delta0)
  const [sinPhi, cosPhi] = sincos(lonpole - phi0)
  let deltaP: number
  if (cosTheta === 0 && sinDelta === 0 && cosPhi === 0) deltaP = latpole
  else {
    const hypotenuse = Math.sqrt(1 - cosTheta * cosTheta * sinPhi * sinPhi)
    if (hypotenuse === 0) {
      if (sinDelta !== 0) throw noPole()
      deltaP = latpole
    } else {
      const ratio = sinDelta / hypotenuse
      if (Math.abs(ratio) > 1 + 1e-13) throw noPole()
      const middle = Math.atan2(sinTheta, cosTheta * cosPhi) * degreesPerRadian
      const spread = Math.acos(Math.max(-1, Math.min(1, ratio))) * degreesPerRadian
      const wrap = (angle: number) => (angle > 180 ? angle - 360 : angle < -180 ? angle + 360 : angle)
      const [first, second] = [wrap(middle + spread), wrap(middle - spread)]
      const usable = [first, second].filter((angle) => Math.abs(angle) <= 90 + 1e-10)
      if (usable.length === 0) throw noPole()
      // Of two poles the one nearer LATPOLE.
      deltaP = usable.reduce((best, angle) =>
        Math.abs(latpole - angle) < Math.abs(latpole - best) ? angle : best,
      )
      deltaP = Math.max(-90, Math.min(90, deltaP))
    }
  }
  const [sinP, cosP] = sincos(deltaP)
  const z = cosP * cosDelta
  if (Math.abs(z) < 1e-10) {
    if (Math.abs(cosDelta) < 1e-10) return [alpha0, deltaP]
    return deltaP > 0 ? [alpha0 + lonpole - phi0 - 180, deltaP] : [alpha0 - lonpole + phi0, deltaP]
  }
  const x = (sinTheta - sinP * sinDelta) / z
  const y = (sinPhi * cosTheta) / cosDelta
  if (x === 0 && y === 0) throw noPole()
  return [alpha0 - Math.atan2(y, x) * degreesPerRadian, deltaP]
}

function noPole(): Problem {
  return new Problem(
    'wcs.invalid',
    'No place of the native pole agrees with CRVAL, LONPOLE and LATPOLE; one of them is wrong.',
    { keyword: 'LONPOLE' },
  )
}

/**
 * Rotation of native unit vectors into celestial ones. `native` is the native (φ₀, θ₀) of the reference point whose
 * celestial coordinates are `crval`; all in degrees. LONPOLE is by default 0 where the reference point is north of its native
 * latitude, else 180; LATPOLE 90.
 * @throws Problem wcs.invalid where no pole fits.
 */
export function nativeToCelestial(
  crval: readonly [number, number],
  native: readonly [number, number],
  lonpole: number | null,
  latpole: number | null,
): Matrix {
  const phiP = lonpole ?? (crval[1] < native[1] ? 180 : 0) + native[0]
  const [alphaP, deltaP] = nativePole(crval, native, phiP, latpole ?? 90)
  const [sinA, cosA] = sincos(alphaP)
  const [sinD, cosD] = sincos(deltaP)
  const [sinF, cosF] = sincos(phiP)
  // First a turn by −φp about the native pole, then the tilt, then a turn by αp.
  // Turn by −φp about the native pole, tilt, turn by αp: u = c cosδp − p sinδp, w = −q, z = c sinδp + p cosδp
  // with p = a cosφp + b sinφp and q = b cosφp − a sinφp.
  return [
    -sinD * cosF * cosA - sinF * sinA,
    -sinD * sinF * cosA + cosF * sinA,
    cosD * cosA,
    -sinD * cosF * sinA + sinF * cosA,
    -sinD * sinF * sinA - cosF * cosA,
    cosD * sinA,
    cosD * cosF,
    cosD * sinF,
    sinD,
  ]
}
