import { zeroPointsAt, type ZeroPoint } from '#science/image/zero-point-model.ts'
import type { Limit } from '#observatory/tasks/findings.ts'
import type { CalibratedObjects } from './objects-table.ts'

/** How deep the frame is: from objects as they were measured, and from the noise of the sky in their apertures. */
export function limitsOf(
  { objects, magErr, magCalib }: CalibratedObjects,
  model: ZeroPoint,
  sn: number,
): { bySn: Limit[]; background: { mag: number; scatter: number } | null } {
  const levels = [...new Set([10, 5, 3, sn])].toSorted((a, b) => b - a)
  // S/N(m) = 1 / √(p₀ 10^0.8m + p₁ 10^0.4m): linear least squares for 1 / (S/N)², relative.
  const rows = [...objects.flags.keys()].filter(
    (i) => objects.flags[i] === 0 && Number.isFinite(magCalib[i]!) && magErr[i]! > 0,
  )
  let bySn: Limit[] = levels.map((each) => ({ sn: each, mag: null }))
  if (rows.length >= 5) {
    const zero = 20
    let [aa, ab, bb, ay, by] = [0, 0, 0, 0, 0]
    for (const i of rows) {
      const relative = (magErr[i]! / 1.0857362) ** 2
      const d = magCalib[i]! - zero
      const a = 10 ** (0.8 * d) / relative
      const b = 10 ** (0.4 * d) / relative
      aa += a * a
      ab += a * b
      bb += b * b
      ay += a
      by += b
    }
    const determinant = aa * bb - ab * ab
    let p0 = (ay * bb - by * ab) / determinant
    let p1 = (by * aa - ay * ab) / determinant
    if (!(p1 > 0)) [p0, p1] = [ay / aa, 0]
    else if (!(p0 > 0)) [p0, p1] = [0, by / bb]
    bySn = levels.map((each) => {
      const wanted = 1 / each ** 2
      const u = p0 > 0 ? (-p1 + Math.sqrt(p1 * p1 + 4 * p0 * wanted)) / (2 * p0) : wanted / p1
      return { sn: each, mag: u > 0 ? zero + 2.5 * Math.log10(u) : null }
    })
  }
  const { value } = zeroPointsAt(model, objects.x, objects.y)
  const depths = Array.from(objects.bgFluxErr, (noise, i) => value[i]! - 2.5 * Math.log10(sn * noise))
    .filter(Number.isFinite)
    .toSorted((a, b) => a - b)
  if (depths.length === 0) return { bySn, background: null }
  const mag = depths[depths.length >> 1]!
  const away = depths.map((each) => Math.abs(each - mag)).toSorted((a, b) => a - b)
  return { bySn, background: { mag, scatter: 1.4826 * away[away.length >> 1]! } }
}
