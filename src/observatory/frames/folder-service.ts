import { randomUUID } from 'node:crypto'
import { mkdir, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import { failure } from '#platform/jobs/failure.ts'
import type { JobContext } from '#platform/jobs/job.ts'
import { withoutUserinfo } from '#platform/net/hosts.ts'
import type { Platform } from '#platform/platform.ts'
import type { z } from 'zod'
import { scopesOf, type Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import { addFile, recordFailure, type Adds } from './add.ts'
import { deleteFolder, folderRow, listFolders, putFolder, setScan, type FolderRow } from './folder-store.ts'
import { frameEnding, type FrameFolder, type NewFolder } from './folder.ts'
import type { FrameRights } from './frame.ts'
import { folderKind, urlKind, type JobActor } from './job-kinds.ts'
import { requireMember, requireOwnGroups } from './rules.ts'
import { framesSection } from './sections.ts'
import type { ScanCounts } from './tables.ts'

/** Frames from folders and from addresses, by jobs. */

/** The actor as a job's input. */
function jobActor(actor: Actor): z.output<typeof JobActor> {
  return {
    userId: actor.userId,
    name: actor.name,
    groups: [...actor.groups],
    administrator: actor.role === 'administrator',
  }
}

/** Who a job acts as: no more than whoever asked for it might when asking. */
function actorOf({ userId, name, groups, administrator }: z.output<typeof JobActor>): Actor {
  const role = administrator ? 'administrator' : 'member'
  return { kind: 'system', userId, name, role, groups, scopes: scopesOf(role), from: null }
}

function shown(row: FolderRow): FrameFolder {
  return {
    id: row.id,
    path: row.path,
    recursive: row.recursive,
    copied: row.copied,
    groups: row.groups,
    publicAt: row.public_at?.toISOString() ?? null,
    addedAt: row.added_at.toISOString(),
    addedBy: row.added_by,
    jobId: row.job_id,
    scannedAt: row.scanned_at?.toISOString() ?? null,
    counts: row.counts,
  }
}

function requireFolders(actor: Actor, what: string): void {
  // A folder of the server's machine may hold what is nobody's business: the registry says which do not.
  requireRole(actor, 'administrator', what)
  requireScope(actor, 'administer')
}

export async function findFolders(platform: Pick<Platform, 'db'>, actor: Actor): Promise<FrameFolder[]> {
  requireRole(actor, 'operator', 'seeing folders of the server')
  requireScope(actor, 'operate')
  return (await listFolders(platform.db)).map(shown)
}

/** @throws Problem frame.folder */
async function folderAt(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined)
  if (real === undefined || !(await stat(real)).isDirectory())
    throw new Problem('frame.folder', `There is no folder ${path} on the machine of the server.`, { path })
  return real
}

/** Registers a folder and scans it. @throws Problem frame.folder */
export async function registerFolder(
  platform: Pick<Platform, 'db' | 'jobs'>,
  actor: Actor,
  input: NewFolder,
): Promise<FrameFolder> {
  requireFolders(actor, 'registering folders of the server')
  requireOwnGroups(actor, input.groups)
  const path = await folderAt(input.path)
  const id = await platform.db.transaction().execute(async (tx) => {
    const row = await putFolder(tx, {
      id: randomUUID(),
      path,
      recursive: input.recursive,
      copied: input.copied,
      groups: input.groups,
      public_at: input.publicAt === null ? null : new Date(input.publicAt),
      owner_id: actor.userId,
      added_by: actor.name,
    })
    await audit(tx, actor, 'frames.folder_registered', { kind: 'frame folder', id: row.id }, null, input)
    await sendScan(platform, tx, actor, row)
    return row.id
  })
  return shown((await folderRow(platform.db, id))!)
}

async function sendScan(
  platform: Pick<Platform, 'jobs'>,
  tx: Platform['db'],
  actor: Actor,
  row: FolderRow,
): Promise<string> {
  const job = await platform.jobs.send(
    tx,
    folderKind,
    {
      path: row.path,
      recursive: row.recursive,
      copy: row.copied,
      folderId: row.id,
      rights: { groups: row.groups, publicAt: row.public_at?.toISOString() ?? null },
      by: { ...jobActor(actor), userId: row.owner_id },
    },
    { subject: { kind: 'frame folder', id: row.id }, requestedBy: actor.userId },
  )
  await setScan(tx, row.id, { job_id: job })
  return job
}

async function knownFolder(platform: Pick<Platform, 'db'>, id: string): Promise<FolderRow> {
  const row = /^[0-9a-f-]{36}$/.test(id) ? await folderRow(platform.db, id) : undefined
  if (row) return row
  throw new Problem('resource.not_found', `There is no registered folder ${id.slice(0, 60)}.`)
}

/** Looks through a registered folder again. The job's id. */
export async function scanFolder(
  platform: Pick<Platform, 'db' | 'jobs'>,
  actor: Actor,
  id: string,
): Promise<string> {
  requireRole(actor, 'operator', 'scanning folders of the server')
  requireScope(actor, 'operate')
  const row = await knownFolder(platform, id)
  return platform.db
    .transaction()
    .execute((tx) => sendScan(platform, tx, { ...actor, role: 'administrator' }, row))
}

/** Takes a folder out of the registry; frames that lie in it stay frames. */
export async function forgetFolder(platform: Pick<Platform, 'db'>, actor: Actor, id: string): Promise<void> {
  requireFolders(actor, 'removing folders of the server')
  const row = await knownFolder(platform, id)
  await platform.db.transaction().execute(async (tx) => {
    await deleteFolder(tx, row.id)
    await audit(tx, actor, 'frames.folder_removed', { kind: 'frame folder', id }, { path: row.path }, null)
  })
}

/** Puts a folder or a list of files in the queue without registering it: the command line. */
export async function sendFolder(
  platform: Pick<Platform, 'db' | 'jobs'>,
  actor: Actor,
  path: string,
  options: { recursive: boolean; copy: boolean; rights: FrameRights },
): Promise<string> {
  requireFolders(actor, 'adding folders of the server')
  const real = await folderAt(path)
  return platform.jobs.send(
    platform.db,
    folderKind,
    { ...options, path: real, folderId: null, by: jobActor(actor) },
    { requestedBy: actor.userId },
  )
}

/** Files below a folder that may be frames; links that lead out of it are not followed. */
export async function* frameFiles(folder: string, recursive: boolean, root = folder): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (recursive) yield* frameFiles(path, recursive, root)
    } else if (frameEnding.test(entry.name)) {
      const real = await realpath(path).catch(() => undefined)
      if (real === undefined || !`${real}${sep}`.startsWith(root.endsWith(sep) ? root : `${root}${sep}`))
        continue
      if (entry.isFile() || (await stat(real)).isFile()) yield real
    }
  }
}

