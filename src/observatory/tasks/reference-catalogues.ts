/**
 * Catalogues that calibrate a frame: which bands they have, in which columns (as VizieR names them, and as survey files and
 * our own HATS imports do), and how bands that they lack follow from those they have.
 */
import { filterOf } from '#science/image/calibration/filters.ts'
import type { FilterName } from '#science/image/calibration/filters.ts'
import { Problem } from '#problem.ts'

/** A band that a table has; the first column that is there is used. */
export interface NativeBand {
  readonly magnitude: readonly string[]
  readonly error: readonly string[]
  /** Where no error of the magnitude is given: flux and its error, */
  readonly flux?: readonly (readonly [flux: string, error: string])[]
  /** or flux divided by its error. */
  readonly fluxOverError?: readonly string[]
  /** Added to what the column says, mag. */
  readonly offset?: number
  /** A flux instead of a magnitude, which is `zero` − 2.5 log10 of it. */
  readonly light?: {
    readonly column: string
    readonly zero: number
    readonly error?: string
    readonly inverseVariance?: string
  }
}

export interface ColourPolynomial {
  /** Native bands, first minus second. */
  readonly pair: readonly [FilterName, FilterName]
  /** Highest power first. */
  readonly coefficients: readonly number[]
}

/** base + Σ polynomials of native colours. */
export interface DerivedBand {
  readonly base: FilterName
  readonly polynomials: readonly ColourPolynomial[]
  /** Colours of the first pair between which the relation was measured. */
  readonly between?: readonly [low: number, high: number]
  /** Where it is not the one that is asked for. */
  readonly system?: 'SDSS'
}

export interface ReferenceCatalogue {
  readonly key: string
  readonly title: string
  /** Other names under which it is asked for. */
  readonly aliases: readonly string[]
  readonly vizier: string
  readonly native: Readonly<Partial<Record<FilterName, NativeBand>>>
  /** Goes before `native` where both have a band: then the native one is of another system. */
  readonly derived: Readonly<Partial<Record<FilterName, DerivedBand>>>
  /** System of the native g r i z. */
  readonly sloan: 'Pan-STARRS' | 'SDSS' | 'SkyMapper' | null
  /** Column whose values are limited by `cat_limit`. */
  readonly depth: string
  /** Stars outside of these native colours are not calibrators: no star is so. */
  readonly colourLimits: readonly (readonly [FilterName, FilterName, low: number, high: number])[]
  /** `Umag` and `umag` are two columns. */
  readonly exactCase?: boolean
  /** Its magnitudes are of the system that it has, which is not known here. */
  readonly ownSystem?: boolean
}

const polynomials = (gr: readonly number[], ri: readonly number[]): readonly ColourPolynomial[] => [
  { pair: ['g', 'r'], coefficients: gr },
  { pair: ['r', 'i'], coefficients: ri },
]

const derived = (base: FilterName, gr: readonly number[], ri: readonly number[]): DerivedBand => ({
  base,
  polynomials: polynomials(gr, ri),
})

/** Landolt bands from Pan-STARRS; fitted to the standards of Landolt and Stetson (as in Pancino et al. 2022). */
const landoltOfPanStarrs = {
  B: derived('g', [0.1034, -0.49215, 1.20938, 0.06193], [-0.2572, 0.92115, -0.82432, 0.06193]),
  V: derived('g', [-0.01145, -0.0001, -0.46505, -0.00708], [0.01275, 0.05755, -0.09019, -0.00708]),
  R: derived('r', [0.00491, -0.04655, 0.07831, -0.08438], [-0.07782, 0.1409, -0.36349, -0.08438]),
  I: derived('i', [-0.02239, 0.04401, -0.0385, -0.19509], [0.01459, -0.02523, -0.21476, -0.19509]),
} as const

