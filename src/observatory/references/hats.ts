/** The HATS layout (IVOA note 1.0): where the rows of a HEALPix cell lie, and which cells there are. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '#problem.ts'
import { halvesOf, putStart29 } from '#science/sky/index64.ts'
import { contains, overlap } from '#science/sky/ranges.ts'
import type { Ranges } from '#science/sky/ranges.ts'

export interface Partition {
  readonly order: number
  readonly pixel: number
  readonly rows: number
}

/** Path of a cell's file below the catalogue's folder. */
export function partitionPath({ order, pixel }: Pick<Partition, 'order' | 'pixel'>): string {
  const dir = Math.floor(pixel / 10_000) * 10_000
  return join('dataset', `Norder=${order}`, `Dir=${dir}`, `Npix=${pixel}.parquet`)
}

export function partitionInfo(partitions: readonly Partition[]): string {
  return ['Norder,Npix,num_rows', ...partitions.map((p) => `${p.order},${p.pixel},${p.rows}`), ''].join('\n')
}

/** @throws Problem catalogue.invalid where the folder is not one that was written here */
export async function readPartitions(folder: string): Promise<Partition[]> {
  const file = join(folder, 'partition_info.csv')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new Problem(
      'catalogue.invalid',
      `The files of this catalogue are not at ${folder} any more; import it again.`,
      { folder },
      error,
    )
  }
  const [, ...lines] = text.trim().split('\n')
  return lines.map((line) => {
    const [order, pixel, rows] = line.split(',').map(Number)
    return { order: order!, pixel: pixel!, rows: rows! }
  })
}

/** Half-open range of order-29 pixels of a cell. */
export function rangeOf({ order, pixel }: Pick<Partition, 'order' | 'pixel'>): Ranges {
  const range = new BigInt64Array(2)
  const halves = halvesOf(range)
  putStart29(halves, 0, order, pixel)
  putStart29(halves, 1, order, pixel + 1)
  return range
}

/** Those that share sky with the ranges. */
export function touched(partitions: readonly Partition[], ranges: Ranges): Partition[] {
  return partitions.filter((partition) => {
    const range = rangeOf(partition)
    return contains(ranges, range[0]!) || overlap(ranges, range)
  })
}
