import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { audienceFor } from '#observatory/people/rights.ts'
import { openFitsSource } from '#science/fits/file.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { fitsBytes, rawBytes } from './bytes.ts'
import type { Frame, FrameFailure, FrameRights } from './frame.ts'
import { mayChange, requireMember, requireOwnGroups, requireReader } from './rules.ts'
import {
  deleteFrame,
  frameRow,
  listFailures,
  listFrames,
  lockFrame,
  productsOf,
  unnamedObjects,
  updateFrame,
  withThumbnail,
  type FailureRow,
  type FrameQuery,
  type FrameRow,
} from './store.ts'

/** Use-cases of frames: see, share, take away, read their bytes. Adding is in add.ts. */

export type Reads = Pick<Platform, 'db' | 'storage' | 'config'>

/** A row as everybody outside of the room sees it. */
export function frameOf(row: FrameRow, thumbnail: boolean): Frame {
  return {
    sha256: row.sha256,
    name: row.name,
    byteLength: Number(row.byte_length),
    packing: row.packing,
    images: row.images,
    main: row.main_image,
    facts: row.facts,
    footprint: row.footprint,
    inPlace: !row.in_storage,
    origin: row.origin,
    owner: row.owner_id,
    groups: row.groups,
    publicAt: row.public_at?.toISOString() ?? null,
    note: row.note,
    addedAt: row.added_at.toISOString(),
    addedBy: row.added_by,
    thumbnail,
  }
}

/** The row of a frame that the actor may see. @throws Problem frame.unknown */
export async function visibleRow(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  sha256: string,
): Promise<FrameRow> {
  requireReader(actor)
  const row = /^[0-9a-f]{64}$/.test(sha256) ? await frameRow(platform.db, actor, sha256) : undefined
  if (row) return row
  throw new Problem(
    'frame.unknown',
    `There is no frame ${sha256.slice(0, 80)} here, or it is not yours to see.`,
    { sha256: sha256.slice(0, 80) },
  )
}

/** @throws Problem frame.unknown */
export async function frameBySha256(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  sha256: string,
): Promise<Frame> {
  const row = await visibleRow(platform, actor, sha256)
  return frameOf(row, (await withThumbnail(platform.db, [sha256])).has(sha256))
}

/** Frames that the actor may see, the last added first. */
export async function findFrames(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  query: FrameQuery,
): Promise<Frame[]> {
  requireReader(actor)
  const rows = await listFrames(platform.db, actor, query)
  const pictured = await withThumbnail(
    platform.db,
    rows.map(({ sha256 }) => sha256),
  )
  return rows.map((row) => frameOf(row, pictured.has(row.sha256)))
}

/** The file as it came. @throws Problem frame.unknown, frame.bytes_gone */
export async function frameFile(
  platform: Reads,
  actor: Actor,
  sha256: string,
): Promise<{ row: FrameRow; raw: Awaited<ReturnType<typeof rawBytes>> }> {
  const row = await visibleRow(platform, actor, sha256)
  return { row, raw: await rawBytes(platform, row) }
}

/** The parts of a frame's file. @throws Problem frame.unknown, frame.bytes_gone, fits.* */
export async function frameHdus(
  platform: Reads,
  actor: Actor,
  sha256: string,
): Promise<{ row: FrameRow; source: ByteSource; hdus: Hdu[] }> {
  const row = await visibleRow(platform, actor, sha256)
  const source = await fitsBytes(platform, row)
  return { row, source, hdus: await openFitsSource(source) }
}

async function changed(
  platform: Pick<Platform, 'events'>,
  tx: Platform['db'],
  row: Pick<FrameRow, 'sha256' | 'owner_id' | 'groups'>,
  kind: 'frames.changed' | 'frames.removed',
  name: string,
): Promise<void> {
  await platform.events.append(tx, {
    kind,
    subject: { kind: 'frame', id: row.sha256 },
    data: { name },
    audience: audienceFor({ owner: row.owner_id, groups: row.groups }),
  })
}

