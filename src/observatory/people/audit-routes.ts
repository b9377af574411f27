import { createRoute, z } from '@hono/zod-openapi'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { json, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { AuditEntry } from './audit-entry.ts'
import { listAudit } from './audit-store.ts'
import { requireRole } from './rights.ts'
import { shownAudit } from './shown.ts'
import './request.ts'

/** Adds the audit log to the routes of people. */
export function auditRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/audit',
      tags: ['People'],
      summary: 'Who did what, newest first',
      request: {
        query: pageQuery().extend({
          actor: z.string().max(100).optional().describe('Id of a person'),
          action: z.string().max(100).optional(),
          subject: z
            .string()
            .regex(/^[^:]+(:.+)?$/, 'kind or kind:id')
            .max(300)
            .optional()
            .describe('`person` or `person:<id>`'),
        }),
      },
      responses: { 200: json(pageSchema(AuditEntry), 'Entries'), ...problems() },
    }),
    async (c) => {
      requireRole(c.var.actor, 'administrator', 'reading the audit log')
      const { cursor, limit, actor, action, subject } = c.req.valid('query')
      const colon = subject?.indexOf(':') ?? -1
      const before =
        cursor === undefined ? undefined : decodeCursor(cursor, z.tuple([z.string().regex(/^\d{1,18}$/)]))[0]
      const rows = await listAudit(platform.db, {
        actorId: actor,
        action,
        subjectKind: colon > 0 ? subject?.slice(0, colon) : subject,
        subjectId: colon > 0 ? subject?.slice(colon + 1) : undefined,
        before,
        limit: limit + 1,
      })
      return c.json(
        pageOf(c, rows, limit, shownAudit, (row) => [row.id]),
        200,
      )
    },
  )
}
