/**
 * Fixed grids in declination rows, as GRANDMA's telescopes number their fields. With a spacing s: ⌊180°/s⌋ steps of
 * declination from the south pole to the north pole, ⌊360° cos δ / s⌋ fields in a row and one at each pole, the first at
 * RA 0, numbered from 0. A spacing of 0.97 of a field's side lets neighbours overlap by 3 %.
 */
import type { Field } from './model.ts'

const radiansPerDegree = Math.PI / 180

/** Fields of the grid; about 41,253 / spacing² of them. */
export function rowFields(spacingDeg: number): Field[] {
  const fields: Field[] = []
  for (const { dec, count } of rowsOf(spacingDeg))
    for (let i = 0; i < count; i++) fields.push({ id: String(fields.length), ra: (360 * i) / count, dec })
  return fields
}

/** How many that are. */
export function countRowFields(spacingDeg: number): number {
  return rowsOf(spacingDeg).reduce((sum, { count }) => sum + count, 0)
}

function rowsOf(spacingDeg: number): { dec: number; count: number }[] {
  // A hair more, or rounding would take the last row or field where they fit exactly.
  const whole = (value: number): number => Math.floor(value + 1e-9)
  const steps = Math.max(1, whole(180 / spacingDeg))
  return Array.from({ length: steps + 1 }, (_, row) => {
    const dec = -90 + (180 * row) / steps
    return { dec, count: Math.max(1, whole((360 * Math.cos(dec * radiansPerDegree)) / spacingDeg)) }
  })
}
