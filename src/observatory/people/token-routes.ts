import { createRoute, z } from '@hono/zod-openapi'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { requireRole } from './rights.ts'
import { shownToken } from './shown.ts'
import { NewToken, Token, TokenShownOnce } from './token.ts'
import { createToken, revokeToken } from './token-service.ts'
import { listTokens } from './token-store.ts'
import './request.ts'

const tags = ['Tokens']

/** Adds the routes about tokens to those of people. */
export function tokenRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/tokens',
      tags,
      summary: 'Your tokens, newest first; for administrators with all=true everybody’s',
      request: { query: pageQuery().extend({ all: z.stringbool().default(false) }) },
      responses: { 200: json(pageSchema(Token), 'Tokens, without what makes them work'), ...problems() },
    }),
    async (c) => {
      const { actor } = c.var
      const { cursor, limit, all } = c.req.valid('query')
      requireRole(actor, all ? 'administrator' : 'viewer', 'seeing tokens')
      const rows = await listTokens(platform.db, {
        personId: all ? null : (actor.userId ?? ''),
        after:
          cursor === undefined ? undefined : decodeCursor(cursor, z.tuple([z.iso.datetime(), z.string()])),
        limit: limit + 1,
      })
      return c.json(
        pageOf(c, rows, limit, shownToken, (row) => [row.created_at.toISOString(), row.id]),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/tokens',
      tags,
      summary: 'Make a token; it is shown once',
      request: { body: jsonBody(NewToken) },
      responses: { 201: json(TokenShownOnce, 'The token'), ...problems() },
    }),
    async (c) => {
      c.header('Cache-Control', 'no-store')
      return c.json(await createToken(platform, c.var.actor, c.req.valid('json')), 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/tokens/{id}',
      tags,
      summary: 'Revoke a token',
      request: { params: z.object({ id: z.string().max(200) }) },
      responses: { 204: { description: 'It works no more' }, ...problems(404) },
    }),
    async (c) => {
      await revokeToken(platform, c.var.actor, c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
}
