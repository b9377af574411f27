import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import type { Table } from '#science/table/table.ts'
import { tableBytes } from './table-files.ts'

/** Rows below which the way to a thread and back costs more than the writing. */
const worthThread = 5_000

export const writeTableBytes = computeTask(
  import.meta.url,
  'writeTableBytes',
  ({ table, ending }: { table: Table; ending: string }): Promise<Uint8Array> => tableBytes(table, ending),
)

/** `tableBytes`, of large tables in a thread: the rows of a rich field take seconds as VOTable. */
export async function sentTable(
  { compute }: Pick<Platform, 'compute'>,
  table: Table,
  ending: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (table.rows < worthThread) return tableBytes(table, ending)
  return compute.run(writeTableBytes, { table, ending }, { ...(signal && { signal }) })
}
