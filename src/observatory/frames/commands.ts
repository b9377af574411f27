import { existsSync, statSync } from 'node:fs'
import { realpath, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { basename } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import { withoutUserinfo } from '#platform/net/hosts.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import type { Platform } from '#platform/platform.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { colourMapNames, type ColourMapName } from '#science/image/display/colour-maps.ts'
import { stretchNames, type StretchName } from '#science/image/display/stretch.ts'
import { addFile, recordFailure } from './add.ts'
import { describeFrame, describeExamined } from './describe.ts'
import { examineHdus } from './examine.ts'
import { withFile } from './file.ts'
import { sendFolder, sendUrls } from './folder-service.ts'
import type { Frame, FrameRights } from './frame.ts'
import { headerText, headerView } from './header-view.ts'
import { mainHdu } from './images.ts'
import { openImage } from './open.ts'
import { fitted, pictureOf, sizeWithin, usualLook, type Look } from './picture.ts'
import { imageAt, readFlux } from './pixels.ts'
import { thumbnailOf, usualSide } from './products.ts'
import { FrameSearch, queryOf } from './query.ts'
import { findFrames, frameBySha256, frameHdus, removeFrame } from './service.ts'

/** The room on the command line, as the local operator; a file of this machine needs no database. */

function argument({ args }: Invocation, at: number, what: string): string {
  const value = args[at]
  if (value !== undefined) return value
  throw new Problem('command.usage', `Say ${what}; see --help.`)
}

function text({ flags }: Invocation, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

function whole(invocation: Invocation, name: string, fallback: number): number {
  const value = text(invocation, name)
  if (value === undefined) return fallback
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw new Problem('command.usage', `--${name} is a whole number, not "${value}".`)
}

const isFile = (name: string): boolean => existsSync(name) && statSync(name).isFile()

/** Hash of a frame by its first digits, as people copy them. */
async function hashOf(platform: Platform, given: string): Promise<string> {
  if (/^[0-9a-f]{64}$/.test(given)) return given
  const short = /^[0-9a-f]{6,63}$/.test(given)
  const all = short ? await findFrames(platform, localOperator, { limit: 10_000 }) : []
  const found = all.filter(({ sha256 }) => sha256.startsWith(given))
  if (found.length === 1) return found[0]!.sha256
  throw new Problem(
    'frame.unknown',
    `${JSON.stringify(given.slice(0, 80))} is no file of this machine and no frame${found.length > 1 ? ` alone: ${found.length} begin so` : ''}; "urania frames list" lists them.`,
  )
}

const add: Command = {
  words: ['frames', 'add'],
  usage: 'FILE|FOLDER|URL…',
  summary: 'Add FITS files as frames: files, whole folders, addresses',
  examples: [
    'urania frames add science.fits.fz',
    'urania frames add /data/2026-11-21 --in-place --group everyone',
    'urania frames add https://archive.example.org/frame.fits',
  ],
  options: {
    'in-place': { type: 'boolean', doc: 'Leave the files where they are; they must stay as they are' },
    flat: { type: 'boolean', doc: 'Of a folder only the files in it, not those of folders below' },
    group: {
      type: 'string',
      multiple: true,
      doc: 'Group that may see them, by id; everyone: all who sign in',
    },
    note: { type: 'string', doc: 'Kept with each frame' },
  },
  async run(invocation) {
    argument(invocation, 0, 'which files, folders or addresses to add')
    const platform = await invocation.platform()
    const rights = { groups: (invocation.flags['group'] as string[] | undefined) ?? [], publicAt: null }
    const note = text(invocation, 'note') ?? null
    const done: Outcome = { added: [], known: [], failed: [] }
    const progress = invocation.progress('adding', 'files')
    for (const [i, given] of invocation.args.entries()) {
      progress.update(i, invocation.args.length)
      if (/^https?:\/\//.test(given)) await addUrl(invocation, platform, given, rights, note, done)
      else if (existsSync(given) && statSync(given).isDirectory())
        await addFolder(invocation, platform, given, rights, done)
      else await addOne(invocation, platform, given, rights, note, done)
    }
    progress.finish()
    invocation.document(done, () => {
      const { added, known, failed } = done
      for (const line of failed) invocation.note(`${line.origin}: ${line.reason}`)
      invocation.out(`${added.length} added, ${known.length} known already, ${failed.length} refused`)
      for (const sha256 of added.slice(0, 20)) invocation.out(`  ${sha256}`)
    })
    await platform.jobs.idle(['frames.products'])
    return done.failed.length > 0 && done.added.length + done.known.length === 0 ? 1 : 0
  },
}

interface Outcome {
  added: string[]
  known: string[]
  failed: { origin: string; reason: string }[]
}

async function addOne(
  invocation: Invocation,
  platform: Platform,
  given: string,
  rights: FrameRights,
  note: string | null,
  done: Outcome,
): Promise<void> {
  const path = await realpath(given).catch(() => given)
  try {
    const keep = invocation.flags['in-place'] === true ? 'place' : 'storage'
    const { sha256, added } = await addFile(platform, localOperator, path, keep, {
      name: basename(given),
      origin: path,
      rights,
      note,
    })
    ;(added ? done.added : done.known).push(sha256)
  } catch (error) {
    if (!isProblem(error)) throw error
    await recordFailure(platform, localOperator, path, null, error)
    done.failed.push({ origin: withoutUserinfo(given), reason: error.message })
  }
}

/** Waits for a job and stops it with the command. Its result, or the sentence of its problem. */
async function finished(
  invocation: Invocation,
  platform: Platform,
  id: string,
): Promise<{ result: unknown } | { reason: string }> {
  const stop = (): void => void platform.jobs.cancel(id).catch(() => {})
  invocation.signal.addEventListener('abort', stop)
  const progress = invocation.progress('adding', 'files')
  let line = 0
  try {
    for (;;) {
      await sleep(150)
      const job = await platform.jobs.get(id)
      if (job?.progress) progress.update(job.progress.done, job.progress.total)
      if (job && (job.state === 'queued' || job.state === 'running' || job.state === 'retrying')) continue
      for (const entry of await platform.jobs.logOf(id, line)) {
        line = entry.line
        invocation.note(entry.text)
      }
      if (job?.state === 'done') return { result: job.result }
      return { reason: job?.problem?.message ?? `The job was ${job?.state ?? 'lost'}.` }
    }
  } finally {
    progress.finish()
    invocation.signal.removeEventListener('abort', stop)
  }
}

async function addFolder(
  invocation: Invocation,
  platform: Platform,
  given: string,
  rights: FrameRights,
  done: Outcome,
): Promise<void> {
  const id = await sendFolder(platform, localOperator, await realpath(given), {
    recursive: invocation.flags['flat'] !== true,
    copy: invocation.flags['in-place'] !== true,
    rights,
  })
  const end = await finished(invocation, platform, id)
  if ('reason' in end) done.failed.push({ origin: given, reason: end.reason })
  else {
    const counts = end.result as { seen: number; added: number; known: number; failed: number }
    invocation.note(
      `${given}: ${counts.seen} files, ${counts.added} added, ${counts.known} known already, ${counts.failed} refused`,
    )
    if (counts.added + counts.known > 0) done.known.push(...Array.from({ length: counts.known }, () => given))
    done.added.push(...Array.from({ length: counts.added }, () => given))
    if (counts.failed > 0)
      done.failed.push({
        origin: given,
        reason: `${counts.failed} files are no frames; they are named above.`,
      })
  }
}

async function addUrl(
  invocation: Invocation,
  platform: Platform,
  url: string,
  rights: FrameRights,
  note: string | null,
  done: Outcome,
): Promise<void> {
  const [id] = await sendUrls(platform, localOperator, [url], rights, note)
  const end = await finished(invocation, platform, id!)
  if ('reason' in end) return void done.failed.push({ origin: withoutUserinfo(url), reason: end.reason })
  const { sha256, added } = end.result as { sha256: string; added: boolean }
  ;(added ? done.added : done.known).push(sha256)
}

const list: Command = {
  words: ['frames', 'list'],
  usage: '[WORDS…]',
  summary: 'Frames by position, time, instrument, filter, kind and words',
  examples: [
    'urania frames list',
    'urania frames list --contains "197.45,-23.38" --kind object --filter r',
    'urania frames list NGC4993 --from 2026-11-20',
  ],
  options: {
    cone: { type: 'string', doc: 'Centre within: RA, Dec, radius in degrees' },
    contains: { type: 'string', doc: 'Footprint holds this position' },
    touches: { type: 'string', doc: 'Footprint shares sky with this circle: RA, Dec, radius in degrees' },
    from: { type: 'string', doc: 'Exposed at or after: ISO 8601 or MJD, UTC' },
    to: { type: 'string', doc: 'Exposed before' },
    kind: { type: 'string', doc: 'bias, dark, flat, object, stack …; commas between' },
    filter: { type: 'string', doc: 'Bands or names of filters; commas between' },
    instrument: { type: 'string', doc: 'Its name as headers have it' },
    telescope: { type: 'string', doc: 'Its name as headers have it' },
    limit: { type: 'string', doc: 'Most frames (default 50)' },
  },
  async run(invocation) {
    const keys = ['cone', 'contains', 'touches', 'from', 'to', 'kind', 'filter', 'instrument', 'telescope']
    const asked = Object.fromEntries(keys.map((key) => [key, text(invocation, key)]))
    const search = FrameSearch.parse({ ...asked, q: invocation.args.join(' ') || undefined })
    const limit = whole(invocation, 'limit', 50)
    const frames = await findFrames(await invocation.platform(), localOperator, { ...queryOf(search), limit })
    invocation.document({ items: frames, next: null }, () => {
      if (frames.length === 0) return invocation.out('None that fits. "urania frames add FILE" adds some.')
      const headings = ['sha256', 'name', 'kind', 'instrument', 'filter', 'middle (MJD)', 's', 'RA', 'Dec']
      for (const line of table(headings, frames.map(rowOf))) invocation.out(line)
    })
  },
}

function rowOf({ sha256, name, facts, footprint }: Frame): (string | number | null)[] {
  const mjd = facts.time?.middle ?? facts.time?.mjd
  return [
    sha256.slice(0, 12),
    name,
    facts.kind,
    facts.instrument,
    facts.filter ?? facts.filterName,
    mjd === undefined || mjd === null ? null : mjd.toFixed(5),
    facts.exposure,
    footprint?.centre[0].toFixed(4) ?? null,
    footprint?.centre[1].toFixed(4) ?? null,
  ]
}

const show: Command = {
  words: ['frames', 'show'],
  usage: 'FILE|SHA256',
  summary: 'What a file or a frame says of itself: facts, images, footprint, doubts',
  examples: ['urania frames show science.fits', 'urania frames show 3f2a91c0'],
  async run(invocation) {
    const given = argument(invocation, 0, 'which file or frame')
    if (isFile(given))
      return withFile(given, async (file) => {
        const { sky: _, ...examined } = examineHdus(file.hdus)
        const sha256 = await file.sha256()
        invocation.document({ sha256, name: file.name, byteLength: file.byteLength, ...examined }, () =>
          describeExamined(
            { sha256, name: file.name, byteLength: file.byteLength },
            examined,
            invocation.out,
          ),
        )
      })
    const platform = await invocation.platform()
    const frame = await frameBySha256(platform, localOperator, await hashOf(platform, given))
    invocation.document(frame, () => describeFrame(frame, invocation.out))
  },
}

const header: Command = {
  words: ['frames', 'header'],
  usage: 'FILE|SHA256 [WORDS…]',
  summary: 'Header cards of a file or a frame, those that hold all the words',
  examples: ['urania frames header science.fits', 'urania frames header science.fits gain --hdu 1'],
  options: { hdu: { type: 'string', doc: 'Only of this HDU, from 0 (default all)' } },
  async run(invocation) {
    const given = argument(invocation, 0, 'which file or frame')
    const filter = invocation.args.slice(1).join(' ')
    const only = text(invocation, 'hdu') === undefined ? undefined : whole(invocation, 'hdu', 0)
    const print = (hdus: Parameters<typeof headerText>[0]): void => {
      const shown = only === undefined ? hdus : hdus.filter(({ index }) => index === only)
      if (shown.length === 0) throw new Problem('fits.not_found', `There is no HDU ${only} in the file.`)
      invocation.document({ items: shown.map((hdu) => headerView(hdu, filter)) }, () =>
        invocation.out(headerText(shown, filter).trimEnd()),
      )
    }
    if (isFile(given)) return withFile(given, async ({ hdus }) => print(hdus))
    const platform = await invocation.platform()
    print((await frameHdus(platform, localOperator, await hashOf(platform, given))).hdus)
  },
}

const thumbnail: Command = {
  words: ['frames', 'thumbnail'],
  usage: 'FILE|SHA256 --to PICTURE.png',
  summary: 'A picture of a file or a frame as PNG',
  examples: [
    'urania frames thumbnail science.fits --to science.png',
    'urania frames thumbnail science.fits --to science.png --width 800 --stretch log --cmap viridis',
  ],
  options: {
    to: { type: 'string', doc: 'PNG to write' },
    hdu: { type: 'string', doc: 'Which HDU, from 0 (default the first image)' },
    width: { type: 'string', doc: `Longer side in pixels (default ${usualSide})` },
    stretch: { type: 'string', doc: `${stretchNames.join(', ')} (default ${usualLook.stretch})` },
    cmap: { type: 'string', doc: `${colourMapNames.join(', ')} (default ${usualLook.map})` },
  },
  async run(invocation) {
    const given = argument(invocation, 0, 'which file or frame')
    const to = text(invocation, 'to')
    if (to === undefined) throw new Problem('command.usage', 'Say where the picture goes: --to PICTURE.png.')
    const look: Look = {
      ...usualLook,
      stretch: oneOf<StretchName>(invocation, 'stretch', stretchNames, usualLook.stretch),
      map: oneOf<ColourMapName>(invocation, 'cmap', colourMapNames, usualLook.map),
    }
    const side = whole(invocation, 'width', usualSide)
    if (side < 1 || side > 16_384) throw new Problem('command.usage', '--width is 1 to 16384 pixels.')
    const hdu = text(invocation, 'hdu') === undefined ? undefined : whole(invocation, 'hdu', 0)
    const png = isFile(given)
      ? await withFile(given, async ({ hdus, source }) => {
          const { facts, images, main } = examineHdus(hdus)
          const index = hdu ?? mainHdu(hdus)!.index
          const image = imageAt(hdus, index)
          const scale = index === images[main]!.hdu ? facts.pixels : ({ form: 'linear' } as const)
          const [width, height] = [image.shape[0]!, image.shape[1]!]
          const size = sizeWithin(side, width, height)
          const data = await readFlux(source, image, { x0: 0, x1: width, y0: 0, y1: height }, { scale })
          return pictureOf(fitted(data, { width, height }, size), size.width, size.height, look)
        })
      : await pictureOfFrame(await invocation.platform(), given)
    await writeFile(to, png)
    invocation.document({ file: to, byteLength: png.byteLength }, () => invocation.out(`${to} written`))

    async function pictureOfFrame(platform: Platform, name: string): Promise<Uint8Array> {
      const image = await openImage(platform, localOperator, await hashOf(platform, name), hdu)
      return thumbnailOf(platform, image, side, look, invocation.signal)
    }
  },
}

function oneOf<T extends string>(invocation: Invocation, name: string, known: readonly T[], fallback: T): T {
  const value = text(invocation, name)
  if (value === undefined) return fallback
  const found = known.find((each) => each === value)
  if (found) return found
  throw new Problem('command.usage', `--${name} is one of ${known.join(', ')}, not "${value}".`)
}

const remove: Command = {
  words: ['frames', 'remove'],
  usage: 'SHA256…',
  summary: 'Take frames out of the list; their files stay where they are',
  examples: ['urania frames remove 3f2a91c0'],
  async run(invocation) {
    argument(invocation, 0, 'which frame')
    const platform = await invocation.platform()
    const removed: string[] = []
    for (const given of invocation.args) {
      const sha256 = await hashOf(platform, given)
      await removeFrame(platform, localOperator, sha256)
      removed.push(sha256)
    }
    invocation.document({ removed }, () => {
      for (const sha256 of removed) invocation.out(`${sha256} is removed`)
    })
  },
}

export const frameCommands: Command[] = [add, list, show, header, thumbnail, remove]
