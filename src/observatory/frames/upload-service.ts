import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { StoredBytes } from '#platform/storage/storage.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { addFile, recordFailure, type Adds } from './add.ts'
import { requireMember, requireOwnGroups } from './rules.ts'
import { framesSection } from './sections.ts'
import {
  deleteUpload,
  finishUpload,
  insertUpload,
  touchUpload,
  uploadRow,
  uploadsBefore,
  uploadsOf,
  type UploadRow,
} from './upload-store.ts'
import type { NewUpload, Upload } from './upload.ts'

/**
 * Uploads in parts. The bytes that came lie in a file of the home folder; its length is the offset, so nothing needs to be
 * remembered elsewhere. Whole, the file is read, stored and becomes a frame; then it is removed.
 */

type Needs = Adds

const day = 86_400_000
const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function folderOf({ config }: Pick<Platform, 'config'>): string {
  return join(config.home, 'uploads')
}

function pathOf(platform: Pick<Platform, 'config'>, id: string): string {
  return join(folderOf(platform), id)
}

async function offsetOf(platform: Pick<Platform, 'config'>, id: string): Promise<number> {
  return (await stat(pathOf(platform, id)).catch(() => undefined))?.size ?? 0
}

function shown(platform: Pick<Platform, 'config'>, row: UploadRow, offset: number): Upload {
  const state = row.sha256 !== null ? 'done' : row.problem !== null ? 'failed' : 'receiving'
  const { uploadDays } = platform.config.section(framesSection)
  return {
    id: row.id,
    name: row.name,
    byteLength: Number(row.byte_length),
    offset: state === 'receiving' ? offset : Number(row.byte_length),
    state,
    sha256: row.sha256,
    problem: row.problem,
    expiresAt:
      state === 'receiving' ? new Date(row.touched_at.getTime() + uploadDays * day).toISOString() : null,
  }
}

/** Announces an upload. @throws Problem request.too_large */
export async function beginUpload(platform: Needs, actor: Actor, input: NewUpload): Promise<Upload> {
  requireMember(actor)
  requireOwnGroups(actor, input.groups)
  const { uploadBytes } = platform.config.section(framesSection)
  if (input.byteLength > uploadBytes)
    throw new Problem(
      'request.too_large',
      `The frame has ${input.byteLength} bytes; at most ${uploadBytes} are taken. Add it on the machine itself with "urania frames add".`,
      { maxBytes: uploadBytes },
    )
  await sweepUploads(platform)
  await mkdir(folderOf(platform), { recursive: true })
  const id = randomUUID()
  await insertUpload(platform.db, {
    id,
    name: input.name,
    byte_length: input.byteLength,
    groups: input.groups,
    public_at: input.publicAt === null ? null : new Date(input.publicAt),
    note: input.note,
    owner_id: actor.userId,
    by_name: actor.name,
  })
  return shown(platform, (await uploadRow(platform.db, id))!, 0)
}

async function ownRow(platform: Pick<Platform, 'db'>, actor: Actor, id: string): Promise<UploadRow> {
  requireMember(actor)
  const row = idPattern.test(id) ? await uploadRow(platform.db, id) : undefined
  if (row && (row.owner_id === actor.userId || actor.role === 'administrator')) return row
  throw new Problem('upload.unknown', `There is no upload ${id.slice(0, 60)} of yours; begin a new one.`)
}

/** How far an upload is. @throws Problem upload.unknown */
export async function uploadState(
  platform: Pick<Platform, 'db' | 'config'>,
  actor: Actor,
  id: string,
): Promise<Upload> {
  const row = await ownRow(platform, actor, id)
  return shown(platform, row, await offsetOf(platform, id))
}

export async function ownUploads(platform: Pick<Platform, 'db' | 'config'>, actor: Actor): Promise<Upload[]> {
  requireMember(actor)
  const rows = await uploadsOf(platform.db, actor.userId)
  return Promise.all(rows.map(async (row) => shown(platform, row, await offsetOf(platform, row.id))))
}

/**
 * Takes the bytes from `offset` on; with the last of them the frame is made. A connection that breaks off keeps what came.
 * @throws Problem upload.offset where the bytes do not follow those that are here; request.too_large beyond the announced length
 */
