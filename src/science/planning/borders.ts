/**
 * The borders of many fields: on which side of one a cell lies, and the straight lines that stand for it within a small
 * cell. A line is placed so that it cuts off the same area of the cell as the curve, to third order in the cell's side.
 */
import type { Field, Footprint } from './model.ts'
import { cellSides } from './cell-shape.ts'
import type { BoxShape, CircleShape, PartsShape, Shape } from './shape.ts'
import { boxRadius, inParts, shapeOf, writeAxes } from './shape.ts'

export interface Pointing {
  readonly footprint: Footprint
  readonly field: Field
}

export const outside = 0
export const inside = 1
export const crossed = 2

/** A cell about to be cut; vectors, and corners on the plane that touches in its centre. */
export interface Leaf {
  /** Order. */
  k: number
  /** Angle from the centre that reaches every corner, radians. */
  radius: number
  readonly centre: Float64Array
  /** East and north there. */
  readonly frame: Float64Array
  /** x and y of each, and how many there are. */
  readonly corners: Float64Array
  sides: number
}

/**
 * Lines a x + b y + c ≥ 0 (a, b of unit length) of the parts of fields: `lineEnd[p]` ends part p's lines, `partEnd[i]`
 * the parts of the i-th field added.
 */
export interface LineList {
  values: number[]
  readonly lineEnd: number[]
  readonly partEnd: number[]
}

export interface Borders {
  readonly count: number
  /** Side of a field on which all of a cell lies; `crossed` where its border may run through. */
  side(field: number, x: number, y: number, z: number, radius: number): number
  /** Whether a direction lies in the field. */
  holds(field: number, x: number, y: number, z: number): boolean
  /** Order from which lines may stand for the border. */
  readonly order: Uint8Array
  /** Least side (radians) down to which cells near a pole, where cells are bent, are halved for a field. */
  readonly finest: Float64Array
  /** Of the most curved border, 1/radians; 0 for great circles. */
  readonly curvature: Float64Array
  addLines(field: number, leaf: Leaf, out: LineList): void
}

/** Lines are used in cells of at most this side, radians: larger ones are too bent. */
const WIDEST = 0.0083

