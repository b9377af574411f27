import { createRoute, z } from '@hono/zod-openapi'
import { Problem } from '#problem.ts'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { json, problems } from '#platform/http/responses.ts'
import { createRouter } from '#platform/http/router.ts'
import type { Router } from '#platform/http/router.ts'
import type { JobRow } from '#platform/jobs/job.ts'
import type { Platform } from '#platform/platform.ts'
import { isAtLeast } from '#observatory/people/actor.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { requireRole } from '#observatory/people/rights.ts'

const states = ['queued', 'running', 'done', 'failed', 'cancelled', 'retrying'] as const

export const Job = z
  .object({
    id: z.string(),
    kind: z.string(),
    title: z.string(),
    state: z.enum(states),
    subject: z.object({ kind: z.string(), id: z.string() }).nullable(),
    requestedBy: z.string().nullable(),
    attempt: z.int(),
    progress: z
      .object({
        done: z.number(),
        total: z.number(),
        unit: z.string(),
        perSecond: z.number().nullable(),
        etaSeconds: z.number().nullable(),
      })
      .nullable(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    result: z.unknown().describe('Shown to operators and to who asked for the job'),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    mayChange: z.boolean().describe('Whether you may cancel it or run it again'),
  })
  .meta({ id: 'Job' })

const LogLine = z.object({ line: z.int(), at: z.iso.datetime(), text: z.string() }).meta({ id: 'JobLogLine' })
const idParam = z.object({ id: z.uuid() })

/** Operators see and change every job; others follow all and change those that they asked for. */
function mayChange(actor: Actor, job: JobRow): boolean {
  if (isAtLeast(actor.role, 'operator')) return true
  return actor.userId !== null && job.requestedBy === actor.userId && actor.scopes.includes('write')
}

function mayRead(actor: Actor, job: JobRow): boolean {
  if (isAtLeast(actor.role, 'operator')) return true
  return actor.userId !== null && job.requestedBy === actor.userId && actor.scopes.includes('read')
}

function shown(actor: Actor, job: JobRow): z.input<typeof Job> {
  const inside = mayRead(actor, job)
  return {
    ...job,
    problem: job.problem && (inside ? job.problem : { ...job.problem, message: 'Operators see the reason.' }),
    result: inside ? (job.result ?? null) : null,
    createdAt: job.createdAt.toISOString(),
    startedAt: job.startedAt?.toISOString() ?? null,
    finishedAt: job.finishedAt?.toISOString() ?? null,
    mayChange: mayChange(actor, job),
  }
}

/** Routes of the jobs page, under `/api/v1`. */
export function jobRoutes(platform: Pick<Platform, 'jobs' | 'db'>): Router {
  const app = createRouter()
  const { jobs, db } = platform

  async function find(id: string): Promise<JobRow> {
    const job = await jobs.get(id)
    if (job) return job
    throw new Problem('resource.not_found', `There is no job ${id}; finished ones are removed after a while.`)
  }

  app.openapi(
    createRoute({
      method: 'get',
      path: '/jobs',
      tags: ['Jobs'],
      summary: 'Background work, newest first',
      request: {
        query: pageQuery().extend({
          state: z
            .string()
            .optional()
            .transform((text) => (text ? text.split(',') : undefined))
            .pipe(z.array(z.enum(states)).optional())
            .openapi({ type: 'string', description: `Some of ${states.join(', ')}, separated by commas` }),
          kind: z.string().max(100).optional(),
          subject: z
            .string()
            .regex(/^[^:]+:.+$/, 'kind:id')
            .max(300)
            .optional()
            .describe('`notice:<id>`'),
          routine: z
            .enum(['true', 'false'])
            .default('false')
            .describe('Also work that happens all the time and has not failed'),
        }),
      },
      responses: { 200: json(pageSchema(Job), 'Jobs'), ...problems() },
    }),
    async (c) => {
      requireRole(c.var.actor, 'viewer', 'seeing jobs')
      const { cursor, limit, state, kind, subject, routine } = c.req.valid('query')
      const colon = subject?.indexOf(':') ?? -1
      const rows = await jobs.list({
        state,
        kind,
        routine: routine === 'true',
        subject: subject ? { kind: subject.slice(0, colon), id: subject.slice(colon + 1) } : undefined,
        before: cursor === undefined ? undefined : decodeCursor(cursor, z.tuple([z.uuid()]))[0],
        limit: limit + 1,
      })
      return c.json(
        pageOf(
          c,
          rows,
          limit,
          (job) => shown(c.var.actor, job),
          (job) => [job.id],
        ),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/jobs/{id}',
      tags: ['Jobs'],
      summary: 'A job with its progress',
      request: { params: idParam },
      responses: { 200: json(Job, 'The job'), ...problems(404) },
    }),
    async (c) => {
      requireRole(c.var.actor, 'viewer', 'seeing jobs')
      return c.json(shown(c.var.actor, await find(c.req.valid('param').id)), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/jobs/{id}/log',
      tags: ['Jobs'],
      summary: 'Lines of the log of a job, from after a line',
      request: { params: idParam, query: z.object({ after: z.coerce.number().int().min(0).default(0) }) },
      responses: { 200: json(pageSchema(LogLine), 'Lines'), ...problems(404) },
    }),
    async (c) => {
      requireRole(c.var.actor, 'viewer', 'seeing jobs')
      const job = await find(c.req.valid('param').id)
      if (!mayRead(c.var.actor, job)) requireRole(c.var.actor, 'operator', 'reading the log of another’s job')
      const lines = await jobs.logOf(job.id, c.req.valid('query').after)
      return c.json({ items: lines.map((line) => ({ ...line, at: line.at.toISOString() })), next: null }, 200)
    },
  )

  for (const [verb, summary] of [
    ['cancel', 'Stop a job, or take it out of the queue'],
    ['retry', 'Put a failed job back into the queue'],
  ] as const) {
    app.openapi(
      createRoute({
        method: 'post',
        path: `/jobs/{id}/${verb}`,
        tags: ['Jobs'],
        summary,
        request: { params: idParam },
        responses: { 200: json(Job, 'The job now'), ...problems(404, 409) },
      }),
      async (c) => {
        const { actor } = c.var
        requireRole(actor, 'viewer', 'seeing jobs')
        const job = await find(c.req.valid('param').id)
        if (!mayChange(actor, job)) requireRole(actor, 'operator', 'changing another’s job')
        await jobs[verb](job.id)
        const subject = { kind: 'job', id: job.id }
        await audit(db, actor, `jobs.${verb}`, subject, { kind: job.kind, state: job.state }, null)
        return c.json(shown(actor, await find(job.id)), 200)
      },
    )
  }
  return app
}
