/** Every quad that the first detections of a field make and that the sky's levels may hold. */
import { binOf, canonical, codeOf, stepOf } from './quads.ts'
import { sharedFloat32, sharedInt32 } from './shared.ts'

export interface FieldQuads {
  readonly count: number
  /** A, B, C, D of each, as places in the order of the detections. */
  readonly stars: Int32Array
  /** Distance from A to B, px. */
  readonly length: Float32Array
}

/** Quads as one parity sees them, in the order of their codes' bins: what follows each other lies near in the table. */
export interface CodedQuads extends FieldQuads {
  /** −1 is the sky's own: east to the left. */
  readonly parity: 1 | -1
  readonly codes: Float32Array
}

/** Detections of which all quads are made, however long. */
const always = 30
/**
 * The sky's quads of diameter L are made of about 11 stars to a square of side L; three times as many detections, of which
 * two thirds are something else, are looked through. A longer quad with a fainter detection is in no level.
 */
const crowded = 34

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
  area: number,
): FieldQuads {
  const members: number[] = []
  const lengths: number[] = []
  const add = (a: number, b: number, c: number, d: number, distance: number): void => {
    members.push(a, b, c, d)
    lengths.push(distance)
  }
  // For each pair, what lies in the circle that has it as a diameter, in order of brightness.
  const inside: number[][] = []
  const pairs: [a: number, b: number, distance: number][] = []
  const isInside = (k: number, a: number, b: number): boolean =>
    (x[k] - x[a]) * (x[k] - x[b]) + (y[k] - y[a]) * (y[k] - y[b]) <= 0
  for (let newest = 1; newest < depth; newest++) {
    const wanted = newest >= known
    const longest = newest < always ? Infinity : Math.sqrt((crowded * area) / newest)
    for (let p = 0; p < pairs.length; p++) {
      const [a, b, distance] = pairs[p]
      if (distance > longest || !isInside(newest, a, b)) continue
      if (wanted) for (const c of inside[p]) add(a, b, c, newest, distance)
      inside[p].push(newest)
    }
    for (let a = 0; a < newest; a++) {
      const distance = Math.hypot(x[a] - x[newest], y[a] - y[newest])
      if (distance < shortest || distance > longest) continue
      const within: number[] = []
      for (let k = 0; k < newest; k++) if (k !== a && isInside(k, a, newest)) within.push(k)
      if (wanted)
        for (let i = 0; i < within.length; i++)
          for (let j = i + 1; j < within.length; j++) add(a, newest, within[i], within[j], distance)
      pairs.push([a, newest, distance])
      inside.push(within)
    }
  }
  return {
    count: lengths.length,
    stars: Int32Array.from(members),
    length: Float32Array.from(lengths),
  }
}

/** The quads with the codes that a sky of this parity would have, named as those codes name them. */
export function codedQuads(quads: FieldQuads, parity: 1 | -1, x: Float64Array, y: Float64Array): CodedQuads {
  const { count } = quads
  const stars = new Int32Array(4 * count)
  const codes = new Float32Array(4 * count)
  const code = new Float64Array(4)
  const steps = new Uint16Array(4)
  const order = new Float64Array(count)
  for (let q = 0; q < count; q++) {
    const [a, b, c, d] = quads.stars.subarray(4 * q, 4 * q + 4)
    codeOf(code, parity * x[a], y[a], parity * x[b], y[b], parity * x[c], y[c], parity * x[d], y[d])
    const exchanged = canonical(code)
    stars.set(exchanged & 1 ? [b, a] : [a, b], 4 * q)
    stars.set(exchanged & 2 ? [d, c] : [c, d], 4 * q + 2)
    codes.set(code, 4 * q)
    for (let k = 0; k < 4; k++) steps[k] = stepOf(code[k])
    order[q] = binOf(steps, 0) * count + q
  }
  order.sort()
  const sorted = {
    count,
    parity,
    stars: sharedInt32(4 * count),
    codes: sharedFloat32(4 * count),
    length: sharedFloat32(count),
  }
  for (let at = 0; at < count; at++) {
    const q = order[at] % count
    sorted.length[at] = quads.length[q]
    for (let k = 0; k < 4; k++) {
      sorted.stars[4 * at + k] = stars[4 * q + k]
      sorted.codes[4 * at + k] = codes[4 * q + k]
    }
  }
  return sorted
}
