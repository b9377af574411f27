/** One header-data unit: what its header says about where its data lie. Standard: FITS 4.0, §3.3, §4.4, §7. */
import { Problem } from '#problem.ts'
import { blockLength, integerOf, textOf, valueOf } from './header.ts'
import type { Header } from './header.ts'

export interface Hdu {
  readonly index: number
  readonly kind: 'image' | 'table' | 'ascii table' | 'groups' | 'other'
  /** EXTNAME, or '' where there is none. */
  readonly name: string
  readonly header: Header
  readonly headerStart: number
  readonly dataStart: number
  /** Bytes of data without padding. */
  readonly dataLength: number
  readonly bitpix: number
  /** NAXISn in FITS order: the first axis varies fastest. */
  readonly shape: readonly number[]
  /**
   * Of a compressed image or table: the binary table that holds it, as it stands in the file. Header, kind, bitpix and
   * shape are then those of what was compressed; start and length are the table's.
   */
  readonly stored?: Hdu
}

/** "HDU 1 (EVENTS)", for sentences. */
export function hduLabel(index: number, name: string): string {
  return name ? `HDU ${index} (${name})` : `HDU ${index}`
}

function kindOf(header: Header, index: number, shape: readonly number[]): Hdu['kind'] {
  if (index === 0) return shape[0] === 0 && valueOf(header, 'GROUPS') === true ? 'groups' : 'image'
  const extension = textOf(header, 'XTENSION')?.trim().toUpperCase()
  if (extension === 'IMAGE' || extension === 'IUEIMAGE') return 'image'
  if (extension === 'BINTABLE' || extension === 'A3DTABLE') return 'table'
  return extension === 'TABLE' ? 'ascii table' : 'other'
}

/**
 * Reads structure keywords of one header. `fileLength` bounds what may be claimed.
 * Throws `fits.invalid` for keywords that cannot be, `fits.truncated` where the file ends before the data do.
 */
export function hduOf(
  header: Header,
  index: number,
  headerStart: number,
  dataStart: number,
  fileLength: number,
): Hdu {
  const name = (textOf(header, 'EXTNAME') ?? '').trim()
  const where = hduLabel(index, name)
  const bitpix = integerOf(header, 'BITPIX', where, { least: -64, most: 64 })
  if (![8, 16, 32, 64, -32, -64].includes(bitpix)) {
    throw new Problem(
      'fits.invalid',
      `${where} says BITPIX = ${bitpix}, which FITS does not have; the file is damaged.`,
      {
        keyword: 'BITPIX',
        hdu: index,
      },
    )
  }
  const axes = integerOf(header, 'NAXIS', where, { most: 999 })
  const shape: number[] = []
  for (let n = 1; n <= axes; n++) shape.push(integerOf(header, `NAXIS${n}`, where))
  const kind = kindOf(header, index, shape)
  const extended = kind !== 'image' || index > 0
  const pcount = extended ? integerOf(header, 'PCOUNT', where, { fallback: 0 }) : 0
  const gcount = extended ? integerOf(header, 'GCOUNT', where, { fallback: 1 }) : 1
  const elements = (kind === 'groups' ? shape.slice(1) : shape).reduce(
    (product, length) => product * length,
    1,
  )
  const dataLength = axes === 0 ? 0 : (Math.abs(bitpix) / 8) * gcount * (pcount + elements)
  if (dataStart > fileLength) {
    throw new Problem(
      'fits.truncated',
      `The header of ${where} ends within a block of ${blockLength} bytes; the file is cut off.`,
      { hdu: index },
    )
  }
  if (dataStart + dataLength > fileLength) {
    const said = [
      ...shape.map((length, n) => `NAXIS${n + 1} = ${length}`),
      ...(pcount > 0 ? [`PCOUNT = ${pcount}`] : []),
    ]
    throw new Problem(
      'fits.truncated',
      `${where} needs ${dataLength} bytes of data (BITPIX = ${bitpix}, ${said.join(', ')}) but the file ends after ${Math.max(0, fileLength - dataStart)}; it is cut off or damaged.`,
      { hdu: index, needed: dataLength, present: Math.max(0, fileLength - dataStart) },
    )
  }
  return { index, kind, name, header, headerStart, dataStart, dataLength, bitpix, shape }
}

/** Where the next HDU starts: data are padded to whole blocks. */
export function afterHdu(hdu: Hdu): number {
  return hdu.dataStart + Math.ceil(hdu.dataLength / blockLength) * blockLength
}
