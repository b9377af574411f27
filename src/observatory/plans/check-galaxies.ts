import { isProblem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import type { LocalizationRow } from '#observatory/alerts/localization-store.ts'
import type { Catalogue, Part } from '#observatory/references/catalogue.ts'
import { catalogueByName, listCatalogues } from '#observatory/references/service.ts'
import type { PlanRequest } from './plan.ts'

/** What weights need of a catalogue besides places. */
const needs: Partial<Record<PlanRequest['weight'], { part: Part; what: string }>> = {
  luminosity: { part: 'mag_b', what: 'B magnitudes (mag_b)' },
  S: { part: 'mag_b', what: 'B magnitudes (mag_b)' },
  mass: { part: 'mass', what: 'stellar masses (mass)' },
}

/** Whether distances come with it; a map that is not made yet says nothing of them. */
export function hasDistances({ summary }: Pick<LocalizationRow, 'summary'>): boolean {
  return summary !== null && summary.distance !== null
}

/**
 * Why no plan on galaxies can be made of a request, a sentence each; none where one can.
 * @param mapHasDistances where it has none, galaxies are weighed by their place on the sky, which needs no distances.
 */
export async function galaxyMistakes(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  request: Pick<PlanRequest, 'catalogue' | 'weight'>,
  mapHasDistances: boolean,
): Promise<string[]> {
  if (request.catalogue === undefined) {
    const names = (await listCatalogues(platform, actor)).map((each) => each.name)
    return [
      names.length > 0
        ? `Galaxies are planned with a catalogue: name one of ${listed(names)}, or import another by "urania catalogues import FILE --name NAME".`
        : 'Galaxies are planned with a catalogue, and none has been imported: "urania catalogues import FILE --name NAME" imports one.',
    ]
  }
  try {
    const catalogue = await catalogueByName(platform, actor, request.catalogue)
    return missing(catalogue, request.weight, mapHasDistances)
  } catch (error) {
    if (!isProblem(error, 'catalogue.unknown')) throw error
    return [error.message]
  }
}

function missing(catalogue: Catalogue, weight: PlanRequest['weight'], mapHasDistances: boolean): string[] {
  const has = new Set(catalogue.columns.map((column) => column.name))
  const again = (parts: string): string =>
    `it has ${listed([...has])}. Map ${parts} when it is imported: "urania catalogues import FILE --name ${catalogue.name} --map ${parts.split(' ')[0]}=COLUMN:UNIT".`
  const mistakes: string[] = []
  if (mapHasDistances && !has.has('distance'))
    mistakes.push(`The catalogue ${catalogue.name} has no distances; ${again('distance or redshift')}`)
  const need = needs[weight]
  if (need && !has.has(need.part))
    mistakes.push(
      `The catalogue ${catalogue.name} has no ${need.what}, which the weight ${weight} needs; ${again(need.part)}`,
    )
  return mistakes
}

function listed(names: readonly string[]): string {
  const some = names.slice(0, 12).join(', ')
  return names.length > 12 ? `${some}, … (${names.length})` : some
}
