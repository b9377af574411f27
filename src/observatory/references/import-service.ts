import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, realpath, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isProblem, Problem } from '#problem.ts'
import { failure } from '#platform/jobs/failure.ts'
import type { JobContext } from '#platform/jobs/job.ts'
import type { Platform } from '#platform/platform.ts'
import { system, type Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { ImportOptions, mappingOf, type Catalogue, type ImportInput } from './catalogue.ts'
import { importKind } from './job-kinds.ts'
import { cataloguesFolder, requireEditor, tell } from './service.ts'
import { catalogueRow, lockCatalogue, putCatalogue } from './store.ts'

/** Largest file that is taken over the network; larger ones are imported on the machine itself. */
export const mostUploadBytes = 16 * 2 ** 30

/** `--map` texts as options. @throws Problem catalogue.invalid */
export function mapsOf(texts: readonly string[]): ImportOptions['map'] {
  const map: ImportOptions['map'] = {}
  for (const text of texts) {
    const read = mappingOf(text)
    if (!read)
      throw new Problem(
        'catalogue.invalid',
        `"${text}" maps nothing; write PART=COLUMN or PART=COLUMN:UNIT with name, ra, dec, distance, redshift, mag_b, mag_k or mass.`,
      )
    map[read.part] = read.mapping
  }
  return map
}

/** Puts a file of this machine in the queue. @throws Problem */
export async function sendImport(
  platform: Pick<Platform, 'db' | 'jobs'>,
  actor: Actor,
  file: string,
  input: ImportInput,
  upload?: { fileName: string },
): Promise<string> {
  requireEditor(actor)
  const options = ImportOptions.parse(input)
  const path = await realpath(file).catch((error: unknown) => {
    throw new Problem('catalogue.invalid', `There is no file ${file}.`, { file }, error)
  })
  if (!(await stat(path)).isFile())
    throw new Problem('catalogue.invalid', `${file} is no file; name the file of the catalogue itself.`, {
      file,
    })
  return platform.db.transaction().execute((tx) =>
    platform.jobs.send(
      tx,
      importKind,
      {
        file: path,
        fileName: upload?.fileName ?? basename(path),
        upload: upload !== undefined,
        options,
        by: actor.name,
      },
      { subject: { kind: 'catalogue', id: options.name }, requestedBy: actor.userId },
    ),
  )
}

/** Takes bytes as they come to a file of our own, and puts it in the queue. @throws Problem */
export async function receiveImport(
  platform: Pick<Platform, 'db' | 'jobs' | 'config'>,
  actor: Actor,
  body: AsyncIterable<Uint8Array>,
  fileName: string,
  input: ImportInput,
): Promise<string> {
  requireEditor(actor)
  const folder = join(cataloguesFolder(platform), '.incoming')
  await mkdir(folder, { recursive: true })
  const ending = /(\.[a-z0-9]{1,8}){1,2}$/i.exec(basename(fileName))?.[0] ?? ''
  const file = join(folder, `${randomUUID()}${ending}`)
  try {
    await pipeline(body, createWriteStream(file, { flags: 'wx' }))
    return await sendImport(platform, actor, file, input, { fileName: basename(fileName) })
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
}

/** The work of the job. */
export async function runImport(
  platform: Pick<Platform, 'db' | 'config' | 'events'>,
  { file, fileName, upload, options, by }: (typeof importKind.input)['_output'],
  job: JobContext,
  version: string,
): Promise<{ catalogue: string; version: number; rows: number; withoutPosition: number }> {
  const folder = cataloguesFolder(platform)
  let stays = false
  try {
    await sweep(folder)
    const before = await catalogueRow(platform.db, options.name)
    // Brings the engine along, which no other command needs.
    const { importCatalogue } = await import('./import.ts')
    const imported = await importCatalogue(file, options, (before?.version ?? 0) + 1, {
      folder,
      temporary: join(platform.config.home, 'temporary'),
      id: job.id,
      signal: job.signal,
      progress: (percent, words) => job.progress(percent, 100, `% ${words}`),
      log: job.log,
      version,
      now: () => new Date(),
      fileName,
    })
    const catalogue: Catalogue = { ...imported, importedAt: new Date().toISOString(), importedBy: by }
    await finish(platform, catalogue, before?.version)
    if (before) await rm(join(folder, before.path), { recursive: true, force: true })
    job.progress(100, 100, '%')
    const { name, rows, withoutPosition } = catalogue
    return { catalogue: name, version: catalogue.version, rows, withoutPosition }
  } catch (error) {
    // A file that cannot be read is no better at the second try.
    const hopeless =
      isProblem(error) && !/^(database|storage|request)/.test(error.code) && !job.signal.aborted
    stays = !hopeless && job.attempt <= importKind.retry.limit && !job.signal.aborted
    throw hopeless ? failure(error, 'never') : error
  } finally {
    if (upload && !stays) await rm(file, { force: true })
  }
}

async function finish(
  platform: Pick<Platform, 'db' | 'events'>,
  catalogue: Catalogue,
  before: number | undefined,
): Promise<void> {
  await platform.db.transaction().execute(async (tx) => {
    const row = await lockCatalogue(tx, catalogue.name)
    if (row?.version !== before)
      throw new Problem(
        'request.conflict',
        `The catalogue ${catalogue.name} was imported or removed by somebody else meanwhile; import it again.`,
      )
    await putCatalogue(tx, catalogue)
    const { name, version, rows, source } = catalogue
    const subject = { kind: 'catalogue', id: name }
    await audit(tx, { ...system, name: catalogue.importedBy }, 'references.imported', subject, null, {
      version,
      rows,
      source,
    })
    await tell(platform, tx, name, { what: 'imported', version, rows })
  })
}

const day = 86_400_000

/** Work folders and uploads of imports that died a day ago or longer. */
async function sweep(folder: string): Promise<void> {
  for (const parent of [folder, join(folder, '.incoming')]) {
    for (const name of await readdir(parent).catch(() => [])) {
      if (parent === folder && !name.startsWith('.import-')) continue
      const path = join(parent, name)
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
      if (Date.now() - mtimeMs > day) await rm(path, { recursive: true, force: true })
    }
  }
}
