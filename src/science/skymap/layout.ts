/**
 * How a table holds a sky map: multi-order or flat, which column is the probability and in what unit, which frame.
 * Facts: LVK user guide (multi-order and flat maps), HEALPix FITS keywords, and files as they are found.
 */
import { Problem } from '#problem.ts'
import { findColumn, tableFormOf } from '#science/fits/columns.ts'
import type { ColumnForm, TableForm } from '#science/fits/columns.ts'
import { numberOf, textOf, valueOf } from '#science/fits/header.ts'
import type { Header } from '#science/fits/header.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import type { SkyMapMeta } from './map.ts'

export interface MapLayout {
  readonly table: TableForm
  readonly kind: 'multi-order' | 'flat' | 'explicit'
  readonly ordering: 'nested' | 'ring'
  readonly frame: 'icrs' | 'galactic' | 'ecliptic'
  /** Order of the grid; of flat and explicit maps. */
  readonly gridOrder: number
  /** UNIQ or pixel column. */
  readonly index?: ColumnForm
  readonly value: ColumnForm
  /** Per steradian, per square degree, per pixel; `unstated` is told from the sum. */
  readonly unit: 'sr-1' | 'deg-2' | 'pix-1' | 'unstated'
  readonly distance?: readonly [ColumnForm, ColumnForm, ColumnForm]
  readonly notes: string[]
}

const densityNames = ['PROBDENSITY', 'PROB_DENSITY', 'PROBABILITY_DENSITY', 'DENSITY']
const valueNames = [
  'PROB',
  'PROBABILITY',
  'T',
  'TEMPERATURE',
  'SIGNAL',
  'I_STOKES',
  'LIKELIHOOD',
  'VALUE',
  'P',
]
const uniqNames = ['UNIQ', 'NUNIQ', 'MOC_UNIQ']
const pixelNames = ['PIXEL', 'PIX', 'IPIX', 'HPXPIX', 'HPX', 'HEALPIX', 'INDEX', 'PIXEL_INDEX', 'IPIXEL']
const integerKinds = new Set(['B', 'I', 'J', 'K'])
const realKinds = new Set(['E', 'D'])

function firstNamed(table: TableForm, names: readonly string[]): ColumnForm | undefined {
  for (const name of names) {
    const found = findColumn(table, name)
    if (found && !found.descriptor) return found
  }
  return undefined
}

function unitOf(column: ColumnForm, isDensity: boolean): MapLayout['unit'] {
  const text = (column.unit ?? '').toLowerCase().replace(/[\s^*()]/g, '')
  if (/^(1\/)?(sr|steradian)(-1)?$/.test(text) && text !== 'sr') return 'sr-1'
  if (/^(1\/deg2|1\/sqdeg|deg-2|1\/deg\*\*2|1\/squaredegree)$/.test(text)) return 'deg-2'
  if (/^(1\/)?(pix|pixel)(-1)?$/.test(text)) return 'pix-1'
  // A density without a unit is per steradian in every file seen; anything else is told from its sum.
  return isDensity && text === '' ? 'sr-1' : 'unstated'
}

function frameOf(header: Header, notes: string[]): MapLayout['frame'] {
  const text = (textOf(header, 'COORDSYS') ?? textOf(header, 'COORDTYP') ?? textOf(header, 'FRAME') ?? '')
    .trim()
    .toUpperCase()
  if (text === '') {
    notes.push('The file does not name its frame (COORDSYS); taken as ICRS.')
    return 'icrs'
  }
  if (/^(C|Q|CEL|CELESTIAL|CELESTIAL2000|EQU|EQUATORIAL|EQUATORIAL2000|ICRS|FK5|RADEC|J2000)$/.test(text))
    return 'icrs'
  if (/^(G|GAL|GALACTIC)$/.test(text)) return 'galactic'
  if (/^(E|ECL|ECLIPTIC)$/.test(text)) return 'ecliptic'
  throw new Problem(
    'skymap.invalid',
    `The sky map is in a frame that is not known: COORDSYS = '${text}'; C (ICRS), G (Galactic) and E (ecliptic) are.`,
    { keyword: 'COORDSYS' },
  )
}

/** Order of an NSIDE; undefined for what is no power of two. */
function orderOf(nside: number): number | undefined {
  const order = Math.log2(nside)
  return Number.isInteger(order) && order >= 0 && order <= 29 ? order : undefined
}

function gridOrderOf(header: Header, pixels: number | undefined): number {
  const stated = numberOf(header, 'NSIDE')
  const moc = numberOf(header, 'ORDER') ?? numberOf(header, 'MOCORDER')
  const nside =
    stated ?? (pixels === undefined ? (moc === undefined ? undefined : 2 ** moc) : Math.sqrt(pixels / 12))
  const order = nside === undefined ? undefined : orderOf(nside)
  if (order === undefined) {
    throw new Problem(
      'skymap.invalid',
      `The sky map's NSIDE ${nside === undefined ? 'is missing' : `(${nside}) is no power of two`}; NESTED cells need one.`,
      { nside },
    )
  }
  if (pixels !== undefined && pixels !== 12 * 4 ** order) {
    throw new Problem(
      'skymap.incomplete',
      `The sky map says NSIDE = ${nside}, which is ${12 * 4 ** order} pixels, but its table holds ${pixels}; the file is damaged or cut off.`,
      { nside, pixels },
    )
  }
  return order
}

