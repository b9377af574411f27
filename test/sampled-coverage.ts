/** Coverage by counting small pixels, sharing nothing with planning's own; and the shared maps and grids to try it on. */
import { readFileSync } from 'node:fs'
import type { Coverage, Field, Footprint } from '#science/planning/model.ts'
import { centreOf, pixelAreaDeg2, pixelAreaSr } from '#science/sky/healpix.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { rank } from '#science/skymap/rank.ts'
import { readSkyMap } from '#science/skymap/read.ts'
import { dataFile } from './data.ts'

const radians = Math.PI / 180

/** A map of the shared data, of a FITS file or a notice (`…json#combined`: of its coincidence); null where absent. */
export function sharedMap(name: string): SkyMap | null {
  const [path, part] = name.split('#')
  const file = dataFile('gw', path)
  if (!file) return null
  const bytes = readFileSync(file)
  if (!path.endsWith('.json')) return readSkyMap(new Uint8Array(bytes))
  const notice = JSON.parse(bytes.toString('utf8')) as {
    event: { skymap: string }
    external_coinc?: { combined_skymap: string }
  }
  const text = part === 'combined' ? notice.external_coinc!.combined_skymap : notice.event.skymap
  return readSkyMap(new Uint8Array(Buffer.from(text, 'base64')))
}

/** The field grid of a telescope in the shared data; null where absent. */
export function sharedGrid(telescope: string): Field[] | null {
  const file = dataFile('gw', 'gwemopt/tesselations', `${telescope}.tess`)
  if (!file) return null
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((parts) => parts.length >= 3 && !parts[0].startsWith('#'))
    .map(([id, ra, dec]) => ({ id, ra: Number(ra), dec: Number(dec) }))
}

export interface Pointing {
  readonly footprint: Footprint
  readonly field: Field
}

/**
 * Weights of the regions of the sky seen by the same fields, from the centres of pixels of the given order over the
 * densest cells that hold `level` of the probability. Circles and boxes only.
 */
export function sampledCoverage(
  map: SkyMap,
  pointings: readonly Pointing[],
  { order, level }: { order: number; level: number },
): Coverage {
  const byDec = pointings
    .map(({ footprint, field }, i) => {
      if (footprint.shape !== 'circle' && footprint.shape !== 'box') throw new Error(footprint.shape)
      const half = footprint.shape === 'circle' ? footprint.radiusDeg : footprint.heightDeg / 2
      return { i, half, footprint, ra: field.ra, dec: field.dec }
    })
    .toSorted((a, b) => a.dec - b.dec)
  const reach = byDec.reduce((most, { half }) => Math.max(most, half), 0)
  const weight: number[] = []
  const areaDeg2: number[] = []
  const lists: number[][] = []
  const known = new Map<string, number>()
  const ranking = rank(map)
  for (let n = 0; n < ranking.index.length && (n === 0 || ranking.probability[n - 1] < level); n++) {
    const cell = ranking.index[n]
    const fine = Math.max(order, map.order[cell])
    const pieces = 4 ** (fine - map.order[cell])
    for (let piece = 0; piece < pieces; piece++) {
      const [ra, dec] = centreOf(fine, map.ipix[cell] * pieces + piece)
      const seen: number[] = []
      for (let k = firstAbove(byDec, dec - reach); k < byDec.length && byDec[k].dec <= dec + reach; k++) {
        if (inside(byDec[k], ra, dec)) seen.push(byDec[k].i)
      }
      if (seen.length === 0) continue
      seen.sort((a, b) => a - b)
      const key = seen.join()
      let region = known.get(key)
      if (region === undefined) {
        known.set(key, (region = lists.push(seen) - 1))
        weight.push(0)
        areaDeg2.push(0)
      }
      weight[region] += map.density[cell] * pixelAreaSr(fine)
      areaDeg2[region] += pixelAreaDeg2(fine)
    }
  }
  const offsets = new Uint32Array(lists.length + 1)
  lists.forEach((list, r) => (offsets[r + 1] = offsets[r] + list.length))
  const fieldWeight = new Float64Array(pointings.length)
  const fieldAreaDeg2 = new Float64Array(pointings.length)
  lists.forEach((list, r) => {
    for (const i of list) {
      fieldWeight[i] += weight[r]
      fieldAreaDeg2[i] += areaDeg2[r]
    }
  })
  return {
    weight: Float64Array.from(weight),
    areaDeg2: Float64Array.from(areaDeg2),
    offsets,
    members: Uint32Array.from(lists.flat()),
    fieldWeight,
    fieldAreaDeg2,
    total: 1,
  }
}

function inside(
  { footprint, ra, dec }: { footprint: Footprint; ra: number; dec: number },
  pointRa: number,
  pointDec: number,
): boolean {
  let away = Math.abs(pointRa - ra) % 360
  if (away > 180) away = 360 - away
  if (footprint.shape === 'box') {
    return (
      Math.abs(pointDec - dec) <= footprint.heightDeg / 2 &&
      away * Math.cos(pointDec * radians) <= footprint.widthDeg / 2
    )
  }
  if (footprint.shape !== 'circle') return false
  const cosine =
    Math.sin(dec * radians) * Math.sin(pointDec * radians) +
    Math.cos(dec * radians) * Math.cos(pointDec * radians) * Math.cos(away * radians)
  return cosine >= Math.cos(footprint.radiusDeg * radians)
}

function firstAbove(list: readonly { dec: number }[], dec: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle].dec < dec) low = middle + 1
    else high = middle
  }
  return low
}
