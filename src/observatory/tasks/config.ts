import { z } from 'zod'
import { Problem } from '#problem.ts'
import { closest } from '#science/adql/schema.ts'

/**
 * Every key that steers the processing of a frame: type, default, unit, meaning. The one schema is what the API and the
 * command line check (`-c key=value`), what the form on the page is drawn from and what the reference documents. A value
 * that is null is found by the program: from the header, from the pixels, or from what fits the field. What is found is kept
 * apart (`Findings` in findings.ts), so that a configuration never changes by itself.
 */

export const configGroups = [
  'frame',
  'photometry',
  'transients',
  'subtraction',
  'stack',
  'engines',
  'report',
] as const
export type ConfigGroup = (typeof configGroups)[number]

/** What the form shows beside the type. */
interface KeyFacts {
  group: ConfigGroup
  title: string
  /** VOUnits, or `FWHM` for multiples of the seeing. */
  unit?: string
  doc: string
  /** Null means that the program finds it. */
  auto?: string
}

function key<T extends z.ZodType>(schema: T, facts: KeyFacts): T {
  const { doc, ...rest } = facts
  return schema.describe(doc).meta({ ...rest, description: doc })
}

const auto = <T extends z.ZodType>(schema: T) => schema.nullable().prefault(null)
const text = () => z.string().max(4_000).default('')
const flag = (fallback: boolean) => z.boolean().default(fallback)
const positive = z.number().positive()
const order = (fallback: number, most: number) => z.number().int().min(0).max(most).default(fallback)

export const templateKeys = [
  'ps1',
  'ls',
  'skymapper',
  'des',
  'decaps',
  'ztf',
  '2mass',
  'custom',
  'task',
] as const

