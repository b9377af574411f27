import { readFile, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { isProblem, Problem } from '#problem.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { textFlag } from '#platform/terminal/flags.ts'
import { parseDirection } from '#science/sky/angles.ts'
import { combine } from '#science/skymap/combine.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { readSkyMap } from '#science/skymap/read.ts'
import { summarize } from '#science/skymap/summarize.ts'
import { writeSkyMap } from '#science/skymap/write.ts'
import { mapBytes } from './assess.ts'
import { distanceText } from './changes.ts'
import { parseNotice } from './formats/registry.ts'
import { levelOf, productOf, type MocFormat } from './map-products.ts'
import { mapOfRegion } from './region-map.ts'

/** Commands on a sky map in a file: a FITS map, or a notice that carries one or states a region. No server. */

async function mapFrom(path: string | undefined): Promise<SkyMap> {
  if (path === undefined)
    throw new Problem(
      'command.usage',
      'Name a sky map (FITS) or a notice that carries one, or - for standard input.',
    )
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(path === '-' ? await buffer(process.stdin) : await readFile(path))
  } catch (error) {
    throw new Problem('resource.not_found', `There is no readable file ${path}.`, { path }, error)
  }
  try {
    const isFits = bytes[0] === 0x1f || new TextDecoder('latin1').decode(bytes.subarray(0, 6)) === 'SIMPLE'
    return isFits ? readSkyMap(bytes) : mapOfNotice(bytes)
  } catch (error) {
    if (isProblem(error)) throw new Problem(error.code, `${path}: ${error.message}`, error.details, error)
    throw error
  }
}

function mapOfNotice(bytes: Uint8Array): SkyMap {
  const notice = parseNotice(bytes)
  const inside = notice.maps.filter((m) => m.at !== 'address')
  const best = inside.find((m) => m.role === 'combined') ?? inside[0]
  if (best) return readSkyMap(mapBytes(best))
  if (notice.region) return mapOfRegion(notice.region, notice.position?.containment ?? 0.9)
  const address = notice.maps.find((m) => m.at === 'address')
  throw new Problem(
    'notice.no_map',
    address?.at === 'address'
      ? `the notice gives its map by address only: fetch ${address.url} and name that file.`
      : 'the notice states no place.',
  )
}

/** An area in the unit that carries its digits. */
function areaText(deg2: number): string {
  if (deg2 >= 0.01) return `${deg2.toFixed(4)} deg²`
  const arcmin2 = deg2 * 3600
  return arcmin2 >= 0.1 ? `${arcmin2.toFixed(4)} arcmin²` : `${(arcmin2 * 3600).toPrecision(5)} arcsec²`
}

/** A direction with the decimals that a region of this size needs. */
function directionText({ ra, dec }: { ra: number; dec: number }, area90Deg2: number): string {
  const digits = area90Deg2 >= 0.01 ? 4 : 6
  return `RA ${ra.toFixed(digits)}  Dec ${dec.toFixed(digits)} deg`
}

/** Text on standard output, bytes there too unless `--to` names a file. */
async function deliver({ flags, out, note }: Invocation, bytes: Uint8Array, binary: boolean): Promise<void> {
  const file = textFlag(flags, 'to')
  if (file !== undefined) {
    await writeFile(file, bytes)
    note(`written   ${file}`)
  } else if (binary) process.stdout.write(bytes)
  else out(new TextDecoder().decode(bytes).trimEnd())
}

/** A file named region.fits is meant to hold FITS. */
function formatOf(file: string | undefined): MocFormat {
  if (file !== undefined && /\.fits?$/i.test(file)) return 'fits'
  return file !== undefined && /\.(?:txt|ascii)$/i.test(file) ? 'ascii' : 'json'
}

function levelsOf(flags: Invocation['flags'], name: string, fallback: string): number[] {
  const text = textFlag(flags, name) ?? fallback
  const levels = text.split(',').map(Number)
  if (levels.some((level) => !(level > 0 && level < 1)))
    throw new Problem('command.usage', `--${name} is ${text}; levels lie between 0 and 1, as 0.9.`)
  return levels
}

