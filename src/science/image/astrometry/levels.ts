/** Shapes of the sky by size: for each range of diameters the brightest stars, evenly over the sky, and their quads. */
import type { Part, Workshop } from '#science/image/workshop.ts'
import { binOf, bins, binStarts, canonical, codeOf, stepOf } from './quads.ts'
import type { CodeTable } from './quads.ts'
import { sharedFloat64, sharedInt32, sharedUint16, spread } from './shared.ts'
import { cellsOf, skyCells } from './sky-cells.ts'
import type { CellStars, SkyCells } from './sky-cells.ts'
import type { StarList } from './stars.ts'
import { tangentFrame } from './tangent.ts'

/** A level; its arrays lie on shared memory, so that threads have them without a copy. */
export interface QuadLevel {
  /** Diameters of its quads, radians. */
  readonly low: number
  readonly high: number
  /** Unit vectors of the stars it uses, three numbers each, brightest first. */
  readonly xyz: Float64Array
  readonly cells: CellStars
  /** A, B, C, D of each quad, as places in `xyz`, and their codes. */
  readonly quads: Int32Array
  readonly table: CodeTable
}

/** Stars in a cell as wide as half the largest quad, and quads whose middle is in it. */
const starsPerCell = 6
export const quadsPerCell = 12
/** Brightest stars around a cell that its quads are made of, and quads of a cell that may share one. */
const neighbours = 20
const shares = 5
/** Cells that one part of the work makes the quads of. */
const cellsPerPart = 8192

/** The level of a star list whose quads have diameters from `low` to `high` (radians). */
export function quadLevel(stars: StarList, low: number, high: number, workshop?: Workshop): QuadLevel {
  const { xyz, cells } = brightestPerCell(stars, high / 2)
  const inputs: CellRange[] = []
  for (let from = 0; from < cells.keys.length; from += cellsPerPart)
    inputs.push({ xyz, cells, low, high, from, to: Math.min(cells.keys.length, from + cellsPerPart) })
  const parts = spread(quadsOfCells, inputs, workshop)
  return { low, high, xyz, cells, ...binned(parts) }
}

/** The quads of the parts, in the order of their bins. */
function binned(parts: readonly MadeQuads[]): Pick<QuadLevel, 'quads' | 'table'> {
  const starts = sharedInt32(bins + 1)
  for (const { codes } of parts) for (let at = 0; at < codes.length; at += 4) starts[binOf(codes, at) + 1]++
  for (let b = 0; b < bins; b++) starts[b + 1] += starts[b]
  const count = starts[bins]
  const next = starts.slice(0, bins)
  const [quads, codes] = [sharedInt32(4 * count), sharedUint16(4 * count)]
  for (const part of parts)
    for (let from = 0; from < part.codes.length; from += 4) {
      const at = 4 * next[binOf(part.codes, from)]++
      for (let k = 0; k < 4; k++) {
        quads[at + k] = part.quads[from + k]
        codes[at + k] = part.codes[from + k]
      }
    }
  return { quads, table: { codes, starts } }
}

/** A level whose arrays come from a file. */
export function levelOf(level: Omit<QuadLevel, 'table'> & { readonly codes: Uint16Array }): QuadLevel {
  const { low, high, xyz, cells, quads, codes } = level
  const starts = binStarts(codes, sharedInt32(bins + 1))
  return { low, high, xyz, cells, quads, table: { codes, starts } }
}

interface CellRange extends Pick<QuadLevel, 'xyz' | 'low' | 'high'> {
  readonly cells: CellStars
  readonly from: number
  readonly to: number
}

interface MadeQuads {
  readonly quads: Int32Array
  readonly codes: Uint16Array
}