const keys = {
  // Frame
  target: key(text(), {
    group: 'frame',
    title: 'Targets',
    doc: 'One per line: a name, coordinates, or a pixel as "x=512 y=300" (1-based, as FITS counts). The first is the primary one.',
  }),
  hdu: key(auto(z.string().max(100)), {
    group: 'frame',
    title: 'Extension',
    auto: 'the first image with two axes',
    doc: 'Number or EXTNAME of the extension that holds the pixels.',
  }),
  plane: key(auto(z.number().int().min(1)), {
    group: 'frame',
    title: 'Plane of a cube',
    auto: 'refused: say which',
    doc: 'Which plane of an image with three axes, from 1.',
  }),
  time: key(auto(z.string().max(100)), {
    group: 'frame',
    title: 'Time',
    auto: 'from the header',
    doc: 'Middle of the exposure, UTC, ISO 8601.',
  }),
  gain: key(auto(positive), {
    group: 'frame',
    title: 'Gain',
    unit: 'electron/adu',
    auto: 'from the header, else 1',
    doc: 'Electrons per count.',
  }),
  saturation: key(auto(positive), {
    group: 'frame',
    title: 'Saturation',
    unit: 'adu',
    auto: 'from the header, else 0.05 median + 0.95 maximum',
    doc: 'Counts from which a pixel is masked as saturated.',
  }),
  filter: key(auto(z.string().max(60)), {
    group: 'frame',
    title: 'Filter',
    auto: 'from the header, else r',
    doc: 'Filter under any of its names.',
  }),
  fill_as_nan: key(flag(true), {
    group: 'frame',
    title: 'Fill values are blank',
    doc: 'In images of floating-point numbers a pixel more than 10⁶ σ below the median is a fill value, not a measurement: it becomes NaN and is counted in the log.',
  }),
  mask_cosmics: key(flag(true), {
    group: 'frame',
    title: 'Mask cosmic rays',
    doc: 'Find cosmic rays by Laplacian edges (L.A.Cosmic) and mask them.',
  }),
  cosmics_sigma: key(z.number().min(2).max(50).default(4.5), {
    group: 'frame',
    title: 'Cosmic ray threshold',
    unit: '',
    doc: 'S/N of a cosmic ray above the noise; raise it where real stars of an undersampled camera are masked.',
  }),
  cat_name: key(auto(z.string().max(60)), {
    group: 'frame',
    title: 'Catalogue',
    auto: 'the one that suits filter and declination',
    doc: 'Reference catalogue: one of the known ones, or the name of one imported here.',
  }),
  cat_limit: key(z.number().min(-5).max(35).nullable().default(20), {
    group: 'frame',
    title: 'Catalogue limit',
    unit: 'mag',
    doc: 'Faintest star taken from the catalogue; null takes all.',
  }),
  template: key(auto(z.string().max(200)), {
    group: 'frame',
    title: 'Template',
    auto: 'the survey that covers the field',
    doc: `Picture to subtract: ${templateKeys.slice(0, 7).join(', ')}, "custom" for an uploaded file, "task:ID" for the frame of another task.`,
  }),
  timing: key(flag(false), {
    group: 'frame',
    title: 'Times in the log',
    doc: 'Begin every line of the log with the seconds since the step began.',
  }),

  // Photometry
  sn: key(positive.default(5), {
    group: 'photometry',
    title: 'S/N',
    doc: 'Least S/N of the aperture flux of a measured object.',
  }),
  initial_aper: key(positive.default(3), {
    group: 'photometry',
    title: 'First aperture',
    unit: 'pix',
    doc: 'Radius in which detections are first measured, before the seeing is known.',
  }),
  initial_r0: key(z.number().min(0).max(50).default(0), {
    group: 'photometry',
    title: 'Smoothing',
    unit: 'pix',
    doc: 'σ of a Gaussian that smooths the image for detection; 0: none.',
  }),
  minarea: key(z.number().int().min(1).max(10_000).default(5), {
    group: 'photometry',
    title: 'Least area',
    unit: 'pix',
    doc: 'Connected pixels above the threshold that make an object.',
  }),
  bg_size: key(auto(z.number().int().min(8).max(4_096)), {
    group: 'photometry',
    title: 'Background mesh',
    unit: 'pix',
    auto: '256, or half of the smaller side where that is below 512',
    doc: 'Side of the cells in which the background is estimated.',
  }),
  fwhm_override: key(auto(positive), {
    group: 'photometry',
    title: 'FWHM',
    unit: 'pix',
    auto: 'measured',
    doc: 'Seeing to use instead of the measured one.',
  }),
  prefilter_detections: key(flag(true), {
    group: 'photometry',
    title: 'Filter by shape',
    doc: 'Flag objects whose size, width or peak is unlike the stars around them (they are kept, with flag 0x800).',
  }),
  rel_aper: key(positive.default(1), {
    group: 'photometry',
    title: 'Aperture',
    unit: 'FWHM',
    doc: 'Radius of the aperture.',
  }),
  rel_bg1: key(positive.default(5), {
    group: 'photometry',
    title: 'Sky annulus from',
    unit: 'FWHM',
    doc: 'Inner radius of the local sky annulus.',
  }),
  rel_bg2: key(positive.default(7), {
    group: 'photometry',
    title: 'Sky annulus to',
    unit: 'FWHM',
    doc: 'Outer radius of the local sky annulus.',
  }),
  optimal_extraction: key(flag(false), {
    group: 'photometry',
    title: 'Optimal extraction',
    doc: 'Weight pixels by the profile (Naylor 1998) instead of summing them.',
  }),
  psf_photometry: key(flag(false), {
    group: 'photometry',
    title: 'PSF photometry',
    doc: 'Model the PSF from the frame and add PSF fluxes to the table.',
  }),
  cat_mag_lower: key(auto(z.number()), {
    group: 'photometry',
    title: 'Brightest calibrator',
    unit: 'mag',
    auto: 'no limit',
    doc: 'Stars of the catalogue brighter than this do not calibrate.',
  }),
  cat_mag_upper: key(auto(z.number()), {
    group: 'photometry',
    title: 'Faintest calibrator',
    unit: 'mag',
    auto: 'no limit',
    doc: 'Stars of the catalogue fainter than this do not calibrate.',
  }),
  spatial_order: key(order(2, 6), {
    group: 'photometry',
    title: 'Spatial order',
    doc: 'Order of the polynomial of the zero point over the frame.',
  }),
  use_color: key(flag(true), {
    group: 'photometry',
    title: 'Fit a colour term',
    doc: 'Fit how the zero point depends on colour. Magnitudes then are in the instrumental system; the colour term to the catalogue system stands beside them.',
  }),
  force_color_term: key(auto(z.number().min(-5).max(5)), {
    group: 'photometry',
    title: 'Colour term',
    auto: 'fitted',
    doc: 'Colour term to use instead of a fitted one.',
  }),
  nonlin: key(flag(false), {
    group: 'photometry',
    title: 'Non-linearity',
    doc: 'Fit a term linear in the instrumental magnitude.',
  }),
  bg_order: key(auto(z.number().int().min(0).max(6)), {
    group: 'photometry',
    title: 'Additive flux order',
    auto: 'none',
    doc: 'Order of a polynomial of flux added to every object (background left over).',
  }),
  sr_override: key(auto(positive), {
    group: 'photometry',
    title: 'Matching radius',
    unit: 'arcsec',
    auto: 'half of the FWHM',
    doc: 'Radius within which an object and a star of the catalogue are the same.',
  }),
  filter_blends: key(flag(true), {
    group: 'photometry',
    title: 'Drop blended stars',
    doc: 'Stars of the catalogue with another within 2 FWHM do not calibrate.',
  }),
  zero_point_floor: key(z.number().min(0).max(0.5).default(0), {
    group: 'photometry',
    title: 'Zero point error floor',
    unit: 'mag',
    doc: 'Least error of the zero point, added in quadrature; the log also gives the scatter of binned residuals.',
  }),
  refine_wcs: key(flag(true), {
    group: 'photometry',
    title: 'Refine the astrometry',
    doc: 'Fit the astrometric solution anew to the catalogue, with distortion.',
  }),
  refine_order: key(order(3, 7), {
    group: 'photometry',
    title: 'Distortion order',
    doc: 'Order of the distortion polynomial of the refined solution.',
  }),
  blind_match_wcs: key(flag(false), {
    group: 'photometry',
    title: 'Solve blindly',
    doc: 'Find the position from the pattern of stars even where the header has a WCS; done anyway where it has none that can be used.',
  }),
  blind_match_center: key(text(), {
    group: 'photometry',
    title: 'Solve near',
    doc: 'Name or coordinates near which to look; empty: the primary target, else the whole sky.',
  }),
  blind_match_sr0: key(positive.default(2), {
    group: 'photometry',
    title: 'Solve within',
    unit: 'deg',
    doc: 'Radius around that place.',
  }),
  blind_match_ps_lo: key(positive.default(0.2), {
    group: 'photometry',
    title: 'Pixel scale from',
    unit: 'arcsec/pix',
    doc: 'Smallest pixel scale that is tried.',
  }),
  blind_match_ps_up: key(positive.default(4), {
    group: 'photometry',
    title: 'Pixel scale to',
    unit: 'arcsec/pix',
    doc: 'Largest pixel scale that is tried.',
  }),
  centroid_targets: key(flag(false), {
    group: 'photometry',
    title: 'Centre targets',
    doc: 'Move the aperture of a target to the centre of light near its position.',
  }),
  cutout_size: key(z.number().int().min(5).max(500).default(30), {
    group: 'photometry',
    title: 'Cut-out half size',
    unit: 'pix',
    doc: 'Half of the side of cut-outs.',
  }),
  diagnose_color: key(flag(false), {
    group: 'photometry',
    title: 'Diagnose the filter',
    doc: 'Fit every band of the catalogue and print its colour term; the smallest tells which filter this is.',
  }),
  inspect_bg: key(flag(false), {
    group: 'photometry',
    title: 'Save background maps',
    doc: 'Write image_bg.fits and image_rms.fits.',
  }),

  inject_stars: key(z.number().int().min(0).max(100_000).default(0), {
    group: 'photometry',
    title: 'Artificial stars',
    doc: "Put so many stars of the frame's own point spread into copies of it, and say how many are found again by magnitude (completeness.parquet); 0: none. At least 10; 500 tell the limits to some hundredths of a magnitude.",
  }),
  inject_from: key(auto(z.number().min(-5).max(40)), {
    group: 'photometry',
    title: 'Artificial stars from',
    unit: 'mag',
    auto: '2.5 mag brighter than the limit',
    doc: 'Brightest artificial star.',
  }),
  inject_to: key(auto(z.number().min(-5).max(40)), {
    group: 'photometry',
    title: 'Artificial stars to',
    unit: 'mag',
    auto: '1.5 mag fainter than the limit',
    doc: 'Faintest artificial star.',
  }),
  inject_seed: key(z.number().int().min(0).max(4_294_967_295).default(1), {
    group: 'photometry',
    title: 'Seed of artificial stars',
    doc: 'The same seed puts the same stars in the same places.',
  }),

  // Transients against catalogues
  simple_center: key(text(), {
    group: 'transients',
    title: 'Look near',
    doc: 'Name or coordinates around which to look; empty: the whole frame.',
  }),
  simple_sr0: key(auto(positive), {
    group: 'transients',
    title: 'Look within',
    unit: 'deg',
    auto: 'the whole frame',
    doc: 'Radius around that place.',
  }),
  simple_mag_diff: key(z.number().min(0).max(20).default(2), {
    group: 'transients',
    title: 'Brightening',
    unit: 'mag',
    doc: 'A known star explains an object unless the object is brighter by at least this; 0: any star at the position explains it.',
  }),
  simple_prefilter: key(flag(true), {
    group: 'transients',
    title: 'Drop odd shapes',
    doc: 'Objects flagged by their shape are no candidates.',
  }),
  simple_blends: key(flag(true), {
    group: 'transients',
    title: 'Look for blends',
    doc: 'Stars of the catalogue within 2 FWHM are merged and compared together.',
  }),
  simple_skybot: key(flag(true), {
    group: 'transients',
    title: 'Drop minor planets',
    doc: 'Ask for the minor planets of the field at the time of the frame; a candidate within 10″ of one is none.',
  }),
  simple_others: key(text(), {
    group: 'transients',
    title: 'Compare with tasks',
    doc: 'Ids of other tasks, with spaces between, whose objects are compared with; simple_others_keep says how.',
  }),
  simple_others_keep: key(z.enum(['absent', 'present']).default('absent'), {
    group: 'transients',
    title: 'Keep objects that are',
    doc: '"absent": keep what is in none of the other tasks (new objects). "present": keep what is in every one of them (objects confirmed on other frames).',
  }),
  simple_most: key(z.number().int().min(1).max(10_000).default(100), {
    group: 'transients',
    title: 'Most candidates',
    doc: 'Candidates kept, brightest first; the log says how many there were.',
  }),

  // Subtraction
  template_fwhm_override: key(auto(positive), {
    group: 'subtraction',
    title: 'FWHM of the template',
    unit: 'pix',
    auto: 'measured',
    doc: 'Seeing of the template on the grid of the frame.',
  }),
  custom_template_gain: key(positive.default(10_000), {
    group: 'subtraction',
    title: 'Gain of the template',
    unit: 'electron/adu',
    doc: 'Of an uploaded template; 10000 is as good as without noise of its own.',
  }),
  custom_template_saturation: key(auto(positive), {
    group: 'subtraction',
    title: 'Saturation of the template',
    unit: 'adu',
    auto: 'from its header, else none',
    doc: 'Counts from which a pixel of an uploaded template is masked.',
  }),
  subtraction_mode: key(z.enum(['auto', 'detection', 'target']).default('auto'), {
    group: 'subtraction',
    title: 'Mode',
    doc: '"detection": the whole frame, and candidates. "target": one piece around the primary target, which is measured. "auto": target where one was found on the frame, else detection.',
  }),
  subtraction_method: key(z.enum(['al98', 'zogy', 'sfft']).default('al98'), {
    group: 'subtraction',
    title: 'Method',
    doc: 'al98: Alard & Lupton with Gaussians (as HOTPANTS); zogy: Zackay, Ofek & Gal-Yam; sfft: delta basis by Fourier transform.',
  }),
  sub_size: key(z.number().int().min(64).max(20_000).default(1_000), {
    group: 'subtraction',
    title: 'Tile',
    unit: 'pix',
    doc: 'Side of the pieces in which the frame is subtracted; of the one piece in mode target.',
  }),
  sub_overlap: key(z.number().int().min(0).max(1_000).default(50), {
    group: 'subtraction',
    title: 'Overlap',
    unit: 'pix',
    doc: 'How far a tile reaches beyond its borders; what two tiles find there is one object.',
  }),
  sub_decorrelate: key(flag(false), {
    group: 'subtraction',
    title: 'Decorrelate the noise',
    doc: 'A further convolution makes the noise of the difference white, so that each pixel scatters by its noise; fluxes stay, point spreads get faint wings. For al98 and sfft of the built-in engine; the difference by zogy is white as it comes.',
  }),
  sub_verbose: key(flag(false), {
    group: 'subtraction',
    title: 'Verbose',
    doc: 'Write the diagnostics of every tile to the log.',
  }),
  hotpants_extra: key(
    z.record(z.string().max(20), z.union([z.number(), z.string().max(100)])).default({ ko: 0, bgo: 0 }),
    {
      group: 'subtraction',
      title: 'Kernel options',
      doc: 'Options of Alard–Lupton by their HOTPANTS names: ko (order of the kernel over a tile), bgo (of the background), r, rss, nsx …; the built-in method takes ko, bgo, r and rss, and refuses others.',
    },
  ),
  sfft_kernel_poly_order: key(order(0, 4), {
    group: 'subtraction',
    title: 'SFFT kernel order',
    doc: 'Order of the polynomial of the kernel over a tile.',
  }),
  sfft_bg_poly_order: key(order(0, 4), {
    group: 'subtraction',
    title: 'SFFT background order',
    doc: 'Order of the polynomial of the background over a tile.',
  }),
  sfft_flux_poly_order: key(order(0, 4), {
    group: 'subtraction',
    title: 'SFFT flux scale order',
    doc: 'Order of the polynomial of the flux scale over a tile.',
  }),
  filter_center: key(text(), {
    group: 'subtraction',
    title: 'Look near',
    doc: 'Name or coordinates around which to subtract and look; empty: the whole frame.',
  }),
  filter_sr0: key(positive.default(1), {
    group: 'subtraction',
    title: 'Look within',
    unit: 'deg',
    doc: 'Radius around that place; without a place it is not used.',
  }),
  filter_prefilter: key(flag(true), {
    group: 'subtraction',
    title: 'Drop odd shapes',
    doc: 'Detections of the difference whose shape is unlike the stars of the frame are no candidates.',
  }),
  filter_adjust: key(flag(true), {
    group: 'subtraction',
    title: 'Test for misalignment',
    doc: 'A residual that a shift of at most 1 pixel and a scale within 5 % explain is no candidate; what changed by more is a source that varies.',
  }),
  filter_negative: key(flag(true), {
    group: 'subtraction',
    title: 'Fading sources too',
    doc: 'Also look for sources fainter than on the template; their flux is negative.',
  }),
  filter_vizier: key(flag(false), {
    group: 'subtraction',
    title: 'Drop known stars',
    doc: 'A candidate at the place of a star of the catalogues is none.',
  }),
  filter_skybot: key(flag(false), {
    group: 'subtraction',
    title: 'Drop minor planets',
    doc: 'Ask for the minor planets of the field at the time of the frame; a candidate within 10″ of one is none.',
  }),

  // Stacking
  stack_filenames: key(z.array(z.string().max(1_000)).max(1_000).default([]), {
    group: 'stack',
    title: 'Frames',
    doc: 'SHA-256 of the frames to stack, at least two; the first gives the grid. On the command line they are the files named.',
  }),
  stack_method: key(z.enum(['sum', 'clipped_mean', 'median', 'weighted']).default('sum'), {
    group: 'stack',
    title: 'Method',
    doc: 'sum; mean without pixels beyond 3σ; median; mean weighted by inverse variance and flux scale.',
  }),
  stack_subtract_bg: key(flag(true), {
    group: 'stack',
    title: 'Subtract backgrounds',
    doc: 'Take the background from each frame first.',
  }),
  stack_mask_cosmics: key(flag(false), {
    group: 'stack',
    title: 'Mask cosmic rays',
    doc: 'Find and mask cosmic rays in each frame first.',
  }),

  // Engines
  engine_detection: key(z.enum(['builtin', 'source-extractor']).default('builtin'), {
    group: 'engines',
    title: 'Detection',
    doc: 'Who finds the objects.',
  }),
  engine_solve: key(z.enum(['builtin', 'solve-field']).default('builtin'), {
    group: 'engines',
    title: 'Blind solution',
    doc: 'Who finds the position from the pattern of stars.',
  }),
  engine_refine: key(z.enum(['builtin', 'scamp']).default('builtin'), {
    group: 'engines',
    title: 'Astrometry',
    doc: 'Who refines the astrometric solution.',
  }),
  engine_warp: key(z.enum(['builtin', 'swarp']).default('builtin'), {
    group: 'engines',
    title: 'Resampling',
    doc: 'Who brings pictures to the grid of the frame.',
  }),
  engine_psf: key(z.enum(['builtin', 'psfex']).default('builtin'), {
    group: 'engines',
    title: 'PSF',
    doc: 'Who models the PSF.',
  }),
  engine_subtraction: key(z.enum(['builtin', 'hotpants']).default('builtin'), {
    group: 'engines',
    title: 'Subtraction',
    doc: 'Who subtracts; hotpants knows the method al98 only.',
  }),

  engine_options: key(z.record(z.string().max(60), z.union([z.number(), z.string().max(100)])).default({}), {
    group: 'engines',
    title: 'Options of engines',
    doc: 'Options of external programs by their own names, after that of the engine and a point, as {"source-extractor.DEBLEND_MINCONT": 0.001}; those that name files are refused. HOTPANTS takes hotpants_extra, too.',
  }),

  // Report
  skyportal_instrument_name: key(text(), {
    group: 'report',
    title: 'Instrument at SkyPortal',
    doc: 'Name of the instrument under which photometry is sent to SkyPortal; empty: the instrument of the frame.',
  }),
} as const

