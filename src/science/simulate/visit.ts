/**
 * One field of a plan as its telescope sees it: tonight, and on a picture of weeks ago that is finer and deeper. What is new
 * and what has faded is told apart, so that whoever looks for it can be judged.
 */
import { card } from '#science/fits/header.ts'
import { writeFits } from '#science/fits/write.ts'
import { simulateField, type FieldOptions } from './field.ts'
import { seededRandom, type Random } from './random.ts'

export interface VisitOptions {
  /** Another number, another sky. */
  readonly seed: number
  /** Centre of the field, ICRS degrees. */
  readonly ra: number
  readonly dec: number
  /** Pixels along each side of tonight's frame; each is 1″ wide. */
  readonly size: number
  /** When tonight's exposure begins. */
  readonly start: Date
  readonly exposureSeconds: number
  readonly telescope: string
  /** What is looked at, as the header says it. */
  readonly object: string
}

export interface Change {
  readonly ra: number
  readonly dec: number
  /** Of tonight, or of the picture from before where it has faded. */
  readonly mag: number
  readonly what: 'new' | 'faded'
}

export interface SimulatedVisit {
  /** FITS files of 32-bit floats in r. */
  readonly frame: Uint8Array<ArrayBuffer>
  readonly template: Uint8Array<ArrayBuffer>
  /** CSV with the columns by which Pan-STARRS, Gaia, SkyMapper and DES say the same magnitudes. */
  readonly catalogue: string
  /** The first lies in the disc of a galaxy, the others away from stars; on tonight's frame all have S/N above 7. */
  readonly changes: readonly Change[]
}

interface Light {
  ra: number
  dec: number
  /** r of the catalogue, and g − r. */
  r: number
  gr: number
}

const starsPerSquareArcmin = 4.5
const daysBefore = 40
/** Degrees between a change and any star. */
const leastApart = 5 / 3_600
/** m(frame) = r + colourTerm (g − r). */
const colourTerm = -0.05

/** Same options, same bytes. */
export function simulateVisit(options: VisitOptions): SimulatedVisit {
  const { ra, dec, size, start, exposureSeconds } = options
  const random = seededRandom(options.seed)
  // The picture from before is turned a little and reaches further.
  const side = (1.2 * size) / 3_600
  const place = (share = 1): { ra: number; dec: number } => {
    const [x, y] = [random.uniform() - 0.5, random.uniform() - 0.5]
    return offset(ra, dec, x * side * share, y * side * share)
  }
  const stars = Array.from({ length: Math.round((side * 60) ** 2 * starsPerSquareArcmin) }, (): Light => {
    const r = 10.8 + 9 * random.uniform() ** 0.4
    return { ...place(), r, gr: 0.2 + 1.1 * random.uniform() }
  })
  const galaxies = Array.from({ length: 7 }, (_, i): Light => ({ ...place(0.6), r: 14.5 + 0.4 * i, gr: 0.7 }))
  const discs = galaxies.flatMap((galaxy) => discOf(galaxy, random))
  const host = offset(galaxies[0]!.ra, galaxies[0]!.dec, 8 / 3_600, 5 / 3_600)
  // What changes by a few per cent on a bright star cannot be told from an error of the flux scale: away from stars.
  const alone = (): { ra: number; dec: number } => {
    for (;;) {
      const at = place(0.7)
      const beside = (star: Light): boolean =>
        Math.hypot(
          (((star.ra - at.ra + 540) % 360) - 180) * Math.cos((dec * Math.PI) / 180),
          star.dec - at.dec,
        ) < leastApart
      if (!stars.some(beside)) return at
    }
  }
  const changes: Change[] = [
    { ...host, mag: 16.6, what: 'new' },
    { ...alone(), mag: 17.4, what: 'new' },
    { ...alone(), mag: 18, what: 'new' },
    { ...alone(), mag: 17.2, what: 'faded' },
  ]
  const steady = [...stars, ...discs]
  const seen = (what: Change['what']) => {
    const also = changes.filter((each) => each.what === what)
    return {
      ra: [...steady, ...also].map((each) => each.ra),
      dec: [...steady, ...also].map((each) => each.dec),
      mag: [...steady.map(({ r, gr }) => r + colourTerm * gr), ...also.map(({ mag }) => mag)],
    }
  }
  const before = new Date(start.getTime() - daysBefore * 86_400_000)
  return {
    frame: exposure(options, {
      width: size,
      height: size,
      seed: options.seed + 1,
      catalogue: seen('new'),
      psf: { fwhm: 3.2 },
      sky: 400,
      gradient: [25, -15],
      zeroPoint: 26,
      cosmicRays: 25,
      pointing: { ra, dec, scale: 1 },
      exposureSeconds,
      dateObs: isoOf(start),
    }),
    template: exposure(options, {
      width: Math.round(1.15 * size),
      height: Math.round(1.15 * size),
      seed: options.seed + 2,
      catalogue: seen('faded'),
      psf: { fwhm: 2.7 },
      sky: 900,
      zeroPoint: 27,
      pointing: { ...offset(ra, dec, 12 / 3_600, -8 / 3_600), scale: 0.95, rotationDeg: 1.5 },
      exposureSeconds: 5 * exposureSeconds,
      dateObs: isoOf(before),
    }),
    catalogue: catalogueOf([...stars, ...galaxies]),
    changes,
  }
}

