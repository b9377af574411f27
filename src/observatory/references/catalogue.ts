import { z } from 'zod'

/**
 * A reference catalogue: a table of things on the sky, kept as HATS (Parquet cut along HEALPix cells) under the home
 * folder. Identity: its name; an import under a name that is there replaces it by the next version.
 */

export const catalogueKinds = ['galaxy', 'star', 'generic'] as const
export const CatalogueKind = z.enum(catalogueKinds)
export type CatalogueKind = z.output<typeof CatalogueKind>

export const CatalogueName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'small letters, digits, - and _; at most 63')

/** What planning and queries know by name; `ra` and `dec` each catalogue has. */
export const parts = ['name', 'ra', 'dec', 'distance', 'redshift', 'mag_b', 'mag_k', 'mass'] as const
export const Part = z.enum(parts)
export type Part = z.output<typeof Part>

/** Where a part comes from. */
export const Mapping = z
  .object({
    /** Columns of the file; of several the first that has a value. */
    columns: z.array(z.string().max(200)).min(1).max(10),
    /** Of the values in the file, where it is not the one that the part is kept in. */
    unit: z.string().max(100).optional(),
  })
  .meta({ id: 'CatalogueMapping' })
export type Mapping = z.output<typeof Mapping>
export type Mappings = Partial<Record<Part, Mapping>>

export const CatalogueColumn = z
  .object({
    name: z.string(),
    type: z.enum(['integer', 'number', 'string', 'boolean', 'timestamp']),
    unit: z.string().optional().describe('VOUnits'),
    ucd: z.string().optional(),
    description: z.string().optional(),
  })
  .meta({ id: 'CatalogueColumn' })
export type CatalogueColumn = z.output<typeof CatalogueColumn>

export const Catalogue = z
  .object({
    name: CatalogueName,
    title: z.string(),
    kind: CatalogueKind,
    version: z.number().int().describe('1 for the first import under this name'),
    rows: z.number().int(),
    /** Rows of the file that are not in the catalogue, because they say no position. */
    withoutPosition: z.number().int(),
    partitions: z.number().int(),
    bytes: z.number().int(),
    columns: z.array(CatalogueColumn),
    /** Cells of this order in which something lies. */
    coverage: z.object({ order: z.number().int(), areaDeg2: z.number() }),
    source: z.object({ file: z.string(), format: z.string(), bytes: z.number().int(), sha256: z.string() }),
    preset: z.string().nullable().describe('Known catalogue that the file was read as'),
    mapping: z.partialRecord(Part, Mapping),
    /** Where the column `distance` comes from. */
    distance: z.enum(['file', 'redshift', 'file, else redshift']).nullable(),
    licence: z.string().nullable(),
    citation: z.string().nullable(),
    /** HATS folder, below `catalogues` of the home folder. */
    path: z.string(),
    importedAt: z.iso.datetime(),
    importedBy: z.string(),
  })
  .meta({ id: 'Catalogue' })
export type Catalogue = z.output<typeof Catalogue>

/** What is asked for at an import; what is left out is detected in the file. */
export const ImportOptions = z
  .object({
    name: CatalogueName,
    title: z.string().max(200).optional(),
    kind: CatalogueKind.optional(),
    preset: z.string().max(40).optional(),
    /** Part → columns of the file; `2` is its second column where it has no header. */
    map: z.partialRecord(Part, Mapping).default({}),
    licence: z.string().max(2_000).optional(),
    citation: z.string().max(2_000).optional(),
    format: z.enum(['csv', 'ecsv', 'fits', 'votable', 'parquet', 'text']).optional(),
    /** Between fields of a CSV; detected where left out. */
    delimiter: z.string().length(1).optional(),
    /** Rows above which a cell is cut into four. */
    rowsPerPartition: z.number().int().min(1_000).max(10_000_000).default(250_000),
  })
  .meta({ id: 'CatalogueImport' })
export type ImportOptions = z.output<typeof ImportOptions>
export type ImportInput = z.input<typeof ImportOptions>

/** How the columns that every catalogue may have are kept. */
export const partColumns: Readonly<Record<Part, Omit<CatalogueColumn, 'name'>>> = {
  name: { type: 'string', ucd: 'meta.id;meta.main', description: 'Name' },
  ra: { type: 'number', unit: 'deg', ucd: 'pos.eq.ra;meta.main', description: 'Right ascension, ICRS' },
  dec: { type: 'number', unit: 'deg', ucd: 'pos.eq.dec;meta.main', description: 'Declination, ICRS' },
  distance: { type: 'number', unit: 'Mpc', ucd: 'pos.distance', description: 'Luminosity distance' },
  redshift: { type: 'number', ucd: 'src.redshift', description: 'Redshift' },
  mag_b: { type: 'number', unit: 'mag', ucd: 'phot.mag;em.opt.B', description: 'Apparent magnitude, B' },
  mag_k: { type: 'number', unit: 'mag', ucd: 'phot.mag;em.IR.K', description: 'Apparent magnitude, K' },
  mass: { type: 'number', unit: 'solMass', ucd: 'phys.mass', description: 'Stellar mass' },
}

/** Order-29 NESTED pixel; the first column, by which rows are sorted. */
export const hpxColumn = '_healpix_29'

/**
 * `ra=RAJ2000`, `distance=dist:kpc`, `name=GWGC|PGC`: part, columns, unit. Undefined where it is not of that form; the unit
 * begins after the last colon.
 */
export function mappingOf(text: string): { part: Part; mapping: Mapping } | undefined {
  const match = /^(\w+)=(.+?)(?::([^:]*))?$/.exec(text.trim())
  const part = Part.safeParse(match?.[1])
  if (!match || !part.success) return undefined
  const columns = match[2]!.split('|').map((name) => name.trim())
  return columns.some((name) => name === '')
    ? undefined
    : { part: part.data, mapping: { columns, ...(match[3] ? { unit: match[3] } : {}) } }
}
