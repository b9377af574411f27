import { z } from 'zod'
import { isProblem, Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { momentOfGps, unixOf } from '#science/sky/time.ts'
import { ingestAll } from './ingest.ts'
import type { NoticeReceipt } from './notice.ts'
import { alertsSection } from './sections.ts'

type Needs = Pick<Platform, 'config' | 'db' | 'storage' | 'jobs' | 'events' | 'net'>

/** What was found in GraceDB and taken in. */
export interface Fetched {
  superevent: string
  receipts: (NoticeReceipt & { file: string })[]
  /** True where GraceDB keeps no notices of it and one was put together from its record and newest map. */
  reconstructed: boolean
}

const Files = z.record(z.string(), z.string())
const Superevent = z.looseObject({
  superevent_id: z.string(),
  t_0: z.number(),
  far: z.number().nullable().optional(),
  created: z.string().optional(),
  labels: z.array(z.string()).default([]),
  category: z.string().optional(),
  preferred_event_data: z
    .looseObject({
      group: z.string().nullable().optional(),
      pipeline: z.string().nullable().optional(),
      search: z.string().nullable().optional(),
      instruments: z.string().nullable().optional(),
    })
    .nullable()
    .optional(),
})

/** Alerts kept beside a superevent: `S241102br-initial.json`, `S241102br-2-Preliminary.xml,0`. */
const alertFile =
  /^([MT]?S\d{6}[a-z]+)-(?:\d+-)?(earlywarning|early_warning|preliminary|initial|update|retraction)\.(json|avro|xml)(?:,(\d+))?$/i

/**
 * Takes in what GraceDB keeps of a superevent: every notice that the stream may have missed. Where it keeps none, one
 * is put together from the record, the newest multi-order map and the probabilities.
 */
export async function fetchSuperevent(
  platform: Needs,
  actor: Actor,
  id: string,
  signal?: AbortSignal,
): Promise<Fetched> {
  if (!/^[MT]?S\d{6}[a-z]+$/.test(id)) {
    throw new Problem('request.invalid', `${JSON.stringify(id)} is no superevent; write it like S241102br.`, {
      id,
    })
  }
  const root = platform.config.section(alertsSection).gracedbUrl.replace(/\/*$/, '/')
  const base = new URL(`superevents/${id}/`, root)
  const get = async (path: string): Promise<Uint8Array<ArrayBuffer>> =>
    (
      await platform.net.fetch(new URL(path, base).href, {
        ...(signal && { signal }),
        maxBytes: 256 * 1024 * 1024,
      })
    ).bytes
  const files = parsedAs(Files, await get('files/'), `the list of files of ${id}`)
  const wanted = alertFiles(Object.keys(files))
  const found: { file: string; bytes: Uint8Array }[] = []
  for (const file of wanted) found.push({ file, bytes: await get(`files/${encodeURIComponent(file)}`) })
  const reconstructed = found.length === 0
  if (reconstructed)
    found.push({ file: `${id} (record)`, bytes: await reconstruct(get, Object.keys(files), id) })
  const receipts = await ingestAll(
    platform,
    actor,
    found.map(({ bytes }) => ({ bytes, topic: 'gracedb' })),
  )
  return {
    superevent: id,
    receipts: receipts.map((receipt, i) => ({ ...receipt, file: found[i]!.file })),
    reconstructed,
  }
}

/** Every version of every alert, JSON before Avro before XML of the same alert, oldest version first. */
function alertFiles(names: readonly string[]): string[] {
  const best = new Map<string, { name: string; rank: number }>()
  for (const name of names) {
    const m = alertFile.exec(name)
    // The name without a version is the newest version once more.
    if (!m || (m[4] === undefined && names.some((other) => other.startsWith(`${name},`)))) continue
    const rank = ['json', 'avro', 'xml'].indexOf(m[3]!.toLowerCase())
    const key = `${m[2]!.toLowerCase().replace('_', '')},${m[4] ?? '0'}`
    const known = best.get(key)
    if (!known || rank < known.rank) best.set(key, { name, rank })
  }
  return [...best.values()]
    .map(({ name }) => name)
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

/** One alert in the form of the stream from what GraceDB says of the superevent now. */
async function reconstruct(
  get: (path: string) => Promise<Uint8Array<ArrayBuffer>>,
  files: readonly string[],
  id: string,
): Promise<Uint8Array> {
  const record = parsedAs(Superevent, await get(''), `the record of ${id}`)
  const data = record.preferred_event_data
  const retracted = record.labels.includes('ADVNO')
  const map = newest(files, /\.multiorder\.fits(,\d+)?$/)
  const optional = async (name: string): Promise<Record<string, number>> => {
    if (!files.includes(name)) return {}
    return parsedAs(z.record(z.string(), z.number()).catch({}), await get(`files/${name}`), name)
  }
  const pipeline = data?.pipeline?.toLowerCase() ?? ''
  const pastro = files.includes(`${pipeline}.p_astro.json`) ? `${pipeline}.p_astro.json` : 'p_astro.json'
  const labels = record.labels
  const alert = {
    alert_type: retracted ? 'RETRACTION' : labels.includes('ADVOK') ? 'INITIAL' : 'PRELIMINARY',
    time_created: createdAt(record.created),
    superevent_id: id,
    urls: { gracedb: `https://gracedb.ligo.org/superevents/${id}/view/` },
    event: retracted
      ? null
      : {
          significant: labels.some((label) =>
            /^(SIGNIF_LOCKED|ADVREQ|ADVOK|EM_SelectedConfident)/.test(label),
          ),
          time: new Date(Math.round(unixOf(momentOfGps(record.t_0)) * 1000)).toISOString(),
          far: record.far ?? null,
          instruments: data?.instruments?.split(',') ?? [],
          group: data?.group ?? null,
          pipeline: data?.pipeline ?? null,
          search: data?.search ?? null,
          classification: await optional(pastro),
          properties: await optional('em_bright.json'),
          duration: null,
          central_frequency: null,
          skymap: map ? Buffer.from(await get(`files/${encodeURIComponent(map)}`)).toString('base64') : null,
        },
    external_coinc: null,
    reconstructed_from: 'GraceDB record',
  }
  return new TextEncoder().encode(JSON.stringify(alert))
}

/** GraceDB writes `2024-11-02 12:41:05 UTC`. Not the clock's time: fetched again, the same record is the same notice. */
function createdAt(text: string | undefined): string | null {
  const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)/.exec(text ?? '')
  return found ? `${found[1]}T${found[2]}Z` : null
}

function newest(files: readonly string[], pattern: RegExp): string | undefined {
  const version = (name: string): number => Number(/,(\d+)$/.exec(name)?.[1] ?? -1)
  const preference = (name: string): number => (/bilby|lalinference/i.test(name) ? 1 : 0)
  return files
    .filter((name) => pattern.test(name))
    .toSorted((a, b) => preference(b) - preference(a) || version(b) - version(a))[0]
}

function parsedAs<T extends z.ZodType>(schema: T, bytes: Uint8Array, what: string): z.output<T> {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (error) {
    if (isProblem(error)) throw error
    throw new Problem(
      'notice.unreadable',
      `GraceDB's answer for ${what} is not what it used to be.`,
      {},
      error,
    )
  }
}
