/**
 * Sums and products of doubles with nothing lost: a value is kept as an unevaluated pair high + low (double-double).
 * T. J. Dekker 1971, Numer. Math. 18, 224; D. E. Knuth, TAOCP 2, §4.2.2; S. Boldo, G. Melquiond 2008, IEEE TC 57, 462.
 */

/** high + low, |low| ≤ half a unit in the last place of high. */
export interface Double2 {
  readonly hi: number
  readonly lo: number
}

/** a + b, exactly. */
export function twoSum(a: number, b: number): Double2 {
  const hi = a + b
  const t = hi - a
  return { hi, lo: a - (hi - t) + (b - t) }
}

/** a · b, exactly (away from overflow and underflow). */
export function twoProduct(a: number, b: number): Double2 {
  const hi = a * b
  const ca = 134217729 * a
  const cb = 134217729 * b
  const ah = ca - (ca - a)
  const bh = cb - (cb - b)
  const al = a - ah
  const bl = b - bh
  return { hi, lo: al * bl - (hi - ah * bh - al * bh - ah * bl) }
}

/** Sum of two pairs, error about 2⁻¹⁰⁵ of the result. */
export function add2(a: Double2, b: Double2): Double2 {
  const s = twoSum(a.hi, b.hi)
  const t = twoSum(a.lo, b.lo)
  const u = twoSum(s.hi, s.lo + t.hi)
  return twoSum(u.hi, u.lo + t.lo)
}

/** Product of two pairs, error about 2⁻¹⁰⁴ of the result. */
export function multiply2(a: Double2, b: Double2): Double2 {
  const p = twoProduct(a.hi, b.hi)
  return twoSum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi))
}

/** A pair divided by a whole number, error about 2⁻¹⁰⁵ of the result. */
export function divide2(a: Double2, n: number): Double2 {
  const q = a.hi / n
  const p = twoProduct(q, n)
  return twoSum(q, (a.hi - p.hi - p.lo + a.lo) / n)
}

/** a·b + c rounded once: the fused multiply-add that processors have and JavaScript has not. */
export function fma(a: number, b: number, c: number): number {
  const p = twoProduct(a, b)
  const s = twoSum(p.hi, c)
  const t = twoSum(s.lo, p.lo)
  const sum = s.hi + t.hi
  const rest = t.hi - (sum - s.hi)
  // A rest of exactly half a unit was rounded to even without knowledge of what lies below it.
  if (t.lo !== 0 && rest !== 0) {
    const other = sum + 2 * rest
    if (other - sum === 2 * rest && rest > 0 === t.lo > 0) return other
  }
  return sum
}
