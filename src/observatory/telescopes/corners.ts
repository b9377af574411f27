import type { Offset } from '#science/planning/model.ts'

/** The area in the plane, positive where corners go from east to north. */
export function signedArea(ring: readonly Offset[]): number {
  let sum = 0
  for (const [i, a] of ring.entries()) {
    const b = ring[(i + 1) % ring.length]!
    sum += a[0] * b[1] - b[0] * a[1]
  }
  return sum / 2
}

/** All corners lie on one line. */
export function isLine(ring: readonly Offset[]): boolean {
  const [a] = ring
  const b = ring.find((each) => each[0] !== a![0] || each[1] !== a![1])
  return b === undefined || ring.every((each) => cross(a!, b, each) === 0)
}

/** The first two sides that touch or cross though they are no neighbours, or neighbours that fold back; null: none. */
export function crossingSides(ring: readonly Offset[]): [number, number] | null {
  const n = ring.length
  const at = (i: number): Offset => ring[i % n]!
  for (let i = 0; i < n; i++) {
    const [a, b] = [at(i), at(i + 1)]
    if (a[0] === b[0] && a[1] === b[1]) return [i, (i + 1) % n]
    for (let j = i + 1; j < n; j++) {
      const [c, d] = [at(j), at(j + 1)]
      const next = j === i + 1
      const last = i === 0 && j === n - 1
      if (next || last) {
        // Neighbours share a corner; beyond it they may not run back over each other.
        const [corner, p, q] = next ? [b, a, d] : [a, b, c]
        const turn = cross(corner, p, q)
        const same = (p[0] - corner[0]) * (q[0] - corner[0]) + (p[1] - corner[1]) * (q[1] - corner[1]) > 0
        if (turn === 0 && same) return [i, j]
      } else if (meet(a, b, c, d)) return [i, j]
    }
  }
  return null
}

function cross(o: Offset, p: Offset, q: Offset): number {
  return (p[0] - o[0]) * (q[1] - o[1]) - (p[1] - o[1]) * (q[0] - o[0])
}

function meet(a: Offset, b: Offset, c: Offset, d: Offset): boolean {
  const s = [cross(a, b, c), cross(a, b, d), cross(c, d, a), cross(c, d, b)].map(Math.sign)
  if (s[0] !== s[1] && s[2] !== s[3]) return true
  return (
    (s[0] === 0 && within(a, b, c)) ||
    (s[1] === 0 && within(a, b, d)) ||
    (s[2] === 0 && within(c, d, a)) ||
    (s[3] === 0 && within(c, d, b))
  )
}

/** A point of the line lies on the side. */
function within(a: Offset, b: Offset, p: Offset): boolean {
  return (
    Math.min(a[0], b[0]) <= p[0] &&
    p[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= p[1] &&
    p[1] <= Math.max(a[1], b[1])
  )
}
