/** The filters that photometry knows: names and aliases, systems, colours, and what to fall back on for a template. */
import { Problem } from '#problem.ts'

export const filterNames = [
  'U',
  'B',
  'V',
  'R',
  'I',
  'u',
  'g',
  'r',
  'i',
  'z',
  'y',
  'G',
  'BP',
  'RP',
  'J',
  'H',
  'Ks',
] as const
export type FilterName = (typeof filterNames)[number]
export type MagnitudeSystem = 'Vega' | 'AB'

export interface Filter {
  readonly name: FilterName
  /** Spellings found in headers, as a person would write them; see `findFilter` for what is overlooked. */
  readonly aliases: readonly string[]
  /** Of the photometric system whose zero is used: Landolt, 2MASS and Gaia are Vega, Pan-STARRS and SDSS AB. */
  readonly system: MagnitudeSystem
  readonly photometricSystem: 'Johnson–Cousins' | 'SDSS' | 'Pan-STARRS' | 'Gaia' | '2MASS'
  /** Added to a Vega magnitude it gives an AB magnitude. */
  readonly vegaToAb: number
  /** Name in SkyPortal. */
  readonly skyportal: string
  /** Two bands, first minus second, whose difference is the colour of the colour term. */
  readonly colour: readonly [FilterName, FilterName]
  /** Bands of a template that may stand in for it, best first. */
  readonly templateBands: readonly FilterName[]
  /** Effective wavelength, nm; for order and for display. */
  readonly wavelength: number
}

const johnson = (letter: string): string[] =>
  ['Johnson', 'Bessell', 'Bessel', 'Cousins', 'Landolt'].map((name) => `${name} ${letter}`)

const sloan = (letter: string): string[] => [
  `sdss${letter}`,
  `SDSS ${letter}`,
  `SDSS-${letter}`,
  `SDSS-${letter}′`,
  `Sloan-${letter}`,
  `sloan${letter}`,
  `Sloan ${letter}`,
  `S${letter}`,
  `S${letter.toUpperCase()}`,
  `s${letter}`,
  `${letter}′`,
  `${letter}p`,
  `${letter}.00000`,
  `PS1 ${letter}`,
  `Pan-STARRS ${letter}`,
  `${letter} DECam`,
]

const ztf = (letter: string): string[] => [`ZTF_${letter}`, `ZTF ${letter}`, `z${letter}`]

const bv = ['B', 'V'] as const
const gr = ['g', 'r'] as const
const ri = ['r', 'i'] as const
const jk = ['J', 'Ks'] as const
const gaia = ['BP', 'RP'] as const

const vega = (photometricSystem: Filter['photometricSystem'], vegaToAb: number) =>
  ({ system: 'Vega', photometricSystem, vegaToAb }) as const
// What a Vega magnitude in a Sloan-like band would need is not among the published offsets; no catalogue here has any.
const ab = (photometricSystem: Filter['photometricSystem']) =>
  ({ system: 'AB', photometricSystem, vegaToAb: 0 }) as const

/**
 * All filters. Vega → AB offsets: U … Ks as specs have them (Blanton & Roweis 2007), Gaia from its EDR3 zero points
 * (Riello et al. 2021).
 */
