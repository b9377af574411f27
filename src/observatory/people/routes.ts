import { createRoute, z } from '@hono/zod-openapi'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import { createRouter } from '#platform/http/router.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { listGroups } from './group-store.ts'
import { listInvitations } from './invitation-store.ts'
import { completeSetup, invite, join, passwordLink, withdrawInvitation } from './entry-service.ts'
import {
  Group,
  Invitation,
  Join,
  Me,
  NewGroup,
  NewInvitation,
  NewPerson,
  OneTimeLink,
  Person,
  PersonChange,
  Session,
  Setup,
} from './person.ts'
import { listPeople } from './person-store.ts'
import { signInMethods } from './methods.ts'
import { requireRole } from './rights.ts'
import {
  changeGroup,
  changePerson,
  createGroup,
  createPerson,
  endSessions,
  getGroup,
  getPerson,
  personOf,
  removeGroup,
  seePerson,
  sessionsOf,
} from './service.ts'
import { shownGroup, shownInvitation, shownPerson, shownSession } from './shown.ts'
import { auditRoutes } from './audit-routes.ts'
import { tokenRoutes } from './token-routes.ts'
import './request.ts'

const tags = ['People']
const idParam = z.object({ id: z.string().max(200) })
/** Sort keys of lists that are ordered by time and id, or by name and id. */
const timeKey = z.tuple([z.iso.datetime(), z.string()])
const nameKey = z.tuple([z.string(), z.string()])
/** Routes that need no sign-in say so in the document, and the gate reads it there. */
const open = { security: [] }

