import { Problem } from '#problem.ts'
import type { Field } from '#science/planning/model.ts'
import type { Db } from '#platform/db/database.ts'
import { matches } from '#platform/http/etag.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { audienceFor, everyone, requireRole, requireScope } from '#observatory/people/rights.ts'
import { refusal } from './definition.ts'
import { doubtsOf } from './doubts.ts'
import { fieldsByRule } from './grid-rule.ts'
import { readGrid } from './grid.ts'
import {
  find,
  neighboursOf,
  pointingWith,
  readKnowing,
  registry,
  tagOf,
  type Entry,
  type Registry,
} from './registry.ts'
import { shippedTelescopes } from './shipped.ts'
import { insertVersion, latestGrid, lockTelescope, versionsOf, type VersionRow } from './store.ts'
import type {
  DefinitionCheck,
  DefinitionProblem,
  Telescope,
  TelescopeDefinition,
  TelescopeVersion,
} from './telescope.ts'

type Reads = Pick<Platform, 'db'>
export type Writes = Pick<Platform, 'db' | 'events' | 'storage'>

/** Who may see telescopes: everybody who is signed in. */
export function requireReader(actor: Actor): void {
  requireRole(actor, 'viewer', 'seeing telescopes')
  requireScope(actor, 'read')
}

export function requireEditor(actor: Actor): void {
  requireRole(actor, 'operator', 'changing telescopes')
  requireScope(actor, 'operate')
}

/** All telescopes, by slug. */
export async function listTelescopes(platform: Reads, actor: Actor): Promise<Telescope[]> {
  requireReader(actor)
  const { entries } = await registry(platform.db)
  return [...entries.values()].map((entry) => entry.telescope)
}

/**
 * A telescope by slug or name, whatever the case.
 * @throws Problem `telescope.unknown` with the nearest
 */
export async function telescopeBySlug(platform: Reads, actor: Actor, slug: string): Promise<Telescope> {
  return (await entryOf(platform, actor, slug)).telescope
}

/**
 * Several at once, from one read of all: how to find each by slug or name. Where one is not here, finding it throws
 * Problem `telescope.unknown` with the nearest, so that each can be told on its own.
 */
export async function telescopeFinder(platform: Reads, actor: Actor): Promise<(name: string) => Telescope> {
  requireReader(actor)
  const all = await registry(platform.db)
  return (name) => find(all, name).telescope
}

/** With its definition and the tag that an edit sends back. */
export async function telescopeEntry(
  platform: Reads,
  actor: Actor,
  slug: string,
): Promise<{ telescope: Telescope; source: string; etag: string; gridSha256: string | null }> {
  const { telescope, source, grid } = await entryOf(platform, actor, slug)
  return {
    telescope,
    source,
    etag: tagOf(telescope.slug, telescope.version, grid),
    gridSha256: grid?.sha256 ?? null,
  }
}

export async function entryOf(platform: Reads, actor: Actor, name: string): Promise<Entry> {
  requireReader(actor)
  return find(await registry(platform.db), name)
}

function withoutLines(problems: readonly DefinitionProblem[]): DefinitionProblem[] {
  return problems.map((problem) => ({ ...problem, line: null }))
}

/** What a definition would be, were it added; nothing is written. `file` as in `PutOptions`. */
export async function checkDefinition(
  platform: Reads,
  actor: Actor,
  source: string | Uint8Array,
  { file }: Pick<PutOptions, 'file'> = {},
): Promise<DefinitionCheck> {
  requireReader(actor)
  const { definition, problems } = readKnowing(source)
  if (!definition)
    return { ok: false, telescope: null, problems: file === null ? withoutLines(problems) : problems }
  const { entries } = await registry(platform.db)
  return { ok: true, telescope: asOwn(definition, entries), problems: [] }
}

/** As `checkDefinition` with the shipped telescopes alone for comparison: for files, without a database. */
export function checkFile(source: string | Uint8Array): DefinitionCheck {
  const { definition, problems } = readKnowing(source)
  if (!definition) return { ok: false, telescope: null, problems }
  const entries = [...shippedTelescopes()].map(
    ([slug, { definition: each, source: text }]): [string, Entry] => [
      slug,
      {
        telescope: { ...each, origin: 'shipped', version: 1, changedAt: null, changedBy: null },
        source: text,
        grid: undefined,
      },
    ],
  )
  return { ok: true, telescope: asOwn(definition, new Map(entries)), problems: [] }
}