/** @param fineness lines are used in cells whose side is the field's least extent divided by this, or less */
export function createBorders(pointings: readonly Pointing[], fineness: number): Borders {
  const shapes = new Map<Footprint, Shape>()
  const count = pointings.length
  const axes = new Float64Array(9 * count)
  const order = new Uint8Array(count)
  const finest = new Float64Array(count)
  const curvature = new Float64Array(count)
  /** Of the cap that holds the field; of a box also cosine and sine of the centre's RA, and its Dec, radians. */
  const reach = new Float64Array(count)
  const towards = new Float64Array(2 * count)
  const dec = new Float64Array(count)
  const shapeOfField = pointings.map(({ footprint, field }, i) => {
    let shape = shapes.get(footprint)
    if (!shape) shapes.set(footprint, (shape = shapeOf(footprint)))
    writeAxes(shape.kind === 'parts' ? field : { ...field, positionAngleDeg: 0 }, axes, 9 * i)
    towards[2 * i] = Math.cos((field.ra * Math.PI) / 180)
    towards[2 * i + 1] = Math.sin((field.ra * Math.PI) / 180)
    dec[i] = (field.dec * Math.PI) / 180
    const extent =
      shape.kind === 'circle'
        ? shape.radius
        : shape.kind === 'box'
          ? Math.min(shape.halfWidth, shape.halfHeight)
          : shape.radius
    reach[i] =
      shape.kind === 'box'
        ? Math.min(Math.PI, 1.06 * boxRadius(shape, dec[i], 64) + 1e-12)
        : shape.radius + 1e-15
    // Curves need smaller cells than lines that are straight on every tangent plane.
    const side =
      shape.kind === 'circle' ? Math.max(1e-12, Math.sin(shape.radius)) / fineness : (2 * extent) / fineness
    const widest = Math.min(WIDEST, side)
    let k = 0
    while (k < 28 && cellSides[k] > widest) k++
    order[i] = k
    curvature[i] = shape.kind === 'circle' ? Math.abs(1 / Math.tan(shape.radius)) : 0
    finest[i] = extent / (64 * fineness)
    return shape
  })

  const circleSide = (s: CircleShape, f: number, x: number, y: number, z: number, r: number): number => {
    const a = 9 * f
    const chord2 = (x - axes[a]) ** 2 + (y - axes[a + 1]) ** 2 + (z - axes[a + 2]) ** 2
    const d = 2 * Math.asin(Math.min(1, Math.sqrt(chord2) / 2)) - s.radius
    return d > r ? outside : d < -r ? inside : crossed
  }

  const boxSide = (s: BoxShape, f: number, x: number, y: number, z: number, r: number): number => {
    const a = 9 * f
    const chord2 = (x - axes[a]) ** 2 + (y - axes[a + 1]) ** 2 + (z - axes[a + 2]) ** 2
    const far = reach[f] + r
    if (chord2 > far * far) return outside
    const rho = Math.sqrt(x * x + y * y)
    const delta = Math.atan2(z, rho)
    const low = dec[f] - s.halfHeight
    const high = dec[f] + s.halfHeight
    const rows = Math.min(
      low > -Math.PI / 2 ? delta - low : Infinity,
      high < Math.PI / 2 ? high - delta : Infinity,
    )
    if (rows < -r) return outside
    const turn = Math.abs(turnOf(f, x, y))
    const g = s.halfWidth - turn * rho
    const top = Math.abs(delta) + r
    // How fast g may change within the cell: one eastward, ΔRA sin Dec northward.
    const slope = top >= Math.PI / 2 ? Math.PI : Math.min(Math.PI, turn + r / Math.cos(top)) * Math.sin(top)
    const bound = r * Math.sqrt(1 + slope * slope)
    if (g < -bound) return outside
    return rows > r && g > bound ? inside : crossed
  }

  /** RA from the centre of field f, radians, −π … π. */
  const turnOf = (f: number, x: number, y: number): number => {
    const c = towards[2 * f]
    const s = towards[2 * f + 1]
    return Math.atan2(y * c - x * s, x * c + y * s)
  }

  const body = new Float64Array(9)
  const toBody = (f: number, x: number, y: number, z: number, at: number): void => {
    for (let i = 0; i < 3; i++) {
      const a = 9 * f + 3 * i
      body[at + i] = axes[a] * x + axes[a + 1] * y + axes[a + 2] * z
    }
  }

  const partsSide = (s: PartsShape, f: number, x: number, y: number, z: number, r: number): number => {
    const a = 9 * f
    const chord2 = (x - axes[a]) ** 2 + (y - axes[a + 1]) ** 2 + (z - axes[a + 2]) ** 2
    const far = reach[f] + r
    if (chord2 > far * far) return outside
    toBody(f, x, y, z, 0)
    const [bx, by, bz] = [body[0], body[1], body[2]]
    // Beyond a right angle a sine bounds nothing.
    const edge = r < 1.5 ? Math.sin(r) : 2
    let seen = outside
    for (let p = 0; p < s.radii.length; p++) {
      const near = s.radii[p] + r
      const c = 3 * p
      if (
        (bx - s.centres[c]) ** 2 + (by - s.centres[c + 1]) ** 2 + (bz - s.centres[c + 2]) ** 2 >
        near * near
      ) {
        continue
      }
      let least = Infinity
      for (let e = s.starts[p]; e < s.starts[p + 1]; e++) {
        const d = s.normals[3 * e] * bx + s.normals[3 * e + 1] * by + s.normals[3 * e + 2] * bz
        if (d < least) least = d
      }
      if (least > edge) return inside
      if (least >= -edge) seen = crossed
    }
    return seen
  }

  /** Mean of u² along the line within the cell, u from the foot of the perpendicular from the cell's centre. */
  const spread = ({ corners, sides }: Leaf, a: number, b: number, c: number): number => {
    let low = Infinity
    let high = -Infinity
    let j = sides - 1
    let hj = a * corners[2 * j] + b * corners[2 * j + 1] + c
    for (let i = 0; i < sides; i++) {
      const hi = a * corners[2 * i] + b * corners[2 * i + 1] + c
      if (hi >= 0 !== hj >= 0) {
        const t = hj / (hj - hi)
        const x = corners[2 * j] + t * (corners[2 * i] - corners[2 * j])
        const y = corners[2 * j + 1] + t * (corners[2 * i + 1] - corners[2 * j + 1])
        const u = a * y - b * x
        if (u < low) low = u
        if (u > high) high = u
      }
      j = i
      hj = hi
    }
    return high >= low ? (low * low + low * high + high * high) / 3 : 0
  }

  const addLine = (out: LineList, a: number, b: number, c: number): void => {
    out.values.push(a, b, c)
  }

  /** A small circle: `depth` is the angle from the cell's centre to it (positive inside), (a, b) points inwards. */
  const addCircle = (
    out: LineList,
    leaf: Leaf,
    a: number,
    b: number,
    depth: number,
    curvature: number,
  ): void => {
    const c = Math.tan(depth)
    addLine(out, a, b, c - (curvature / 2) * spread(leaf, a, b, c))
  }

  const circleLines = (s: CircleShape, f: number, leaf: Leaf, out: LineList): void => {
    const { centre: c, frame: e } = leaf
    const [x, y, z] = [axes[9 * f] - c[0], axes[9 * f + 1] - c[1], axes[9 * f + 2] - c[2]]
    const a = x * e[0] + y * e[1] + z * e[2]
    const b = x * e[3] + y * e[4] + z * e[5]
    const length = Math.sqrt(a * a + b * b)
    const theta = 2 * Math.asin(Math.min(1, Math.sqrt(x * x + y * y + z * z) / 2))
    if (length > 0) {
      addCircle(out, leaf, a / length, b / length, s.radius - theta, 1 / Math.tan(s.radius))
      out.lineEnd.push(out.values.length / 3)
    } else if (theta < s.radius) out.lineEnd.push(out.values.length / 3)
  }

  /** σ (ΔRA cos Dec) of the point (px, py) of the leaf's plane; ΔRA runs on past ±180° on the side σ. */
  const along = (f: number, leaf: Leaf, sigma: number, px: number, py: number): number => {
    const { centre: c, frame: e } = leaf
    const x = c[0] + px * e[0] + py * e[3]
    const y = c[1] + px * e[1] + py * e[4]
    const z = c[2] + py * e[5]
    let turn = sigma * turnOf(f, x, y)
    if (turn < -Math.PI / 2) turn += 2 * Math.PI
    return turn * Math.sqrt((x * x + y * y) / (x * x + y * y + z * z))
  }

  const meridianLine = (s: BoxShape, f: number, leaf: Leaf, sigma: number, out: LineList): void => {
    const { centre: c } = leaf
    const rho = Math.sqrt(c[0] * c[0] + c[1] * c[1])
    const reached = along(f, leaf, sigma, 0, 0)
    let gx = -sigma
    let gy = (reached / rho) * c[2]
    const g0 = Math.sqrt(gx * gx + gy * gy)
    gx /= g0
    gy /= g0
    const step = (s.halfWidth - reached) / g0
    // Too far to cut the cell, and for a straight line to mean anything.
    if (step > 4 * leaf.radius) return
    const fx = -step * gx
    const fy = -step * gy
    const h = cellSides[leaf.k] / 2
    const o0 = (s.halfWidth - along(f, leaf, sigma, fx, fy)) / g0
    const o1 = (s.halfWidth - along(f, leaf, sigma, fx - h * gy, fy + h * gx)) / g0
    const o2 = (s.halfWidth - along(f, leaf, sigma, fx + h * gy, fy - h * gx)) / g0
    const tilt = (o1 - o2) / (2 * h)
    const bend = (o1 + o2 - 2 * o0) / (2 * h * h)
    const length = Math.sqrt(1 + tilt * tilt)
    const a = (gx - tilt * gy) / length
    const b = (gy + tilt * gx) / length
    const offset = o0 / length - a * fx - b * fy
    addLine(out, a, b, offset + bend * spread(leaf, a, b, offset))
  }

  const boxLines = (s: BoxShape, f: number, leaf: Leaf, out: LineList): void => {
    const { centre: c, radius: r } = leaf
    const rho = Math.sqrt(c[0] * c[0] + c[1] * c[1])
    const delta = Math.atan2(c[2], rho)
    const turn = turnOf(f, c[0], c[1])
    const wide = rho > r ? Math.asin(Math.min(1, r / rho)) : Math.PI
    // Where the cell may reach the meridian opposite the field, each half of the box has its own border.
    const halves = Math.abs(turn) + wide >= Math.PI * (1 - 1e-9)
    for (let sigma = -1; sigma <= 1; sigma += 2) {
      if (!halves && turn >= 0 !== sigma > 0) continue
      const low = dec[f] - s.halfHeight
      const high = dec[f] + s.halfHeight
      if (low > -Math.PI / 2 && delta - low < r) addCircle(out, leaf, 0, 1, delta - low, Math.tan(low))
      if (high < Math.PI / 2 && high - delta < r) addCircle(out, leaf, 0, -1, high - delta, -Math.tan(high))
      meridianLine(s, f, leaf, sigma, out)
      // The other side of a box that reaches both: only where the box is no wider than the cell, never by `order`.
      if (halves) {
        const ea = -towards[2 * f + 1] * sigma
        const eb = towards[2 * f] * sigma
        const e = leaf.frame
        const a = ea * e[0] + eb * e[1]
        const b = ea * e[3] + eb * e[4]
        const length = Math.sqrt(a * a + b * b)
        addLine(out, a / length, b / length, (ea * c[0] + eb * c[1]) / length)
      }
      out.lineEnd.push(out.values.length / 3)
    }
  }

  const partsLines = (s: PartsShape, f: number, leaf: Leaf, out: LineList): void => {
    const { centre: c, frame: e, radius: r } = leaf
    toBody(f, c[0], c[1], c[2], 0)
    toBody(f, e[0], e[1], e[2], 3)
    toBody(f, e[3], e[4], e[5], 6)
    const edge = Math.sin(r)
    for (let p = 0; p < s.radii.length; p++) {
      const near = s.radii[p] + r
      const q = 3 * p
      if (
        (body[0] - s.centres[q]) ** 2 +
          (body[1] - s.centres[q + 1]) ** 2 +
          (body[2] - s.centres[q + 2]) ** 2 >
        near * near
      ) {
        continue
      }
      const before = out.values.length
      let reached = true
      for (let n = 3 * s.starts[p]; n < 3 * s.starts[p + 1] && reached; n += 3) {
        const { normals } = s
        const d = normals[n] * body[0] + normals[n + 1] * body[1] + normals[n + 2] * body[2]
        if (d < -edge) reached = false
        else if (d <= edge) {
          const a = normals[n] * body[3] + normals[n + 1] * body[4] + normals[n + 2] * body[5]
          const b = normals[n] * body[6] + normals[n + 1] * body[7] + normals[n + 2] * body[8]
          const length = Math.sqrt(a * a + b * b)
          addLine(out, a / length, b / length, d / length)
        }
      }
      if (reached) out.lineEnd.push(out.values.length / 3)
      else out.values.length = before
    }
  }

  return {
    count,
    order,
    finest,
    curvature,
    side(f, x, y, z, r) {
      const s = shapeOfField[f]
      return s.kind === 'circle'
        ? circleSide(s, f, x, y, z, r)
        : s.kind === 'box'
          ? boxSide(s, f, x, y, z, r)
          : partsSide(s, f, x, y, z, r)
    },
    holds(f, x, y, z) {
      const s = shapeOfField[f]
      if (s.kind === 'circle') return circleSide(s, f, x, y, z, 0) !== outside
      if (s.kind === 'box') return boxSide(s, f, x, y, z, 0) !== outside
      toBody(f, x, y, z, 0)
      return inParts(s, body[0], body[1], body[2])
    },
    addLines(f, leaf, out) {
      const s = shapeOfField[f]
      if (s.kind === 'circle') circleLines(s, f, leaf, out)
      else if (s.kind === 'box') boxLines(s, f, leaf, out)
      else partsLines(s, f, leaf, out)
      out.partEnd.push(out.lineEnd.length)
    },
  }
}
