/** A frame without its background. */
import { Problem } from '#problem.ts'
import type { Plane } from '#science/image/plane.ts'

/**
 * Takes a background map out of a plane of the same size, in place: subtracted, or divided by it and multiplied by its
 * median, so that the level stays. Pixels where a divisor is not above zero become NaN; their number is returned.
 */
export function removeBackground(
  plane: Plane,
  background: Plane,
  mode: 'subtract' | 'divide',
): { lost: number; level: number } {
  if (background.width !== plane.width || background.height !== plane.height)
    throw new Problem(
      'image.invalid',
      `The background is ${background.width} × ${background.height} pixels, the frame ${plane.width} × ${plane.height}.`,
    )
  const sorted = background.data.filter((each) => each - each === 0).sort()
  const level = sorted[sorted.length >> 1] ?? NaN
  if (mode === 'divide' && !(level > 0))
    throw new Problem(
      'image.invalid',
      `The background's median of ${level} ADU cannot be divided by; subtract it instead.`,
    )
  let lost = 0
  const { data } = plane
  for (let i = 0; i < data.length; i++) {
    const value = background.data[i]
    if (mode === 'subtract') data[i] -= value
    else if (value > 0) data[i] = (data[i] / value) * level
    else {
      data[i] = NaN
      lost++
    }
  }
  return { lost, level }
}
