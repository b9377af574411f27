import type { SkyMap } from '#science/skymap/map.ts'
import { readSkyMap } from '#science/skymap/read.ts'
import type { Region } from './formats/format.ts'
import { mapOfRegion } from './region-map.ts'

/** A map as its FITS file, or as the region it is made from: what goes into a worker thread. */
export type MapInput = { bytes: Uint8Array } | { region: Region; containment: number }

/** Reads or makes the map. */
export function mapOf(input: MapInput): SkyMap {
  return 'bytes' in input ? readSkyMap(input.bytes) : mapOfRegion(input.region, input.containment)
}
