/**
 * Stars out of an index file of astrometry.net: its star tree keeps unit vectors as unsigned 32-bit fractions of a range.
 * Layout read from files of that project; its quads are not used, ours are made from the stars.
 */
import { Problem } from '#problem.ts'
import { openFits } from '#science/fits/file.ts'
import { integerOf, textOf } from '#science/fits/header.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { readTable } from '#science/fits/table.ts'
import { starListOfVectors } from './stars.ts'
import type { StarList } from './stars.ts'

/**
 * Stars and magnitudes of an index file. `magnitude` names the column of its tag-along table; default the first.
 * @throws Problem astrometry.invalid_index where the file is none or holds its stars in another way
 */
export function readIndexStars(bytes: Uint8Array, magnitude?: string): StarList {
  const { bytes: file, hdus } = openFits(bytes)
  const table = (name: string): Hdu => {
    const found = hdus.find((hdu) => textOf(hdu.header, 'TTYPE1') === name)
    if (!found) {
      throw new Problem(
        'astrometry.invalid_index',
        `The index file has no table "${name}"; give an index file of astrometry.net (4000 series, or made by its build-astrometry-index).`,
      )
    }
    return found
  }
  const tree = table('kdtree_header_stars')
  const data = table('kdtree_data_stars')
  const range = table('kdtree_range_stars')
  const kind = textOf(tree.header, 'KDT_DATA')
  const rows = integerOf(tree.header, 'KDT_NDAT', 'The star tree')
  if (kind !== 'u32' || data.dataLength !== 12 * rows || range.dataLength !== 56) {
    throw new Problem(
      'astrometry.invalid_index',
      `The index file keeps its stars as "${kind ?? 'unknown'}", and only 32-bit fractions (u32) are read.`,
    )
  }
  const little = (textOf(hdus[0].header, 'ENDIAN') ?? '04:03:02:01') === '04:03:02:01'
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const limits = Array.from({ length: 7 }, (_, i) => view.getFloat64(range.dataStart + 8 * i, little))
  const xyz = new Float64Array(3 * rows)
  for (let i = 0; i < xyz.length; i++)
    xyz[i] = limits[i % 3] + view.getUint32(data.dataStart + 4 * i, little) / limits[6]

  const tags = hdus.find(
    (hdu) => hdu.kind === 'table' && hdu.shape[1] === rows && textOf(hdu.header, 'TTYPE1')?.startsWith('MAG'),
  )
  if (!tags) return starListOfVectors(xyz, new Float32Array(rows))
  const columns = readTable(file, tags)
  const column =
    columns.columns.find(({ name }) => name === magnitude) ??
    columns.columns.find(({ name }) => name.startsWith('MAG'))
  return starListOfVectors(xyz, (column?.values ?? new Float32Array(rows)) as ArrayLike<number>)
}
