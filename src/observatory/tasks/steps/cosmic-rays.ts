import type { Background } from '#science/image/background-map.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'

export interface CosmicOptions {
  readonly gain: number
  readonly saturation: number
  readonly readNoise: number | null
  readonly sigma: number
}

/** Marks cosmic rays in the mask; how many pixels. */
export function maskCosmics(
  _plane: Plane,
  _mask: Mask,
  _background: Background,
  _options: CosmicOptions,
  _workshop: Workshop,
): number {
  return 0
}