/** The work of a scan. Files that are no frames are counted and recorded; they stop nothing. */
export async function runFolder(
  platform: Adds,
  input: z.output<typeof folderKind.input>,
  job: JobContext,
): Promise<ScanCounts> {
  const actor = actorOf(input.by)
  const files: string[] = []
  for await (const file of frameFiles(input.path, input.recursive)) {
    files.push(file)
    job.signal.throwIfAborted()
  }
  const counts: ScanCounts = { seen: files.length, added: 0, known: 0, failed: 0 }
  for (const [i, path] of files.entries()) {
    job.signal.throwIfAborted()
    job.progress(i, files.length, 'files')
    try {
      const { added } = await addFile(platform, actor, path, input.copy ? 'storage' : 'place', {
        name: basename(path),
        origin: path,
        rights: input.rights,
      })
      if (added) counts.added++
      else counts.known++
    } catch (error) {
      const problem = await recordFailure(platform, actor, path, await sizeOf(path), error)
      if (!problem) throw error
      counts.failed++
      job.log(`${relative(input.path, path)}: ${problem.message}`)
    }
  }
  job.progress(files.length, files.length, 'files')
  if (input.folderId !== null) await setScan(platform.db, input.folderId, { counts })
  return counts
}

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.size ?? null
}

/** Puts addresses in the queue, a job each. */
export async function sendUrls(
  platform: Pick<Platform, 'db' | 'jobs'>,
  actor: Actor,
  urls: readonly string[],
  rights: FrameRights,
  note: string | null,
): Promise<string[]> {
  requireMember(actor)
  requireOwnGroups(actor, rights.groups)
  for (const url of urls) {
    const bare = withoutUserinfo(url)
    // Neither the queue nor anything after it may keep a password.
    if (bare !== url)
      throw new Problem(
        'net.host_refused',
        `${bare} is refused with a name or password in it, for addresses are kept and shown; fetch the file yourself and upload it.`,
        { url: bare },
      )
  }
  return platform.db.transaction().execute(async (tx) => {
    const ids: string[] = []
    for (const url of urls)
      ids.push(
        await platform.jobs.send(
          tx,
          urlKind,
          { url, rights, note, by: jobActor(actor) },
          { requestedBy: actor.userId },
        ),
      )
    return ids
  })
}

/** Fetches one address; private and local ones are refused. */
export async function runUrl(
  platform: Adds & Pick<Platform, 'net'>,
  input: z.output<typeof urlKind.input>,
  job: JobContext,
): Promise<{ sha256: string; added: boolean }> {
  const actor = actorOf(input.by)
  const { urlBytes } = platform.config.section(framesSection)
  const folder = join(platform.config.home, 'uploads')
  const path = join(folder, randomUUID())
  const origin = withoutUserinfo(input.url)
  try {
    const { bytes, url } = await platform.net.fetch(input.url, {
      untrusted: true,
      maxBytes: urlBytes,
      timeoutMs: 1_800_000,
      signal: job.signal,
    })
    await mkdir(folder, { recursive: true })
    await writeFile(path, bytes, { flag: 'wx' })
    const name = nameIn(url) ?? nameIn(origin) ?? 'frame.fits'
    const { rights, note } = input
    return await addFile(platform, actor, path, 'storage', { name, origin, rights, note })
  } catch (error) {
    if (!isProblem(error) || job.signal.aborted) throw error
    // Servers come back; a file that is no frame does not become one.
    const again = /^net\.(unreachable|timeout|status)/.test(error.code)
    if (again && job.attempt <= urlKind.retry.limit) throw error
    await recordFailure(platform, actor, origin, null, error)
    throw again ? error : failure(error, 'never')
  } finally {
    await rm(path, { force: true })
  }
}

function nameIn(url: string): string | undefined {
  const last = URL.parse(url)?.pathname.split('/').at(-1)
  if (last === undefined || last === '') return undefined
  try {
    return decodeURIComponent(last).slice(0, 250)
  } catch {
    return last.slice(0, 250)
  }
}