/** Pan-STARRS and Landolt bands from SkyMapper. */
const ofSkyMapper = {
  g: derived('g', [-0.07715, 0.26946, 0.04069, 0.01396], [0.0261, -0.14041, 0.13365, 0.01396]),
  r: derived('r', [0.08779, -0.23258, 0.18907, -0.00813], [-0.06274, 0.21909, -0.2334, -0.00813]),
  i: derived('i', [0.03553, -0.02117, -0.02816, 0.00097], [0.00912, -0.03623, 0.14031, 0.00097]),
  z: derived('z', [0.08071, -0.05169, -0.07394, -0.00205], [0.09721, -0.32064, 0.37918, -0.00205]),
  y: derived('z', [0.03878, -0.1104, 0.08235, 0.00698], [-0.06497, 0.20532, -0.28233, 0.00698]),
  B: derived('g', [-0.22774, 0.18181, 1.00214, 0.10763], [-0.00403, 0.08215, -0.07535, 0.10763]),
  V: derived('g', [-0.02546, 0.03256, -0.33074, -0.00294], [-0.00734, 0.08255, -0.14349, -0.00294]),
  R: derived('r', [0.07297, -0.19437, 0.15375, -0.08548], [-0.07378, 0.18463, -0.40721, -0.08548]),
  I: derived('i', [-0.00925, 0.04622, -0.06889, -0.19322], [0.01198, -0.04437, -0.05231, -0.19322]),
} as const

const ofColour = (base: FilterName, coefficients: readonly number[]): DerivedBand => ({
  base,
  polynomials: [{ pair: ['g', 'r'], coefficients }],
})

/** Pan-STARRS bands from SDSS ones. */
const panStarrsOfSdss = {
  g: ofColour('g', [-0.03041, -0.0996, -0.00291]),
  r: ofColour('r', [-0.00957, 0.01492, -0.00393]),
  i: ofColour('i', [-0.0108, 0.01125, 0.01274]),
  z: ofColour('z', [-0.00319, 0.06538, 0.0077]),
} as const

const ofGaia = (
  between: readonly [number, number],
  coefficients: readonly number[],
  system?: 'SDSS',
): DerivedBand => ({
  base: 'G',
  polynomials: [{ pair: ['BP', 'RP'], coefficients }],
  between,
  ...(system ? { system } : {}),
})

/** Landolt and SDSS bands from Gaia G and BP − RP, to 0.03–0.08 mag (Riello et al. 2021, appendix C). */
const ofGaiaColour = {
  V: ofGaia([-0.5, 5], [-0.01426, 0.2156, -0.01424, 0.02704]),
  R: ofGaia([-0.5, 4], [-0.003775, 0.01396, 0.1243, -0.3961, 0.02275]),
  I: ofGaia([-0.5, 4.5], [0.0991, -0.76, -0.01753]),
  g: ofGaia([0.3, 3], [-0.0064, 0.1548, 0.6365, -0.2199], 'SDSS'),
  r: ofGaia([0, 3], [-0.02263, 0.1701, -0.1907, -0.08592, 0.09837], 'SDSS'),
  i: ofGaia([0.5, 2], [0.002104, 0.09609, -0.6404, 0.293], 'SDSS'),
} as const

/** SDSS magnitude = Pan-STARRS magnitude + polynomial in Pan-STARRS g − r (Tonry et al. 2012). */
export const sdssOfPanStarrs: Readonly<Partial<Record<FilterName, readonly number[]>>> = {
  g: [0.019, 0.145, 0.013],
  r: [0.007, 0.004, -0.001],
  i: [0.01, 0.011, -0.005],
  z: [0],
}

const native = (
  magnitude: readonly string[],
  error: readonly string[],
  rest: Partial<NativeBand> = {},
): NativeBand => ({
  magnitude,
  error,
  ...rest,
})

type Bands = Partial<Record<FilterName, NativeBand>>

const bandsOf = (names: readonly FilterName[], make: (name: FilterName) => NativeBand): Bands =>
  Object.fromEntries(names.map((name) => [name, make(name)]))

const synthetic = (name: FilterName, archive: string): NativeBand =>
  native([`${name}mag`, `${archive}_mag`], [`e_${name}mag`], {
    flux: [
      [`F${name}`, `e_F${name}`],
      [`${archive}_flux`, `${archive}_flux_error`],
    ],
  })

const gaiaBand = (vizier: string, archive: string): NativeBand =>
  native([`${vizier}mag`, `phot_${archive}_mean_mag`], [`e_${vizier}mag`], {
    fluxOverError: [`phot_${archive}_mean_flux_over_error`],
  })

const sloanBands = ['g', 'r', 'i', 'z'] as const