/** Changes to whom a frame belongs, and its note. @throws Problem frame.unknown, access.forbidden */
export async function changeFrame(
  platform: Pick<Platform, 'db' | 'events'>,
  actor: Actor,
  sha256: string,
  change: Partial<FrameRights> & { note?: string | null },
): Promise<Frame> {
  requireMember(actor)
  await visibleRow(platform, actor, sha256)
  requireOwnGroups(actor, change.groups ?? [])
  await platform.db.transaction().execute(async (tx) => {
    const row = await lockFrame(tx, sha256)
    if (!row || !mayChange(actor, row)) throw notOwner('changed')
    const next = {
      ...(change.groups === undefined ? {} : { groups: change.groups }),
      ...(change.publicAt === undefined
        ? {}
        : { public_at: change.publicAt === null ? null : new Date(change.publicAt) }),
      ...(change.note === undefined ? {} : { note: change.note }),
    }
    if (Object.keys(next).length === 0) return
    await updateFrame(tx, sha256, next)
    const before = { groups: row.groups, publicAt: row.public_at, note: row.note }
    await audit(tx, actor, 'frames.changed', { kind: 'frame', id: sha256 }, before, { ...before, ...change })
    const groups = [...new Set([...row.groups, ...(change.groups ?? [])])]
    await changed(platform, tx, { sha256, owner_id: row.owner_id, groups }, 'frames.changed', row.name)
  })
  return frameBySha256(platform, actor, sha256)
}

function notOwner(what: string): Problem {
  return new Problem(
    'access.forbidden',
    `A frame is ${what} by whoever added it, or by an administrator; ask one of them.`,
  )
}

/**
 * Takes a frame out of the list, with what was made of it. Files in place stay; bytes in the storage stay too, as tasks may
 * name them. Whoever merely brought the same bytes lets go of them and leaves the frame to its owner.
 * @throws Problem frame.unknown, access.forbidden
 */
export async function removeFrame(
  platform: Pick<Platform, 'db' | 'events' | 'storage' | 'log'>,
  actor: Actor,
  sha256: string,
): Promise<void> {
  requireMember(actor)
  await visibleRow(platform, actor, sha256)
  const unlessPutSince = new Date()
  const made = await platform.db.transaction().execute(async (tx) => {
    const row = await lockFrame(tx, sha256)
    if (!row) return []
    const others = row.holders.filter((each) => each !== actor.userId)
    const owner = mayChange(actor, row)
    if (!owner && !row.holders.includes(actor.userId ?? '')) throw notOwner('removed')
    if (!owner || (row.owner_id === actor.userId && others.length > 0)) {
      const next = row.owner_id === actor.userId ? (others[0] ?? null) : row.owner_id
      await updateFrame(tx, sha256, { holders: others, owner_id: next })
      await audit(
        tx,
        actor,
        'frames.let_go',
        { kind: 'frame', id: sha256 },
        { holders: row.holders },
        {
          holders: others,
        },
      )
      return []
    }
    const products = await productsOf(tx, sha256)
    await deleteFrame(tx, sha256)
    await audit(tx, actor, 'frames.removed', { kind: 'frame', id: sha256 }, { name: row.name }, null)
    await changed(platform, tx, row, 'frames.removed', row.name)
    return products.map(({ object_sha256: object }) => object)
  })
  try {
    for (const object of await unnamedObjects(platform.db, [...new Set(made)]))
      await platform.storage.remove(object, { unlessPutSince })
  } catch (error) {
    platform.log.warn({ err: error }, 'Pictures of a removed frame stay in the storage.')
  }
}

export function failureOf(row: FailureRow): FrameFailure {
  return {
    id: row.id,
    origin: row.origin,
    byteLength: row.byte_length === null ? null : Number(row.byte_length),
    code: row.code,
    reason: row.reason,
    at: row.at.toISOString(),
    by: row.by_name,
  }
}

/** Files that became no frame: one's own, and for administrators all. */
export async function findFailures(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  query: Parameters<typeof listFailures>[2],
): Promise<FailureRow[]> {
  requireMember(actor)
  return listFailures(platform.db, actor, query)
}
