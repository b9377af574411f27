import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { createColumns } from '#platform/columns/duckdb.ts'
import type { Columns } from '#platform/columns/columns.ts'
import { createCompute } from '#platform/compute/pool.ts'
import type { LoadedConfig } from '#platform/config/load.ts'
import { makeFolder } from '#platform/files/whole.ts'
import { createNet } from '#platform/net/client.ts'
import type { Table } from '#science/table/table.ts'
import { tasksSection } from './sections.ts'
import { createSky } from './sky/create.ts'
import { catalogueFolders } from './sky/local-stars.ts'
import type { SkySources } from './sky/sources.ts'
import { indexesOf } from './solver/indexes.ts'
import type { RunOptions } from './steps/context.ts'

/** What the steps stand on when there is no server: threads, Parquet, the network, and the home folder as a cache. */
export async function localGround(
  config: LoadedConfig,
  folder: string,
  given?: { name: string; table: Table },
): Promise<
  Pick<RunOptions, 'compute' | 'columns' | 'sky' | 'hands' | 'indexes' | 'frame'> & { close(): Promise<void> }
> {
  await makeFolder(folder)
  const catalogues = join(config.home, 'catalogues')
  const temporary = join(folder, '.temporary')
  let opened: Promise<Columns> | undefined
  const compute = createCompute({ threads: 1 })
  const net = createNet({ userAgent: 'urania' })
  const engine = (): Promise<Columns> =>
    (opened ??= createColumns({ folders: [folder, catalogues], temporary }))
  const columns = await engine()
  const sky: SkySources = createSky({
    net,
    settings: config.section(tasksSection),
    cache: join(config.home, 'temporary'),
    columns,
    catalogues: () => catalogueFolders(columns, catalogues),
    given,
  })
  return {
    compute,
    columns,
    sky,
    frame: (name) => Promise.resolve(resolve(name)),
    hands: availableParallelism(),
    indexes: await indexesOf(config.home),
    async close() {
      await compute.stop()
      await net.stop()
      await columns.stop()
      await rm(temporary, { recursive: true, force: true })
    },
  }
}
