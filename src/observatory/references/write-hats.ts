/** Writes rows with an index as a HATS catalogue: cut along cells, sorted, with all that readers of the format look for. */
import { mkdir, open, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { quotedName } from '#science/adql/fragment.ts'
import { areaDeg2, mocFromCells, type Moc } from '#science/sky/moc.ts'
import { mocToFits } from '#science/sky/moc-fits.ts'
import { tableOf } from '#science/table/table.ts'
import { writeVotable } from '#science/table/votable-write.ts'
import type { Columns } from '#platform/columns/columns.ts'
import { parquet } from '#platform/columns/sql.ts'
import { hpxColumn, type CatalogueColumn } from './catalogue.ts'
import { partitionInfo, partitionPath, rangeOf, type Partition } from './hats.ts'

/** Order of the coverage, and the finest that cells are cut to. */
export const finestOrder = 8

export interface HatsInput {
  /** Parquet with all columns, in any order; rows without an index are left out. */
  readonly rows: string
  readonly columns: readonly CatalogueColumn[]
  readonly name: string
  readonly title: string
  readonly rowsPerPartition: number
  /** Where it is written: a folder that is not there yet. */
  readonly folder: string
  readonly work: string
  readonly made: Date
  readonly version: string
}

export interface HatsResult {
  readonly rows: number
  readonly partitions: number
  readonly bytes: number
  readonly coverage: Moc
  readonly areaDeg2: number
}

/**
 * Memory is that of the engine, however many rows: they are sorted once through its temporary folder and then cut.
 * @param progress called with parts done of all, from 0 to 1.
 */
export async function writeHats(
  columns: Columns,
  input: HatsInput,
  progress: (part: number, words: string) => void,
  signal?: AbortSignal,
): Promise<HatsResult> {
  const { folder, work } = input
  const all = [hpxColumn, ...input.columns.map(({ name }) => quotedName(name))].join(', ')
  progress(0, 'sorting along the sky')
  const sorted = join(work, 'sorted.parquet')
  await columns.writeParquet(
    sorted,
    `select ${all} from ${parquet(input.rows)} where ${hpxColumn} is not null order by ${hpxColumn}`,
    {},
    signal,
    { rowGroupRows: 20_000, progress: (part) => progress(0.39 * part, 'sorting along the sky') },
  )
  const shift = 2 * (29 - finestOrder)
  const cells = await columns.columns(
    `select (${hpxColumn} >> ${shift})::integer as cell, count(*)::integer as n from ${parquet(sorted)} group by cell order by cell`,
    {},
    signal,
  )
  const pixels = cells['cell'] as Int32Array
  const counts = cells['n'] as Int32Array
  const partitions = partitionsOf(pixels, counts, input.rowsPerPartition)
  const coverage = mocFromCells(new Uint8Array(pixels.length).fill(finestOrder), pixels, finestOrder)
  const metadata = { 'IVOA.VOTable-Parquet.version': '1.0', 'IVOA.VOTable-Parquet.content': headOf(input) }
  let bytes = 0
  let rows = 0
  for (const [i, partition] of partitions.entries()) {
    progress(0.4 + (0.6 * i) / partitions.length, 'writing cells')
    const [start, end] = rangeOf(partition)
    const written = await columns.writeParquet(
      join(folder, partitionPath(partition)),
      `select ${all} from ${parquet(sorted)} where ${hpxColumn} >= ${start} and ${hpxColumn} < ${end} order by ${hpxColumn}`,
      {},
      signal,
      { rowGroupRows: 20_000, metadata },
    )
    bytes += written.bytes
    rows += written.rows
  }
  const none = join(folder, 'dataset', '_common_metadata')
  await columns.writeParquet(none, `select ${all} from ${parquet(sorted)} limit 0`, {}, signal, { metadata })
  const area = areaDeg2(coverage)
  const properties = propertiesOf(input, { rows, bytes, fraction: area / 41_252.961_249_419_27, partitions })
  await written(join(folder, 'partition_info.csv'), partitionInfo(partitions))
  await written(join(folder, 'coverage.fits'), mocToFits(coverage))
  await written(join(folder, 'properties'), properties)
  await written(join(folder, 'hats.properties'), properties)
  return { rows, partitions: partitions.length, bytes, coverage, areaDeg2: area }
}

/** Cells with no more rows than the threshold, or of the finest order; `pixels` ascending at the finest. */
export function partitionsOf(
  pixels: ArrayLike<number>,
  counts: ArrayLike<number>,
  threshold: number,
): Partition[] {
  const found: Partition[] = []
  const sums = new Float64Array(pixels.length + 1)
  for (let i = 0; i < pixels.length; i++) sums[i + 1] = sums[i]! + counts[i]!
  const visit = (order: number, pixel: number, from: number, to: number): void => {
    const rows = sums[to]! - sums[from]!
    if (rows === 0) return
    if (rows <= threshold || order === finestOrder) {
      found.push({ order, pixel, rows })
      return
    }
    let first = from
    for (let child = 4 * pixel; child < 4 * pixel + 4; child++) {
      const end = (child + 1) * 4 ** (finestOrder - order - 1)
      let last = first
      while (last < to && pixels[last]! < end) last++
      visit(order + 1, child, first, last)
      first = last
    }
  }
  let first = 0
  for (let base = 0; base < 12; base++) {
    const end = (base + 1) * 4 ** finestOrder
    let last = first
    while (last < pixels.length && pixels[last]! < end) last++
    visit(0, base, first, last)
    first = last
  }
  return found
}

/** What the columns are, as a VOTable without rows: TOPCAT and astropy read units and UCDs from it. */
function headOf({ columns, name, title }: HatsInput): string {
  const table = tableOf({
    title: name,
    description: title,
    columns: columns.map(({ type, ...column }) => ({
      ...column,
      values: type === 'integer' ? new BigInt64Array(0) : type === 'number' ? new Float64Array(0) : [],
      ...(type === 'boolean' ? { type: 'boolean' as const, values: new Uint8Array(0) } : {}),
    })),
  })
  return new TextDecoder().decode(writeVotable(table))
}

function propertiesOf(
  { name, title, columns, rowsPerPartition, made, version }: HatsInput,
  facts: { rows: number; bytes: number; fraction: number; partitions: readonly Partition[] },
): string {
  const date = `${made.toISOString().slice(0, 16).replace(':', '\\:')}UTC`
  const lines: [string, string | number][] = [
    ['obs_collection', name],
    ['obs_title', title.replaceAll(/[\r\n]+/g, ' ')],
    ['dataproduct_type', 'object'],
    ['hats_nrows', facts.rows],
    ['hats_col_ra', 'ra'],
    ['hats_col_dec', 'dec'],
    ['hats_col_healpix', hpxColumn],
    ['hats_col_healpix_order', 29],
    ['hats_npix_suffix', '.parquet'],
    ['hats_max_rows', rowsPerPartition],
    ['hats_order', Math.max(0, ...facts.partitions.map((partition) => partition.order))],
    [
      'hats_cols_default',
      columns
        .slice(0, 12)
        .map((column) => column.name)
        .join(','),
    ],
    ['moc_sky_fraction', facts.fraction.toFixed(5)],
    ['hats_builder', `urania ${version}`],
    ['hats_creation_date', date],
    ['hats_estsize', Math.ceil(facts.bytes / 1024)],
    ['hats_release_date', '2025-08-22'],
    ['hats_version', 'v1.0'],
  ]
  return `#HATS catalog\n${lines.map(([key, value]) => `${key}=${value}`).join('\n')}\n`
}

async function written(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
