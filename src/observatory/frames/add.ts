import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import { json } from '#platform/db/json.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { audienceFor } from '#observatory/people/rights.ts'
import { pixel29Of } from '#science/sky/index64.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { fileSource, packingOf, placedFile, storageSource, unpack, type PlacedFile } from './bytes.ts'
import { examine, type Examined } from './examine.ts'
import type { FrameRights } from './frame.ts'
import { productsKind } from './job-kinds.ts'
import { requireMember, requireOwnGroups } from './rules.ts'
import {
  anyFrame,
  clearFailure,
  insertFrame,
  lockFrame,
  multirange,
  placeAt,
  putFailure,
  putPlace,
  updateFrame,
  type FrameRow,
  type NewFrame,
} from './store.ts'

/** Files become frames: read first, stored then, and the row last, so that nothing is ever half there. */

export type Adds = Pick<Platform, 'db' | 'storage' | 'config' | 'events' | 'jobs' | 'log'>

export interface AddOptions {
  /** Name of the file; its path's last part where left out. */
  readonly name?: string
  /** Where it came from, in words or as an address. */
  readonly origin: string
  readonly rights?: FrameRights
  readonly note?: string | null
}

export interface Added {
  readonly sha256: string
  /** False where these bytes were a frame already. */
  readonly added: boolean
}

/**
 * Makes a frame of a file of this machine. `keep` says where its bytes are from then on: copied into the storage, or in
 * place, where the file must stay as it is.
 * @throws Problem fits.* where it is no FITS file with an image, frame.changed where it changes meanwhile
 */
export async function addFile(
  platform: Adds,
  actor: Actor,
  path: string,
  keep: 'storage' | 'place',
  options: AddOptions,
): Promise<Added> {
  requireMember(actor)
  requireOwnGroups(actor, options.rights?.groups ?? [])
  const file = await placedFile(path)
  if (!file) throw new Problem('frame.bytes_gone', `There is no file ${path}.`, { path })
  if (file.byteLength === 0) throw new Problem('fits.truncated', 'The file is empty.', {})
  if (keep === 'place') {
    const known = await placeAt(platform.db, path)
    if (known && Number(known.byte_length) === file.byteLength && known.modified_ms === file.modifiedMs)
      return shareKnown(platform, actor, known.sha256, file, options)
  }
  const sha256 = await hashOf(path)
  if (await anyFrame(platform.db, sha256)) {
    if (keep === 'place') return shareKnown(platform, actor, sha256, file, options)
    const row = (await anyFrame(platform.db, sha256))!
    if (row.in_storage && (await platform.storage.size(sha256)) !== undefined)
      return shareKnown(platform, actor, sha256, null, options)
    await putBytes(platform, sha256, file)
    return shareKnown(platform, actor, sha256, null, options, true)
  }
  const source = fileSource(file)
  const packing = await packingOf(source)
  const fits =
    packing === 'gzip' ? fileSource(await unpack(platform, sha256, createReadStream(path)), true) : source
  const examined = await examine(fits)
  if (keep === 'storage') await putBytes(platform, sha256, file)
  const name = options.name ?? basename(path)
  return insert(platform, actor, examined, {
    sha256,
    name,
    byteLength: file.byteLength,
    packing,
    place: keep === 'place' ? file : null,
    options,
  })
}

/**
 * Makes a frame of bytes that are in the storage already, as steps of tasks leave them.
 * @throws Problem storage.missing, fits.*
 */
export async function registerFrame(
  platform: Adds,
  actor: Actor,
  sha256: string,
  options: AddOptions & { readonly name: string },
): Promise<Added> {
  requireMember(actor)
  requireOwnGroups(actor, options.rights?.groups ?? [])
  const byteLength = await platform.storage.size(sha256)
  if (byteLength === undefined)
    throw new Problem('storage.missing', `The bytes ${sha256} are not in the storage.`, { sha256 })
  if (await anyFrame(platform.db, sha256)) return shareKnown(platform, actor, sha256, null, options, true)
  const source = storageSource(platform, sha256, byteLength)
  const packing = await packingOf(source)
  const fits: ByteSource =
    packing === 'gzip'
      ? fileSource(await unpack(platform, sha256, platform.storage.stream(sha256)), true)
      : source
  const examined = await examine(fits)
  return insert(platform, actor, examined, {
    sha256,
    name: options.name,
    byteLength,
    packing,
    place: null,
    options,
  })
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
      hash.update(chunk as Uint8Array)
  } catch (error) {
    throw new Problem('frame.bytes_gone', `The file ${path} cannot be read.`, { path }, error)
  }
  return hash.digest('hex')
}

async function putBytes(platform: Adds, sha256: string, file: PlacedFile): Promise<void> {
  const stored = await platform.storage.put(createReadStream(file.path, { highWaterMark: 1 << 20 }))
  if (stored.sha256 !== sha256)
    throw new Problem('frame.changed', `The file ${file.path} changed while it was read; add it again.`, {
      path: file.path,
    })
}

interface NewBytes {
  readonly sha256: string
  readonly name: string
  readonly byteLength: number
  readonly packing: 'none' | 'gzip'
  readonly place: PlacedFile | null
  readonly options: AddOptions
}

