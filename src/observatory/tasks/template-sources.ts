/** Where template images come from: surveys, their bands and how they are asked for. */
import { filterOf } from '#science/image/calibration/filters.ts'
import type { FilterName } from '#science/image/calibration/filters.ts'
import { icrsToGalactic } from '#science/sky/frames.ts'
import { Problem } from '#problem.ts'

export type TemplateAccess = 'skycells' | 'bricks' | 'hips' | 'file'

export interface TemplateSource {
  readonly key: string
  readonly title: string
  readonly aliases: readonly string[]
  readonly access: TemplateAccess
  /** What the survey calls each band: a HiPS identifier, or the band's letter in file names. */
  readonly bands: Readonly<Partial<Record<FilterName, string>>>
  /** True where any band will do: a file that the user vouches for. */
  readonly anyBand: boolean
  /** e⁻ per ADU to assume; so large that the template counts as free of noise. */
  readonly gain: number
  /** Pixel, arcsec. */
  readonly pixelScale: number | null
}

const letters = (names: readonly FilterName[]): Partial<Record<FilterName, string>> =>
  Object.fromEntries(names.map((name) => [name, name]))

const under = (folder: string, names: readonly FilterName[]): Partial<Record<FilterName, string>> =>
  Object.fromEntries(names.map((name) => [name, `${folder}/${name}`]))

const noiseless = 10_000

export const templateSources: readonly TemplateSource[] = [
  {
    key: 'ps1',
    title: 'Pan-STARRS DR2',
    aliases: ['PanSTARRS', 'Pan-STARRS1'],
    access: 'skycells',
    bands: letters(['g', 'r', 'i', 'z']),
    anyBand: false,
    gain: noiseless,
    pixelScale: 0.25,
  },
  {
    key: 'ls',
    title: 'Legacy Survey DR10 and DR9',
    aliases: ['legacy', 'legacysurvey', 'DESI Legacy'],
    access: 'bricks',
    bands: letters(['g', 'r', 'i', 'z']),
    anyBand: false,
    gain: noiseless,
    pixelScale: 0.262,
  },
  {
    key: 'skymapper',
    title: 'SkyMapper DR4',
    aliases: ['SMSS'],
    access: 'hips',
    bands: {
      ...under('CDS/P/Skymapper/DR4', ['g', 'r', 'i']),
      u: 'CDS/P/skymapper-U',
      z: 'CDS/P/skymapper-Z',
    },
    anyBand: false,
    gain: noiseless,
    pixelScale: 0.5,
  },
  {
    key: 'des',
    title: 'Dark Energy Survey DR2',
    aliases: ['DES DR2'],
    access: 'hips',
    bands: under('CDS/P/DES-DR2', ['g', 'r', 'i', 'z']),
    anyBand: false,
    gain: noiseless,
    pixelScale: 0.263,
  },
  {
    key: 'decaps',
    title: 'DECaPS DR2',
    aliases: ['DECaPS2'],
    access: 'hips',
    bands: under('CDS/P/DECaPS/DR2', ['g', 'r', 'i', 'z']),
    anyBand: false,
    gain: noiseless,
    pixelScale: 0.262,
  },
  {
    key: 'ztf',
    title: 'ZTF DR7',
    aliases: ['Zwicky Transient Facility'],
    access: 'hips',
    bands: under('CDS/P/ZTF/DR7', ['g', 'r', 'i']),
    anyBand: false,
    gain: noiseless,
    pixelScale: 1.01,
  },
  {
    key: '2mass',
    title: '2MASS',
    aliases: ['2MASS all-sky'],
    access: 'hips',
    bands: { J: 'CDS/P/2MASS/J', H: 'CDS/P/2MASS/H', Ks: 'CDS/P/2MASS/K' },
    anyBand: false,
    gain: noiseless,
    pixelScale: 1,
  },
  {
    key: 'custom',
    title: 'A file of yours',
    aliases: ['file', 'user'],
    access: 'file',
    bands: {},
    anyBand: true,
    gain: noiseless,
    pixelScale: null,
  },
]

const bare = (text: string): string => text.toLowerCase().replaceAll(/[\s_-]/g, '')

/** The source of that key or name, null where it is none. */
export function findTemplateSource(text: string): TemplateSource | null {
  const wanted = bare(text)
  return (
    templateSources.find(({ key, title, aliases }) =>
      [key, title, ...aliases].some((each) => bare(each) === wanted),
    ) ?? null
  )
}

/** As `findTemplateSource`, but throws `template.unknown` naming what is known. */
export function templateSourceNamed(text: string): TemplateSource {
  const found = findTemplateSource(text)
  if (found) return found
  throw new Problem(
    'template.unknown',
    `Template source "${text}" is not known; use one of ${templateSources.map(({ key }) => key).join(', ')}.`,
    { template: text },
  )
}

export interface TemplateBand {
  readonly filter: FilterName
  /** What the survey calls it. */
  readonly id: string
  /** False where another band stands in for the one that was asked for. */
  readonly exact: boolean
}

/**
 * The band of a survey that comes nearest to a filter. Throws `template.no_band` naming what it has, rather than giving a
 * band that has nothing to do with it.
 */
export function templateBand(source: TemplateSource, filter: FilterName): TemplateBand {
  if (source.anyBand) return { filter, id: filter, exact: true }
  for (const band of filterOf(filter).templateBands) {
    const id = source.bands[band]
    if (id !== undefined) return { filter: band, id, exact: band === filter }
  }
  throw new Problem(
    'template.no_band',
    `${source.title} has no band near ${filter} (it has ${Object.keys(source.bands).join(', ')}); choose another template.`,
    { template: source.key, filter },
  )
}

/**
 * Key of the survey that covers a position (ICRS degrees) best, among those that have a band near the filter: Pan-STARRS
 * north of −30°, beyond it the Legacy Survey away from the Galaxy, SkyMapper in it; 2MASS in the infrared.
 */
export function suggestTemplate(ra: number, dec: number, filter?: FilterName): string {
  if (filter && ['J', 'H', 'Ks'].includes(filter)) return '2mass'
  if (dec > -30) return 'ps1'
  const [, latitude] = icrsToGalactic(ra, dec)
  if (Math.abs(latitude) > 20) return 'ls'
  return dec < -30 ? 'skymapper' : 'ps1'
}