function asOwn(definition: TelescopeDefinition, entries: ReadonlyMap<string, Entry>): Telescope {
  const before = entries.get(definition.slug)
  const telescope: Telescope = {
    ...definition,
    pointing: pointingWith(definition.pointing, before?.grid),
    origin: 'own',
    version: (before?.telescope.version ?? 0) + 1,
    changedAt: null,
    changedBy: null,
  }
  const others = [...entries.values()].map((entry) => entry.telescope)
  return { ...telescope, doubts: doubtsOf(telescope, neighboursOf(telescope, others)) }
}

export interface PutOptions {
  /** Refused where the definition says another. */
  slug?: string | undefined
  /** `new`: refused where there is one of that slug. */
  only?: 'new' | undefined
  /** Tag of the version that the edit began with. */
  ifMatch?: string | undefined
  /** For errors; null: the text was made of JSON, and its lines mean nothing to who sent it. */
  file?: string | null | undefined
}

/**
 * Takes in a definition: a new telescope, a new version of an own one, or an own one in place of a shipped one. The same
 * text as before changes nothing.
 * @throws Problem `telescope.invalid` with every mistake and its line in `details.problems`
 */
export async function putTelescope(
  platform: Writes,
  actor: Actor,
  source: string | Uint8Array,
  options: PutOptions = {},
): Promise<{ telescope: Telescope; created: boolean }> {
  requireEditor(actor)
  const { file = 'telescope.toml' } = options
  const { definition, problems } = readKnowing(source)
  if (!definition) throw refusal(file === null ? withoutLines(problems) : problems, file ?? 'telescope')
  const { slug } = definition
  if (options.slug !== undefined && options.slug !== slug)
    throw new Problem(
      'telescope.invalid',
      `The definition is of ${slug}, and the address names ${options.slug}; make them one.`,
      { problems: [{ line: null, key: 'slug', text: `is ${slug}, not ${options.slug}` }] },
    )
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source)
  const created = await platform.db.transaction().execute(async (tx) => {
    await lockTelescope(tx, slug)
    const [last] = await versionsOf(tx, slug)
    const current = currentOf(slug, last)
    if (options.only === 'new' && current)
      throw new Problem(
        'request.conflict',
        `There is a telescope ${slug} already; change it, or take another slug.`,
      )
    await requireMatch(tx, options.ifMatch, slug, current?.version)
    if (last?.what === 'defined' && last.source === text) return false
    await write(platform, tx, actor, { slug, what: 'defined', source: text, last, current })
    return current === undefined
  })
  return { telescope: await telescopeBySlug(platform, actor, slug), created }
}

/** Takes an own telescope away; where one of that slug is shipped, that one comes back. @throws Problem */
export async function removeTelescope(
  platform: Writes,
  actor: Actor,
  name: string,
  options: { ifMatch?: string | undefined } = {},
): Promise<TelescopeVersion['what']> {
  requireEditor(actor)
  const slug = slugFor(await registry(platform.db), name)
  return platform.db.transaction().execute(async (tx) => {
    await lockTelescope(tx, slug)
    const [last] = await versionsOf(tx, slug)
    await requireMatch(tx, options.ifMatch, slug, currentOf(slug, last)?.version)
    if (last?.what !== 'defined')
      throw new Problem(
        'request.conflict',
        `${slug} comes with the program and is not changed here; there is nothing to remove.`,
      )
    const what = shippedTelescopes().has(slug) ? 'shipped' : 'removed'
    await write(platform, tx, actor, { slug, what, source: null, last, current: last })
    return what
  })
}

/** Also of one whose definition is refused now: it must be possible to remove it. */
function slugFor(all: Registry, name: string): string {
  return all.refused.has(name.toLowerCase()) ? name.toLowerCase() : find(all, name).telescope.slug
}

