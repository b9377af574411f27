import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import type { LevelAnswer } from './localization.ts'
import type { LocalizationRow } from './localization-store.ts'
import type { MapInput } from './map-input.ts'
import { askLevel, makeProduct, type MapProduct } from './map-products.ts'
import { localizationRow } from './queries.ts'

type Needs = Pick<Platform, 'db' | 'storage' | 'compute'>

/** A product of a localization's map, by its id. @throws Problem `notice.no_map` where there is no map (yet). */
export async function localizationProduct(
  platform: Needs,
  row: LocalizationRow,
  product: MapProduct,
): Promise<Uint8Array<ArrayBuffer>> {
  const map = await mapInput(platform, row)
  return new Uint8Array(await platform.compute.run(makeProduct, { map, product }))
}

export async function localizationLevel(
  platform: Needs,
  actor: Actor,
  id: string,
  ra: number,
  dec: number,
): Promise<LevelAnswer> {
  const map = await mapInput(platform, await localizationRow(platform, actor, id))
  return platform.compute.run(askLevel, { map, ra, dec })
}

/** What a worker thread makes the map of. @throws Problem `notice.no_map` where there is no map (yet). */
export async function mapInput(platform: Pick<Platform, 'storage'>, row: LocalizationRow): Promise<MapInput> {
  if (row.state === 'ready' && row.map_sha256) return { bytes: await platform.storage.get(row.map_sha256) }
  if (row.state === 'ready' && row.region) return { region: row.region, containment: row.containment ?? 0.9 }
  throw new Problem('notice.no_map', `This localization has no map: ${row.note ?? row.state}.`, {
    state: row.state,
  })
}
