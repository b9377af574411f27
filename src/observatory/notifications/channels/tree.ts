import { createHash } from 'node:crypto'
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { Problem, isProblem } from '#problem.ts'
import { createS3 } from '#platform/net/s3.ts'
import { createWebdav } from '#platform/net/webdav.ts'
import type {
  ChannelKind,
  ChannelMessage,
  ChannelNeeds,
  Delivered,
  StoredAttachment,
} from '#observatory/notifications/channel.ts'
import { isFinalStatus, refused, statusOf } from './refusal.ts'
import { codeOf, localPlace } from './tree-local.ts'
import {
  cleanPath,
  fileNames,
  filePath,
  folderNames,
  numbered,
  renamed,
  templateFault,
  threadFolder,
} from './tree-path.ts'
import type { NewFile, TreePlace } from './tree-place.ts'
import { s3Place } from './tree-s3.ts'
import { webdavPlace } from './tree-webdav.ts'

const places = { webdav: 'url', s3: 'url', folder: 'base' } as const

const settings = z
  .strictObject({
    place: z
      .enum(['webdav', 's3', 'folder'])
      .describe('Where the files go: WebDAV (ownCloud, Nextcloud), S3, or a folder of this machine.'),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('WebDAV: address of the folder (…/remote.php/dav/files/me); S3: address of the server.'),
    user: z.string().max(200).optional().describe('WebDAV: user; S3: access key id.'),
    password: z
      .string()
      .max(500)
      .optional()
      .describe('WebDAV: password, best one made for this app; S3: secret access key.'),
    bucket: z.string().max(200).optional().describe('S3: bucket.'),
    region: z.string().max(60).default('us-east-1').describe('S3: region that requests are signed for.'),
    base: z
      .string()
      .max(500)
      .default('')
      .describe('Folder that the tree stands in; for a folder of this machine its absolute path.'),
    threadFolder: z
      .string()
      .max(300)
      .default('Candidates/{group}/{thread}')
      .describe('Folder of one event, as a template.'),
    file: z.string().max(300).default('{path}').describe('Path of a file in it, as a template.'),
    names: z
      .record(z.string().max(200), z.string().max(200))
      .default({})
      .describe('Other names for folders in it, by the names they have: { KNC_IMAGES: "AMATEUR" }.'),
    share: z
      .string()
      .max(500)
      .optional()
      .describe(
        'Address that people open, {path} being the folder of the event: https://cloud.example.org/apps/files/?dir=/{path}',
      ),
    timeoutSeconds: z.number().min(0.1).max(600).default(30).describe('For each file, seconds.'),
  })
  .superRefine((value, context) => {
    const wrong = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message })
    if (!value[places[value.place]]) wrong(places[value.place], `is needed for the place "${value.place}"`)
    if (value.place === 's3' && !value.bucket) wrong('bucket', 'is needed for the place "s3"')
    if (value.place === 's3' && !(value.user && value.password))
      wrong('user', 'and password are needed for S3: access key id and secret access key')
    if (value.place === 'folder' && value.base !== '' && !isAbsolute(value.base))
      wrong('base', 'has to be an absolute path for a folder of this machine')
    if (value.place !== 'folder' && value.base !== cleanPath(value.base))
      wrong('base', 'has to be a relative path of plain names')
    const templates = [
      ['threadFolder', value.threadFolder, folderNames],
      ['file', value.file, fileNames],
    ] as const
    for (const [field, template, known] of templates) {
      const fault = templateFault(template, known)
      if (fault !== null) wrong(field, fault)
    }
    if (!/\{(thread|threadId)\}/.test(value.threadFolder))
      wrong('threadFolder', 'needs {thread} or {threadId}, or all events would share one folder')
    if (!/\{(path|name|stem)\}/.test(value.file)) wrong('file', 'needs {path}, {name} or {stem}')
    for (const [from, to] of Object.entries(value.names))
      if (cleanPath(from) !== from || cleanPath(to) !== to || to === '')
        wrong(
          'names',
          `${JSON.stringify(from)} → ${JSON.stringify(to)}: both have to be relative paths of plain names`,
        )
  })