export async function continueUpload(
  platform: Needs,
  actor: Actor,
  id: string,
  offset: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<Upload> {
  const row = await ownRow(platform, actor, id)
  const byteLength = Number(row.byte_length)
  if (row.sha256 !== null || row.problem !== null) return shown(platform, row, byteLength)
  await mkdir(folderOf(platform), { recursive: true })
  const path = pathOf(platform, id)
  const file = await open(path, 'r+').catch(() => open(path, 'wx+'))
  let length: number
  try {
    length = (await file.stat()).size
    if (offset !== length) throw notNext(offset, length)
    for await (const chunk of bytes) {
      if (length + chunk.byteLength > byteLength)
        throw new Problem(
          'request.too_large',
          `The upload was announced with ${byteLength} bytes, and more came; begin a new one.`,
          { byteLength },
        )
      // At their place, not at the end: the same part sent twice at once is still there once.
      for (let done = 0; done < chunk.byteLength;) {
        const { bytesWritten } = await file.write(chunk, done, chunk.byteLength - done, length + done)
        done += bytesWritten
      }
      length += chunk.byteLength
    }
    await file.sync()
  } finally {
    await file.close()
  }
  await touchUpload(platform.db, id)
  if (length < byteLength) return shown(platform, row, length)
  return finish(platform, actor, row)
}

function notNext(offset: number, length: number): Problem {
  return new Problem(
    'upload.offset',
    `The part begins at byte ${offset}, but ${length} bytes are here; ask for the offset and send on from there.`,
    { offset: length },
  )
}

async function finish(platform: Needs, actor: Actor, row: UploadRow): Promise<Upload> {
  const path = pathOf(platform, row.id)
  try {
    const { sha256 } = await addFile(platform, actor, path, 'storage', {
      name: row.name,
      origin: row.name,
      rights: { groups: row.groups, publicAt: row.public_at?.toISOString() ?? null },
      note: row.note,
    })
    await finishUpload(platform.db, row.id, { sha256 })
  } catch (error) {
    const now = await uploadRow(platform.db, row.id)
    if (!now) throw givenUp(row.id)
    if (now.sha256 !== null) return shown(platform, now, Number(row.byte_length))
    const problem = await recordFailure(platform, actor, row.name, Number(row.byte_length), error)
    if (!problem) throw error
    await finishUpload(platform.db, row.id, { problem: { code: problem.code, message: problem.message } })
  }
  await rm(path, { force: true })
  const ended = await uploadRow(platform.db, row.id)
  if (!ended) throw givenUp(row.id)
  return shown(platform, ended, Number(row.byte_length))
}

function givenUp(id: string): Problem {
  return new Problem(
    'upload.unknown',
    `The upload ${id} was given up while its last part came; begin a new one.`,
  )
}

/** Gives an upload up. @throws Problem upload.unknown */
export async function endUpload(platform: Needs, actor: Actor, id: string): Promise<void> {
  await ownRow(platform, actor, id)
  await rm(pathOf(platform, id), { force: true })
  await deleteUpload(platform.db, id)
}

/** Uploads that did not go on, rows of finished ones, and files of this folder that a killed process left without a row. */
export async function sweepUploads(platform: Pick<Platform, 'db' | 'config'>): Promise<void> {
  const { uploadDays } = platform.config.section(framesSection)
  const before = new Date(Date.now() - uploadDays * day)
  for (const { id } of await uploadsBefore(platform.db, before)) {
    await rm(pathOf(platform, id), { force: true })
    await deleteUpload(platform.db, id)
  }
  for (const name of await readdir(folderOf(platform)).catch(() => [])) {
    const path = join(folderOf(platform), name)
    const found = await stat(path).catch(() => undefined)
    if (!found?.isFile() || found.mtime >= before) continue
    const row = idPattern.test(name) ? await uploadRow(platform.db, name) : undefined
    if (!row) await rm(path, { force: true })
  }
}

/**
 * Bytes of a request as a file of the home folder, for as long as `use` works with it: nothing is in the storage before they
 * were looked at.
 */
export async function withReceived<T>(
  platform: Pick<Platform, 'config'>,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  use: (path: string, received: StoredBytes) => Promise<T>,
): Promise<T> {
  await mkdir(folderOf(platform), { recursive: true })
  const path = pathOf(platform, randomUUID())
  const hash = createHash('sha256')
  let byteLength = 0
  try {
    const file = await open(path, 'wx')
    try {
      for await (const chunk of bytes) {
        let done = 0
        while (done < chunk.byteLength) done += (await file.write(chunk, done)).bytesWritten
        hash.update(chunk)
        byteLength += chunk.byteLength
      }
    } finally {
      await file.close()
    }
    return await use(path, { sha256: hash.digest('hex'), byteLength })
  } finally {
    await rm(path, { force: true })
  }
}

/** A frame in one go: the body of one request. @throws Problem fits.*, request.too_large */
export async function receiveFrame(
  platform: Needs,
  actor: Actor,
  input: Omit<NewUpload, 'byteLength'>,
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ sha256: string; added: boolean }> {
  requireMember(actor)
  requireOwnGroups(actor, input.groups)
  let byteLength: number | null = null
  try {
    return await withReceived(platform, bytes, (path, received) => {
      byteLength = received.byteLength
      return addFile(platform, actor, path, 'storage', {
        name: input.name,
        origin: input.name,
        rights: { groups: input.groups, publicAt: input.publicAt },
        note: input.note,
      })
    })
  } catch (error) {
    if (isProblem(error)) await recordFailure(platform, actor, input.name, byteLength, error)
    throw error
  }
}
