import type { JobHandler } from '#platform/jobs/job.ts'
import type { Platform } from '#platform/platform.ts'
import { fetchMap } from './fetch-map.ts'
import { interpretNotice } from './interpret.ts'
import { expireKind, fetchMapKind, parseKind } from './job-kinds.ts'
import { configuredRules } from './rule-service.ts'
import { alertsSection } from './sections.ts'
import { expireTests } from './service.ts'

/** Handlers of the room's background work. Rules are read once: a broken rule file stops the start, not the night. */
export function alertJobs(platform: Platform): JobHandler[] {
  const rules = configuredRules(platform)
  const { fetchMaps } = platform.config.section(alertsSection)
  const parse: JobHandler<typeof parseKind.input> = {
    kind: parseKind,
    async run({ noticeIds }, job) {
      const states: Record<string, number> = {}
      for (const [i, id] of noticeIds.entries()) {
        job.signal.throwIfAborted()
        const { state } = await interpretNotice(platform, rules, id, job.signal)
        states[state] = (states[state] ?? 0) + 1
        if (noticeIds.length > 1) job.progress(i + 1, noticeIds.length, 'notices')
      }
      return states
    },
  }
  const fetch: JobHandler<typeof fetchMapKind.input> = {
    kind: fetchMapKind,
    run: ({ localizationId }, job) =>
      fetchMaps
        ? fetchMap(platform, rules, localizationId, job)
        : Promise.resolve({ state: 'fetching is switched off' }),
  }
  const expire: JobHandler<typeof expireKind.input> = {
    kind: expireKind,
    run: async () => ({ removed: await expireTests(platform) }),
  }
  return [parse, fetch, expire] as JobHandler[]
}
