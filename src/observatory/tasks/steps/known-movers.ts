import { isProblem } from '#problem.ts'
import { matchMovers } from '#observatory/tasks/candidate-filter.ts'
import { needs, type StepContext } from './context.ts'

/** The check as candidates name it that did not go through it. */
export const moverCheck = 'minor planets'

/**
 * Which places are minor planets or comets at the time of the frame: their names, null for others. Where nobody can be asked
 * that is said, and named in `without`; it is never taken for an empty sky.
 */
export async function knownMovers(
  context: StepContext,
  places: { readonly ra: Float64Array; readonly dec: Float64Array },
): Promise<{ names: (string | null)[]; without: string[] }> {
  const frame = needs(context, 'inspect')
  const { field } = needs(context, 'photometry')
  const none = (): (string | null)[] => Array.from(places.ra, () => null)
  if (frame.mjd === null) {
    context.warn('Minor planets were not asked for: the time of the frame is not known (set "time").')
    return { names: none(), without: [moverCheck] }
  }
  try {
    const { movers, from } = await context.sky.movers(
      { ra: field.ra, dec: field.dec, radiusDeg: field.radiusDeg },
      frame.mjd,
      context,
    )
    context.log(
      `${from} knows ${movers.length.toLocaleString('en-US')} minor planets and comets in the field at that time.`,
    )
    const matches = matchMovers(places, {
      ra: movers.map(({ ra }) => ra),
      dec: movers.map(({ dec }) => dec),
      name: movers.map(({ name }) => name),
    })
    for (const [i, { name, separationArcsec }] of matches.entries())
      if (name !== null)
        context.log(
          `${places.ra[i]!.toFixed(5)} ${places.dec[i]!.toFixed(5)} is ${name} (${separationArcsec?.toFixed(1)}″).`,
        )
    return { names: matches.map(({ name }) => name), without: [] }
  } catch (error) {
    if (!isProblem(error) || context.signal.aborted) throw error
    context.warn(
      `Minor planets could not be had (${error.message}) What moves stays among the candidates, which say so.`,
    )
    return { names: none(), without: [moverCheck] }
  }
}
