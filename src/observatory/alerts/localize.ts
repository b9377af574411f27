import { randomUUID } from 'node:crypto'
import { isProblem, Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { MapSource, ParsedNotice } from './formats/format.ts'
import { base64Bytes, mapSentence } from './formats/text.ts'
import type { MapSummary } from './localization.ts'
import { mapSummaryOf, saveMapSummary, type NewLocalization } from './localization-store.ts'
import { digestTask } from './map-digest.ts'
import { kindOfRegion, unknownRadiusDeg, summaryOfRegion } from './region.ts'
import type { ProblemFacts } from './tables.ts'

type Needs = Pick<Platform, 'db' | 'storage' | 'compute'>

/** What a notice says about where: rows to write, and what is wrong with a map that it needs. */
export interface Localized {
  localizations: NewLocalization[]
  problem: ProblemFacts | null
}

const unmapped = {
  eventId: null,
  region: null,
  mapSha256: null,
  mapByteLength: null,
  sourceUrl: null,
  summary: null,
  problem: null,
  note: null,
}

/** Localizations of a notice: every embedded map stored and summed up, every address noted, the stated region. */
export async function localizeNotice(
  platform: Needs,
  noticeId: string,
  parsed: ParsedNotice,
  signal?: AbortSignal,
): Promise<Localized> {
  const localizations: NewLocalization[] = []
  let problem: ProblemFacts | null = null
  if (parsed.makes !== 'event') return { localizations, problem }
  for (const source of parsed.maps) {
    const row: NewLocalization = {
      ...unmapped,
      id: randomUUID(),
      noticeId,
      kind: source.role === 'combined' ? 'combined' : 'map',
      state: 'ready',
      containment: null,
      containmentStated: false,
    }
    if (source.at === 'address') localizations.push(addressed(row, source.url))
    else {
      const result = await storeMap(platform, source, signal)
      if (result.problem && (source.at === 'bytes' || source.essential)) problem ??= result.problem
      localizations.push({
        ...row,
        ...result,
        state: result.problem ? 'failed' : 'ready',
        note: result.problem?.message ?? null,
      })
    }
  }
  const stated = statedRegion(noticeId, parsed)
  if (stated) localizations.push(stated)
  return { localizations, problem }
}

function addressed(row: NewLocalization, url: string): NewLocalization {
  if (/^https?:\/\//i.test(url))
    return { ...row, state: 'waiting', sourceUrl: url, note: 'map not yet fetched' }
  const message = `The notice gives its map by ${JSON.stringify(url.slice(0, 200))}, which is no address that can be fetched.`
  return {
    ...row,
    state: 'failed',
    sourceUrl: url.slice(0, 2000),
    note: message,
    problem: { code: 'notice.map_unfetchable', message },
  }
}

function statedRegion(noticeId: string, parsed: ParsedNotice): NewLocalization | null {
  const { region, position, containmentStated } = parsed
  if (!region || !position) return null
  const containment = position.containment ?? 0.9
  const kind = kindOfRegion(region)
  const notes: string[] = []
  if (kind === 'point') notes.push(`no error is stated; drawn with ${unknownRadiusDeg}°`)
  if (kind === 'polygon') notes.push('uniform inside the stated polygon')
  if (!containmentStated)
    notes.push(`containment ${containment.toFixed(2)} is this mission's usual one, not stated in the notice`)
  if (!position.systematicIncluded) notes.push('without systematic error')
  return {
    ...unmapped,
    id: randomUUID(),
    noticeId,
    kind,
    state: 'ready',
    region,
    containment,
    containmentStated,
    note: notes.join('; '),
    summary: summaryOfRegion(region, containment),
  }
}

type MapResult = Pick<NewLocalization, 'mapSha256' | 'mapByteLength' | 'summary' | 'problem'>

async function storeMap(
  platform: Needs,
  source: MapSource & { at: 'base64' | 'bytes' },
  signal?: AbortSignal,
): Promise<MapResult> {
  const field = source.role === 'combined' ? 'The combined sky map' : 'The sky map'
  let bytes: Uint8Array<ArrayBuffer>
  try {
    bytes = source.at === 'base64' ? base64Bytes(source.text, field) : new Uint8Array(source.bytes)
    if (bytes.length < 512)
      throw new Problem(
        'notice.map_unreadable',
        `${field} in the notice is ${bytes.length} bytes long; no FITS file is that short.`,
      )
  } catch (error) {
    if (!isProblem(error)) throw error
    return {
      mapSha256: null,
      mapByteLength: null,
      summary: null,
      problem: { code: error.code, message: error.message },
    }
  }
  const result = await digestStored(platform, bytes, signal)
  const { problem } = result
  const kind = source.role === 'combined' ? 'combined' : 'map'
  return problem
    ? { ...result, problem: { ...problem, message: mapSentence(kind, problem.message) } }
    : result
}

/** Stores a map's bytes and its summary; the same map again costs a look-up. */
export async function digestStored(
  platform: Needs,
  bytes: Uint8Array<ArrayBuffer>,
  signal?: AbortSignal,
): Promise<MapResult> {
  const { sha256, byteLength } = await platform.storage.put(bytes)
  const known = await mapSummaryOf(platform.db, sha256)
  let result: { summary: MapSummary | null; problem: ProblemFacts | null }
  if (known) result = { summary: known.summary, problem: known.problem }
  else {
    // A copy goes: the bytes may be a view of a larger buffer.
    result = await platform.compute.run(digestTask, bytes, { ...(signal && { signal }) })
    await saveMapSummary(platform.db, sha256, byteLength, result)
  }
  return { mapSha256: sha256, mapByteLength: byteLength, ...result }
}