type TreeSettings = z.output<typeof settings>

/** Kept with the thread: its folder, and what is ours there, by path with the tag it had after we wrote it. */
const threadState = z.object({ folder: z.string(), written: z.record(z.string(), z.string()).default({}) })

const mostNames = 99
/** A file of ours is compared by reading it, up to here. */
const mostCompared = 256 * 1024 * 1024
const mostStateCharacters = 40_000

/**
 * The tree of folders and files that people share for each event. A file is written where there is none, or where
 * ours lies unchanged; where people put or changed something it gets a name with a number, and theirs stays.
 */
export const treeChannel: ChannelKind<typeof settings> = {
  key: 'tree',
  title: 'Folder tree',
  settings,
  secret: ['password'],
  reaches: 'files',
  async deliver(needs, access, message, signal) {
    const parsed = threadState.safeParse(message.threadState)
    const folder = parsed.success ? cleanPath(parsed.data.folder) : threadFolder(access.threadFolder, message)
    const written = new Map(Object.entries(parsed.success ? parsed.data.written : {}))
    const place = placeOf(needs, access)
    const state = () => ({ folder, written: bounded(written) })
    const isTest = message.kind === 'notifications.test'
    if (message.files.length === 0 && message.folders.length === 0 && !isTest)
      return { threadState: state(), receipt: `nothing to keep at ${place.name}` }
    try {
      if (isTest) return await putTest(place, signal)
      await makeFolders(place, access, message, folder, signal)
      const kept: string[] = []
      for (const file of message.files) {
        signal.throwIfAborted()
        const wanted = filePath(access.file, message, renamed(file.path, access.names))
        const path = await writeFile(
          place,
          `${folder}/${wanted}`,
          await bytesOf(needs, file),
          written,
          signal,
        )
        if (path !== `${folder}/${wanted}`) kept.push(`${wanted} as ${path.split('/').at(-1)}`)
      }
      return {
        threadState: state(),
        ...(access.share ? { url: shareUrl(access.share, access, folder) } : {}),
        receipt: [
          `${message.files.length} file${message.files.length === 1 ? '' : 's'} at ${place.name}: ${folder}`,
          ...kept.map((each) => `another file is there, so ${each}`),
        ].join('; '),
      }
    } catch (error) {
      throw told(error, place, access, signal)
    }
  },
}

function placeOf(needs: ChannelNeeds, access: TreeSettings): TreePlace {
  const { place, base, url = '', user = '', password = '', bucket = '', region } = access
  const timeoutMs = access.timeoutSeconds * 1_000
  if (place === 'folder') return localPlace(base)
  if (place === 's3') {
    const keys = { accessKeyId: user, secretAccessKey: password }
    return s3Place(
      createS3(needs.net, { endpoint: url, bucket, region, ...keys, timeoutMs }),
      `s3://${bucket}`,
      base,
    )
  }
  return webdavPlace(createWebdav(needs.net, { url, user, password, timeoutMs }), new URL(url).host, base)
}

/** Shows that files can be written, by one that is the same for every test. */
async function putTest(place: TreePlace, signal: AbortSignal): Promise<Delivered> {
  const bytes = new TextEncoder().encode('Urania can write files here.\n')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const file = { bytes, sha256, mediaType: 'text/plain' }
  if (place.makeBase) await place.makeBase(signal)
  return { receipt: `${await writeFile(place, 'urania-test.txt', file, new Map(), signal)} at ${place.name}` }
}

async function makeFolders(
  place: TreePlace,
  access: TreeSettings,
  message: ChannelMessage,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const wanted = new Set(message.folders.map((name) => join(folder, renamed(name, access.names))))
  if (access.place !== 's3')
    for (const { path } of message.files) {
      const file = `${folder}/${filePath(access.file, message, renamed(path, access.names))}`
      wanted.add(file.slice(0, file.lastIndexOf('/')))
    }
  // Making a folder makes those above it.
  const deepest = [...wanted].filter((each) => ![...wanted].some((other) => other.startsWith(`${each}/`)))
  for (const each of access.place === 's3' ? wanted : deepest) {
    signal.throwIfAborted()
    await place.makeFolder(each, signal)
  }
}

