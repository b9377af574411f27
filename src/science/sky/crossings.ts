/** When a smooth function of time crosses a level: sampled, its extremes between samples refined, then bisected. */

export interface Crossing {
  mjdUtc: number
  rising: boolean
}

const golden = (Math.sqrt(5) - 1) / 2

/**
 * Every crossing of `level` in [start, end], in order, to `precision` days (default 10 ms). `step` (days) must be
 * shorter than half the distance of two extremes; a pair of crossings between two samples is found at its extreme.
 */
export function crossings(
  value: (mjd: number) => number,
  level: number,
  start: number,
  end: number,
  step: number = 10 / 1440,
  precision: number = 1e-7,
): Crossing[] {
  const count = Math.max(2, Math.ceil((end - start) / step))
  const at = (i: number) => start + ((end - start) * i) / count
  const above = (mjd: number) => value(mjd) - level
  const samples = Array.from({ length: count + 1 }, (_, i) => above(at(i)))
  const found: Crossing[] = []
  const between = (a: number, b: number, fa: number, fb: number) => {
    if (fa >= 0 !== fb >= 0) found.push({ mjdUtc: bisect(above, a, b, fa, precision), rising: fb >= 0 })
  }
  for (let i = 0; i < count; i++) {
    const [fa, fb] = [samples[i], samples[i + 1]]
    const before = i > 0 ? samples[i - 1] : fa
    const after = i + 1 < count ? samples[i + 2] : fb
    // An extreme towards the level lies between these samples when the slope turns around them.
    const turns =
      fa >= 0
        ? fb - fa <= 0 !== after - fb <= 0 || fa - before <= 0 !== fb - fa <= 0
        : fb - fa >= 0 !== after - fb >= 0 || fa - before >= 0 !== fb - fa >= 0
    if (fa >= 0 === fb >= 0 && turns) {
      const sign = fa >= 0 ? 1 : -1
      const [x, fx] = minimum((mjd) => sign * above(mjd), at(i), at(i + 1), precision)
      if (fx < 0) {
        between(at(i), x, fa, sign * fx)
        between(x, at(i + 1), sign * fx, fb)
        continue
      }
    }
    between(at(i), at(i + 1), fa, fb)
  }
  return found
}

function bisect(f: (x: number) => number, a: number, b: number, fa: number, precision: number): number {
  // Regula falsi with the Illinois step: few calls, and the bracket is never lost.
  let [low, high, flow, fhigh] = [a, b, fa, f(b)]
  for (let i = 0; i < 60 && high - low > precision; i++) {
    const guess = low + ((high - low) * flow) / (flow - fhigh)
    const middle = guess > low && guess < high ? guess : (low + high) / 2
    const value = f(middle)
    if (Math.abs(value) < 1e-9) return middle
    if (value >= 0 === flow >= 0) {
      low = middle
      flow = value
      fhigh /= 2
    } else {
      high = middle
      fhigh = value
      flow /= 2
    }
  }
  return (low + high) / 2
}

function minimum(f: (x: number) => number, a: number, b: number, precision: number): [number, number] {
  let [low, high] = [a, b]
  let x1 = high - golden * (high - low)
  let x2 = low + golden * (high - low)
  let [f1, f2] = [f(x1), f(x2)]
  while (high - low > precision) {
    // Enough is known once the function is seen below zero.
    if (f1 < 0) return [x1, f1]
    if (f2 < 0) return [x2, f2]
    if (f1 < f2) {
      high = x2
      x2 = x1
      f2 = f1
      x1 = high - golden * (high - low)
      f1 = f(x1)
    } else {
      low = x1
      x1 = x2
      f1 = f2
      x2 = low + golden * (high - low)
      f2 = f(x2)
    }
  }
  return f1 < f2 ? [x1, f1] : [x2, f2]
}
