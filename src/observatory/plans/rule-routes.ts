import { createRoute, z } from '@hono/zod-openapi'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { etagOf, fresh } from '#platform/http/etag.ts'
import { PlanReplay, PlanRule, PlanRuleInput, PlanRuleName } from './plan-rule.ts'
import { parseRuleFile } from './rule-file.ts'
import { planRule, planRules, putPlanRule, removePlanRule, replayPlanRules } from './rule-service.ts'
import { Problem } from '#problem.ts'

const tags = ['Plan rules']
const params = z.object({ name: z.string().max(100) })
const PutRule = PlanRuleInput.omit({ name: true }).extend({ name: PlanRuleName.optional() })

const Replay = z.strictObject({
  rules: z.array(z.string().max(100)).optional().describe('Names of stored rules; default: all'),
  rule: PlanRuleInput.optional().describe('Or one that is not stored'),
  source: z.string().max(200_000).optional().describe('Or the TOML of some'),
  since: z.iso.datetime({ offset: true }).optional(),
})

export function ruleRoutes(app: Router, platform: Platform): void {
  const tagOf = (rule: PlanRule): string => etagOf(rule.name, rule.revision)

  app.openapi(
    createRoute({
      method: 'get',
      path: '/plan-rules',
      tags,
      summary: 'Rules by which plans are made',
      responses: {
        200: json(z.object({ items: z.array(PlanRule), next: z.null() }), 'Rules'),
        ...problems(),
      },
    }),
    async (c) => c.json({ items: await planRules(platform, c.var.actor), next: null }, 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/plan-rules',
      tags,
      summary: 'Add a rule',
      request: { body: jsonBody(PlanRuleInput) },
      responses: { 201: json(PlanRule, 'The rule'), ...problems(409) },
    }),
    async (c) => {
      const rule = c.req.valid('json')
      const existing = (await planRules(platform, c.var.actor)).some(({ name }) => name === rule.name)
      if (existing)
        throw new Problem(
          'request.conflict',
          `There is a plan rule ${rule.name} already; change that one (PUT).`,
          {},
        )
      const made = await putPlanRule(platform, c.var.actor, rule)
      c.header('ETag', tagOf(made))
      return c.json(made, 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/plan-rules/replay',
      tags,
      summary: 'What rules would have planned of stored events; nothing is written',
      request: { body: jsonBody(Replay) },
      responses: { 200: json(PlanReplay, 'Their yield'), ...problems(404) },
    }),
    async (c) => {
      const { rules, rule, source, since } = c.req.valid('json')
      const stored = await planRules(platform, c.var.actor)
      const wanted =
        rule !== undefined
          ? [rule]
          : source !== undefined
            ? parseRuleFile(source, 'rules.toml')
            : rules === undefined
              ? stored
              : await Promise.all(rules.map((name) => planRule(platform, c.var.actor, name)))
      const report = await replayPlanRules(
        platform,
        c.var.actor,
        wanted,
        since === undefined ? undefined : new Date(since),
      )
      return c.json(report, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/plan-rules/{name}',
      tags,
      summary: 'One rule',
      request: { params },
      responses: {
        200: json(PlanRule, 'The rule'),
        304: { description: 'As you have it' },
        ...problems(404),
      },
    }),
    async (c) => {
      const rule = await planRule(platform, c.var.actor, c.req.valid('param').name)
      if (fresh(c, tagOf(rule))) return c.body(null, 304)
      return c.json(rule, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: '/plan-rules/{name}',
      tags,
      summary: 'Write a rule; with If-Match only where it is as it was read',
      request: { params: z.object({ name: PlanRuleName }), body: jsonBody(PutRule) },
      responses: { 200: json(PlanRule, 'The rule'), ...problems(404, 412) },
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const wanted = c.req.header('if-match')
      let revision: string | undefined
      if (wanted !== undefined && wanted !== '*') {
        const before = await planRule(platform, c.var.actor, name)
        if (!wanted.split(',').some((tag) => tag.trim() === tagOf(before)))
          throw new Problem(
            'request.conflict',
            `The rule ${name} was changed by somebody else; read it again.`,
            {},
          )
        revision = before.revision
      }
      const rule = await putPlanRule(platform, c.var.actor, { ...c.req.valid('json'), name }, revision)
      c.header('ETag', tagOf(rule))
      return c.json(rule, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/plan-rules/{name}',
      tags,
      summary: 'Remove a rule; plans that it made stay',
      request: { params },
      responses: { 204: { description: 'Gone' }, ...problems(404) },
    }),
    async (c) => {
      await removePlanRule(platform, c.var.actor, c.req.valid('param').name)
      return c.body(null, 204)
    },
  )
}