function valueColumn(
  table: TableForm,
  taken: readonly (ColumnForm | undefined)[],
): { value?: ColumnForm; density: boolean } {
  const named = firstNamed(table, densityNames)
  if (named) return { value: named, density: true }
  const value = firstNamed(table, valueNames)
  if (value) return { value, density: false }
  const left = table.columns.filter(
    (each) =>
      realKinds.has(each.kind) &&
      !each.descriptor &&
      !taken.includes(each) &&
      !/^DIST|SIGNIF|ERR|STD|NPIX|EXPOSURE|COUNT/i.test(each.name),
  )
  return { value: left.length === 1 ? left[0] : undefined, density: false }
}

/** The layout of a table, or undefined where it is no sky map. Throws a Problem for a map that cannot be read. */
export function layoutOf(hdu: Hdu): MapLayout | undefined {
  if (hdu.kind !== 'table') return undefined
  const table = tableFormOf(hdu)
  const { header } = hdu
  const ordering = (textOf(header, 'ORDERING') ?? '').trim().toUpperCase()
  const notes: string[] = []
  const uniq =
    firstNamed(table, uniqNames) ??
    (ordering === 'NUNIQ' ? table.columns.find((each) => integerKinds.has(each.kind)) : undefined)
  const declared =
    textOf(header, 'PIXTYPE')?.trim().toUpperCase() === 'HEALPIX' || numberOf(header, 'NSIDE') !== undefined
  if (!uniq && !declared && !/^(RING|NEST|NESTED)$/.test(ordering)) return undefined
  const pixel = uniq ? undefined : firstNamed(table, pixelNames)
  const explicit = pixel && integerKinds.has(pixel.kind) ? pixel : undefined
  const { value, density } = valueColumn(table, [uniq, explicit])
  if (!value) {
    if (uniq && table.columns.length === 1) {
      throw new Problem(
        'skymap.not_a_map',
        'The file is a MOC, a coverage without probabilities; a sky map has a column PROBDENSITY.',
      )
    }
    throw new Problem(
      'skymap.not_a_map',
      `No column of the HEALPix table is a probability: it has ${table.columns.map((each) => each.name).join(', ')}; PROBDENSITY, PROB, PROBABILITY or T is expected.`,
    )
  }
  const layers = ['DISTMU', 'DISTSIGMA', 'DISTNORM'].map((name) => findColumn(table, name))
  const distance = layers.every((each) => each !== undefined)
    ? (layers as unknown as [ColumnForm, ColumnForm, ColumnForm])
    : undefined
  const frame = frameOf(header, notes)
  const base = { table, frame, value, unit: unitOf(value, density), ...(distance ? { distance } : {}), notes }
  if (uniq) return { ...base, kind: 'multi-order', ordering: 'nested', gridOrder: 29, index: uniq }
  if (!/^(RING|NEST|NESTED)$/.test(ordering)) {
    if (ordering !== '') {
      throw new Problem(
        'skymap.invalid',
        `The sky map's ORDERING = '${ordering}' is not known; NUNIQ, NESTED and RING are.`,
        {
          keyword: 'ORDERING',
        },
      )
    }
    notes.push(
      'The file does not say how its pixels are numbered (ORDERING); taken as RING, as HEALPix tools do.',
    )
  }
  const kind = explicit ? 'explicit' : 'flat'
  return {
    ...base,
    kind,
    ordering: ordering.startsWith('NEST') ? 'nested' : 'ring',
    gridOrder: gridOrderOf(header, explicit ? undefined : table.rows * value.repeat),
    ...(explicit ? { index: explicit } : {}),
  }
}

/** What the header says about the map. */
export function metaOf(header: Header, layout: MapLayout): SkyMapMeta {
  const instruments = (textOf(header, 'INSTRUME') ?? '').split(/[,\s]+/).filter((each) => each !== '')
  const object = textOf(header, 'OBJECT')?.trim()
  const creator = textOf(header, 'CREATOR')?.trim()
  const dateObs = textOf(header, 'DATE-OBS')?.trim()
  const distMean = numberOf(header, 'DISTMEAN')
  const distStd = numberOf(header, 'DISTSTD')
  const mjdObs = numberOf(header, 'MJD-OBS')
  const logBci = valueOf(header, 'LOGBCI')
  const logBsn = valueOf(header, 'LOGBSN')
  const said = (keyword: string): string | undefined => textOf(header, keyword)?.trim() || undefined
  const [reference, origin, date] = [said('REFERENC'), said('ORIGIN'), said('DATE')]
  return {
    // FULLSKY and PARTIAL are what HEALPix writers put there where there is no object.
    ...(object && !/^(FULLSKY|PARTIAL)$/i.test(object) ? { object } : {}),
    ...(instruments.length > 0 ? { instruments } : {}),
    ...(creator ? { creator } : {}),
    ...(dateObs ? { dateObs } : {}),
    ...(distMean !== undefined && Number.isFinite(distMean) ? { distMean } : {}),
    ...(distStd !== undefined && Number.isFinite(distStd) ? { distStd } : {}),
    ...(mjdObs === undefined ? {} : { mjdObs }),
    ...(typeof logBci === 'number' ? { logBci } : {}),
    ...(typeof logBsn === 'number' ? { logBsn } : {}),
    ...(reference ? { reference } : {}),
    ...(origin ? { origin } : {}),
    ...(date ? { date } : {}),
    frame: layout.frame,
    layout:
      layout.kind === 'multi-order'
        ? 'multi-order'
        : `${layout.kind} ${layout.ordering} nside ${2 ** layout.gridOrder}`,
    ...(layout.kind === 'flat' ? { gridOrder: layout.gridOrder } : {}),
    ...(layout.notes.length > 0 ? { notes: layout.notes } : {}),
  }
}
