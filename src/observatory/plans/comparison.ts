import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { localizationById } from '#observatory/alerts/localization-store.ts'
import { mapOf, type MapInput } from '#observatory/alerts/map-input.ts'
import { mapInput } from '#observatory/alerts/products.ts'
import { comparedSky, compareDocuments } from './compare.ts'
import type { PlanDocument } from './document.ts'
import type { PlanComparison } from './plan.ts'
import type { PlanRow } from './plan-store.ts'
import { readDocument } from './service.ts'
import { planSummary } from './view.ts'

/**
 * Two finished plans side by side, their sky on the map of the second. Where that map is gone, the probabilities are those
 * of the plans and nothing is said of what they share.
 */
export async function comparePlans(
  platform: Pick<Platform, 'db' | 'storage' | 'compute'>,
  actor: Actor,
  first: string,
  second: string,
): Promise<PlanComparison> {
  const a = await readDocument(platform, actor, first)
  const b = await readDocument(platform, actor, second)
  const localization = await localizationById(platform.db, b.row.localization_id)
  const probability =
    localization?.state === 'ready'
      ? await platform.compute.run(compareSky, {
          map: await mapInput(platform, localization),
          a: a.document,
          b: b.document,
        })
      : {
          a: skyOf(a.row),
          b: skyOf(b.row),
          shared: 0,
          together: Math.max(skyOf(a.row), skyOf(b.row)),
        }
  return {
    a: planSummary(a.row),
    b: planSummary(b.row),
    ...compareDocuments(
      { document: a.document, probability: probability.a },
      { document: b.document, probability: probability.b },
      'sky',
    ),
    probability,
  }
}

function skyOf({ result }: Pick<PlanRow, 'result'>): number {
  return result?.skyProbability ?? result?.probability ?? 0
}

export const compareSky = computeTask(
  import.meta.url,
  'compareSky',
  ({ map, a, b }: { map: MapInput; a: PlanDocument; b: PlanDocument }) => comparedSky(mapOf(map), a, b),
)
