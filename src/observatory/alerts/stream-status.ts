import { z } from 'zod'
import type { StreamStatus as KafkaStatus } from '#platform/streams/stream.ts'

/** State of a stream of alerts, as the page shows it. */
export const StreamStatus = z
  .object({
    name: z.string(),
    state: z
      .string()
      .describe('stopped, connecting, waiting for topics, running, handler failing, unreachable'),
    since: z.iso.datetime(),
    groupId: z.string(),
    unknownTopics: z.array(z.string()),
    partitions: z.array(
      z.object({
        topic: z.string(),
        partition: z.number().int(),
        position: z.string().nullable(),
        end: z.string().nullable(),
        lag: z.number().nullable().describe('Messages not yet read'),
      }),
    ),
    messages: z.number().int(),
    bytes: z.number(),
    lastMessageAt: z.iso.datetime().nullable(),
    lastHeartbeatAt: z.iso.datetime().nullable(),
    tokenExpiresAt: z.iso.datetime().nullable(),
    problem: z.object({ code: z.string(), message: z.string(), at: z.iso.datetime() }).nullable(),
  })
  .meta({ id: 'StreamStatus' })
export type StoredStreamStatus = z.output<typeof StreamStatus>

/** The same with times as text. */
export function shownStatus(status: KafkaStatus): StoredStreamStatus {
  const time = (at: Date | null): string | null => at?.toISOString() ?? null
  return {
    ...status,
    since: status.since.toISOString(),
    lastMessageAt: time(status.lastMessageAt),
    lastHeartbeatAt: time(status.lastHeartbeatAt),
    tokenExpiresAt: time(status.tokenExpiresAt),
    problem: status.problem && { ...status.problem, at: status.problem.at.toISOString() },
  }
}