function exposure(
  { telescope, object }: VisitOptions,
  options: Partial<FieldOptions> & { width: number; height: number },
): Uint8Array<ArrayBuffer> {
  const { plane, header } = simulateField({
    count: 0,
    galaxies: 0,
    gain: 1.5,
    readNoise: 8,
    saturation: 60_000,
    ...options,
  })
  const cards = [
    ...header.filter(({ keyword }) => keyword !== 'OBJECT'),
    card('OBJECT', object),
    card('IMAGETYP', 'object'),
    card('TELESCOP', telescope),
    card('INSTRUME', 'simulated camera'),
    card('ORIGIN', 'urania demo', 'everything in here is simulated'),
  ]
  const { width, height } = options
  return new Uint8Array(
    writeFits([{ kind: 'image', shape: [width, height], data: plane.data.slice(), cards }]),
  )
}

/** An exponential disc, seen at an angle, of many faint stars: so that every frame blurs it exactly as its stars. */
function discOf({ ra, dec, r, gr }: Light, random: Random): Light[] {
  const count = 300
  const scale = (2.5 + 2.5 * random.uniform()) / 3_600
  const flat = 0.35 + 0.5 * random.uniform()
  const angle = Math.PI * random.uniform()
  return Array.from({ length: count }, () => {
    const distance = -scale * Math.log(1 - random.uniform()) + 0.2 * scale
    const around = 2 * Math.PI * random.uniform()
    const [along, across] = [distance * Math.cos(around), flat * distance * Math.sin(around)]
    const at = offset(
      ra,
      dec,
      along * Math.cos(angle) - across * Math.sin(angle),
      along * Math.sin(angle) + across * Math.cos(angle),
    )
    return { ...at, r: r + 2.5 * Math.log10(count), gr }
  })
}

/** East and north in degrees; of fields far smaller than the distance to the pole. */
function offset(ra: number, dec: number, east: number, north: number): { ra: number; dec: number } {
  const across = east / Math.max(0.02, Math.cos((dec * Math.PI) / 180))
  return { ra: (((ra + across) % 360) + 360) % 360, dec: Math.max(-89.9, Math.min(89.9, dec + north)) }
}

function isoOf(time: Date): string {
  return time.toISOString().slice(0, -1)
}

const bands = ['g', 'r', 'i', 'z'] as const

function catalogueOf(rows: readonly Light[]): string {
  const gaia = ['phot_g_mean_mag', 'phot_bp_mean_mag', 'phot_rp_mean_mag']
  const names = [
    'ra',
    'dec',
    ...bands.flatMap((band) => [`${band}mag`, `e_${band}mag`]),
    ...bands.flatMap((band) => [`${band}PSF`, `e_${band}PSF`]),
    ...gaia,
    ...gaia.map((name) => name.replace('mag', 'flux_over_error')),
  ]
  const lines = rows.map(({ ra, dec, r, gr }) => {
    const error = Math.min(0.2, 0.004 + 0.02 * 10 ** (0.3 * (r - 19)))
    const magnitudes = [r + gr, r, r - 0.4 * gr, r - 0.55 * gr].flatMap((mag) => [
      mag.toFixed(4),
      error.toFixed(4),
    ])
    const broad = [r + 0.1 * gr, r + 0.7 * gr, r - 0.45 * gr].map((mag) => mag.toFixed(4))
    const trust = (1.0857 / error).toFixed(1)
    return [ra.toFixed(7), dec.toFixed(7), ...magnitudes, ...magnitudes, ...broad, trust, trust, trust].join(
      ',',
    )
  })
  return [names.join(','), ...lines, ''].join('\n')
}
