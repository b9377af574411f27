/** Detections in the order in which they are used: bright first, but evenly over the field. */

/**
 * Rows of the detections, the brightest of each of about `boxes` boxes first, then the second brightest of each, and so
 * on: a nebula full of false stars fills only its own box. Rows without a place are left out.
 */
export function evenly(
  field: {
    readonly x: ArrayLike<number>
    readonly y: ArrayLike<number>
    readonly flux: ArrayLike<number>
    readonly width: number
    readonly height: number
  },
  boxes = 12,
): number[] {
  const rows: number[] = []
  for (let i = 0; i < field.x.length; i++)
    if (Number.isFinite(field.x[i]) && Number.isFinite(field.y[i]) && Number.isFinite(field.flux[i]))
      rows.push(i)
  rows.sort((a, b) => field.flux[b] - field.flux[a] || a - b)
  const across = Math.max(1, Math.round(Math.sqrt((boxes * field.width) / field.height)))
  const up = Math.max(1, Math.round(boxes / across))
  const seen = new Int32Array(across * up)
  const turn = new Map<number, number>()
  for (const row of rows) {
    const i = Math.min(across - 1, Math.max(0, Math.floor((field.x[row] / field.width) * across)))
    const j = Math.min(up - 1, Math.max(0, Math.floor((field.y[row] / field.height) * up)))
    turn.set(row, seen[j * across + i]++)
  }
  return rows.sort((a, b) => turn.get(a)! - turn.get(b)! || field.flux[b] - field.flux[a] || a - b)
}
