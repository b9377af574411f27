import { createRoute, z } from '@hono/zod-openapi'
import { etagOf, fresh } from '#platform/http/etag.ts'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { bytesOf, json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import { threadOfValue } from './acknowledgement.ts'
import { InboxEntry, InboxRead, NotificationPreferences } from './inbox.ts'
import {
  changePreferences,
  countUnread,
  inboxPicture,
  personalChannels,
  readEntries,
  readInbox,
  readPreferences,
  shownEntry,
} from './inbox-service.ts'
import type { Needs } from './kinds.ts'

const tags = ['Notifications']

const Preferences = z.object({
  preferences: NotificationPreferences,
  channels: z
    .array(
      z.object({
        name: z.string(),
        title: z.string(),
        addresses: z.enum(['mail', 'given', 'person']).describe('given: needs an address of yours'),
      }),
    )
    .describe('Channels that can reach you by yourself'),
})

export function inboxRoutes(app: Router, needs: Needs): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/inbox',
      tags,
      summary: 'What you, your groups and everybody were told, newest first',
      request: {
        query: pageQuery().extend({
          for: z.enum(['me', 'groups', 'everybody']).optional(),
          unread: z.enum(['true', 'false']).optional(),
          subject: z
            .string()
            .regex(/^[^:]+:.+$/, 'kind:id')
            .max(400)
            .optional()
            .describe('`event:<id>`: of one thread'),
        }),
      },
      responses: {
        200: json(pageSchema(InboxEntry), 'Entries'),
        ...problems(),
      },
    }),
    async (c) => {
      const { cursor, limit, for: scope, unread, subject } = c.req.valid('query')
      const before =
        cursor === undefined ? undefined : decodeCursor(cursor, z.tuple([z.string().regex(/^\d{1,18}$/)]))[0]
      const rows = await readInbox(needs, c.var.actor, {
        scope,
        unread: unread === 'true',
        thread: subject === undefined ? undefined : threadOfValue(subject),
        before,
        limit: limit + 1,
      })
      return c.json(
        pageOf(c, rows, limit, shownEntry, (row) => [row.entry_id]),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/inbox/unread',
      tags,
      summary: 'How many entries you have not read',
      responses: { 200: json(z.object({ unread: z.int() }), 'The number'), ...problems() },
    }),
    async (c) => c.json({ unread: await countUnread(needs, c.var.actor) }, 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/inbox/read',
      tags,
      summary: 'Mark entries as read',
      request: { body: jsonBody(InboxRead) },
      responses: {
        200: json(z.object({ marked: z.int(), unread: z.int() }), 'How many, and how many are left'),
        ...problems(),
      },
    }),
    async (c) => c.json(await readEntries(needs, c.var.actor, c.req.valid('json')), 200),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/inbox/{id}/pictures/{index}',
      tags,
      summary: 'A picture of an entry',
      request: {
        params: z.object({
          id: z.string().regex(/^\d{1,18}$/),
          index: z.coerce.number().int().min(0).max(100),
        }),
      },
      responses: { 200: bytesOf('image/png', 'The picture, in its own media type'), ...problems(404) },
    }),
    async (c) => {
      const { id, index } = c.req.valid('param')
      const { sha256, mediaType } = await inboxPicture(needs, c.var.actor, id, index)
      if (fresh(c, etagOf(sha256))) return c.body(null, 304) as never
      // Pictures come from rooms of this program; whatever else was attached is shown by nobody.
      const type = mediaType.startsWith('image/') ? mediaType : 'application/octet-stream'
      return c.body(await needs.storage.get(sha256), 200, {
        'Content-Type': type,
        'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
      }) as never
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/notification-preferences',
      tags,
      summary: 'How you are told',
      responses: { 200: json(Preferences, 'Your preferences'), ...problems() },
    }),
    async (c) => {
      const { actor } = c.var
      const preferences = await readPreferences(needs, actor)
      return c.json({ preferences, channels: await personalChannels(needs, actor) }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: '/notification-preferences',
      tags,
      summary: 'Change how you are told: quiet hours, channels, addresses',
      request: { body: jsonBody(NotificationPreferences) },
      responses: { 200: json(NotificationPreferences, 'Your preferences'), ...problems() },
    }),
    async (c) => c.json(await changePreferences(needs, c.var.actor, c.req.valid('json')), 200),
  )
}
