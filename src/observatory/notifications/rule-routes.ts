import { createRoute, z } from '@hono/zod-openapi'
import { Problem } from '#problem.ts'
import { readBody } from '#platform/http/body.ts'
import { etagOf, fresh, matches } from '#platform/http/etag.ts'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Needs } from './kinds.ts'
import { replayNotifications } from './replay.ts'
import { schemaOf } from './rule-check.ts'
import {
  exportRules,
  importRules,
  readNotificationRule,
  readNotificationRules,
  removeRule,
  requireRuleReader,
  saveRules,
} from './rule-service.ts'
import { NotificationRule, ReplayReport, ReplayRequest, RuleDefinition, RuleName } from './rule.ts'

const tags = ['Notifications']
const params = z.object({ name: z.string().max(60) })
const List = z.object({ items: z.array(NotificationRule), next: z.null() })

const Sources = z.object({
  items: z.array(
    z.object({
      kinds: z.record(z.string(), z.string()).describe('Kinds of bulletins, each with a sentence'),
      columns: z.array(
        z.object({
          name: z.string(),
          type: z.string(),
          unit: z.string().nullable(),
          description: z.string().nullable(),
        }),
      ),
    }),
  ),
  next: z.null(),
})

export function ruleRoutes(app: Router, needs: Needs): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/notification-sources',
      tags,
      summary:
        'What rules may be about: kinds of bulletins, and the names that conditions and headlines may use',
      responses: { 200: json(Sources, 'Sources'), ...problems() },
    }),
    (c) => {
      requireRuleReader(c.var.actor)
      const items = needs.bulletins.map((source) => ({
        kinds: { ...source.kinds },
        columns: schemaOf(source).columns.map(({ name, type, unit, description }) => ({
          name,
          type,
          unit: unit ?? null,
          description: description ?? null,
        })),
      }))
      return c.json({ items, next: null }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/notification-rules',
      tags,
      summary: 'Rules of who is told what',
      responses: { 200: json(List, 'Rules'), ...problems() },
    }),
    async (c) => c.json({ items: await readNotificationRules(needs, c.var.actor), next: null }, 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/notification-rules',
      tags,
      summary: 'Make a rule',
      request: { body: jsonBody(RuleDefinition.extend({ name: RuleName })) },
      responses: { 201: json(NotificationRule, 'The rule'), ...problems(409) },
    }),
    async (c) => {
      const [rule] = await saveRules(needs, c.var.actor, [c.req.valid('json')], { mustBeNew: true })
      return c.json(rule!, 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/notification-rules/import',
      tags,
      summary: 'Take the rules of a TOML file: all, or none with the line and the reason',
      request: {
        body: {
          required: true,
          content: { 'application/toml': { schema: z.string() } },
        },
      },
      responses: { 200: json(List, 'The rules of the file'), ...problems(413) },
    }),
    async (c) => {
      const source = new TextDecoder().decode(await readBody(c, 500_000))
      return c.json({ items: await importRules(needs, c.var.actor, source, 'rules.toml'), next: null }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/notification-rules.toml',
      tags,
      summary: 'All rules as a TOML file',
      responses: {
        200: { description: 'The file', content: { 'application/toml': { schema: z.string() } } },
        ...problems(),
      },
    }),
    async (c) => c.body(await exportRules(needs, c.var.actor), 200, { 'Content-Type': 'application/toml' }),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/notification-rules/replay',
      tags,
      summary: 'What rules would have sent over past bulletins; nothing is sent',
      request: { body: jsonBody(ReplayRequest) },
      responses: { 200: json(ReplayReport, 'Their yield'), ...problems(404) },
    }),
    async (c) => {
      const { rules, draft, since, until } = c.req.valid('json')
      const report = await replayNotifications(
        needs,
        c.var.actor,
        {
          rules,
          draft,
          since: since === undefined ? undefined : new Date(since),
          until: until === undefined ? undefined : new Date(until),
        },
        c.req.raw.signal,
      )
      return c.json(report, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/notification-rules/{name}',
      tags,
      summary: 'One rule',
      request: { params },
      responses: { 200: json(NotificationRule, 'The rule'), ...problems(404) },
    }),
    async (c) => {
      const { row, shown } = await readNotificationRule(needs, c.var.actor, c.req.valid('param').name)
      // A rule also changes when what it names does.
      if (fresh(c, etagOf(row.rule.name, row.revision, shown.problem))) return c.body(null, 304) as never
      return c.json(shown, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: '/notification-rules/{name}',
      tags,
      summary: 'Change a rule',
      request: { params, body: jsonBody(RuleDefinition) },
      responses: { 200: json(NotificationRule, 'The rule'), ...problems(404, 409) },
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const wanted = c.req.header('if-match')
      if (wanted !== undefined) {
        const { row, shown } = await readNotificationRule(needs, c.var.actor, name)
        if (!matches(wanted, etagOf(row.rule.name, row.revision, shown.problem)))
          throw new Problem('request.conflict', `Rule ${name} has changed since you read it; read it again.`)
      }
      const rule = { name, ...c.req.valid('json') }
      const [saved] = await saveRules(needs, c.var.actor, [rule], { mustExist: true })
      return c.json(saved!, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/notification-rules/{name}',
      tags,
      summary: 'Remove a rule',
      request: { params },
      responses: { 204: { description: 'Removed' }, ...problems(404) },
    }),
    async (c) => {
      await removeRule(needs, c.var.actor, c.req.valid('param').name)
      return c.body(null, 204)
    },
  )
}
