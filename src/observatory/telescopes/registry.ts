import { Problem } from '#problem.ts'
import { nearest } from '#platform/config/nearest.ts'
import type { Db } from '#platform/db/database.ts'
import { etagOf } from '#platform/http/etag.ts'
import { readDefinition, refusal, type Read } from './definition.ts'
import { diameterProblem, doubtsOf, type Neighbour } from './doubts.ts'
import { shippedTelescopes } from './shipped.ts'
import { latestGrids, latestVersions, type GridRow } from './store.ts'
import type { Pointing, Telescope } from './telescope.ts'

/** All telescopes: the files of the program, and what the database holds in their place or besides. */

/** One telescope with the text of its definition and the row of its grid. */
export interface Entry {
  telescope: Telescope
  source: string
  grid: GridRow | undefined
}

export interface Registry {
  entries: Map<string, Entry>
  /** Own definitions that this program refuses though an earlier one took them. */
  refused: Map<string, Problem>
}

/** Reads a definition and compares it with what the shipped ones know. */
export function readKnowing(source: string | Uint8Array): Read {
  const found = readDefinition(source)
  if (!found.definition) return found
  const known = [...shippedTelescopes().values()].map((each) => each.definition)
  const problem = diameterProblem(found.definition, known, found.lineOf)
  return problem ? { ...found, definition: null, problems: [problem] } : found
}

export async function registry(db: Db): Promise<Registry> {
  const shipped = shippedTelescopes()
  const rows = new Map((await latestVersions(db)).map((row) => [row.slug, row]))
  const grids = new Map((await latestGrids(db)).map((row) => [row.slug, row]))
  const found = new Map<string, Entry>()
  const refused = new Map<string, Problem>()
  for (const slug of [...new Set([...shipped.keys(), ...rows.keys()])].toSorted()) {
    const row = rows.get(slug)
    const grid = grids.get(slug)?.sha256 ? grids.get(slug) : undefined
    const own = row?.what === 'defined' ? row.source : null
    const base = shipped.get(slug)
    if (own === null && !base) continue
    const { definition, problems } =
      own === null ? { definition: base!.definition, problems: [] } : readDefinition(own)
    if (!definition) refused.set(slug, refusal(problems, `${slug}.toml`))
    else {
      const telescope: Telescope = {
        ...definition,
        pointing: pointingWith(definition.pointing, grid),
        origin: own === null ? 'shipped' : 'own',
        version: row?.version ?? 1,
        changedAt: row?.at.toISOString() ?? null,
        changedBy: row?.by_name ?? null,
      }
      found.set(slug, { telescope, source: own ?? base!.source, grid })
    }
  }
  const neighbours = [...found.values()].map((entry) => entry.telescope)
  const entries = [...found].map(([slug, entry]): [string, Entry] => {
    const alone = entry.telescope.origin === 'shipped' ? shipped.get(slug)?.doubts : undefined
    const doubts = doubtsOf(entry.telescope, neighboursOf(entry.telescope, neighbours), alone)
    return [slug, { ...entry, telescope: { ...entry.telescope, doubts } }]
  })
  return { entries: new Map(entries), refused }
}

/** Those that a telescope is compared with: shipped ones, and own ones before it; of two shipped ones the first is right. */
export function neighboursOf(
  telescope: Pick<Telescope, 'slug' | 'origin'>,
  all: readonly Telescope[],
): Neighbour[] {
  return all.filter(
    (other) => (other.origin === 'shipped' && telescope.origin === 'own') || other.slug < telescope.slug,
  )
}

/** An uploaded grid goes before what the definition says. */
export function pointingWith(pointing: Pointing, grid: GridRow | undefined): Pointing {
  return grid ? { how: 'grid', grid: grid.name, fields: grid.fields } : pointing
}

/** A telescope by slug or name, whatever the case. @throws Problem `telescope.unknown` with the nearest */
export function find({ entries, refused }: Registry, name: string): Entry {
  const wanted = plain(name)
  const byName = (): Entry | undefined =>
    [...entries.values()].find(({ telescope }) => plain(telescope.name) === wanted)
  const found = entries.get(name.toLowerCase()) ?? entries.get(wanted) ?? byName()
  if (found) return found
  const broken = refused.get(name.toLowerCase())
  if (broken) throw broken
  const near = nearest(name.slice(0, 60), entries.keys())
  throw new Problem(
    'telescope.unknown',
    `There is no telescope ${JSON.stringify(name.slice(0, 60))}${near ? `; did you mean ${near}?` : '; see the list of telescopes.'}`,
    { telescope: name.slice(0, 60), suggestion: near ?? null },
  )
}

/** Without case, accents and what joins words. */
function plain(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
}

/** Changes with every edit of the definition and of the grid. */
export function tagOf(slug: string, version: number, grid: GridRow | undefined): string {
  return etagOf('telescope', slug, version, grid?.number ?? 0)
}
