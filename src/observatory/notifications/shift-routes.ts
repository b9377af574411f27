import { createRoute, z } from '@hono/zod-openapi'
import { readBody } from '#platform/http/body.ts'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Needs } from './kinds.ts'
import { CalendarImport, NewShift, Shift, Turn } from './shift.ts'
import {
  changeShift,
  createShift,
  importCalendar,
  readShifts,
  readTurns,
  removeShift,
} from './shift-service.ts'

const tags = ['Notifications']
const params = z.object({ id: z.string().max(60) })

export function shiftRoutes(app: Router, needs: Needs): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/shifts',
      tags,
      summary: 'Shifts',
      responses: { 200: json(z.object({ items: z.array(Shift), next: z.null() }), 'Shifts'), ...problems() },
    }),
    async (c) => c.json({ items: await readShifts(needs, c.var.actor), next: null }, 200),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/shifts/turns',
      tags,
      summary: 'Who is on shift when; without times, who is on shift now',
      request: {
        query: z.object({
          since: z.iso.datetime({ offset: true }).optional(),
          until: z.iso.datetime({ offset: true }).optional(),
        }),
      },
      responses: { 200: json(z.object({ items: z.array(Turn), next: z.null() }), 'Turns'), ...problems() },
    }),
    async (c) => {
      const { since, until } = c.req.valid('query')
      const from = since === undefined ? new Date() : new Date(since)
      const to = until === undefined ? new Date(from.getTime() + 1) : new Date(until)
      return c.json({ items: await readTurns(needs, c.var.actor, from, to), next: null }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/shifts',
      tags,
      summary: 'Add a shift, once or recurring',
      request: { body: jsonBody(NewShift) },
      responses: { 201: json(Shift, 'The shift'), ...problems() },
    }),
    async (c) => c.json(await createShift(needs, c.var.actor, c.req.valid('json')), 201),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/shifts/import',
      tags,
      summary: 'Take the shifts of an iCalendar file; attendees are found by mail address',
      request: {
        query: z.object({
          calendar: z.string().min(1).max(200).optional().describe('Name; default: its own'),
        }),
        body: { required: true, content: { 'text/calendar': { schema: z.string() } } },
      },
      responses: { 200: json(CalendarImport, 'What was taken, and what was not and why'), ...problems(413) },
    }),
    async (c) => {
      const text = new TextDecoder().decode(await readBody(c, 4_000_000))
      return c.json(await importCalendar(needs, c.var.actor, text, c.req.valid('query').calendar), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: '/shifts/{id}',
      tags,
      summary: 'Change a shift',
      request: { params, body: jsonBody(NewShift) },
      responses: { 200: json(Shift, 'The shift'), ...problems(404) },
    }),
    async (c) =>
      c.json(await changeShift(needs, c.var.actor, c.req.valid('param').id, c.req.valid('json')), 200),
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/shifts/{id}',
      tags,
      summary: 'Remove a shift',
      request: { params },
      responses: { 204: { description: 'Removed' }, ...problems(404) },
    }),
    async (c) => {
      await removeShift(needs, c.var.actor, c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
}
