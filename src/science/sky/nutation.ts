/**
 * Nutation IAU 2000B (McCarthy & Luzum 2003: 77 luni-solar terms and a constant for the planets), within 1 mas of
 * 2000A over 1995–2050 and 3 mas over 1970–2060, with the small adaptation to IAU 2006 precession.
 */
import { centuriesSinceJ2000 } from './precession.ts'
import { nutationTerms } from './series.gen.ts'
import { radiansPerArcsec } from './vectors.ts'

export interface Nutation {
  /** In longitude, radians. */
  dpsiRad: number
  /** In obliquity, radians. */
  depsRad: number
}

/** Mean anomalies of Moon and Sun, F, D and the Moon's node Ω (Simon et al. 1994), radians. */
export function fundamentalArguments(mjdTt: number): readonly [number, number, number, number, number] {
  const t = centuriesSinceJ2000(mjdTt)
  const turn = (constant: number, rate: number) => ((constant + rate * t) % 1_296_000) * radiansPerArcsec
  return [
    turn(485868.249036, 1717915923.2178),
    turn(1287104.79305, 129596581.0481),
    turn(335779.526232, 1739527262.8478),
    turn(1072260.70369, 1602961601.209),
    turn(450160.398036, -6962890.5431),
  ]
}

/** Nutation at an MJD (TT), IAU 2000B (McCarthy & Luzum 2003). */
export function nutation(mjdTt: number): Nutation {
  const t = centuriesSinceJ2000(mjdTt)
  const [l, lp, f, d, om] = fundamentalArguments(mjdTt)
  let psi = 0
  let eps = 0
  for (let i = nutationTerms.length - 11; i >= 0; i -= 11) {
    const argument =
      nutationTerms[i] * l +
      nutationTerms[i + 1] * lp +
      nutationTerms[i + 2] * f +
      nutationTerms[i + 3] * d +
      nutationTerms[i + 4] * om
    const sine = Math.sin(argument)
    const cosine = Math.cos(argument)
    psi += (nutationTerms[i + 5] + nutationTerms[i + 6] * t) * sine + nutationTerms[i + 7] * cosine
    eps += (nutationTerms[i + 8] + nutationTerms[i + 9] * t) * cosine + nutationTerms[i + 10] * sine
  }
  // The planets' share, a constant in 2000B; then the change of J2 that IAU 2006 brings.
  const dpsi = psi * 1e-7 - 0.000135
  const deps = eps * 1e-7 + 0.000388
  const j2 = -2.7774e-6 * t
  return {
    dpsiRad: dpsi * (1 + 0.4697e-6 + j2) * radiansPerArcsec,
    depsRad: deps * (1 + j2) * radiansPerArcsec,
  }
}
