import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '#problem.ts'
import type { Command } from '#platform/terminal/command.ts'
import { textFlag } from '#platform/terminal/flags.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { fetchSuperevent, type Fetched } from './gracedb.ts'
import { ingestAll } from './ingest.ts'
import { fetchMapKind, parseKind } from './job-kinds.ts'
import { listNotices, noticeById } from './notice-store.ts'
import { retryNotice } from './service.ts'
import { gcnStream } from './stream.ts'
import { noticeSummary } from './view.ts'

/** Files that notices come in; a folder is walked for these. */
const noticeFile = /\.(json|xml|avro|voevent|txt)$/i

export const alertIngest: Command = {
  words: ['alerts', 'ingest'],
  usage: 'FILE|FOLDER…|-',
  summary: 'Take in notices from files, folders or standard input, and read them',
  examples: [
    'urania alerts ingest S241102br-initial.json',
    'urania alerts ingest notices/',
    'curl -s https://… | urania alerts ingest -',
  ],
  options: { topic: { type: 'string', doc: 'Kafka topic they came from (default: file)' } },
  async run({ args, flags, out, document, platform: open, progress }) {
    if (args.length === 0)
      throw new Problem('command.usage', 'Name a file, a folder, or - for standard input.')
    const platform = await open()
    const topic = textFlag(flags, 'topic') ?? 'file'
    const paths = (await Promise.all(args.map(async (arg) => (arg === '-' ? ['-'] : filesOf(arg))))).flat()
    const bar = progress('Taking in', 'notices')
    const taken: { file: string; id: string; sha256: string; duplicate: boolean }[] = []
    for (let i = 0; i < paths.length; i += 20) {
      const part = paths.slice(i, i + 20)
      const bytes = await Promise.all(
        part.map(
          async (path) => new Uint8Array(path === '-' ? await buffer(process.stdin) : await readFile(path)),
        ),
      )
      const receipts = await ingestAll(
        platform,
        localOperator,
        bytes.map((b) => ({ bytes: b, topic })),
      )
      taken.push(...receipts.map((receipt, n) => ({ file: part[n]!, ...receipt })))
      bar.update(taken.length, paths.length)
    }
    bar.finish()
    await platform.jobs.idle([parseKind.name])
    const notices = await Promise.all(
      taken.map(async (t) => {
        const row = (await noticeById(platform.db, t.id))!
        return { ...t, state: row.state, title: row.title, eventId: row.event_id, problem: row.problem }
      }),
    )
    document({ notices }, () => {
      const rows = notices.map((n) => [
        n.file,
        n.duplicate ? 'known' : 'new',
        n.state,
        n.problem?.message ?? (n.state === 'parsed' && n.eventId === null ? waitingText(n.title) : n.title),
      ])
      for (const line of table(['file', '', 'state', ''], rows)) out(line)
    })
    return notices.some((n) => n.state === 'dead') ? 1 : 0
  },
}

/** A retraction or a circular of something unknown makes no event. */
function waitingText(title: string): string {
  return `${title}: of an event that is not known here; it waits for it`
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw new Problem('resource.not_found', `There is no file or folder ${path}.`, { path }, error)
  })
  if (!found.isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((e) => e.isFile() && noticeFile.test(e.name) && !e.name.endsWith('.schema.json'))
    .map((e) => join(e.parentPath, e.name))
    .toSorted()
}

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '')

export const alertListen: Command = {
  words: ['alerts', 'listen'],
  usage: '',
  summary: 'Listen to GCN over Kafka in the foreground, until interrupted',
  examples: ['urania alerts listen', 'urania alerts listen --json'],
  async run({ json, out, note, document, platform: open, signal }) {
    const platform = await open()
    const stream = await gcnStream(platform)
    if (!stream) {
      throw new Problem(
        'config.invalid',
        'There is no GCN credential: set client_id and client_secret in the section [gcn] of the configuration (urania config shows it).',
      )
    }
    const heard = async (): Promise<void> => {
      for await (const event of platform.events.tail(['everyone', 'role:administrator'], null, signal)) {
        if (event.kind !== 'alerts.event_changed') continue
        if (json) out(JSON.stringify({ at: event.at, ...event.data }))
        else
          out(
            `${event.at.toISOString()}  ${wordOf(event.data['name'])}  ${wordOf(event.data['title'])}  ${wordOf(event.data['decision'])}`,
          )
      }
    }
    await stream.start()
    note('Listening; interrupt to end.')
    try {
      await Promise.race([heard(), signal.aborted ? undefined : once(signal, 'abort')])
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      await stream.stop()
    }
    if (!json) document(stream.status(), () => note(`${stream.status().messages} messages.`))
  },
}

export const alertDead: Command = {
  words: ['alerts', 'dead'],
  usage: '[ID…]',
  summary: 'Notices that could not be read and why; with --retry read them again',
  examples: ['urania alerts dead', 'urania alerts dead --retry', 'urania alerts dead --json'],
  options: { retry: { type: 'boolean', doc: 'Read them again' } },
  async run({ args, flags, out, document, platform: open }) {
    const platform = await open()
    const all = await listNotices(platform.db, { state: ['dead'], limit: 10_000 })
    const rows = args.length > 0 ? all.filter((row) => args.includes(row.id)) : all
    if (flags['retry']) {
      for (const row of rows) await retryNotice(platform, localOperator, row.id)
      await platform.jobs.idle([parseKind.name])
    }
    const shown = await Promise.all(rows.map(async (row) => (await noticeById(platform.db, row.id)) ?? row))
    document({ notices: shown.map((row) => noticeSummary(row, null)) }, () => {
      if (shown.length === 0) out('No dead letters.')
      else
        for (const line of table(
          ['id', 'received', 'topic', 'state', 'reason'],
          shown.map((r) => [r.id, r.received_at.toISOString(), r.topic, r.state, r.problem?.message ?? '']),
        ))
          out(line)
    })
  },
}

export const alertFetch: Command = {
  words: ['alerts', 'fetch'],
  usage: 'SUPEREVENT…',
  summary: 'Fetch a superevent from GraceDB with every notice of it that is missing here',
  examples: ['urania alerts fetch S241102br'],
  async run({ args, out, document, platform: open, signal }) {
    if (args.length === 0) throw new Problem('command.usage', 'Name a superevent, for example S241102br.')
    const platform = await open()
    const fetched: Fetched[] = []
    for (const id of args) fetched.push(await fetchSuperevent(platform, localOperator, id, signal))
    await platform.jobs.idle([parseKind.name])
    // Maps that do not come soon are fetched by the server, or by the next command.
    await Promise.race([
      platform.jobs.idle([fetchMapKind.name]),
      sleep(20_000, undefined, { ref: false, signal }),
    ])
    document({ superevents: fetched }, () => {
      for (const { superevent, receipts, reconstructed } of fetched) {
        out(
          `${superevent}: ${receipts.length} notices${reconstructed ? ', put together from the record' : ''}`,
        )
        for (const r of receipts) out(`  ${r.duplicate ? 'known' : 'new  '}  ${r.file}`)
      }
    })
  },
}