/** A whole configuration: every key has a value. Keys that are not known are refused by name. */
export const TaskConfig = z.strictObject(keys).meta({ id: 'TaskConfig' })
export type TaskConfig = z.output<typeof TaskConfig>
export type ConfigKey = keyof typeof keys

/** Some keys, as they are kept with a task or a preset: what is left out has its default. */
export type ConfigInput = Partial<TaskConfig>

/** One key as the reference and the form know it. */
export interface KeyDescription {
  readonly key: ConfigKey
  readonly group: ConfigGroup
  readonly title: string
  readonly doc: string
  readonly unit: string | null
  /** What null stands for; null where the key cannot be null. */
  readonly auto: string | null
  readonly default: unknown
}

export const configKeys = Object.keys(keys) as ConfigKey[]

/** All keys in the order of the form. */
export function describeConfig(): KeyDescription[] {
  const defaults = TaskConfig.parse({})
  return configKeys.map((name) => {
    const facts = keys[name].meta() as unknown as KeyFacts
    return {
      key: name,
      group: facts.group,
      title: facts.title,
      doc: facts.doc ?? keys[name].description ?? '',
      unit: facts.unit ?? null,
      auto: facts.auto ?? null,
      default: defaults[name],
    }
  })
}

/** JSON Schema of the configuration, with title, unit and group of every key: the form on the page. */
export function configSchema(): unknown {
  return z.toJSONSchema(TaskConfig, { io: 'input' })
}