export const referenceCatalogues: readonly ReferenceCatalogue[] = [
  {
    key: 'gaiadr3syn',
    title: 'Gaia DR3 synthetic photometry',
    aliases: ['Gaia DR3 synphot', 'I/360'],
    vizier: 'I/360/syntphot',
    native: {
      ...bandsOf(['U', 'B', 'V', 'R', 'I'], (name) => synthetic(name, `${name.toLowerCase()}_jkc`)),
      ...bandsOf(['u', ...sloanBands], (name) => synthetic(name, `${name}_sdss`)),
      y: synthetic('y', 'y_ps1'),
    },
    derived: panStarrsOfSdss,
    sloan: 'SDSS',
    depth: 'rmag',
    colourLimits: [],
    exactCase: true,
  },
  {
    key: 'ps1',
    title: 'Pan-STARRS DR1',
    aliases: ['PanSTARRS', 'Pan-STARRS1', 'II/349'],
    vizier: 'II/349/ps1',
    native: bandsOf([...sloanBands, 'y'], (name) =>
      native(
        [`${name}mag`, `${name}MeanPSFMag`, `${name}_mean_psf_mag`],
        [`e_${name}mag`, `${name}MeanPSFMagErr`, `${name}_mean_psf_mag_err`],
      ),
    ),
    derived: landoltOfPanStarrs,
    sloan: 'Pan-STARRS',
    depth: 'rmag',
    colourLimits: [
      ['g', 'r', -0.5, 2.5],
      ['r', 'i', -0.5, 2],
      ['i', 'z', -0.5, 1],
    ],
  },
  {
    key: 'skymapper',
    title: 'SkyMapper DR4',
    aliases: ['SMSS', 'II/379'],
    vizier: 'II/379/smssdr4',
    native: bandsOf(sloanBands, (name) =>
      native([`${name}PSF`, `${name}_psf`], [`e_${name}PSF`, `e_${name}_psf`]),
    ),
    derived: ofSkyMapper,
    sloan: 'SkyMapper',
    depth: 'rPSF',
    colourLimits: [],
  },
  {
    key: 'sdss',
    title: 'SDSS DR16',
    aliases: ['SDSS DR16', 'V/154'],
    vizier: 'V/154/sdss16',
    // SDSS magnitudes are not quite AB: u and z have known offsets.
    native: bandsOf(['u', ...sloanBands], (name) =>
      native([`${name}mag`, `psfMag_${name}`], [`e_${name}mag`, `psfMagErr_${name}`], {
        offset: name === 'u' ? -0.04 : name === 'z' ? 0.02 : 0,
      }),
    ),
    derived: panStarrsOfSdss,
    sloan: 'SDSS',
    depth: 'rmag',
    colourLimits: [],
  },
  {
    key: 'atlas',
    title: 'ATLAS-Refcat2',
    aliases: ['refcat2', 'ATLAS-REFCAT2', 'J/ApJ/867/105'],
    vizier: 'J/ApJ/867/105/refcat2',
    native: bandsOf(sloanBands, (name) => native([`${name}mag`, name], [`e_${name}mag`, `d${name}`])),
    derived: landoltOfPanStarrs,
    sloan: 'Pan-STARRS',
    depth: 'rmag',
    colourLimits: [],
  },
  {
    key: 'gaiaedr3',
    title: 'Gaia EDR3',
    aliases: ['Gaia', 'gaiadr3', 'I/350', 'I/355/gaiadr3'],
    vizier: 'I/350/gaiaedr3',
    native: { G: gaiaBand('G', 'g'), BP: gaiaBand('BP', 'bp'), RP: gaiaBand('RP', 'rp') },
    derived: ofGaiaColour,
    sloan: null,
    depth: 'Gmag',
    colourLimits: [],
  },
  {
    key: '2mass',
    title: '2MASS',
    aliases: ['II/246'],
    vizier: 'II/246/out',
    native: {
      J: native(['Jmag', 'j_m'], ['e_Jmag', 'j_msigcom', 'j_cmsig']),
      H: native(['Hmag', 'h_m'], ['e_Hmag', 'h_msigcom', 'h_cmsig']),
      Ks: native(['Kmag', 'Ksmag', 'k_m'], ['e_Kmag', 'e_Ksmag', 'k_msigcom', 'k_cmsig']),
    },
    derived: {},
    sloan: null,
    depth: 'Jmag',
    colourLimits: [],
  },
  {
    key: 'vhs',
    title: 'VISTA Hemisphere Survey DR5',
    aliases: ['VHS DR5', 'II/367'],
    vizier: 'II/367/vhs_dr5',
    native: bandsOf(['J', 'H', 'Ks'], (name) => native([`${name}ap3`], [`e_${name}ap3`])),
    derived: {},
    sloan: null,
    depth: 'Jap3',
    colourLimits: [],
  },
  {
    key: 'des',
    title: 'Dark Energy Survey DR2',
    aliases: ['DES DR2', 'desdr2', 'II/371'],
    vizier: 'II/371/des_dr2',
    native: bandsOf(sloanBands, (name) =>
      native(
        [`${name}mag`, `WAVG_MAG_PSF_${name.toUpperCase()}`, `MAG_AUTO_${name.toUpperCase()}`],
        [`e_${name}mag`, `WAVG_MAGERR_PSF_${name.toUpperCase()}`, `MAGERR_AUTO_${name.toUpperCase()}`],
      ),
    ),
    derived: {},
    sloan: 'Pan-STARRS',
    depth: 'rmag',
    colourLimits: [],
  },
  {
    key: 'apass',
    title: 'APASS DR9',
    aliases: ['II/336'],
    vizier: 'II/336/apass9',
    native: {
      ...bandsOf(['B', 'V'], (name) => native([`${name}mag`], [`e_${name}mag`])),
      ...bandsOf(['g', 'r', 'i'], (name) =>
        native(
          [`${name}'mag`, `${name}_mag`, `${name}mag`],
          [`e_${name}'mag`, `e_${name}_mag`, `e_${name}mag`],
        ),
      ),
    },
    derived: {
      g: panStarrsOfSdss.g,
      r: panStarrsOfSdss.r,
      i: panStarrsOfSdss.i,
      R: ofColour('r', [-0.014, -0.087, -0.157]),
      I: ofColour('i', [-0.004, -0.118, -0.354]),
    },
    sloan: 'SDSS',
    depth: "r'mag",
    colourLimits: [],
  },
]

