import { isProblem } from '#problem.ts'
import { failure } from '#platform/jobs/failure.ts'
import type { JobContext } from '#platform/jobs/job.ts'
import type { Platform } from '#platform/platform.ts'
import { lockEvent } from './event-store.ts'
import { assessNotice } from './interpret.ts'
import { localizationById, updateLocalization } from './localization-store.ts'
import { digestStored } from './localize.ts'
import { noticeById } from './notice-store.ts'
import { refreshEvent } from './refresh.ts'
import type { Rules } from './rule-file.ts'
import { alertsSection } from './sections.ts'
import { fetchMapKind } from './job-kinds.ts'
import type { ProblemFacts } from './tables.ts'

type Needs = Pick<Platform, 'config' | 'db' | 'storage' | 'compute' | 'events' | 'net'>

/** Largest map that is fetched. */
const maxMapBytes = 512 * 1024 * 1024

/**
 * Fetches the map that a notice gives by its address, stores it, and assesses the notice anew. An address that does
 * not answer yet is tried again by the job; one that answers with something else than a map is a failure for good.
 */
export async function fetchMap(
  platform: Needs,
  rules: readonly Rules[],
  id: string,
  job: JobContext,
): Promise<{ state: string }> {
  const row = await localizationById(platform.db, id)
  if (!row || row.state === 'ready' || row.source_url === null) return { state: row?.state ?? 'gone' }
  const last = job.attempt > fetchMapKind.retry.limit
  try {
    const response = await platform.net.fetch(row.source_url, {
      untrusted: !platform.config.section(alertsSection).localMaps,
      signal: job.signal,
      maxBytes: maxMapBytes,
      timeoutMs: 300_000,
    })
    const result = await digestStored(platform, response.bytes, job.signal)
    if (result.problem) {
      await finish(platform, rules, id, {
        state: 'failed',
        note: result.problem.message,
        problem: result.problem,
      })
      return { state: 'failed' }
    }
    await finish(platform, rules, id, { ...result, state: 'ready', note: null, problem: null })
    return { state: 'ready' }
  } catch (error) {
    if (!isProblem(error)) throw error
    const note = last ? error.message : `map not yet fetched: ${error.message}`
    const problem = { code: error.code, message: error.message }
    await finish(platform, rules, id, { state: last ? 'failed' : 'waiting', note, problem })
    throw last ? failure(error, 'never') : error
  }
}

interface Outcome {
  state: 'ready' | 'waiting' | 'failed'
  note: string | null
  problem: ProblemFacts | null
  mapSha256?: string | null
  mapByteLength?: number | null
  summary?: Awaited<ReturnType<typeof digestStored>>['summary']
}

async function finish(platform: Needs, rules: readonly Rules[], id: string, outcome: Outcome): Promise<void> {
  await platform.db.transaction().execute(async (tx) => {
    const row = await localizationById(tx, id)
    if (!row) return
    if (row.event_id) await lockEvent(tx, row.event_id)
    await updateLocalization(tx, id, {
      state: outcome.state,
      note: outcome.note,
      problem: outcome.problem,
      ...(outcome.mapSha256 ? { mapSha256: outcome.mapSha256 } : {}),
      ...(outcome.mapByteLength ? { mapByteLength: outcome.mapByteLength } : {}),
      ...(outcome.summary ? { summary: outcome.summary } : {}),
    })
    if (outcome.state === 'waiting' || !row.event_id) return
    const notice = await noticeById(tx, row.notice_id)
    if (!notice?.parsed) return
    await assessNotice(tx, rules, { noticeId: notice.id, eventId: row.event_id, notice: notice.parsed })
    const title =
      outcome.state === 'ready' ? `Map of ${notice.title}` : `Map of ${notice.title} cannot be fetched`
    await refreshEvent(platform, tx, row.event_id, rules[0]!.name, {
      what: 'map',
      noticeId: notice.id,
      title,
    })
  })
}
