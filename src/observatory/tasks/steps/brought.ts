import {
  resample,
  type Resampled,
  type ResampleInput,
  type ResampleTarget,
} from '#science/image/resample/resample.ts'
import type { Workshop } from '#science/image/workshop.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import type { Ground } from '#observatory/tasks/engines/port.ts'
import { runChosen } from '#observatory/tasks/engines/registry.ts'

/** A picture on another grid, stars keeping their flux: by the configured engine, or where there is no WCS by the built-in one. */
export async function brought(
  input: ResampleInput,
  { wcs: goal, ...size }: ResampleTarget,
  { config, ...ground }: Ground & { readonly config: TaskConfig },
  workshop: Workshop,
): Promise<Resampled> {
  const { wcs } = input
  if (!goal || 'matrix' in wcs)
    return resample(input, { wcs: goal, ...size }, { kernel: 'lanczos3', conserve: 'flux' }, workshop)
  const work = {
    input: { ...input, wcs },
    target: { wcs: goal, ...size },
    conserve: 'flux' as const,
    workshop,
  }
  return runChosen('warp', config, work, ground)
}
