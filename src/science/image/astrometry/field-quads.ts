/** Every quad that the first detections of a field make. */
import { canonical, codeOf } from './quads.ts'

export interface FieldQuads {
  readonly count: number
  /** Distance from A to B, px. */
  readonly length: Float64Array
  /** Writes the code of quad q as a sky of that parity would have it: −1 is the sky's own (east to the left). */
  code(q: number, parity: 1 | -1, out: Float64Array): void
  /** Detections A, B, C, D named as that code names them. */
  stars(q: number, parity: 1 | -1): readonly [number, number, number, number]
}

/**
 * Quads of the first `depth` detections whose last is not among the first `known`, with A and B at least `shortest` apart
 * (px). In the order of their last detection.
 */
export function fieldQuads(
  x: Float64Array,
  y: Float64Array,
  depth: number,
  known: number,
  shortest: number,
): FieldQuads {
  const members: number[] = []
  const length: number[] = []
  const add = (a: number, b: number, c: number, d: number, distance: number): void => {
    members.push(a, b, c, d)
    length.push(distance)
  }
  // For each pair, what lies in the circle that has it as a diameter, in order of brightness.
  const inside: number[][] = []
  const pairs: [a: number, b: number, distance: number][] = []
  const isInside = (k: number, a: number, b: number): boolean =>
    (x[k] - x[a]) * (x[k] - x[b]) + (y[k] - y[a]) * (y[k] - y[b]) <= 0
  for (let newest = 1; newest < depth; newest++) {
    const wanted = newest >= known
    for (let p = 0; p < pairs.length; p++) {
      const [a, b, distance] = pairs[p]
      if (!isInside(newest, a, b)) continue
      if (wanted) for (const c of inside[p]) add(a, b, c, newest, distance)
      inside[p].push(newest)
    }
    for (let a = 0; a < newest; a++) {
      const distance = Math.hypot(x[a] - x[newest], y[a] - y[newest])
      if (distance < shortest) continue
      const within: number[] = []
      for (let k = 0; k < newest; k++) if (k !== a && isInside(k, a, newest)) within.push(k)
      if (wanted)
        for (let i = 0; i < within.length; i++)
          for (let j = i + 1; j < within.length; j++) add(a, newest, within[i], within[j], distance)
      pairs.push([a, newest, distance])
      inside.push(within)
    }
  }
  const stars = Int32Array.from(members)
  const work = new Float64Array(4)
  // The sky has east to the left: seen so, its x is turned round.
  const raw = (q: number, parity: 1 | -1, out: Float64Array): number => {
    const [a, b, c, d] = [stars[4 * q], stars[4 * q + 1], stars[4 * q + 2], stars[4 * q + 3]]
    codeOf(out, parity * x[a], y[a], parity * x[b], y[b], parity * x[c], y[c], parity * x[d], y[d])
    return canonical(out)
  }
  return {
    count: length.length,
    length: Float64Array.from(length),
    code: raw,
    stars(q, parity) {
      const exchanged = raw(q, parity, work)
      const [a, b, c, d] = [stars[4 * q], stars[4 * q + 1], stars[4 * q + 2], stars[4 * q + 3]]
      const first = exchanged & 1 ? [b, a] : [a, b]
      const second = exchanged & 2 ? [d, c] : [c, d]
      return [first[0], first[1], second[0], second[1]]
    },
  }
}
