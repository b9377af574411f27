/**
 * Fixed grids in declination rows, as GRANDMA's telescopes and many others number their fields: n rows 180°/n apart from
 * the south pole on (the north pole has none), ⌊2π cos δ / step⌋ fields in a row and one at the pole, the first at RA 0,
 * numbered from 0. With n = ⌊180° / (0.97 · side)⌋ neighbours overlap by 3 %.
 */
import type { Field } from './model.ts'

const radiansPerDegree = Math.PI / 180

/** Fields of the grid; n rows make about 4 n²/π of them. */
export function rowFields(rows: number): Field[] {
  const fields: Field[] = []
  for (let row = 0; row < rows; row++) {
    const dec = -90 + (180 * row) / rows
    const count = countIn(row, rows)
    for (let i = 0; i < count; i++) fields.push({ id: String(fields.length), ra: (360 * i) / count, dec })
  }
  return fields
}

/** How many that are. */
export function countRowFields(rows: number): number {
  let count = 0
  for (let row = 0; row < rows; row++) count += countIn(row, rows)
  return count
}

function countIn(row: number, rows: number): number {
  const dec = -90 + (180 * row) / rows
  // A hair more, or rounding of the cosine of 60° would take the last field of a row that is exactly full.
  return Math.max(1, Math.floor(2 * rows * Math.cos(dec * radiansPerDegree) + 1e-9))
}
