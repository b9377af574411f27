/** Writes sky maps as LVK multi-order FITS. */
import { card, remark } from '#science/fits/header.ts'
import type { Card } from '#science/fits/card.ts'
import { writeFits } from '#science/fits/write.ts'
import { finestOrder } from './map.ts'
import type { SkyMap } from './map.ts'
import { ascending } from './sort.ts'

const textCards = [
  ['reference', 'REFERENC', 'address of the event'],
  ['dateObs', 'DATE-OBS', 'UTC of the event'],
  ['date', 'DATE', 'UTC when the map was made'],
  ['creator', 'CREATOR', 'program that made the map'],
  ['origin', 'ORIGIN', 'who made the map'],
] as const
const numberCards = [
  ['mjdObs', 'MJD-OBS', 'MJD of the event'],
  ['distMean', 'DISTMEAN', '[Mpc] mean of the distance'],
  ['distStd', 'DISTSTD', '[Mpc] standard deviation of the distance'],
  ['logBci', 'LOGBCI', 'log Bayes factor: coherent against incoherent'],
  ['logBsn', 'LOGBSN', 'log Bayes factor: signal against noise'],
] as const

function ascii(text: string): string {
  return text
    .replaceAll('−', '-')
    .replaceAll('°', ' deg')
    .replaceAll(/[^\x20-\x7e]/g, '?')
}

function metaCards({ meta }: SkyMap, order: number): Card[] {
  const cards = [
    card('PIXTYPE', 'HEALPIX', 'HEALPix pixelisation'),
    card('ORDERING', 'NUNIQ', 'cells are numbered 4^(order + 1) + pixel'),
    card('COORDSYS', 'C', 'ICRS'),
    card('MOCORDER', order, 'finest order of the cells'),
    card('INDXSCHM', 'EXPLICIT', 'each row names its cell'),
  ]
  if (meta.object) cards.push(card('OBJECT', ascii(meta.object), 'event'))
  if (meta.instruments?.length) cards.push(card('INSTRUME', ascii(meta.instruments.join(',')), 'instruments'))
  for (const [key, keyword, comment] of textCards) {
    const value = meta[key]
    if (typeof value === 'string') cards.push(card(keyword, ascii(value), comment))
  }
  for (const [key, keyword, comment] of numberCards) {
    const value = meta[key]
    if (typeof value === 'number' && Number.isFinite(value)) cards.push(card(keyword, value, comment))
  }
  return [...cards, ...(meta.notes ?? []).map((note) => remark('HISTORY', ascii(note)))]
}

/** The map as a multi-order FITS file, rows by UNIQ as LVK writes them; values are those of the map to the last bit. */
export function writeSkyMap(map: SkyMap): Uint8Array {
  const numbers = new Float64Array(map.order.length)
  for (let i = 0; i < numbers.length; i++) numbers[i] = 4 ** (map.order[i] + 1) + map.ipix[i]
  const index = ascending(numbers)
  const uniq = BigInt64Array.from(index, (i) => BigInt(numbers[i]))
  const layer = (values: Float64Array): Float64Array => Float64Array.from(index, (i) => values[i])
  const { distance } = map
  return writeFits([
    {
      kind: 'table',
      columns: [
        { name: 'UNIQ', values: uniq },
        { name: 'PROBDENSITY', unit: 'sr-1', values: layer(map.density) },
        ...(distance
          ? [
              { name: 'DISTMU', unit: 'Mpc', values: layer(distance.mu) },
              { name: 'DISTSIGMA', unit: 'Mpc', values: layer(distance.sigma) },
              { name: 'DISTNORM', unit: 'Mpc-2', values: layer(distance.norm) },
            ]
          : []),
      ],
      cards: metaCards(map, finestOrder(map)),
    },
  ])
}