export const filters: readonly Filter[] = [
  {
    name: 'U',
    aliases: johnson('U'),
    ...vega('Johnson–Cousins', 0.79),
    skyportal: 'bessellu',
    colour: bv,
    templateBands: ['u', 'g'],
    wavelength: 360,
  },
  {
    name: 'B',
    aliases: johnson('B'),
    ...vega('Johnson–Cousins', -0.09),
    skyportal: 'bessellb',
    colour: bv,
    templateBands: ['u', 'g'],
    wavelength: 437,
  },
  {
    name: 'V',
    aliases: johnson('V'),
    ...vega('Johnson–Cousins', 0.02),
    skyportal: 'bessellv',
    colour: bv,
    templateBands: ['g'],
    wavelength: 545,
  },
  {
    name: 'R',
    aliases: ['Rc', 'R_c', ...johnson('R')],
    ...vega('Johnson–Cousins', 0.21),
    skyportal: 'bessellr',
    colour: bv,
    templateBands: ['r', 'i'],
    wavelength: 641,
  },
  {
    name: 'I',
    aliases: ['Ic', 'I_c', 'I′', ...johnson('I')],
    ...vega('Johnson–Cousins', 0.45),
    skyportal: 'besselli',
    colour: bv,
    templateBands: ['i', 'z'],
    wavelength: 798,
  },
  {
    name: 'u',
    aliases: sloan('u'),
    ...ab('SDSS'),
    skyportal: 'sdssu',
    colour: gr,
    templateBands: ['u', 'g'],
    wavelength: 355,
  },
  {
    name: 'g',
    aliases: [...sloan('g'), ...ztf('g')],
    ...ab('Pan-STARRS'),
    skyportal: 'sdssg',
    colour: gr,
    templateBands: ['g', 'r'],
    wavelength: 481,
  },
  {
    name: 'r',
    aliases: [...sloan('r'), ...ztf('r')],
    ...ab('Pan-STARRS'),
    skyportal: 'sdssr',
    colour: gr,
    templateBands: ['r', 'i'],
    wavelength: 617,
  },
  {
    name: 'i',
    aliases: [...sloan('i'), ...ztf('i')],
    ...ab('Pan-STARRS'),
    skyportal: 'sdssi',
    colour: gr,
    templateBands: ['i', 'r'],
    wavelength: 752,
  },
  {
    name: 'z',
    aliases: [...sloan('z'), 'zs'],
    ...ab('Pan-STARRS'),
    skyportal: 'sdssz',
    colour: ri,
    templateBands: ['z', 'i', 'r'],
    wavelength: 866,
  },
  {
    name: 'y',
    aliases: [...sloan('y'), 'Y DECam', 'Y'],
    ...ab('Pan-STARRS'),
    skyportal: 'ps1::y',
    colour: ri,
    templateBands: ['y', 'z', 'i', 'r'],
    wavelength: 962,
  },
  {
    name: 'G',
    aliases: ['Gaia G', 'gaia::g'],
    ...vega('Gaia', 0.1136),
    skyportal: 'gaia::g',
    colour: gaia,
    templateBands: ['r', 'g'],
    wavelength: 622,
  },
  {
    name: 'BP',
    aliases: ['Gaia BP', 'G_BP', 'gaia::gbp'],
    ...vega('Gaia', 0.0155),
    skyportal: 'gaia::gbp',
    colour: gaia,
    templateBands: ['g'],
    wavelength: 511,
  },
  {
    name: 'RP',
    aliases: ['Gaia RP', 'G_RP', 'gaia::grp'],
    ...vega('Gaia', 0.3561),
    skyportal: 'gaia::grp',
    colour: gaia,
    templateBands: ['i', 'r'],
    wavelength: 777,
  },
  {
    name: 'J',
    aliases: ['2MASS J', '2massj'],
    ...vega('2MASS', 0.91),
    skyportal: '2massj',
    colour: jk,
    templateBands: ['J', 'i', 'r'],
    wavelength: 1235,
  },
  {
    name: 'H',
    aliases: ['2MASS H', '2massh'],
    ...vega('2MASS', 1.39),
    skyportal: '2massh',
    colour: jk,
    templateBands: ['H', 'i', 'r'],
    wavelength: 1662,
  },
  {
    name: 'Ks',
    aliases: ['K', 'K_s', 'Kshort', 'K_short', '2MASS K', '2MASS Ks', '2massks'],
    ...vega('2MASS', 1.85),
    skyportal: '2massks',
    colour: jk,
    templateBands: ['Ks', 'i', 'r'],
    wavelength: 2159,
  },
]

/** Blanks, hyphens, underscores, dots and primes do not tell filters apart. */
const bare = (text: string): string => text.replaceAll(/[\s_.'′’"”-]/gu, '')

const exact = new Map<string, FilterName>()
/** Long names in any case; undefined where two filters would be meant. */
const anyCase = new Map<string, FilterName | undefined>()
for (const { name, aliases } of filters)
  for (const alias of [name, ...aliases]) {
    const key = bare(alias)
    if (!exact.has(key)) exact.set(key, name)
    const lower = key.toLowerCase()
    if (lower.length >= 3)
      anyCase.set(lower, anyCase.has(lower) && anyCase.get(lower) !== name ? undefined : name)
  }

const named = new Map(filters.map((each) => [each.name, each]))

/** The filter of that name; one of `filterNames`. */
export function filterOf(name: FilterName): Filter {
  return named.get(name)!
}

/**
 * The filter that a header or a person calls so, null where it is none. Blanks, hyphens, underscores and primes are
 * overlooked; letters' case counts where names are short (g, G, u, U, rp and RP differ).
 */
export function findFilter(text: string): Filter | null {
  // DECam writes name, instrument, serial number and wavelengths: `g DECam SDSS c0001 4720.0 1520.0`; Gemini a serial
  // number: `g_G0301`.
  const long = /^([ugrizY] DECam)\b/.exec(text.trim()) ?? /^([ugrizYJHK]s?)_G\d{4}/.exec(text.trim())
  const key = bare(long ? long[1]! : text)
  const name = exact.get(key) ?? anyCase.get(key.toLowerCase())
  return name === undefined ? null : filterOf(name)
}

/** As `findFilter`, but throws `filter.unknown` naming what is known. */
export function filterNamed(text: string): Filter {
  const found = findFilter(text)
  if (found) return found
  throw new Problem(
    'filter.unknown',
    `Filter "${text}" is not known; use one of ${filterNames.join(', ')}.`,
    {
      filter: text,
    },
  )
}
