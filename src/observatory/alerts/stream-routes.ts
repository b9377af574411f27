import { createRoute, z } from '@hono/zod-openapi'
import { json, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { gcnSection } from './sections.ts'
import { requireReader } from './service.ts'
import { StreamStatus } from './stream-status.ts'
import { streamStatuses } from './stream-store.ts'

const Streams = z.object({
  items: z.array(
    StreamStatus.extend({
      updatedAt: z.iso.datetime(),
      lag: z.number().nullable().describe('Messages not yet read, over all partitions'),
    }),
  ),
  next: z.null(),
  configured: z.boolean().describe('False: there is no credential, so nothing is listened to'),
})

export function streamRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/streams',
      tags: ['Streams'],
      summary: 'Streams of alerts: state, lag, last message',
      responses: { 200: json(Streams, 'The streams'), ...problems() },
    }),
    async (c) => {
      requireReader(c.var.actor)
      const gcn = platform.config.section(gcnSection)
      const rows = await streamStatuses(platform.db)
      const items = rows.map((row) => ({
        ...row.status,
        updatedAt: row.updated_at.toISOString(),
        lag: lagOf(row.status.partitions),
      }))
      return c.json({ items, next: null, configured: gcn.clientId !== null || gcn.brokers !== null }, 200)
    },
  )
}

/** Sum of the lags that are known; null where none is. */
function lagOf(partitions: readonly { lag: number | null }[]): number | null {
  const known = partitions.map((p) => p.lag).filter((lag) => lag !== null)
  return known.length === 0 ? null : known.reduce((sum, lag) => sum + lag, 0)
}
