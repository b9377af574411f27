import { Problem } from '#problem.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { gridText, maxGridBytes, readGrid } from './grid.ts'
import { entryOf, requireEditor, tell, telescopeBySlug, type Writes } from './service.ts'
import { insertGrid, lockTelescope } from './store.ts'
import type { Telescope } from './telescope.ts'

/** Gives a telescope the fields of a grid file. @throws Problem `telescope.invalid` with lines */
export async function putGrid(
  platform: Writes,
  actor: Actor,
  name: string,
  grid: { bytes: Uint8Array; file: string },
): Promise<Telescope> {
  requireEditor(actor)
  const { telescope } = await entryOf(platform, actor, name)
  const { slug } = telescope
  if (grid.bytes.byteLength > maxGridBytes)
    throw new Problem('request.too_large', `The grid has more than ${maxGridBytes} bytes.`, {
      maxBytes: maxGridBytes,
    })
  const fields = readGrid(grid.bytes, grid.file)
  const wanted = telescope.pointing.how === 'free' ? telescope.pointing.wants : undefined
  const stem = grid.file
    .replace(/^.*[/\\]/, '')
    .replace(/\.\w{1,5}$/, '')
    .slice(0, 60)
  const bytes = new TextEncoder().encode(gridText(fields))
  const { sha256, byteLength } = await platform.storage.put(bytes)
  await saveGrid(platform, actor, slug, {
    name: wanted ?? (stem || 'grid'),
    sha256,
    byte_length: byteLength,
    fields: fields.length,
  })
  return telescopeBySlug(platform, actor, slug)
}

/** Takes the uploaded grid away again. @throws Problem where there is none */
export async function removeGrid(platform: Writes, actor: Actor, name: string): Promise<Telescope> {
  requireEditor(actor)
  const { telescope, grid } = await entryOf(platform, actor, name)
  if (!grid) throw new Problem('resource.not_found', `Nobody has uploaded a grid for ${telescope.slug}.`)
  await saveGrid(platform, actor, telescope.slug, {
    name: grid.name,
    sha256: null,
    byte_length: 0,
    fields: 0,
  })
  return telescopeBySlug(platform, actor, telescope.slug)
}

async function saveGrid(
  platform: Writes,
  actor: Actor,
  slug: string,
  row: { name: string; sha256: string | null; byte_length: number; fields: number },
): Promise<void> {
  await platform.db.transaction().execute(async (tx) => {
    await lockTelescope(tx, slug)
    await insertGrid(tx, { slug, ...row, by_id: actor.userId, by_name: actor.name })
    const state = row.sha256 === null ? null : { grid: row.name, fields: row.fields, sha256: row.sha256 }
    await audit(tx, actor, 'telescopes.grid_changed', { kind: 'telescope', id: slug }, null, state)
    await tell(platform, tx, slug, { grid: row.name, fields: row.fields })
  })
}
