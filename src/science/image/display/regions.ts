/**
 * Region files of DS9: shapes drawn on an image or the sky, read and written. Pixels of the files count from 1, ours from 0;
 * directions become ICRS degrees. What cannot be read is skipped and told, line by line.
 */
import { parseAngle, parseDirection } from '#science/sky/angles.ts'
import { eclipticToIcrs, fk5ToIcrs, galacticToIcrs } from '#science/sky/frames.ts'

export const regionShapes = [
  'circle',
  'ellipse',
  'box',
  'polygon',
  'annulus',
  'line',
  'vector',
  'point',
  'text',
] as const
export type RegionShape = (typeof regionShapes)[number]

/** One shape. On the image all is pixels, on the sky degrees; angles run counter-clockwise from the x axis or from north. */
export interface DrawnRegion {
  readonly on: 'image' | 'sky'
  readonly shape: RegionShape
  /** Centre, or the vertices of a polygon, or the ends of a line. */
  readonly points: readonly (readonly [number, number])[]
  /** Radius; radii of an annulus; half axes of an ellipse; width and height of a box; length of a vector. */
  readonly sizes: readonly number[]
  readonly angleDeg: number
  readonly excluded: boolean
  readonly text?: string
  readonly colour?: string
  readonly tags?: readonly string[]
}

export interface RegionFile {
  readonly regions: DrawnRegion[]
  /** Lines that were not understood, with the reason. */
  readonly skipped: { line: number; text: string; why: string }[]
}

type FrameName = 'image' | 'physical' | 'icrs' | 'fk5' | 'galactic' | 'ecliptic'

const frameNames: Readonly<Record<string, FrameName>> = {
  image: 'image',
  physical: 'physical',
  icrs: 'icrs',
  fk5: 'fk5',
  j2000: 'fk5',
  galactic: 'galactic',
  ecliptic: 'ecliptic',
}
const unreadFrames = /^(fk4|b1950|detector|amplifier|linear|wcs[a-z]?)$/

/**
 * How DS9's physical pixels lie on those of the file, both counted from 1: image = scale × physical + shift, as the keywords
 * LTM1_1, LTM2_2, LTV1 and LTV2 say. A file without them has one kind of pixel.
 */
export interface PhysicalPixels {
  readonly scale: readonly [number, number]
  readonly shift: readonly [number, number]
}

const onePixel: PhysicalPixels = { scale: [1, 1], shift: [0, 0] }

/** Regions that one file may hold. */
const most = 100_000

/** Reads a region file. Never throws: what is not understood is in `skipped`. */
export function parseDs9(content: string, physical: PhysicalPixels = onePixel): RegionFile {
  const regions: DrawnRegion[] = []
  const skipped: RegionFile['skipped'] = []
  let frame = 'image'
  let usual: Record<string, string> = {}
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    for (const part of line.trim().startsWith('#') ? [line] : statements(line)) {
      const text = part.trim()
      const hidden = /^#\s*(?=(text|vector|ruler|compass|segment)\s*\()/.exec(text)
      const statement = hidden ? text.slice(hidden[0].length) : text
      if (statement === '' || statement.startsWith('#')) continue
      const [word] = statement.split(/[\s(#]/, 1)
      const name = (word ?? '').toLowerCase()
      if (name === 'global') usual = attributesOf(statement)
      else if (frameNames[name] !== undefined && !statement.includes('(')) frame = frameNames[name]
      else if (unreadFrames.test(name)) frame = name
      else if (regions.length >= most) {
        skipped.push({ line: index + 1, text: '', why: `More than ${most} regions.` })
        return { regions, skipped }
      } else {
        const read = regionOf(statement, frame, usual, physical)
        if (typeof read === 'string')
          skipped.push({ line: index + 1, text: statement.slice(0, 120), why: read })
        else regions.push(...read)
      }
    }
  }
  return { regions, skipped }
}

/** Statements of a line, parted by semicolons that stand in no text. */
function statements(line: string): string[] {
  const parts: string[] = []
  let from = 0
  let depth = ''
  for (let i = 0; i < line.length; i++) {
    const character = line[i]
    if (depth !== '') {
      if (character === depth) depth = ''
    } else if (character === '{') depth = '}'
    else if (character === '"' && line.slice(0, i).includes('#')) depth = '"'
    else if (character === ';') {
      parts.push(line.slice(from, i))
      from = i + 1
    }
  }
  parts.push(line.slice(from))
  return parts
}

function attributesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [, key, braces, quotes, ticks, bare] of text.matchAll(
    /(\w+)\s*=\s*(?:\{([^}]*)\}|"([^"]*)"|'([^']*)'|(\S+))/g,
  )) {
    const value = braces ?? quotes ?? ticks ?? bare ?? ''
    found[key] = key === 'tag' && found[key] !== undefined ? `${found[key]}\n${value}` : value
  }
  return found
}