export const skymapInfo: Command = {
  words: ['skymap', 'info'],
  usage: 'FILE',
  summary: 'Areas, peak, distance and layout of a sky map',
  examples: [
    'urania skymap info bayestar.multiorder.fits',
    'urania skymap info S241102br-initial.json --json',
  ],
  async run({ args, out, document }) {
    const map = await mapFrom(args[0])
    const summary = summarize(map)
    const { object, instruments, creator, dateObs } = map.meta
    const info = {
      file: args[0],
      object: object ?? null,
      instruments: instruments ?? [],
      creator: creator ?? null,
      dateObs: dateObs ?? null,
      ...summary,
    }
    document(info, () => {
      out(
        `object    ${object ?? 'not named'}${instruments ? `  ${instruments.join(', ')}` : ''}${dateObs ? `  ${dateObs}` : ''}`,
      )
      out(`cells     ${summary.rows}, orders ${summary.orders.join('–')}`)
      out(`area      50 % ${areaText(summary.area50Deg2)}   90 % ${areaText(summary.area90Deg2)}`)
      out(
        `peak      ${directionText(summary.peak, summary.area90Deg2)}   ${summary.peak.densityPerSr.toPrecision(7)} sr⁻¹`,
      )
      out(
        summary.distance
          ? `distance  ${distanceText(summary.distance.meanMpc, summary.distance.stdMpc)} (marginal)`
          : 'distance  none',
      )
      for (const text of summary.notes) out(`note      ${text}`)
    })
  },
}

export const skymapLevel: Command = {
  words: ['skymap', 'level'],
  usage: 'FILE RA DEC',
  summary: 'Credible level of a point, searched area, distance along it',
  examples: [
    'urania skymap level bayestar.multiorder.fits 197.45 -23.38',
    'urania skymap level map.fits 13h09m48s -23d23m02s',
  ],
  async run({ args, out, document }) {
    const map = await mapFrom(args[0])
    const { ra, dec } = parseDirection(args.slice(1).join(' '))
    const answer = levelOf(map, ra, dec)
    document({ file: args[0], ...answer }, () => {
      out(`level     ${(100 * answer.level).toFixed(4)} %`)
      out(`searched  ${areaText(answer.searchedAreaDeg2)}`)
      out(`density   ${answer.densityPerSr.toPrecision(7)} sr⁻¹`)
      if (answer.distance)
        out(`distance  ${distanceText(answer.distance.meanMpc, answer.distance.stdMpc)} (in this direction)`)
    })
  },
}

const to = { to: { type: 'string' as const, doc: 'Write to this file instead of standard output' } }

export const skymapMoc: Command = {
  words: ['skymap', 'moc'],
  usage: 'FILE',
  summary: 'The credible region of a level as a MOC',
  examples: [
    'urania skymap moc map.fits --level 0.9 --format ascii',
    'urania skymap moc map.fits --to region.fits',
  ],
  options: {
    level: { type: 'string', doc: 'Credible level (default 0.9)' },
    format: { type: 'string', doc: 'json, ascii or fits (default: as the name after --to ends, else json)' },
    ...to,
  },
  async run(invocation) {
    const { args, flags, json } = invocation
    const map = await mapFrom(args[0])
    const [level] = levelsOf(flags, 'level', '0.9')
    const format = (json ? 'json' : (flags['format'] ?? formatOf(textFlag(flags, 'to')))) as MocFormat
    if (!['json', 'ascii', 'fits'].includes(format))
      throw new Problem('command.usage', `--format is json, ascii or fits, not ${format}.`)
    await deliver(invocation, productOf(map, { product: 'moc', level: level!, format }), format === 'fits')
  },
}

export const skymapContours: Command = {
  words: ['skymap', 'contours'],
  usage: 'FILE',
  summary: 'Contours of credible levels as GeoJSON',
  examples: ['urania skymap contours map.fits --levels 0.5,0.9 --to contours.geojson'],
  options: { levels: { type: 'string', doc: 'Credible levels (default 0.5,0.9)' }, ...to },
  async run(invocation) {
    const map = await mapFrom(invocation.args[0])
    const levels = levelsOf(invocation.flags, 'levels', '0.5,0.9')
    await deliver(invocation, productOf(map, { product: 'contours', levels }), false)
  },
}

export const skymapCombine: Command = {
  words: ['skymap', 'combine'],
  usage: 'FILE FILE',
  summary: 'Product of two independent maps, with the overlap that says how well they agree',
  examples: ['urania skymap combine gw.multiorder.fits fermi.fits --to combined.fits'],
  options: to,
  async run({ args, flags, out, document }) {
    if (args.length !== 2) throw new Problem('command.usage', 'Name the two maps to be combined.')
    const { map, overlap } = combine(await mapFrom(args[0]), await mapFrom(args[1]))
    const file = textFlag(flags, 'to') ?? null
    if (file) await writeFile(file, writeSkyMap(map))
    const { area50Deg2, area90Deg2, peak, distance } = summarize(map)
    document({ files: args, overlap, file, area50Deg2, area90Deg2, peak, distance }, () => {
      out(`overlap   ${overlap.toPrecision(6)} (1 is what chance gives)`)
      out(`area      50 % ${areaText(area50Deg2)}   90 % ${areaText(area90Deg2)}`)
      out(`peak      ${directionText(peak, area90Deg2)}`)
      if (file) out(`written   ${file}`)
    })
  },
}
