/** Coverage maps as FITS: MOC 2.0 §4.3.3 (ranges or uniq numbers), and files of MOC 1.0 and 1.1 on reading. */
import { Problem } from '#problem.ts'
import { openFits } from '#science/fits/file.ts'
import type { Header } from '#science/fits/header.ts'
import { card, numberOf, textOf } from '#science/fits/header.ts'
import { readTable } from '#science/fits/table.ts'
import { writeFits } from '#science/fits/write.ts'
import { maxOrder } from './healpix.ts'
import { pixelCount29 } from './index64.ts'
import type { Moc } from './moc.ts'
import { mocFromRanges, mocFromUniq, uniqOfMoc } from './moc.ts'
import { normalRanges } from './ranges.ts'

/** Reads the first table of a FITS file, gzip or not. `moc.dimension` and `moc.invalid` Problems say what is wrong. */
export function mocFromFits(bytes: Uint8Array): Moc {
  const file = openFits(bytes)
  const hdu = file.hdus.find(({ kind }) => kind === 'table')
  if (!hdu) throw invalid('The FITS file has no binary table, so it holds no MOC.')
  const { header } = hdu
  const dimension = (textOf(header, 'MOCDIM') ?? textOf(header, 'MOC') ?? 'SPACE').trim().toUpperCase()
  if (dimension !== 'SPACE') {
    throw new Problem(
      'moc.dimension',
      `This MOC covers ${dimension}, not the sky; only space MOCs can be read here.`,
      {
        dimension,
      },
    )
  }
  const frame = (textOf(header, 'COORDSYS') ?? 'C').trim().toUpperCase()
  if (!/^(C|ICRS|CEL.*|EQ.*)$/.test(frame)) {
    throw invalid(`COORDSYS is '${frame}', but a MOC of the sky is in ICRS ('C'); transform it first.`)
  }
  const column = readTable(file.bytes, hdu, { columns: [0] }).columns[0]
  const values = integers64(column.values)
  const ordering = (textOf(header, 'ORDERING') ?? 'NUNIQ').trim().toUpperCase()
  const stated = statedOrder(header)
  // Some writers fill the last rows with zeros.
  if (ordering === 'NUNIQ')
    return mocFromUniq(
      values.filter((u) => u !== 0n),
      stated,
    )
  if (ordering === 'RANGE' || ordering === 'RANGE29') return mocFromRanges(checkedRanges(values), stated)
  throw invalid(`ORDERING is '${ordering}'; a MOC has NUNIQ or RANGE.`)
}

function statedOrder(header: Header): number | undefined {
  const order = numberOf(header, 'MOCORD_S') ?? numberOf(header, 'MOCORDER')
  if (order === undefined || (Number.isInteger(order) && order >= 0 && order <= maxOrder)) return order
  throw invalid(`The MOC states order ${order}; it is 0 to ${maxOrder}.`)
}

function integers64(values: ArrayLike<number | bigint> | readonly string[]): BigInt64Array {
  if (values instanceof BigInt64Array) return values
  // No number of a MOC reaches the bit in which the two differ; one that does is refused as negative.
  if (values instanceof BigUint64Array)
    return new BigInt64Array(values.buffer, values.byteOffset, values.length)
  if (
    values instanceof Int32Array ||
    values instanceof Int16Array ||
    values instanceof Uint32Array ||
    values instanceof Uint16Array
  ) {
    return BigInt64Array.from(values, (v) => BigInt(v))
  }
  throw invalid('The first column of the table is not integers (TFORM I, J or K), so it holds no cells.')
}

function checkedRanges(pairs: BigInt64Array): BigInt64Array {
  if (pairs.length % 2) throw invalid(`The table lists ${pairs.length} range boundaries; they come in pairs.`)
  for (let e = 0; e < pairs.length; e += 2) {
    if (pairs[e] < 0n || pairs[e] >= pairs[e + 1] || pairs[e + 1] > pixelCount29) {
      throw invalid(
        `Range ${e / 2} of the table, ${pairs[e]} to ${pairs[e + 1]}, is not within the sky at order 29.`,
      )
    }
  }
  return normalRanges(pairs)
}

/** Writes a MOC 2.0 file; `nuniq`, the default, is understood by readers of MOC 1.1 as well. */
export function mocToFits(moc: Moc, ordering: 'nuniq' | 'range' = 'nuniq'): Uint8Array {
  const uniq = ordering === 'nuniq'
  const numbers = uniq ? uniqOfMoc(moc) : moc.ranges
  return writeFits([
    {
      kind: 'table',
      name: 'MOC',
      // 4^(k+1)·4 fits 32 bits to order 13.
      columns: [
        {
          name: uniq ? 'UNIQ' : 'RANGE',
          values: uniq && moc.order <= 13 ? Int32Array.from(numbers, Number) : numbers,
        },
      ],
      cards: [
        card('MOCVERS', '2.0', 'version of the MOC standard'),
        card('MOCDIM', 'SPACE', 'physical dimension'),
        card(
          'ORDERING',
          uniq ? 'NUNIQ' : 'RANGE',
          uniq ? 'cells as 4^(order+1) + pixel' : '[start, end) at order 29',
        ),
        card('COORDSYS', 'C', 'ICRS'),
        card('MOCORD_S', moc.order, 'order of the map'),
        card('MOCORDER', moc.order, 'the same for readers of MOC 1.1'),
        card('PIXTYPE', 'HEALPIX', 'nested'),
        card('MOCTOOL', 'Urania', 'program that wrote it'),
      ],
    },
  ])
}

function invalid(sentence: string): Problem {
  return new Problem('moc.invalid', sentence)
}
