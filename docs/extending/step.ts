import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import type { StepContext } from '#observatory/tasks/steps/context.ts'
import { numbersOf, readTable } from '#observatory/tasks/steps/tables.ts'

/** What the step found. */
export interface Census {
  readonly objects: number
  readonly unflagged: number
}

/** Counts the objects of a frame; a `Step` would carry this as its `run`. */
export async function census(
  context: Pick<StepContext, 'folder' | 'columns' | 'log' | 'progress' | 'signal'>,
): Promise<Census> {
  const table = await readTable(context.columns, join(context.folder, 'objects.parquet'), context.signal)
  const flags = numbersOf(table, 'flags')
  const found = { objects: table.rows, unflagged: flags.filter((each) => each === 0).length }
  context.log(`${found.unflagged} of ${found.objects} objects carry no flag.`)
  context.progress(1, 1, 'tables')
  await writeFile(join(context.folder, 'census.json'), JSON.stringify(found))
  return found
}
