/** Whose a pixel between several sources is: a lookup that stays quick where thousands of them hang together. */
import type { Shape } from './shape.ts'

/** Beyond this, (r/σ)² of a Gaussian, its height counts as nothing. */
const reach = 140
const cell = 16
/** So few are asked one by one. */
const few = 12

/** Number of the source to which a pixel at (x, y) belongs: whose Gaussian is the highest there, or else the nearest. */
export function ownerLookup(
  shapes: readonly Shape[],
  heights: readonly number[],
): (x: number, y: number) => number {
  const everyone = Int32Array.from(shapes, (_, k) => k)
  const likeliest = (x: number, y: number, members: Int32Array, from: number, to: number): number => {
    let best = -1
    let highest = 0
    for (let i = from; i < to; i++) {
      const k = members[i]
      const { x: sx, y: sy, cxx, cyy, cxy, correction } = shapes[k]
      const dx = x - sx
      const dy = y - sy
      const r2 = (cxx * dx * dx + cyy * dy * dy + cxy * dx * dy) / correction
      if (r2 >= reach) continue
      const height = heights[k] * Math.exp(-r2 / 2)
      if (height <= highest) continue
      highest = height
      best = k
    }
    return best
  }
  if (shapes.length <= few) {
    return (x, y) => {
      const best = likeliest(x, y, everyone, 0, everyone.length)
      return best >= 0 ? best : nearestOf(shapes, x, y)
    }
  }
  const x0 = shapes.reduce((least, { x }) => Math.min(least, x), Infinity)
  const y0 = shapes.reduce((least, { y }) => Math.min(least, y), Infinity)
  const columns = Math.floor((shapes.reduce((most, { x }) => Math.max(most, x), -Infinity) - x0) / cell) + 1
  const rows = Math.floor((shapes.reduce((most, { y }) => Math.max(most, y), -Infinity) - y0) / cell) + 1
  const within = (value: number, size: number): number => Math.max(0, Math.min(size - 1, value))
  const reached = lists(columns * rows, shapes, (shape, put) => {
    const far = Math.sqrt(reach * shape.correction) * shape.a
    const left = within(Math.floor((shape.x - far - x0) / cell), columns)
    const right = within(Math.floor((shape.x + far - x0) / cell), columns)
    const top = within(Math.floor((shape.y + far - y0) / cell), rows)
    for (let v = within(Math.floor((shape.y - far - y0) / cell), rows); v <= top; v++) {
      for (let u = left; u <= right; u++) put(v * columns + u)
    }
  })
  const centred = lists(columns * rows, shapes, ({ x, y }, put) =>
    put(Math.floor((y - y0) / cell) * columns + Math.floor((x - x0) / cell)),
  )
  return (x, y) => {
    const u = within(Math.floor((x - x0) / cell), columns)
    const v = within(Math.floor((y - y0) / cell), rows)
    const at = v * columns + u
    const best = likeliest(x, y, reached.members, reached.starts[at], reached.starts[at + 1])
    if (best >= 0) return best
    let nearest = -1
    let least = Infinity
    for (let ring = 0; ring < Math.max(columns, rows); ring++) {
      // What lies in this ring of cells and beyond is at least so far away.
      if (nearest >= 0 && ((ring - 1) * cell) ** 2 > least) break
      for (let b = Math.max(0, v - ring); b <= Math.min(rows - 1, v + ring); b++) {
        const edge = Math.abs(b - v) === ring
        for (let a = u - ring; a <= u + ring; a += edge ? 1 : Math.max(1, 2 * ring)) {
          if (a < 0 || a >= columns) continue
          for (let i = centred.starts[b * columns + a]; i < centred.starts[b * columns + a + 1]; i++) {
            const k = centred.members[i]
            const away = (x - shapes[k].x) ** 2 + (y - shapes[k].y) ** 2
            if (away > least || (away === least && k > nearest)) continue
            least = away
            nearest = k
          }
        }
      }
    }
    return nearest
  }
}

function nearestOf(shapes: readonly Shape[], x: number, y: number): number {
  let nearest = 0
  let least = Infinity
  for (let k = 0; k < shapes.length; k++) {
    const away = (x - shapes[k].x) ** 2 + (y - shapes[k].y) ** 2
    if (away >= least) continue
    least = away
    nearest = k
  }
  return nearest
}

/** For each of `count` cells the shapes that `visit` puts there, in their order. */
function lists(
  count: number,
  shapes: readonly Shape[],
  visit: (shape: Shape, put: (cell: number) => void) => void,
): { starts: Int32Array; members: Int32Array } {
  const starts = new Int32Array(count + 1)
  for (const shape of shapes) visit(shape, (at) => starts[at + 1]++)
  for (let i = 0; i < count; i++) starts[i + 1] += starts[i]
  const members = new Int32Array(starts[count])
  const next = starts.slice()
  shapes.forEach((shape, k) => visit(shape, (at) => (members[next[at]++] = k)))
  return { starts, members }
}