async function bytesOf(needs: ChannelNeeds, file: StoredAttachment): Promise<NewFile> {
  const { sha256, mediaType } = file
  return { bytes: await needs.storage.get(sha256), sha256, mediaType }
}

/** @returns the path it has in the end. */
async function writeFile(
  place: TreePlace,
  wanted: string,
  file: NewFile,
  written: Map<string, string>,
  signal: AbortSignal,
): Promise<string> {
  for (let n = 1; n <= mostNames; n++) {
    const path = numbered(wanted, n)
    const tag = await writeHere(place, path, file, written.get(path), signal)
    if (tag === null) continue
    // Last written last, so that the oldest are forgotten first.
    written.delete(path)
    if (tag !== '') written.set(path, tag)
    return path
  }
  throw refused(`${place.name} has ${mostNames} other files named like ${wanted}; clear them away.`, {
    path: wanted,
  })
}

/** @returns the tag of what lies there and is the file; null when something else has the place. */
async function writeHere(
  place: TreePlace,
  path: string,
  file: NewFile,
  ours: string | undefined,
  signal: AbortSignal,
): Promise<string | null> {
  let found = await place.look(path, signal)
  if (!found) {
    const tag = await place.create(path, file, signal)
    if (tag !== null) return tag
    // Someone was faster; perhaps an attempt of ours.
    found = await place.look(path, signal)
  }
  if (!found || found.isFolder) return null
  if (found.byteLength === file.bytes.byteLength && found.byteLength <= mostCompared) {
    const there = await place.read(path, mostCompared, signal)
    if (createHash('sha256').update(there).digest('hex') === file.sha256) return found.tag
  }
  if (ours === undefined || ours === '' || found.tag !== ours) return null
  return place.replace(path, file, ours, signal)
}

function bounded(written: Map<string, string>): Record<string, string> {
  const entries = [...written]
  while (JSON.stringify(entries).length > mostStateCharacters) entries.shift()
  return Object.fromEntries(entries)
}

function shareUrl(template: string, access: TreeSettings, folder: string): string {
  const path = access.place === 'folder' ? folder : join(access.base, folder)
  return template.replaceAll('{path}', path.split('/').map(encodeURIComponent).join('/'))
}

function join(base: string, path: string): string {
  return [base, path].filter((part) => part !== '').join('/')
}

/** What a person can mend is said so that they can; the rest is tried again. */
function told(error: unknown, place: TreePlace, access: TreeSettings, signal: AbortSignal): unknown {
  if (signal.aborted || isProblem(error, 'channel.refused')) return error
  const status = statusOf(error)
  const body = isProblem(error) ? error.details['body'] : undefined
  const said = typeof body === 'string' && /<(?:\w+:)?(?:Code|message)>([^<]{1,200})</.exec(body)?.[1]
  const because = said ? ` (${said})` : ''
  if (status === 401 || status === 403)
    return refused(
      `${place.name} refused ${access.user ?? 'a visitor without a name'}${because}: enter user and password again, or give this user the right to write there.`,
      { status, ...(said ? { said } : {}) },
      error,
    )
  if (status === 404)
    return refused(
      `${place.name} knows nothing at ${access.url}${because}: correct address, bucket or base folder.`,
      { status },
      error,
    )
  if (isFinalStatus(status))
    return refused(
      `${place.name} answered ${status}${because}; check address and base folder.`,
      { status },
      error,
    )
  if (isProblem(error, 'storage.missing') && 'path' in error.details)
    return refused(error.message, error.details, error)
  const code = codeOf(error)
  if (code !== null && ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENAMETOOLONG'].includes(code))
    return refused(
      `${place.name} can't be written to (${code}); let the account that Urania runs under write there.`,
      { code },
      error,
    )
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Problem('storage.full', `The disk of ${place.name} is full; make room there.`, { code }, error)
  return error
}
