/** Shapes of the sky by size: for each range of diameters the brightest stars, evenly over the sky, and their quads. */
import { canonical, codeOf, codeTable } from './quads.ts'
import type { CodeTable } from './quads.ts'
import { skyCells } from './sky-cells.ts'
import type { SkyCells } from './sky-cells.ts'
import type { StarList } from './stars.ts'
import { tangentFrame } from './tangent.ts'

export interface QuadLevel {
  /** Diameters of its quads, radians. */
  readonly low: number
  readonly high: number
  /** Unit vectors of the stars it uses, three numbers each, brightest first. */
  readonly xyz: Float64Array
  readonly cells: SkyCells
  /** A, B, C, D of each quad, as places in `xyz`. */
  readonly quads: Int32Array
  readonly table: CodeTable
}

/** Stars in a cell as wide as half the largest quad, and quads whose middle is in it. */
const starsPerCell = 6
const quadsPerCell = 12
/** Brightest stars around a cell that its quads are made of, and quads of a cell that may share one. */
const neighbours = 20
const shares = 5

/** The level of a star list whose quads have diameters from `low` to `high` (radians). */
export function quadLevel(stars: StarList, low: number, high: number): QuadLevel {
  const { xyz, cells } = brightestPerCell(stars, high / 2)
  const quads = new Int32Array(4 * quadsPerCell * cells.keys.length)
  const codes = new Float32Array(quads.length)
  let count = 0
  const around = new Int32Array(neighbours)
  const px = new Float64Array(neighbours)
  const py = new Float64Array(neighbours)
  const qx = new Float64Array(4)
  const qy = new Float64Array(4)
  const code = new Float64Array(4)
  const named = new Int32Array(4)
  const used = new Uint8Array(neighbours)

  for (let cell = 0; cell < cells.keys.length; cell++) {
    const [x, y, z] = meanDirection(xyz, cells, cell)
    const near = brightestNear(xyz, cells, x, y, z, 0.75 * high, around)
    if (near < 4) continue
    projectAll(xyz, around, near, x, y, z, px, py)
    const fits = (i: number, j: number): boolean => {
      const squared = (px[i] - px[j]) ** 2 + (py[i] - py[j]) ** 2
      if (squared < low * low || squared > high * high) return false
      const [a, b] = [3 * around[i], 3 * around[j]]
      const [mx, my, mz] = [xyz[a] + xyz[b], xyz[a + 1] + xyz[b + 1], xyz[a + 2] + xyz[b + 2]]
      const length = Math.sqrt(mx * mx + my * my + mz * mz)
      return cells.keyOf(mx / length, my / length, mz / length) === cells.keys[cell]
    }
    // The quads of the brightest stars come first, but no star is in all of them: a bright one may be missing among the
    // detections because it is saturated or lies in a nebula.
    let made = 0
    used.fill(0)
    const add = (a: number, b: number, c: number, d: number): void => {
      if (Math.max(used[a], used[b], used[c], used[d]) >= shares) return
      used[a]++
      used[b]++
      used[c]++
      used[d]++
      named[0] = around[a]
      named[1] = around[b]
      named[2] = around[c]
      named[3] = around[d]
      skyCode(xyz, named, qx, qy, code)
      const exchanged = canonical(code)
      if (exchanged & 1) exchange(named, 0, 1)
      if (exchanged & 2) exchange(named, 2, 3)
      quads.set(named, 4 * count)
      codes.set(code, 4 * count)
      count++
      made++
    }
    brightestQuads(near, px, py, fits, () => made < quadsPerCell, add)
  }
  return {
    low,
    high,
    xyz,
    cells,
    quads: quads.slice(0, 4 * count),
    table: codeTable(codes.slice(0, 4 * count)),
  }
}

