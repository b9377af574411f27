/**
 * Refraction for a plane-parallel-like atmosphere: ζ − z = A tan z + B tan³ z, with A and B from Green (1985) and Stone
 * (1996), water vapour after Gill (1982), as ERFA's refco does. Good to 0.1″ at zenith distances below 75°, some
 * arcsec at 85°; below 3° altitude the correction is held, not trusted.
 */

export interface Atmosphere {
  /** At the observer, hPa. */
  pressureHPa: number
  /** At the observer, °C. */
  temperatureC?: number
  /** 0 to 1. */
  humidity?: number
  /** µm; above 100 µm the radio formula holds. */
  wavelengthUm?: number
}

export interface RefractionConstants {
  /** Coefficients of tan z and tan³ z, radians. */
  a: number
  b: number
}

/** Constants of the bending A tan z + B tan³ z of an observed zenith distance z in an atmosphere, after ERFA's `refco`. */
export function refractionConstants({
  pressureHPa,
  temperatureC = 10,
  humidity = 0.5,
  wavelengthUm = 0.55,
}: Atmosphere): RefractionConstants {
  const t = Math.min(Math.max(temperatureC, -150), 200)
  const p = Math.min(Math.max(pressureHPa, 0), 10_000)
  const r = Math.min(Math.max(humidity, 0), 1)
  const wavelength = Math.min(Math.max(wavelengthUm, 0.1), 1e6)
  if (p === 0) return { a: 0, b: 0 }
  const saturation = 10 ** ((0.7859 + 0.03477 * t) / (1 + 0.00412 * t)) * (1 + p * (4.5e-6 + 6e-10 * t * t))
  const vapour = (r * saturation) / (1 - ((1 - r) * saturation) / p)
  const kelvin = t + 273.15
  const optical = wavelength <= 100
  const squared = wavelength * wavelength
  const gamma = optical
    ? ((77.53484e-6 + (4.39108e-7 + 3.666e-9 / squared) / squared) * p - 11.2684e-6 * vapour) / kelvin
    : (77.689e-6 * p - (6.3938e-6 - 0.375463 / kelvin) * vapour) / kelvin
  const scale = 4.4474e-6 * kelvin
  const beta = optical ? scale : scale - 0.0074 * vapour * scale
  return { a: gamma * (1 - beta), b: -gamma * (beta - gamma / 2) }
}

/** Radians by which a direction of true (airless) sine and cosine of altitude is raised. */
export function refractionRad(sinAlt: number, cosAlt: number, { a, b }: RefractionConstants): number {
  const r = Math.max(cosAlt, 1e-6)
  const z = Math.max(sinAlt, 0.05)
  const tangent = r / z
  const w = b * tangent * tangent
  // One Newton step makes the formula, which takes the observed zenith distance, take the true one.
  return ((a + w) * tangent) / (1 + (a + 3 * w) / (z * z))
}