const bare = (text: string): string => text.toLowerCase().replaceAll(/[\s_-]/g, '')

/** The catalogue of that key, name or VizieR id, null where it is none. */
export function findReferenceCatalogue(text: string): ReferenceCatalogue | null {
  const wanted = bare(text)
  return (
    referenceCatalogues.find(({ key, vizier, title, aliases }) =>
      [key, vizier, title, ...aliases].some((each) => bare(each) === wanted),
    ) ?? null
  )
}

/** As `findReferenceCatalogue`, but throws `catalogue.unknown` naming what is known. */
export function referenceCatalogueNamed(text: string): ReferenceCatalogue {
  const found = findReferenceCatalogue(text)
  if (found) return found
  throw new Problem(
    'catalogue.unknown',
    `Reference catalogue "${text}" is not known; use one of ${referenceCatalogues.map(({ key }) => key).join(', ')}.`,
    { catalogue: text },
  )
}

/** Bands that a frame can be calibrated in with a catalogue, by wavelength. */
export function bandsOfCatalogue(catalogue: ReferenceCatalogue): FilterName[] {
  const names = new Set([
    ...Object.keys(catalogue.native),
    ...Object.keys(catalogue.derived),
  ]) as Set<FilterName>
  return [...names].sort((a, b) => filterOf(a).wavelength - filterOf(b).wavelength)
}

/**
 * Key of the catalogue that suits a filter and a declination (degrees). u goes with UBVRI, because Pan-STARRS and SkyMapper
 * calibrations have none.
 */
export function suggestCatalogue(filter: FilterName, dec: number): string {
  if (['U', 'B', 'V', 'R', 'I', 'u'].includes(filter)) return 'gaiadr3syn'
  if (['G', 'BP', 'RP'].includes(filter)) return 'gaiaedr3'
  if (['J', 'H', 'Ks'].includes(filter)) return dec < 0 ? 'vhs' : '2mass'
  return dec < -30 ? 'skymapper' : 'ps1'
}
