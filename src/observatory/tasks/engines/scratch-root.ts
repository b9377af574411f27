import { join } from 'node:path'

/** Where engines have their scratch folders within the working folder of a task. */
export const scratchRoot = (folder: string): string => join(folder, '.engines')
