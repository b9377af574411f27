import { computeTask } from '#platform/compute/compute.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import type { Refined, RefineWork } from '#observatory/tasks/engines/port.ts'
import { runChosen } from '#observatory/tasks/engines/registry.ts'
import { speaking, type Speaking } from './voice.ts'

export interface RefineInput extends RefineWork {
  readonly folder: string
  readonly config: TaskConfig
  readonly hands: number
}

/** Fits the WCS anew to a catalogue, starting from one that is about right; null where too few stars are found again. */
export const refineFrame = computeTask(
  import.meta.url,
  'refineFrame',
  ({ folder, config, hands, ...work }: RefineInput & Speaking): Promise<Refined | null> =>
    speaking(work.channel, (voice) => runChosen('refine', config, work, { folder, hands, log: voice.log })),
)
