/** What a person should be told about a zero point, in plain words. */
import { termCount } from './zero-point-model.ts'
import type { ZeroPoint, ZeroPointTerms } from './zero-point-model.ts'

const degree = (order: number): string => (order === 0 ? 'a constant' : `degree ${order}`)

/** Sentences about what is unusual in a fit; empty where nothing is. */
export function zeroPointWarnings(
  model: Omit<ZeroPoint, 'warnings'>,
  wanted: ZeroPointTerms,
  frame: { readonly width?: number; readonly height?: number },
): string[] {
  const { terms, stars, colour, range } = model
  const said: string[] = []
  if (terms.spatialOrder < wanted.spatialOrder)
    said.push(
      `${stars.usable} stars do not fix a zero point of ${degree(wanted.spatialOrder)} over the frame; ${degree(terms.spatialOrder)} is used.`,
    )
  if (terms.colourOrder < wanted.colourOrder)
    said.push('The colour term was left out: too few stars with colours, or all of one colour.')
  if (terms.fluxOrder !== wanted.fluxOrder)
    said.push('The additive flux was left out or simplified: too few stars for it.')
  if (wanted.nonlinear && !terms.nonlinear)
    said.push('The nonlinear term was left out: too few stars for it.')
  const needed = termCount(terms) + terms.colourOrder
  if (stars.used < 10)
    said.push(`Only ${stars.used} stars calibrate the zero point; its error is itself uncertain.`)
  else if (stars.used < 5 * needed)
    said.push(`${stars.used} stars are few for ${needed} coefficients; a lower spatial order is safer.`)
  if (stars.used < 0.7 * stars.usable)
    said.push(
      `${stars.usable - stars.used} of ${stars.usable} stars were left out as outliers; the match with the catalogue or the shape of the model may be wrong.`,
    )
  const largest = colour?.terms[0] ?? 0
  if (Math.abs(largest) > 0.5)
    said.push(
      `The colour term of ${largest.toFixed(2)} is large; the filter may be another than the one stated. Compare the colour terms of the catalogue's other bands.`,
    )
  else if (colour && !colour.forced && Math.abs(largest) > 0.1 && Math.abs(largest) > 3 * colour.errors[0])
    said.push(
      `Magnitudes are in the instrument's own band: add ${largest.toFixed(3)} times the colour for the catalogue's band.`,
    )
  if (model.errorScale > 1.5)
    said.push(
      `Stars scatter ${model.errorScale.toFixed(1)} times more than their errors say; errors are scaled by that. The gain or the noise may be wrong.`,
    )
  if (model.scatter > 0.05)
    said.push(
      `Stars scatter by ${model.scatter.toFixed(3)} mag beyond their errors; look at the flat field and the blends.`,
    )
  if (model.systematic === null)
    said.push('Too few stars to tell how the zero point varies over the frame; its error has no such part.')
  const outside: string[] = []
  const narrow = ([low, high]: readonly [number, number], size: number | undefined) =>
    size !== undefined && high - low < 0.6 * size
  if (narrow(range.x, frame.width)) outside.push('x')
  if (narrow(range.y, frame.height)) outside.push('y')
  if (terms.spatialOrder > 0 && outside.length > 0)
    said.push(
      `The stars cover less than 60 % of the frame in ${outside.join(' and ')}; elsewhere the zero point is extrapolated.`,
    )
  return said
}
