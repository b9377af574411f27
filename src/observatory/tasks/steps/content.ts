import { Problem, type ProblemCode } from '#problem.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { planesOf } from '#observatory/frames/pixels.ts'
import type { statisticsOf } from './inspect-pixels.ts'

/** @throws Problem `task.unusable` for an image in which nothing can be measured: all blank, or of one value */
export function requireContent(
  { valid, sigma, max, median }: ReturnType<typeof statisticsOf>,
  label: string,
): void {
  if (valid === 0)
    throw new Problem('task.unusable', `${label} has no pixel with a value: all are blank (NaN).`)
  if (sigma === 0 && max === median)
    throw new Problem(
      'task.unusable',
      `All pixels of ${label} have the same value, ${median}: there is nothing to measure.`,
    )
}

/** @throws Problem of this code for a cube, where nobody can say which of its planes is meant */
export function requireOnePlane(
  hdu: Pick<Hdu, 'shape'>,
  name: string,
  code: ProblemCode = 'task.unusable',
): void {
  if (planesOf(hdu) > 1)
    throw new Problem(code, `${name} is a cube (${hdu.shape.join(' × ')}); take one plane out of it first.`)
}