/** Calls `add` with quads of stars 0 … n − 1, those of the first stars first, while `more` says so. */
function brightestQuads(
  n: number,
  px: Float64Array,
  py: Float64Array,
  fits: (a: number, b: number) => boolean,
  more: () => boolean,
  add: (a: number, b: number, c: number, d: number) => void,
): void {
  const inside = (k: number, a: number, b: number): boolean =>
    (px[k] - px[a]) * (px[k] - px[b]) + (py[k] - py[a]) * (py[k] - py[b]) <= 0
  const pairs: number[] = []
  for (let newest = 1; newest < n; newest++) {
    for (let p = 0; p < pairs.length; p += 2) {
      const [a, b] = [pairs[p], pairs[p + 1]]
      if (!inside(newest, a, b)) continue
      for (let c = 0; c < newest; c++)
        if (c !== a && c !== b && inside(c, a, b)) {
          if (!more()) return
          add(a, b, c, newest)
        }
    }
    for (let a = 0; a < newest; a++) {
      if (!fits(a, newest)) continue
      pairs.push(a, newest)
      for (let c = 0; c < newest; c++) {
        if (c === a || !inside(c, a, newest)) continue
        for (let d = c + 1; d < newest; d++)
          if (d !== a && inside(d, a, newest)) {
            if (!more()) return
            add(a, newest, c, d)
          }
      }
    }
  }
}

/** The brightest stars of each cell about `size` radians wide. */
function brightestPerCell(stars: StarList, size: number): { xyz: Float64Array; cells: SkyCells } {
  const all = skyCells(stars.xyz, size)
  const chosen: number[] = []
  for (let cell = 0; cell < all.keys.length; cell++) {
    const end = Math.min(all.starts[cell] + starsPerCell, all.starts[cell + 1])
    for (let k = all.starts[cell]; k < end; k++) chosen.push(all.members[k])
  }
  const sorted = Int32Array.from(chosen).sort()
  const xyz = new Float64Array(3 * sorted.length)
  sorted.forEach((star, i) => xyz.set(stars.xyz.subarray(3 * star, 3 * star + 3), 3 * i))
  return { xyz, cells: skyCells(xyz, size) }
}

function meanDirection(xyz: Float64Array, cells: SkyCells, cell: number): [number, number, number] {
  let [x, y, z] = [0, 0, 0]
  for (let k = cells.starts[cell]; k < cells.starts[cell + 1]; k++) {
    x += xyz[3 * cells.members[k]]
    y += xyz[3 * cells.members[k] + 1]
    z += xyz[3 * cells.members[k] + 2]
  }
  const length = Math.sqrt(x * x + y * y + z * z)
  return [x / length, y / length, z / length]
}

/** Fills `out` with the brightest stars within `radius` of a direction, brightest first; returns how many. */
function brightestNear(
  xyz: Float64Array,
  cells: SkyCells,
  x: number,
  y: number,
  z: number,
  radius: number,
  out: Int32Array,
): number {
  const least = Math.cos(radius)
  let count = 0
  cells.near(x, y, z, radius, (star) => {
    if (xyz[3 * star] * x + xyz[3 * star + 1] * y + xyz[3 * star + 2] * z < least) return
    // Stars are numbered by brightness: a small insertion sort keeps the first of them.
    if (count === out.length && star > out[count - 1]) return
    let at = count < out.length ? count++ : count - 1
    while (at > 0 && out[at - 1] > star) {
      out[at] = out[at - 1]
      at--
    }
    out[at] = star
  })
  return count
}

function projectAll(
  xyz: Float64Array,
  which: Int32Array,
  count: number,
  x: number,
  y: number,
  z: number,
  px: Float64Array,
  py: Float64Array,
): void {
  const frame = tangentFrame(x, y, z)
  for (let i = 0; i < count; i++) {
    const at = 3 * which[i]
    const w = xyz[at] * x + xyz[at + 1] * y + xyz[at + 2] * z
    px[i] = (xyz[at] * frame[0] + xyz[at + 1] * frame[1] + xyz[at + 2] * frame[2]) / w
    py[i] = (xyz[at] * frame[3] + xyz[at + 1] * frame[4] + xyz[at + 2] * frame[5]) / w
  }
}

function exchange(values: Int32Array, a: number, b: number): void {
  const kept = values[a]
  values[a] = values[b]
  values[b] = kept
}

/** Code of four stars on the tangent plane (east, north) at the middle of the first two; `px` and `py` are room for four. */
function skyCode(
  xyz: Float64Array,
  four: Int32Array,
  px: Float64Array,
  py: Float64Array,
  out: Float64Array,
): void {
  const [a, b] = [3 * four[0], 3 * four[1]]
  const [x, y, z] = [xyz[a] + xyz[b], xyz[a + 1] + xyz[b + 1], xyz[a + 2] + xyz[b + 2]]
  const length = Math.sqrt(x * x + y * y + z * z)
  projectAll(xyz, four, 4, x / length, y / length, z / length, px, py)
  codeOf(out, px[0], py[0], px[1], py[1], px[2], py[2], px[3], py[3])
}
