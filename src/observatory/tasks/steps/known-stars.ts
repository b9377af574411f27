import { isProblem, Problem } from '#problem.ts'
import type { FilterName } from '#science/image/calibration/filters.ts'
import { bandColumns, nativeMagnitudes } from '#observatory/tasks/band-columns.ts'
import { positionsAt } from '#observatory/tasks/catalogue-columns.ts'
import {
  comparisonBand,
  rejectBlends,
  rejectionCatalogues,
  rejectKnown,
} from '#observatory/tasks/candidate-filter.ts'
import { findReferenceCatalogue } from '#observatory/tasks/reference-catalogues.ts'
import { definitionFor } from '#observatory/tasks/sky/definition.ts'
import { needs, type StepContext } from './context.ts'

/**
 * Which places are explained by stars of the catalogues that cover the field, and of the one that is configured. A catalogue that cannot be had is said, with
 * what that means, and named in the answer; it is never taken for an empty one.
 */
export async function knownStars(
  context: StepContext,
  places: { ra: Float64Array; dec: Float64Array; mag: Float64Array | null },
  options: { filter: FilterName; radiusArcsec: number; brighterBy: number; blendArcsec: number | null },
): Promise<{ rejected: Uint8Array; without: string[]; asked: number }> {
  const { field } = needs(context, 'photometry')
  const { mjd } = needs(context, 'inspect')
  const rejected = new Uint8Array(places.ra.length)
  const without: string[] = []
  const magnitude = places.mag ?? new Float64Array(places.ra.length).fill(Number.NaN)
  const detected = { ra: places.ra, dec: places.dec, magnitude }
  const named = context.config.cat_name
  const known = named === null ? null : findReferenceCatalogue(named)
  const first = named === null ? [] : [known ?? { key: named, title: named }]
  const usual = rejectionCatalogues(field.dec).filter(({ key }) => key !== known?.key)
  const catalogues = [...first, ...usual]
  for (const catalogue of catalogues) {
    try {
      const { table, from } = await context.sky.stars(
        catalogue.key,
        { ra: field.ra, dec: field.dec, radiusDeg: field.radiusDeg * 1.02 },
        { limit: null, mjd, signal: context.signal, log: context.log },
      )
      if (table.rows === 0) {
        context.log(`${from} has no star in this field.`)
        continue
      }
      const definition = definitionFor(catalogue.key, table)
      if (Object.keys(definition.native).length === 0)
        throw new Problem('photometry.no_band', `No column of ${from} is known to hold magnitudes.`)
      const band = comparisonBand(definition, options.filter)
      const { ra, dec } = positionsAt(table, mjd)
      const stars = { ra, dec, magnitude: magnitudesOf(table, definition, band), band }
      const single = rejectKnown(detected, stars, options)
      let count = 0
      const take = (list: Uint8Array): void => {
        for (let i = 0; i < rejected.length; i++) {
          if (list[i] === 0 || rejected[i] === 1) continue
          rejected[i] = 1
          count++
        }
      }
      take(single.rejected)
      if (options.blendArcsec !== null)
        take(rejectBlends(detected, stars, { ...options, blendArcsec: options.blendArcsec }).rejected)
      context.log(`${count.toLocaleString('en-US')} more are stars of ${from} (${band}).`)
    } catch (error) {
      if (!isProblem(error) || context.signal.aborted) throw error
      without.push(catalogue.key)
      context.warn(
        `${catalogue.title} could not be asked (${error.message}) Stars that only it knows stay among the candidates.`,
      )
    }
  }
  return { rejected, without, asked: catalogues.length }
}

function magnitudesOf(
  table: Parameters<typeof bandColumns>[0],
  definition: Parameters<typeof bandColumns>[1],
  band: FilterName,
): Float64Array {
  try {
    return bandColumns(table, definition, band).magnitude
  } catch (error) {
    if (!isProblem(error)) throw error
    // Its colour is not there; brightness alone is enough here.
    return nativeMagnitudes(table, definition, band)
  }
}
