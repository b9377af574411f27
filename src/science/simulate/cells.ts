/**
 * The simulator's own sky cells and FITS writer. They are not those of `science/sky` and `science/fits` on purpose: a
 * simulator that shared code with what it exercises would share its faults.
 */

/** A direction as a unit vector, ICRS. */
export type Vector = readonly [number, number, number]

export interface Cell {
  order: number
  /** NESTED index. */
  ipix: number
}

/** One row of a multi-order map: density in sr⁻¹, distances in Mpc, norm in Mpc⁻². */
export interface MapRow extends Cell {
  density: number
  distmu: number
  distsigma: number
  distnorm: number
}

/** Centre of a NESTED HEALPix cell (Górski et al. 2005, eqs. 2–9). */
export function cellCentre({ order, ipix }: Cell): Vector {
  const nside = 2 ** order
  const perFace = nside * nside
  const face = Math.floor(ipix / perFace)
  let rest = ipix - face * perFace
  let x = 0
  let y = 0
  for (let bit = 1; rest > 0; bit *= 2, rest = Math.floor(rest / 4)) {
    const pair = rest % 4
    x += bit * (pair % 2)
    y += bit * Math.floor(pair / 2)
  }
  // Face centres lie on three rows; (v, h) are the face-local diagonals in units of the face's half height.
  const row = Math.floor(face / 4)
  const v = (x + y + 1) / nside - 1
  const h = (x - y) / nside
  const height = 1 - row + v
  let z: number
  let longitude: number
  if (Math.abs(height) <= 1) {
    z = (2 / 3) * height
    longitude = (Math.PI / 4) * (2 * (face % 4) + (row === 1 ? 0 : 1) + h)
  } else {
    const t = 2 - Math.abs(height)
    z = Math.sign(height) * (1 - (t * t) / 3)
    longitude = (Math.PI / 4) * (2 * (face % 4) + 1 + h / t)
  }
  const s = Math.sqrt(1 - z * z)
  return [s * Math.cos(longitude), s * Math.sin(longitude), z]
}

/** Area of a cell of this order, sr. */
export function cellArea(order: number): number {
  return Math.PI / 3 / 4 ** order
}

/**
 * The refinement of BAYESTAR: 3072 cells of order 4, then `rounds` times the 768 most probable cells are split in four.
 * `value` gives an unnormalised density.
 */
export function refine(value: (centre: Vector) => number, rounds: number): (Cell & { value: number })[] {
  const make = (order: number, ipix: number) => {
    const density = value(cellCentre({ order, ipix }))
    return { order, ipix, value: density, probability: density * cellArea(order) }
  }
  let cells = Array.from({ length: 3072 }, (_, ipix) => make(4, ipix))
  for (let round = 0; round < rounds; round++) {
    cells.sort((a, b) => b.probability - a.probability)
    const split = cells.slice(0, 768)
    cells = cells.slice(768)
    for (const { order, ipix } of split)
      for (let child = 0; child < 4; child++) cells.push(make(order + 1, 4 * ipix + child))
  }
  return cells
}

const block = 2880

function card(text: string): string {
  return text.padEnd(80).slice(0, 80)
}

function header(cards: [string, string | number | boolean][]): string {
  const lines = cards.map(([keyword, value]) => {
    const shown =
      typeof value === 'string'
        ? `'${value.padEnd(8)}'`
        : (typeof value === 'boolean' ? (value ? 'T' : 'F') : String(value)).padStart(20)
    return card(`${keyword.padEnd(8)}= ${shown}`)
  })
  const text = [...lines, card('END')].join('')
  return text.padEnd(Math.ceil(text.length / block) * block)
}

/** A multi-order sky map as the LVK publishes it: `UNIQ, PROBDENSITY, DISTMU, DISTSIGMA, DISTNORM`. */
export function mapFile(
  rows: readonly MapRow[],
  about: {
    object: string
    instruments: readonly string[]
    dateObs: string
    distMean: number
    distStd: number
  },
): Uint8Array<ArrayBuffer> {
  const columns = [
    ['UNIQ', 'K', ''],
    ['PROBDENSITY', 'D', 'sr-1'],
    ['DISTMU', 'D', 'Mpc'],
    ['DISTSIGMA', 'D', 'Mpc'],
    ['DISTNORM', 'D', 'Mpc-2'],
  ] as const
  const width = 8 * columns.length
  const text =
    header([
      ['SIMPLE', true],
      ['BITPIX', 8],
      ['NAXIS', 0],
      ['EXTEND', true],
    ]) +
    header([
      ['XTENSION', 'BINTABLE'],
      ['BITPIX', 8],
      ['NAXIS', 2],
      ['NAXIS1', width],
      ['NAXIS2', rows.length],
      ['PCOUNT', 0],
      ['GCOUNT', 1],
      ['TFIELDS', columns.length],
      ...columns.flatMap(([name, form, unit], i): [string, string][] => [
        [`TTYPE${i + 1}`, name],
        [`TFORM${i + 1}`, form],
        ...(unit ? ([[`TUNIT${i + 1}`, unit]] as [string, string][]) : []),
      ]),
      ['PIXTYPE', 'HEALPIX'],
      ['ORDERING', 'NUNIQ'],
      ['COORDSYS', 'C'],
      ['INDXSCHM', 'EXPLICIT'],
      ['MOCORDER', Math.max(...rows.map((row) => row.order))],
      ['OBJECT', about.object],
      ['INSTRUME', about.instruments.join(',')],
      ['DATE-OBS', about.dateObs],
      ['CREATOR', 'urania simulate'],
      ['DISTMEAN', about.distMean],
      ['DISTSTD', about.distStd],
    ])
  const dataBytes = rows.length * width
  const bytes = new Uint8Array(text.length + Math.ceil(dataBytes / block) * block)
  bytes.set(new TextEncoder().encode(text))
  const view = new DataView(bytes.buffer, text.length)
  rows.forEach((row, i) => {
    const at = i * width
    view.setBigInt64(at, BigInt(row.ipix) + 4n ** BigInt(row.order + 1))
    view.setFloat64(at + 8, row.density)
    view.setFloat64(at + 16, row.distmu)
    view.setFloat64(at + 24, row.distsigma)
    view.setFloat64(at + 32, row.distnorm)
  })
  return bytes
}