/** Makes the quads whose middles lie in some of the cells. */
export const quadsOfCells = {
  module: import.meta.url,
  name: 'quadsOfCells',
  run({ xyz, cells: cellStars, low, high, from, to }: CellRange): MadeQuads {
    const cells = cellsOf(cellStars)
    const quads = new Int32Array(4 * quadsPerCell * (to - from))
    const codes = new Uint16Array(quads.length)
    let count = 0
    const around = new Int32Array(neighbours)
    const px = new Float64Array(neighbours)
    const py = new Float64Array(neighbours)
    const qx = new Float64Array(4)
    const qy = new Float64Array(4)
    const code = new Float64Array(4)
    const named = new Int32Array(4)
    const used = new Uint8Array(neighbours)

    for (let cell = from; cell < to; cell++) {
      const [x, y, z] = meanDirection(xyz, cells, cell)
      const near = brightestNear(xyz, cells, x, y, z, 0.75 * high, around)
      if (near < 4) continue
      projectAll(xyz, around, near, x, y, z, px, py)
      const holds = cells.holder(cell)
      const fits = (i: number, j: number): boolean => {
        const squared = (px[i] - px[j]) ** 2 + (py[i] - py[j]) ** 2
        if (squared < low * low || squared > high * high) return false
        const [a, b] = [3 * around[i], 3 * around[j]]
        return holds(xyz[a] + xyz[b], xyz[a + 1] + xyz[b + 1], xyz[a + 2] + xyz[b + 2])
      }
      // The quads of the brightest stars come first, but no star is in all of them: a bright one may be missing among the
      // detections because it is saturated or lies in a nebula.
      let made = 0
      used.fill(0)
      const add = (a: number, b: number, c: number, d: number): void => {
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
        for (let k = 0; k < 4; k++) {
          quads[4 * count + k] = named[k]
          codes[4 * count + k] = stepOf(code[k])
        }
        count++
        made++
      }
      brightestQuads(near, px, py, used, fits, () => made < quadsPerCell, add)
    }
    return { quads: quads.slice(0, 4 * count), codes: codes.slice(0, 4 * count) }
  },
} satisfies Part<CellRange, MadeQuads>

/**
 * Calls `add` with quads of stars 0 … n − 1, those of the first stars first, while `more` says so; a star that is in
 * `shares` quads already is left out.
 */
function brightestQuads(
  n: number,
  px: Float64Array,
  py: Float64Array,
  used: Uint8Array,
  fits: (a: number, b: number) => boolean,
  more: () => boolean,
  add: (a: number, b: number, c: number, d: number) => void,
): void {
  const free = (k: number): boolean => used[k] < shares
  const inside = (k: number, a: number, b: number): boolean =>
    (px[k] - px[a]) * (px[k] - px[b]) + (py[k] - py[a]) * (py[k] - py[b]) <= 0
  const pairs = new Uint8Array(n * n)
  let end = 0
  for (let newest = 1; newest < n; newest++) {
    for (let p = 0; p < end && free(newest); p += 2) {
      const [a, b] = [pairs[p], pairs[p + 1]]
      if (!free(a) || !free(b) || !inside(newest, a, b)) continue
      for (let c = 0; c < newest; c++)
        if (c !== a && c !== b && free(c) && inside(c, a, b) && free(a) && free(b) && free(newest)) {
          add(a, b, c, newest)
          if (!more()) return
        }
    }
    for (let a = 0; a < newest; a++) {
      if (!fits(a, newest)) continue
      pairs[end++] = a
      pairs[end++] = newest
      for (let c = 0; c < newest && free(a) && free(newest); c++) {
        if (c === a || !free(c) || !inside(c, a, newest)) continue
        for (let d = c + 1; d < newest; d++)
          if (d !== a && free(d) && inside(d, a, newest) && free(a) && free(c) && free(newest)) {
            add(a, newest, c, d)
            if (!more()) return
          }
      }
    }
  }
}

/** The brightest stars of each cell about `size` radians wide. */
function brightestPerCell(stars: StarList, size: number): Pick<QuadLevel, 'xyz' | 'cells'> {
  const all = skyCells(stars.xyz, size)
  const { keys, starts } = all
  const kept = new Uint8Array(stars.rows)
  const from = sharedInt32(starts.length)
  for (let cell = 0; cell < keys.length; cell++) {
    const end = Math.min(starts[cell] + starsPerCell, starts[cell + 1])
    for (let k = starts[cell]; k < end; k++) kept[all.members[k]] = 1
    from[cell + 1] = from[cell] + end - starts[cell]
  }
  // Stars keep their order, and so their numbers say which is brighter.
  const place = new Int32Array(stars.rows)
  const xyz = sharedFloat64(3 * from[keys.length])
  let count = 0
  for (let star = 0; star < stars.rows; star++) {
    if (kept[star] === 0) continue
    place[star] = count
    for (let k = 0; k < 3; k++) xyz[3 * count + k] = stars.xyz[3 * star + k]
    count++
  }
  const members = sharedInt32(count)
  for (let cell = 0, at = 0; cell < keys.length; cell++)
    for (let k = starts[cell]; at < from[cell + 1]; k++) members[at++] = place[all.members[k]]
  return { xyz, cells: { bands: all.bands, keys, starts: from, members } }
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
