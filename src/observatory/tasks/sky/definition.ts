import { filterNames, type FilterName } from '#science/image/calibration/filters.ts'
import type { Table } from '#science/table/table.ts'
import { bandsNamed } from '#observatory/tasks/catalogue-columns.ts'
import {
  findReferenceCatalogue,
  referenceCatalogues,
  type ReferenceCatalogue,
} from '#observatory/tasks/reference-catalogues.ts'

/** A table that is none of the known catalogues, read by what its columns are called. */
function generic(name: string, table: Table): ReferenceCatalogue {
  return {
    key: name,
    title: name,
    aliases: [],
    vizier: '',
    native: bandsNamed(table),
    derived: {},
    sloan: null,
    depth: 'rmag',
    colourLimits: [],
    exactCase: true,
    ownSystem: true,
  }
}

/** True where a table has columns for a native band. */
function hasBand(table: Table, { native, exactCase }: ReferenceCatalogue, filter: FilterName): boolean {
  const band = native[filter]
  if (!band) return false
  const same = (a: string, b: string): boolean => (exactCase ? a === b : a.toLowerCase() === b.toLowerCase())
  const has = (name: string): boolean => table.columns.some((column) => same(column.name, name))
  return band.magnitude.some(has) || (band.light !== undefined && has(band.light.column))
}

function bandsIn(table: Table, catalogue: ReferenceCatalogue): number {
  return filterNames.filter((filter) => hasBand(table, catalogue, filter)).length
}

/** True where a band is there, or follows from bands that are. */
function gives(table: Table, catalogue: ReferenceCatalogue, filter: FilterName): boolean {
  const derived = catalogue.derived[filter]
  if (!derived) return hasBand(table, catalogue, filter)
  const needed = [derived.base, ...derived.polynomials.flatMap(({ pair }) => pair)]
  return needed.every((each) => hasBand(table, catalogue, each))
}

/**
 * What the columns of a table mean: by the catalogue's name where it is known, else by what fits them best and has the band
 * that is wanted. Columns that no catalogue has are read by their names.
 */
export function definitionFor(name: string, table: Table, filter?: FilterName): ReferenceCatalogue {
  const named =
    findReferenceCatalogue(name) ?? referenceCatalogues.find(({ key }) => name.toLowerCase().startsWith(key))
  if (named && bandsIn(table, named) > 0) return restricted(named, table)
  // The table's own bands go before those that follow from them.
  const choices = [generic(name, table), ...referenceCatalogues]
  const native = choices.filter((each) => filter === undefined || hasBand(table, each, filter))
  const derived = choices.filter((each) => filter === undefined || gives(table, each, filter))
  const among = native.length > 0 ? native : derived.length > 0 ? derived : choices
  return restricted(
    among.reduce((a, b) => (bandsIn(table, b) > bandsIn(table, a) ? b : a)),
    table,
  )
}

/** A part of a catalogue may lack bands by whose colours stars are told from other things. */
function restricted(catalogue: ReferenceCatalogue, table: Table): ReferenceCatalogue {
  const colourLimits = catalogue.colourLimits.filter(
    ([a, b]) => hasBand(table, catalogue, a) && hasBand(table, catalogue, b),
  )
  return { ...catalogue, colourLimits }
}