async function insert(
  platform: Adds,
  actor: Actor,
  examined: Examined,
  { sha256, name, byteLength, packing, place, options }: NewBytes,
): Promise<Added> {
  const row = rowOf(actor, examined, { sha256, name, byteLength, packing, place, options })
  const added = await platform.db.transaction().execute(async (tx) => {
    // Somebody else may have added the same bytes since we looked.
    if (await lockFrame(tx, sha256)) return false
    await insertFrame(tx, row)
    if (place) await putPlace(tx, placeRow(sha256, place))
    await clearFailure(tx, options.origin, actor.userId)
    const subject = { kind: 'frame', id: sha256 }
    const { kind, filter, object, instrument, mjd } = row
    await audit(tx, actor, 'frames.added', subject, null, { name, origin: options.origin, byteLength })
    await platform.events.append(tx, {
      kind: 'frames.added',
      subject,
      data: { name: row.name, kind, filter, object, instrument, mjd },
      audience: audienceFor({ owner: row.owner_id ?? null, groups: row.groups ?? [] }),
    })
    await platform.jobs.send(tx, productsKind, { sha256 }, { subject, requestedBy: actor.userId })
    return true
  })
  if (!added) return shareKnown(platform, actor, sha256, place, options, place === null)
  return { sha256, added: true }
}

function rowOf(actor: Actor, examined: Examined, bytes: NewBytes): NewFrame {
  const { facts, images, main, footprint, sky } = examined
  const { options, name } = bytes
  const words = [name, facts.object, facts.telescope, facts.instrument, facts.filterName, options.origin]
  const [ra = null, dec = null] = footprint?.centre ?? []
  return {
    sha256: bytes.sha256,
    name: name.slice(0, 250),
    byte_length: bytes.byteLength,
    packing: bytes.packing,
    kind: facts.kind,
    telescope: facts.telescope,
    instrument: facts.instrument,
    filter: facts.filter,
    filter_name: facts.filterName,
    object: facts.object,
    exposure: facts.exposure,
    mjd: facts.time?.middle ?? facts.time?.mjd ?? null,
    ra,
    dec,
    radius_deg: footprint?.radiusDeg ?? null,
    hpx: ra === null || dec === null ? null : pixel29Of(ra, dec),
    sky: sky.length === 0 ? null : multirange(sky),
    words: words
      .filter((each) => each !== null)
      .join(' ')
      .toLowerCase()
      .slice(0, 2_000),
    facts: json(facts),
    images: json(images),
    main_image: main,
    footprint: footprint === null ? null : json(footprint),
    origin: options.origin.slice(0, 1_000),
    owner_id: actor.userId,
    holders: actor.userId === null ? [] : [actor.userId],
    groups: [...(options.rights?.groups ?? [])],
    public_at: options.rights?.publicAt ? new Date(options.rights.publicAt) : null,
    note: options.note ?? null,
    in_storage: bytes.place === null,
    added_by: actor.name,
  }
}

function placeRow(sha256: string, place: PlacedFile): Parameters<typeof putPlace>[1] {
  return { path: place.path, sha256, byte_length: place.byteLength, modified_ms: place.modifiedMs }
}

/**
 * The bytes are a frame already: where they also lie is noted, and whoever brought them may see the frame, as it has the
 * bytes anyway. Groups are added only by the owner.
 */
async function shareKnown(
  platform: Adds,
  actor: Actor,
  sha256: string,
  place: PlacedFile | null,
  { origin, rights }: AddOptions,
  inStorage = false,
): Promise<Added> {
  await platform.db.transaction().execute(async (tx) => {
    const row = await lockFrame(tx, sha256)
    if (!row) return
    if (place) await putPlace(tx, placeRow(sha256, place))
    await clearFailure(tx, origin, actor.userId)
    const change = sharing(row, actor, rights)
    if (inStorage && !row.in_storage) change.in_storage = true
    if (Object.keys(change).length > 0) await updateFrame(tx, sha256, change)
  })
  return { sha256, added: false }
}

function sharing(
  row: FrameRow,
  actor: Actor,
  rights: FrameRights | undefined,
): Parameters<typeof updateFrame>[2] {
  const change: Parameters<typeof updateFrame>[2] = {}
  if (actor.userId !== null && !row.holders.includes(actor.userId))
    change.holders = [...row.holders, actor.userId].slice(-1_000)
  const more = (rights?.groups ?? []).filter((group) => !row.groups.includes(group))
  const owns = row.owner_id === actor.userId || actor.role === 'administrator'
  if (owns && more.length > 0) change.groups = [...row.groups, ...more]
  return change
}

/** Keeps why a file became no frame. Problems of ours only: a bug or a full disk says nothing about the file. */
export async function recordFailure(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  origin: string,
  byteLength: number | null,
  error: unknown,
): Promise<Problem | undefined> {
  if (!isProblem(error) || !saysSomethingOfTheFile(error)) return undefined
  await putFailure(platform.db, {
    id: randomUUID(),
    origin: origin.slice(0, 1_000),
    byte_length: byteLength,
    code: error.code,
    reason: error.message.slice(0, 2_000),
    owner_id: actor.userId,
    by_name: actor.name,
  })
  return error
}

/** Whether a second try with the same file would end the same way. */
export function saysSomethingOfTheFile(problem: Problem): boolean {
  return /^(fits|frame|wcs|net|storage\.too_large|request\.too_large)/.test(problem.code)
}