/** One region, or one for each ring of an elliptical or box annulus; or why it is none. */
function regionOf(
  statement: string,
  frame: string,
  usual: Record<string, string>,
  physical: PhysicalPixels,
): DrawnRegion[] | string {
  const match =
    /^([-+!]?)\s*(?:(\w+)\s*;\s*)?(\w+)\s*(?:\(([^)]*)\)|\s([^#]*))\s*(?:\|\|\s*)?#?\s*(.*)$/.exec(statement)
  const shape = match?.[3].toLowerCase()
  if (!match || shape === undefined) return 'It is no region.'
  const known = regionShapes.find((each) => each === shape)
  if (!known) return `The shape ${shape} is not read here.`
  if (!Object.values(frameNames).includes(frame as FrameName))
    return `Regions in ${frame} coordinates are not read here; save them as ICRS or image.`
  const words = (match[4] ?? match[5] ?? '')
    .split(/[,\s]+/)
    .map((each) => each.trim())
    .filter((each) => each !== '')
  const own = attributesOf(match[6] ?? '')
  const attributes = { ...usual, ...own }
  try {
    const tags = own['tag']?.split('\n')
    const on = frame === 'image' || frame === 'physical' ? 'image' : 'sky'
    return geometriesOf(known, words, frame as FrameName, physical).map((geometry, ring, rings) => ({
      on,
      shape: known,
      ...geometry,
      excluded: match[1] === '-' || match[1] === '!',
      // One label for all rings.
      ...(own['text'] === undefined || ring < rings.length - 1 ? {} : { text: own['text'] }),
      ...(attributes['color'] === undefined ? {} : { colour: attributes['color'] }),
      ...(tags === undefined ? {} : { tags }),
    }))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** How many points a shape begins with, how many sizes follow, and whether an angle does. */
const forms: Readonly<Record<RegionShape, readonly [points: number, sizes: number, angle: boolean]>> = {
  circle: [1, 1, false],
  ellipse: [1, 2, true],
  box: [1, 2, true],
  polygon: [0, 0, false],
  annulus: [1, 2, false],
  line: [2, 0, false],
  vector: [1, 1, true],
  point: [1, 0, false],
  text: [1, 0, false],
}

function geometriesOf(
  shape: RegionShape,
  words: readonly string[],
  frame: FrameName,
  physical: PhysicalPixels,
): Pick<DrawnRegion, 'points' | 'sizes' | 'angleDeg'>[] {
  const [one, sizes, angle] = forms[shape]
  const count = shape === 'polygon' ? Math.floor(words.length / 2) : one
  if (shape === 'polygon' && (words.length % 2 === 1 || count < 3))
    throw new Error('A polygon needs at least three pairs of coordinates.')
  if (words.length < 2 * count + sizes) throw new Error(`The ${shape} has too few numbers.`)
  const points = Array.from({ length: count }, (_, i) =>
    pointOf(words[2 * i], words[2 * i + 1], frame, physical),
  )
  const rest = words.slice(2 * count)
  // An ellipse or box of more sizes than two is an annulus: pairs of sizes, then the angle.
  const rings = angle && sizes === 2 ? Math.max(1, Math.floor(rest.length / 2)) : 1
  const turn = angle ? rest[rings * sizes] : undefined
  const angleDeg = turn === undefined ? 0 : parseAngle(turn)
  const lengths = rest
    .slice(0, shape === 'annulus' ? rest.length : rings * sizes)
    .map((word, i) => sizeOf(word, frame, physical.scale[i % 2]!))
  if (rings === 1) return [{ points, sizes: lengths, angleDeg }]
  return Array.from({ length: rings }, (_, i) => ({
    points,
    sizes: lengths.slice(2 * i, 2 * i + 2),
    angleDeg,
  }))
}

function pointOf(
  first: string,
  second: string,
  frame: FrameName,
  { scale, shift }: PhysicalPixels,
): [number, number] {
  if (frame === 'image') return [numberOf(first) - 1, numberOf(second) - 1]
  if (frame === 'physical')
    return [scale[0] * numberOf(first) + shift[0] - 1, scale[1] * numberOf(second) + shift[1] - 1]
  const sexagesimal = /[:hms]/.test(first)
  const plain = (word: string): number => numberOf(word.replace(/[d°]$/, ''))
  if (frame === 'galactic') return galacticToIcrs(plain(first), plain(second))
  if (frame === 'ecliptic') return eclipticToIcrs(plain(first), plain(second))
  const { ra, dec } = sexagesimal
    ? parseDirection(`${first}, ${/^[+-]/.test(second) ? '' : '+'}${second}`)
    : { ra: plain(first), dec: plain(second) }
  return frame === 'fk5' ? fk5ToIcrs(ra, dec) : [ra, dec]
}

function numberOf(word: string): number {
  const value = Number(word.replace(/[ip]$/, ''))
  if (word !== '' && Number.isFinite(value)) return value
  throw new Error(`"${word}" is no number.`)
}

const unitDegrees: Readonly<Record<string, number>> = {
  '"': 1 / 3600,
  "'": 1 / 60,
  d: 1,
  r: 180 / Math.PI,
}

function sizeOf(word: string, frame: FrameName, scale: number): number {
  const unit = word.slice(-1)
  const factor = unitDegrees[unit]
  if (frame === 'image' || frame === 'physical') {
    if (factor === undefined) return numberOf(word) * (frame === 'physical' ? Math.abs(scale) : 1)
    throw new Error(`The size ${word} is an angle, but the region is drawn on pixels.`)
  }
  if (factor !== undefined) return numberOf(word.slice(0, -1)) * factor
  if (unit === 'i' || unit === 'p')
    throw new Error(`The size ${word} is in pixels, but the region is drawn on the sky.`)
  return numberOf(word)
}

/** A region file of these shapes, ICRS for those on the sky. */
export function formatDs9(regions: readonly DrawnRegion[]): string {
  const lines = ['# Region file format: DS9 version 4.1', 'global color=green width=1']
  let frame = ''
  for (const region of regions) {
    const wanted = region.on === 'image' ? 'image' : 'icrs'
    if (wanted !== frame) lines.push((frame = wanted))
    const image = region.on === 'image'
    const points = region.points.flat().map((value) => (image ? trimmed(value + 1, 3) : trimmed(value, 7)))
    const sizes = region.sizes.map((value) => (image ? trimmed(value, 3) : `${trimmed(value * 3600, 4)}"`))
    const angle = forms[region.shape][2] ? [trimmed(region.angleDeg, 4)] : []
    const attributes = [
      ...(region.colour === undefined ? [] : [`color=${region.colour}`]),
      ...(region.text === undefined ? [] : [`text={${region.text.replaceAll(/[{}\r\n]/g, ' ')}}`]),
      ...(region.tags ?? []).map((tag) => `tag={${tag.replaceAll(/[{}\r\n]/g, ' ')}}`),
    ]
    const hidden = region.shape === 'text' || region.shape === 'vector' ? '# ' : ''
    const body = `${hidden}${region.excluded ? '-' : ''}${region.shape}(${[...points, ...sizes, ...angle].join(',')})`
    lines.push(attributes.length === 0 ? body : `${body} ${hidden ? '' : '# '}${attributes.join(' ')}`)
  }
  return `${lines.join('\n')}\n`
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
