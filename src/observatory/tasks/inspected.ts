import type { TaskConfig } from './config.ts'

/** What inspect makes of the frame for all steps after it: a change counts once inspect has run again. */
const keys = [
  'target',
  'hdu',
  'plane',
  'time',
  'gain',
  'saturation',
  'filter',
  'fill_as_nan',
  'mask_cosmics',
  'cosmics_sigma',
  'bg_size',
] as const

export type InspectedKeys = Pick<TaskConfig, (typeof keys)[number]>

/** The keys that only inspect reads. */
export function inspectedKeys(config: TaskConfig): InspectedKeys {
  return Object.fromEntries(keys.map((key) => [key, config[key]])) as unknown as InspectedKeys
}

/** Those that have another value now than when inspect ran. */
export function changedSince(given: InspectedKeys, config: TaskConfig): string[] {
  return keys.filter((key) => given[key] !== config[key])
}
