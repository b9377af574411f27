import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { Problem } from '#problem.ts'
import { readIndexStars } from '#science/image/astrometry/index-file.ts'
import { unpackIndex } from '#science/image/astrometry/index-pack.ts'
import { starIndex, type StarIndex } from '#science/image/astrometry/solve.ts'
import { starList, type StarList } from '#science/image/astrometry/stars.ts'
import type { Table } from '#science/table/table.ts'

/** The stars of Tycho-2 that come with the program: enough for fields wider than about a degree. */
export const shippedIndex = join(import.meta.dirname, '../../../science/image/astrometry/tycho2.stars')

/** Indexes that solving uses: those of the home folder's `indexes`, deepest name first, then the shipped one. */
export async function indexesOf(home: string): Promise<string[]> {
  const folder = join(home, 'indexes')
  const found = await readdir(folder).catch(() => [] as string[])
  return [
    ...found
      .filter((name) => ['.index', '.stars'].includes(extname(name)))
      .sort()
      .map((name) => join(folder, name)),
    shippedIndex,
  ]
}

/**
 * An index from a file: packed by `urania index`, an index file of astrometry.net, or any table with positions and
 * magnitudes. Of a packed one only the levels that are looked up in are read, while `close` has not been called.
 * @throws Problem astrometry.invalid_index, `command.usage`
 */
export async function openIndex(path: string): Promise<{ index: StarIndex; close(): void }> {
  if (!/\.(index|stars)(\.part)?$/.test(path))
    return { index: starIndex(await starsOfFile(path)), close: () => {} }
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw new Problem('astrometry.invalid_index', `There is no index file ${path}.`, { path }, error)
  }
  const close = (): void => closeSync(file)
  try {
    return {
      index: unpackIndex({ size: fstatSync(file).size, read: (at, into) => fill(file, at, into) }),
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

/** Reads until the array is full; one call reads 2 GiB at most. */
function fill(file: number, at: number, into: Uint8Array): void {
  for (let done = 0; done < into.length;) {
    const read = readSync(file, into, done, Math.min(2 ** 30, into.length - done), at + done)
    if (read === 0)
      throw new Problem(
        'astrometry.invalid_index',
        'The index file ends too early; make it anew with "urania index".',
      )
    done += read
  }
}

/** Stars of an astrometry.net index or of a table. @throws Problem astrometry.invalid_index, table.* */
export async function starsOfFile(path: string): Promise<StarList> {
  if (/\.fits?$/i.test(path) && /^index[-_]/.test(basename(path))) {
    return readIndexStars(new Uint8Array(await readFile(path)))
  }
  const { readTableFile } = await import('#observatory/tasks/table-files.ts')
  return starsOfTable(await readTableFile(resolve(path)), basename(path))
}

const raNames = ['ra', 'ra_icrs', 'raj2000', '_raj2000', 'ramean', 'ra_deg']
const decNames = ['dec', 'de_icrs', 'dej2000', '_dej2000', 'decmean', 'dec_deg']
const magNames = ['mag', 'phot_g_mean_mag', 'gmag', 'vtmag', 'rmag', 'vmag', 'bright']

/** Stars of a table, by the usual names of its columns. @throws Problem astrometry.invalid_index */
export function starsOfTable(table: Table, name: string): StarList {
  const find = (names: readonly string[]) =>
    names
      .map((wanted) => table.columns.find((column) => column.name.toLowerCase() === wanted))
      .find((column) => column !== undefined)
  const [ra, dec] = [find(raNames), find(decNames)]
  const mag = find(magNames) ?? table.columns.find(({ ucd }) => ucd?.startsWith('phot.mag'))
  if (!ra || !dec || Array.isArray(ra.values) || Array.isArray(dec.values)) {
    throw new Problem(
      'astrometry.invalid_index',
      `${name} has no columns of positions in degrees (ra and dec); name them so.`,
    )
  }
  const brightness = mag && !Array.isArray(mag.values) ? mag.values : new Float32Array(table.rows)
  return starList(numbers(ra.values), numbers(dec.values), numbers(brightness))
}

const numbers = (values: Iterable<number | bigint>): Float64Array => Float64Array.from(values, Number)
