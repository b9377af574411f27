/**
 * The normal distribution and its tails to full double precision.
 * Error function: W. J. Cody 1969, Math. Comp. 23, 631 (rational Chebyshev approximations on three intervals).
 */

const A = [3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694, 0.18577770618460315]
const B = [23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171]
const C = [
  0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
  1712.0476126340707, 2051.0783778260716, 1230.3393547979972, 2.1531153547440383e-8,
]
const D = [
  15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
  4362.619090143247, 3439.3676741437216, 1230.3393548037495,
]
const P = [
  0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275, 0.0006587491615298378,
  0.016315387137302097,
]
const Q = [
  2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
]

const inverseSqrtPi = 0.5641895835477563
const sqrtTwoPi: number = Math.sqrt(2 * Math.PI)

function erfNearZero(x: number): number {
  const y = x * x
  let top = A[4] * y
  let bottom = y
  for (let i = 0; i < 3; i++) {
    top = (top + A[i]) * y
    bottom = (bottom + B[i]) * y
  }
  return (x * (top + A[3])) / (bottom + B[3])
}

/** exp(x²) erfc(x) for x > 0.46875. */
function scaledTail(x: number): number {
  if (x <= 4) {
    let top = C[8] * x
    let bottom = x
    for (let i = 0; i < 7; i++) {
      top = (top + C[i]) * x
      bottom = (bottom + D[i]) * x
    }
    return (top + C[7]) / (bottom + D[7])
  }
  const y = 1 / (x * x)
  let top = P[5] * y
  let bottom = y
  for (let i = 0; i < 4; i++) {
    top = (top + P[i]) * y
    bottom = (bottom + Q[i]) * y
  }
  return (inverseSqrtPi - (y * (top + P[4])) / (bottom + Q[4])) / x
}

/** exp(−x²) without the error of squaring: x is split so that the square of its head is exact. */
function expOfMinusSquare(x: number): number {
  const head = Math.trunc(x * 16) / 16
  return Math.exp(-head * head) * Math.exp(-(x - head) * (x + head))
}

/** Error function. */
export function erf(x: number): number {
  const size = Math.abs(x)
  if (size <= 0.46875) return erfNearZero(x)
  const value = 1 - expOfMinusSquare(size) * scaledTail(size)
  return x < 0 ? -value : value
}

/** Complementary error function 1 − erf(x), exact to its own last digits for large x. */
export function erfc(x: number): number {
  if (Math.abs(x) <= 0.46875) return 1 - erfNearZero(x)
  const tail = expOfMinusSquare(Math.abs(x)) * scaledTail(Math.abs(x))
  return x < 0 ? 2 - tail : tail
}

/** exp(x²) erfc(x); infinite below about −26.6. */
export function erfcx(x: number): number {
  if (Math.abs(x) <= 0.46875) return Math.exp(x * x) * (1 - erfNearZero(x))
  return x > 0 ? scaledTail(x) : 2 / expOfMinusSquare(-x) - scaledTail(-x)
}

/** Density of the standard normal distribution. */
export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z) / sqrtTwoPi
}

/** Its cumulative distribution Φ(z). */
export function normalBelow(z: number): number {
  return 0.5 * erfc(-z * Math.SQRT1_2)
}

/** φ(z)/Φ(z), finite for every z. */
export function normalHazard(z: number): number {
  return Math.sqrt(2 / Math.PI) / erfcx(-z * Math.SQRT1_2)
}

/** z with P(|x| < z) = `probability` for a standard normal x. */
export function normalWidth(probability: number): number {
  let low = 0
  let high = 40
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const middle = 0.5 * (low + high)
    if (erf(middle * Math.SQRT1_2) < probability) low = middle
    else high = middle
  }
  return 0.5 * (low + high)
}