function currentOf(
  slug: string,
  last: VersionRow | undefined,
): { version: number; source: string } | undefined {
  if (last?.what === 'defined') return { version: last.version, source: last.source ?? '' }
  const shipped = shippedTelescopes().get(slug)
  return shipped && { version: last?.version ?? 1, source: shipped.source }
}

async function requireMatch(
  tx: Db,
  ifMatch: string | undefined,
  slug: string,
  version: number | undefined,
): Promise<void> {
  if (ifMatch === undefined) return
  const grid = await latestGrid(tx, slug)
  if (version !== undefined && matches(ifMatch, tagOf(slug, version, grid?.sha256 ? grid : undefined))) return
  throw new Problem(
    'request.changed',
    `The telescope ${slug} has changed since it was read; load it again and repeat the edit.`,
    { telescope: slug },
  )
}

async function write(
  platform: Writes,
  tx: Db,
  actor: Actor,
  edit: {
    slug: string
    what: TelescopeVersion['what']
    source: string | null
    last: VersionRow | undefined
    current: { version: number; source: string | null } | undefined
  },
): Promise<void> {
  const { slug, what, source, last, current } = edit
  const version = (last?.version ?? current?.version ?? 0) + 1
  await insertVersion(tx, { slug, version, what, source, by_id: actor.userId, by_name: actor.name })
  const subject = { kind: 'telescope', id: slug }
  const action = source === null ? 'telescopes.removed' : current ? 'telescopes.changed' : 'telescopes.added'
  await audit(
    tx,
    actor,
    action,
    subject,
    current ? { source: current.source } : null,
    source === null ? null : { source },
  )
  await tell(platform, tx, slug, { version, what })
}

export async function tell(
  platform: Writes,
  tx: Db,
  slug: string,
  data: Record<string, unknown>,
): Promise<void> {
  await platform.events.append(tx, {
    kind: 'telescopes.changed',
    subject: { kind: 'telescope', id: slug },
    data: { slug, ...data },
    audience: audienceFor({ groups: [everyone] }),
  })
}

/** Versions of a telescope, newest first; what comes with the program ends the list. */
export async function versionsOfTelescope(
  platform: Reads,
  actor: Actor,
  name: string,
): Promise<TelescopeVersion[]> {
  requireReader(actor)
  const all = await registry(platform.db)
  const gone = await versionsOf(platform.db, name.toLowerCase())
  const slug = gone.length > 0 ? name.toLowerCase() : slugFor(all, name)
  const rows = gone.length > 0 ? gone : await versionsOf(platform.db, slug)
  const own = rows.map(({ version, what, at, by_name }): TelescopeVersion => ({
    version,
    what,
    at: at.toISOString(),
    by: by_name,
  }))
  return shippedTelescopes().has(slug) ? [...own, { version: 1, what: 'shipped', at: null, by: null }] : own
}

/** The definition as it was given, of now or of an earlier version. @throws Problem */
export async function sourceOf(
  platform: Reads,
  actor: Actor,
  name: string,
  version?: number,
): Promise<{ slug: string; source: string }> {
  requireReader(actor)
  if (version === undefined) {
    const { telescope, source } = await entryOf(platform, actor, name)
    return { slug: telescope.slug, source }
  }
  const slug = name.toLowerCase()
  const row = (await versionsOf(platform.db, slug)).find((each) => each.version === version)
  const shipped = version === 1 || row?.what === 'shipped' ? shippedTelescopes().get(slug) : undefined
  const source = row?.source ?? shipped?.source
  if (source !== undefined) return { slug, source }
  throw new Problem('resource.not_found', `There is no definition of ${slug} of version ${version}.`)
}

/** The fields of its grid: uploaded, or computed; none where it points freely. */
export async function gridFields(
  platform: Pick<Platform, 'db' | 'storage'>,
  telescope: Telescope,
): Promise<Field[]> {
  const { pointing, slug } = telescope
  if (pointing.how === 'free') return []
  if (pointing.rule) return fieldsByRule(pointing.rule, telescope.footprint)
  const grid = await latestGrid(platform.db, slug)
  if (!grid?.sha256)
    throw new Problem(
      'telescope.invalid',
      `The grid ${pointing.grid} of ${slug} is not there any more; upload it again.`,
    )
  return readGrid(await platform.storage.get(grid.sha256), `${slug}.csv`)
}
