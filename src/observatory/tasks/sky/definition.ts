import { filterNames, type FilterName } from '#science/image/filters.ts'
import type { Table } from '#science/table/table.ts'
import {
  findReferenceCatalogue,
  referenceCatalogues,
  type NativeBand,
  type ReferenceCatalogue,
} from '#observatory/tasks/reference-catalogues.ts'

/** Columns that a table of anybody's may have for a band. */
function anyBand(name: FilterName): NativeBand {
  return {
    magnitude: [`${name}mag`, `${name}_mag`, `mag_${name}`, `mag${name}`, name],
    error: [
      `e_${name}mag`,
      `${name}mag_err`,
      `${name}_mag_err`,
      `mag_${name}_err`,
      `magerr_${name}`,
      `e_${name}`,
      `${name}_err`,
      `d${name}`,
    ],
  }
}

/** A table that is none of the known catalogues, read by the usual names of its columns. */
function generic(name: string): ReferenceCatalogue {
  return {
    key: name,
    title: name,
    aliases: [],
    vizier: '',
    native: Object.fromEntries(filterNames.map((filter) => [filter, anyBand(filter)])),
    derived: {},
    sloan: 'Pan-STARRS',
    depth: 'rmag',
    colourLimits: [],
    exactCase: true,
  }
}

/** How many native bands of a definition a table has columns for. */
function bandsIn(table: Table, catalogue: ReferenceCatalogue): number {
  const names = new Set(table.columns.map((column) => column.name))
  return Object.values(catalogue.native).filter(
    (band) =>
      band.magnitude.some((name) => names.has(name)) || (band.flux ?? []).some(([flux]) => names.has(flux)),
  ).length
}

/** What the columns of a table mean: by the catalogue's name where it is known, else by what fits them best. */
export function definitionFor(name: string, table: Table): ReferenceCatalogue {
  const named =
    findReferenceCatalogue(name) ?? referenceCatalogues.find(({ key }) => name.toLowerCase().startsWith(key))
  if (named && bandsIn(table, named) > 0) return named
  const usual = generic(name)
  const best = [usual, ...referenceCatalogues].reduce((a, b) =>
    bandsIn(table, b) > bandsIn(table, a) ? b : a,
  )
  return named && bandsIn(table, best) === 0 ? named : best
}
