import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import type { Net, NetOptions } from '#platform/net/net.ts'

/** Asks a service; what it answered is kept, so that the same question is asked once and works without network. */
export interface Asking {
  readonly net: Net
  /** Folder of the answers. */
  readonly cache: string
  /** Only what was asked before. */
  readonly offline: boolean
  /** Bytes of pictures that are kept; those not used for longest go first. */
  readonly mostPictures?: number
}

interface Manner {
  /** Days after which it is asked anew. */
  readonly days: number
  /** The whole exchange with its retries, seconds. */
  readonly seconds: number
  readonly mostBytes: number
  /** What a person may do instead. */
  readonly remedy: string
}

const MiB = 2 ** 20

const manners = {
  stars: { days: 365, seconds: 180, mostBytes: 512 * MiB, remedy: '' },
  names: {
    days: 30,
    seconds: 30,
    mostBytes: 4 * MiB,
    remedy: 'Try again later, or give coordinates instead of a name.',
  },
  movers: { days: 30, seconds: 90, mostBytes: 64 * MiB, remedy: '' },
  pictures: {
    days: 3_650,
    seconds: 300,
    mostBytes: 512 * MiB,
    remedy: 'Try again later (what has come is kept), or choose another template.',
  },
  // Pictures beside candidates: many, small, and nobody waits for them.
  finders: { days: 3_650, seconds: 20, mostBytes: 16 * MiB, remedy: '' },
} as const satisfies Record<string, Manner>

export type AnswerKind = keyof typeof manners

/** Days after which what a service did not have is asked for again. */
const absentDays = 30
const dayMs = 86_400_000

interface Options extends Omit<NetOptions, 'timeoutMs' | 'maxBytes' | 'accept'> {
  /** @throws Problem for an answer that is none; it is not kept */
  check?: (bytes: Uint8Array) => void
  /** False for an answer that may be another one tomorrow. */
  worthKeeping?: (bytes: Uint8Array) => boolean
  /** True for an answer that says in words that there is nothing, which is kept for a month as one by status is. */
  nothing?: (bytes: Uint8Array) => boolean
}

/**
 * @throws Problem `net.*` in one sentence and what to do where the service cannot be reached, is too slow, refuses or may not
 *   be asked; what `check` throws
 */
export async function ask(
  asking: Asking,
  kind: AnswerKind,
  url: string,
  options: Options = {},
): Promise<Uint8Array> {
  const answer = await askIfThere(asking, kind, url, options, [])
  if (answer === null) throw new Error('An answer without a body was accepted.')
  return answer
}

/** As `ask`; null where the service says by one of these statuses that it has no such thing, which is kept for a month. */
export async function askIfThere(
  asking: Asking,
  kind: AnswerKind,
  url: string,
  { check, worthKeeping, nothing, ...request }: Options = {},
  absent: readonly number[] = [404],
): Promise<Uint8Array | null> {
  const { net, cache, offline } = asking
  const manner: Manner = manners[kind]
  const key = createHash('sha256')
    .update(`${url}\n${typeof request.body === 'string' ? request.body : ''}`)
    .digest('hex')
  const file = join(cache, kind, key)
  const kept = await keptAnswer(file)
  if (kept) {
    const none = kept.bytes === null || nothing?.(kept.bytes) === true
    const days = none ? Math.min(absentDays, manner.days) : manner.days
    if (offline || Date.now() - kept.asked < days * dayMs) {
      const now = new Date()
      await utimes(file, now, now).catch(() => {})
      return kept.bytes
    }
  }
  const host = URL.parse(url)?.host ?? url
  if (offline)
    throw new Problem(
      'net.unreachable',
      `${host} is not asked, for this observatory is set to be offline and has no answer of it kept.`,
    )
  let bytes: Uint8Array | null
  try {
    const answer = await net.fetch(url, {
      ...request,
      timeoutMs: manner.seconds * 1_000,
      maxBytes: manner.mostBytes,
      accept: absent,
    })
    bytes = absent.includes(answer.status) ? null : answer.bytes
  } catch (error) {
    if (request.signal?.aborted || !isProblem(error) || !error.code.startsWith('net.')) throw error
    const sentence = `${error.message}${saidBy(error.details['body'])} ${manner.remedy}`.trim()
    throw new Problem(error.code, sentence, error.details, error)
  }
  if (bytes) check?.(bytes)
  if (bytes && worthKeeping?.(bytes) === false) return bytes
  await keep(file, bytes)
  if (kind === 'pictures' || kind === 'finders')
    await tidy(join(cache, kind), asking.mostPictures ?? Infinity)
  return bytes
}

/** What a service gave as its reason: JSON of the usual keys, or a short line; nothing of a page. */
function saidBy(body: unknown): string {
  if (typeof body !== 'string') return ''
  let text = body.trim()
  try {
    const parsed = JSON.parse(text) as Record<string, unknown> | null
    const parts = ['title', 'description', 'detail', 'message', 'error'].map((key) => parsed?.[key])
    text = parts.filter((part) => typeof part === 'string').join(': ')
  } catch {
    if (text.includes('<')) return ''
  }
  const line = text.replaceAll(/\s+/g, ' ').slice(0, 200).trim()
  return line === '' ? '' : ` It says: ${/[.!?]$/.test(line) ? line : `${line}.`}`
}

interface Kept {
  readonly asked: number
  /** Null: the service had none. */
  readonly bytes: Uint8Array | null
}

/** An answer as it was kept; undefined where there is none, or its file is damaged. */
async function keptAnswer(file: string): Promise<Kept | undefined> {
  const stored = await readFile(file).catch(() => undefined)
  const end = stored?.indexOf(0x0a) ?? -1
  if (!stored || end < 0 || end > 300) return undefined
  try {
    const { asked, sha256 } = JSON.parse(stored.toString('utf8', 0, end)) as Record<string, unknown>
    if (typeof asked !== 'number') return undefined
    if (sha256 === null) return { asked, bytes: null }
    const bytes = new Uint8Array(stored.buffer, stored.byteOffset + end + 1, stored.length - end - 1)
    return createHash('sha256').update(bytes).digest('hex') === sha256 ? { asked, bytes } : undefined
  } catch {
    return undefined
  }
}

async function keep(file: string, bytes: Uint8Array | null): Promise<void> {
  const sha256 = bytes && createHash('sha256').update(bytes).digest('hex')
  const head = Buffer.from(`${JSON.stringify({ asked: Date.now(), sha256 })}\n`)
  await mkdir(join(file, '..'), { recursive: true })
  const part = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`
  try {
    await writeFile(part, bytes ? [head, bytes] : head)
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

/** Deletes what was not used for longest until the rest has room, and what a killed process left half written. */
async function tidy(folder: string, most: number): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name)
      const found = await stat(path).catch(() => undefined)
      return { path, size: found?.size ?? 0, used: found?.mtimeMs ?? 0, half: name.includes('.') }
    }),
  )
  let size = files.reduce((sum, each) => sum + each.size, 0)
  for (const each of files.toSorted((a, b) => a.used - b.used)) {
    const left = each.half && Date.now() - each.used > dayMs
    if (!left && (each.half || size <= most)) continue
    await rm(each.path, { force: true })
    size -= each.size
  }
}