/** Values that other programs wrote under these names. */
const otherWords: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  subtraction_method: { hotpants: 'al98' },
}

/**
 * Checks some keys, as a person, a preset or another program gave them.
 * @throws Problem `task.config` with every offending key in `details.errors`
 */
export function readConfig(input: unknown): ConfigInput {
  const given = typeof input === 'object' && input !== null && !Array.isArray(input) ? input : undefined
  if (!given) throw new Problem('task.config', 'A configuration is an object of keys and values.')
  const words = Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const other = typeof value === 'string' ? otherWords[name]?.[value] : undefined
      return [name, other ?? (value as unknown)]
    }),
  )
  const errors: { path: string; message: string; rule: string }[] = []
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(words)) {
    if (!Object.hasOwn(keys, name)) {
      errors.push({
        path: `config.${name}`,
        message: `is no key of the configuration${nearest(name)}`,
        rule: 'unknown',
      })
      continue
    }
    const parsed = keys[name as ConfigKey].safeParse(value)
    if (parsed.success) kept[name] = parsed.data
    else
      errors.push({
        path: `config.${name}`,
        message: parsed.error.issues[0]?.message ?? 'is not accepted',
        rule: 'value',
      })
  }
  const first = errors[0]
  if (first)
    throw new Problem(
      'task.config',
      `The configuration does not fit: ${first.path.slice(7)} ${first.message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}.`,
      { errors },
    )
  return kept as ConfigInput
}

