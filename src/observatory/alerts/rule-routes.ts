import { createRoute, z } from '@hono/zod-openapi'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { ReplayReport, RuleSet } from './assessment.ts'
import { describeRules, parseRules } from './rule-file.ts'
import { allRules, replayRules, ruleSetNamed, ruleSets } from './rule-service.ts'
import { requireReader } from './service.ts'

const tags = ['Rules']

const Replay = z.strictObject({
  rules: z.string().max(100).optional().describe('Name of a rule set'),
  source: z.string().max(200_000).optional().describe('Or the TOML of one'),
  since: z.iso.datetime({ offset: true }).optional(),
  parameters: z.record(z.string(), z.number()).optional(),
  test: z.boolean().optional().describe('Also over tests and mocks'),
})

export function ruleRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/rules',
      tags,
      summary: 'Rule sets, the default first',
      responses: {
        200: json(z.object({ items: z.array(RuleSet), next: z.null() }), 'Rule sets'),
        ...problems(),
      },
    }),
    (c) => c.json({ items: ruleSets(platform, c.var.actor), next: null }, 200),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/rules/{name}',
      tags,
      summary: 'One rule set',
      request: { params: z.object({ name: z.string().max(100) }) },
      responses: { 200: json(RuleSet, 'The rule set'), ...problems(404) },
    }),
    (c) => {
      requireReader(c.var.actor)
      const rules = ruleSetNamed(platform, c.req.valid('param').name)
      return c.json(describeRules(rules, allRules(platform)[0]!.rules.name === rules.name), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/rules/replay',
      tags,
      summary: 'What a rule set would have made of stored events; nothing is written',
      request: { body: jsonBody(Replay) },
      responses: { 200: json(ReplayReport, 'Its yield'), ...problems(404) },
    }),
    async (c) => {
      const { rules, source, since, parameters, test } = c.req.valid('json')
      const set =
        source === undefined
          ? ruleSetNamed(platform, rules ?? allRules(platform)[0]!.rules.name)
          : parseRules(source, 'rules.toml')
      return c.json(
        await replayRules(platform, c.var.actor, set, {
          since: since === undefined ? undefined : new Date(since),
          parameters,
          test,
        }),
        200,
      )
    },
  )
}