/** Routes about people, under `/api/v1`. */
export function peopleRoutes(platform: Platform): Router {
  const app = createRouter()
  const { db } = platform

  app.openapi(
    createRoute({
      method: 'get',
      path: '/me',
      tags,
      ...open,
      summary: 'Who you are, what you may do, and how one signs in here',
      responses: { 200: json(Me, 'You'), ...problems() },
    }),
    async (c) => {
      const { actor } = c.var
      const person = await personOf(db, actor)
      return c.json(
        {
          kind: actor.kind,
          person: person ? shownPerson(actor, person) : null,
          role: actor.role,
          scopes: [...actor.scopes],
          signIn: signInMethods(platform),
        },
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/setup',
      tags,
      ...open,
      summary: 'Make the first administrator with the link of the first start',
      request: { body: jsonBody(Setup) },
      responses: { 201: json(Person, 'The administrator; now sign in'), ...problems(409, 429) },
    }),
    async (c) => {
      const person = await completeSetup(platform, c.req.valid('json'), c.var.clientAddress)
      return c.json(shownPerson({ ...c.var.actor, userId: person.id }, person), 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/join',
      tags,
      ...open,
      summary: 'Make an account, or set a password, with a one-time link',
      request: { body: jsonBody(Join) },
      responses: { 201: json(Person, 'You; now sign in'), ...problems(409, 429) },
    }),
    async (c) => {
      const person = await join(platform, c.req.valid('json'), c.var.clientAddress)
      return c.json(shownPerson({ ...c.var.actor, userId: person.id }, person), 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/people',
      tags,
      summary: 'People, in the order in which they came',
      request: { query: pageQuery().extend({ q: z.string().max(100).optional() }) },
      responses: { 200: json(pageSchema(Person), 'People'), ...problems() },
    }),
    async (c) => {
      const { cursor, limit, q } = c.req.valid('query')
      requireRole(c.var.actor, 'viewer', 'seeing people')
      const after = cursor === undefined ? undefined : decodeCursor(cursor, timeKey)
      const rows = await listPeople(db, { after, limit: limit + 1, q })
      const shown = (row: (typeof rows)[number]) => shownPerson(c.var.actor, row)
      return c.json(
        pageOf(c, rows, limit, shown, (row) => [row.created_at.toISOString(), row.id]),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/people',
      tags,
      summary: 'Make an account',
      request: { body: jsonBody(NewPerson) },
      responses: {
        201: json(
          z.object({ person: Person, link: OneTimeLink.nullable() }).meta({ id: 'PersonMade' }),
          'The person, and where no password was given the link to set one',
        ),
        ...problems(409),
      },
    }),
    async (c) => {
      const input = c.req.valid('json')
      const person = await createPerson(platform, c.var.actor, input)
      const link = input.password === undefined ? await passwordLink(platform, c.var.actor, person) : null
      return c.json({ person: shownPerson(c.var.actor, person), link }, 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/people/{id}',
      tags,
      summary: 'A person',
      request: { params: idParam },
      responses: { 200: json(Person, 'The person'), ...problems(404) },
    }),
    async (c) => {
      const person = await seePerson(db, c.var.actor, c.req.valid('param').id)
      return c.json(shownPerson(c.var.actor, person), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/people/{id}',
      tags,
      summary: 'Change name, role or groups; disable or enable',
      request: { params: idParam, body: jsonBody(PersonChange) },
      responses: { 200: json(Person, 'The person now'), ...problems(404, 409) },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const person = await changePerson(platform, c.var.actor, id, c.req.valid('json'))
      return c.json(shownPerson(c.var.actor, person), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/people/{id}/link',
      tags,
      summary: 'Make a one-time link by which the person sets a password',
      request: { params: idParam },
      responses: { 201: json(OneTimeLink, 'The link, shown once'), ...problems(404, 409) },
    }),
    async (c) => {
      requireRole(c.var.actor, 'administrator', 'making a link for somebody')
      const person = await getPerson(db, c.req.valid('param').id)
      return c.json(await passwordLink(platform, c.var.actor, person), 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/invitations',
      tags,
      summary: 'One-time links, newest first',
      request: { query: pageQuery() },
      responses: { 200: json(pageSchema(Invitation), 'Links, without what makes them work'), ...problems() },
    }),
    async (c) => {
      requireRole(c.var.actor, 'administrator', 'seeing invitations')
      const { cursor, limit } = c.req.valid('query')
      const after = cursor === undefined ? undefined : decodeCursor(cursor, timeKey)
      const rows = await listInvitations(db, { after, limit: limit + 1 })
      return c.json(
        pageOf(c, rows, limit, shownInvitation, (row) => [row.created_at.toISOString(), row.id]),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/invitations',
      tags,
      summary: 'Make a one-time link by which somebody makes an account',
      request: { body: jsonBody(NewInvitation) },
      responses: { 201: json(OneTimeLink, 'The link, shown once'), ...problems() },
    }),
    async (c) => c.json(await invite(platform, c.var.actor, c.req.valid('json')), 201),
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/invitations/{id}',
      tags,
      summary: 'Take a link back before it is used',
      request: { params: idParam },
      responses: { 204: { description: 'It works no more' }, ...problems(404) },
    }),
    async (c) => {
      await withdrawInvitation(platform, c.var.actor, c.req.valid('param').id)
      return c.body(null, 204)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/groups',
      tags,
      summary: 'Your groups; all of them for administrators',
      request: { query: pageQuery() },
      responses: { 200: json(pageSchema(Group), 'Groups by name'), ...problems() },
    }),
    async (c) => {
      const { actor } = c.var
      requireRole(actor, 'viewer', 'seeing groups')
      const { cursor, limit } = c.req.valid('query')
      const after = cursor === undefined ? undefined : decodeCursor(cursor, nameKey)
      const memberId = actor.role === 'administrator' ? undefined : (actor.userId ?? '')
      const rows = await listGroups(db, { memberId, after, limit: limit + 1 })
      return c.json(
        pageOf(c, rows, limit, shownGroup, (row) => [row.name.toLowerCase(), row.id]),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/groups',
      tags,
      summary: 'Make a group',
      request: { body: jsonBody(NewGroup) },
      responses: { 201: json(Group, 'The group'), ...problems(409) },
    }),
    async (c) => c.json(shownGroup(await createGroup(platform, c.var.actor, c.req.valid('json'))), 201),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/groups/{id}',
      tags,
      summary: 'A group of yours',
      request: { params: idParam },
      responses: { 200: json(Group, 'The group'), ...problems(404) },
    }),
    async (c) => c.json(shownGroup(await getGroup(db, c.var.actor, c.req.valid('param').id)), 200),
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: '/groups/{id}',
      tags,
      summary: 'Change name and description of a group',
      request: { params: idParam, body: jsonBody(NewGroup) },
      responses: { 200: json(Group, 'The group now'), ...problems(404, 409) },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      return c.json(shownGroup(await changeGroup(platform, c.var.actor, id, c.req.valid('json'))), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/groups/{id}',
      tags,
      summary: 'Remove a group',
      request: { params: idParam },
      responses: { 204: { description: 'It is gone' }, ...problems(404) },
    }),
    async (c) => {
      await removeGroup(platform, c.var.actor, c.req.valid('param').id)
      return c.body(null, 204)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/sessions',
      tags,
      summary: 'Where you are signed in',
      responses: { 200: json(pageSchema(Session), 'Your sessions'), ...problems() },
    }),
    async (c) => {
      const rows = await sessionsOf(db, c.var.actor)
      return c.json({ items: rows.map((row) => shownSession(row, c.var.sessionId)), next: null }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/sessions',
      tags,
      summary: 'End all your sessions but this one',
      responses: { 204: { description: 'They have ended' }, ...problems() },
    }),
    async (c) => {
      await endSessions(platform, c.var.actor, { except: c.var.sessionId })
      return c.body(null, 204)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/sessions/{id}',
      tags,
      summary: 'End one of your sessions',
      request: { params: idParam },
      responses: { 204: { description: 'It has ended' }, ...problems(404) },
    }),
    async (c) => {
      await endSessions(platform, c.var.actor, { only: c.req.valid('param').id })
      return c.body(null, 204)
    },
  )

  tokenRoutes(app, platform)
  auditRoutes(app, platform)
  return app
}