/** All keys, those that were not given with their defaults. */
export function wholeConfig(input: ConfigInput): TaskConfig {
  return TaskConfig.parse(input)
}

/**
 * `sn=7`, `use_color=no`, `gain=auto`: a key and its value as typed on a command line, read as the key's type.
 * @throws Problem `task.config`
 */
export function readAssignment(words: string): [ConfigKey, unknown] {
  const at = words.indexOf('=')
  const name = words.slice(0, Math.max(0, at)).trim()
  const value = words.slice(at + 1).trim()
  if (at < 1) throw new Problem('task.config', `"${words}" is not of the form key=value, such as sn=7.`)
  if (!Object.hasOwn(keys, name))
    throw new Problem('task.config', `${name} is no key of the configuration${nearest(name)}.`)
  const schema = keys[name as ConfigKey]
  const candidates: unknown[] = []
  if (/^(auto|null|none)$/i.test(value)) candidates.push(null)
  if (/^(true|yes|on)$/i.test(value)) candidates.push(true)
  if (/^(false|no|off)$/i.test(value)) candidates.push(false)
  if (value !== '' && Number.isFinite(Number(value)))
    candidates.push(Number(value), value === '1', value !== '0')
  if (/^[[{]/.test(value)) {
    try {
      candidates.push(JSON.parse(value) as unknown)
    } catch {
      // Not JSON: it may still be text.
    }
  }
  candidates.push(otherWords[name]?.[value] ?? value.replaceAll(String.raw`\n`, '\n'))
  for (const candidate of candidates) {
    const parsed = schema.safeParse(candidate)
    if (parsed.success) return [name as ConfigKey, parsed.data]
  }
  const problem = schema.safeParse(candidates.at(-1)).error?.issues[0]?.message ?? 'is not accepted'
  throw new Problem('task.config', `${name} cannot be ${JSON.stringify(value)}: ${problem}.`)
}

function nearest(name: string): string {
  const near = closest(name, configKeys)
  return near === undefined ? '' : `; did you mean ${near}?`
}
