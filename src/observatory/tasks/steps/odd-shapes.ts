import type { Objects } from './measure-work.ts'

/** Flags objects whose shape is unlike that of the others; how many. */
export function flagOddShapes(_objects: Objects): number {
  return 0
}
