import { filterNames, type FilterName } from '#science/image/calibration/filters.ts'
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

/** True where a table has columns for a native band. */
function hasBand(table: Table, { native, exactCase }: ReferenceCatalogue, filter: FilterName): boolean {
  const band = native[filter]
  if (!band) return false
  const same = (a: string, b: string): boolean => (exactCase ? a === b : a.toLowerCase() === b.toLowerCase())
  const has = (name: string): boolean => table.columns.some((column) => same(column.name, name))
  return band.magnitude.some(has) || (band.flux ?? []).some(([flux]) => has(flux))
}

function bandsIn(table: Table, catalogue: ReferenceCatalogue): number {
  return filterNames.filter((filter) => hasBand(table, catalogue, filter)).length
}

/** What the columns of a table mean: by the catalogue's name where it is known, else by what fits them best. */
export function definitionFor(name: string, table: Table): ReferenceCatalogue {
  const named =
    findReferenceCatalogue(name) ?? referenceCatalogues.find(({ key }) => name.toLowerCase().startsWith(key))
  const usual = generic(name)
  const best =
    named && bandsIn(table, named) > 0
      ? named
      : [usual, ...referenceCatalogues].reduce((a, b) => (bandsIn(table, b) > bandsIn(table, a) ? b : a))
  const chosen = named && bandsIn(table, best) === 0 ? named : best
  // A part of a catalogue may lack bands by whose colours stars are told from other things.
  const colourLimits = chosen.colourLimits.filter(
    ([a, b]) => hasBand(table, chosen, a) && hasBand(table, chosen, b),
  )
  return { ...chosen, colourLimits }
}
