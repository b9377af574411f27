import { createRoute, z } from '@hono/zod-openapi'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import {
  changeChannel,
  channelKindInfos,
  createChannel,
  readChannel,
  readChannels,
  removeChannel,
  testChannel,
} from './channel-service.ts'
import type { Needs } from './kinds.ts'
import { ChannelChange, ChannelKindInfo, NewChannel, StoredChannel, TestResult } from './stored-channel.ts'

const tags = ['Notifications']
const params = z.object({ name: z.string().max(60) })

export function channelRoutes(app: Router, needs: Needs): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/channel-kinds',
      tags,
      summary: 'Kinds of channels with their settings as JSON Schema',
      responses: {
        200: json(z.object({ items: z.array(ChannelKindInfo), next: z.null() }), 'Kinds'),
        ...problems(),
      },
    }),
    (c) => c.json({ items: channelKindInfos(needs.kinds, c.var.actor), next: null }, 200),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/channels',
      tags,
      summary: 'Channels and how they fare',
      responses: {
        200: json(z.object({ items: z.array(StoredChannel), next: z.null() }), 'Channels'),
        ...problems(),
      },
    }),
    async (c) => c.json({ items: await readChannels(needs, c.var.actor), next: null }, 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/channels',
      tags,
      summary: 'Set up a channel',
      request: { body: jsonBody(NewChannel) },
      responses: { 201: json(StoredChannel, 'The channel, without its secrets'), ...problems(404, 409) },
    }),
    async (c) => c.json(await createChannel(needs, c.var.actor, c.req.valid('json')), 201),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/channels/{name}',
      tags,
      summary: 'One channel',
      request: { params },
      responses: { 200: json(StoredChannel, 'The channel, without its secrets'), ...problems(404) },
    }),
    async (c) => {
      return c.json(await readChannel(needs, c.var.actor, c.req.valid('param').name), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: '/channels/{name}',
      tags,
      summary: 'Change a channel; secrets that are left out stay',
      request: { params, body: jsonBody(ChannelChange) },
      responses: { 200: json(StoredChannel, 'The channel, without its secrets'), ...problems(404, 409) },
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      return c.json(await changeChannel(needs, c.var.actor, name, c.req.valid('json')), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/channels/{name}',
      tags,
      summary: 'Remove a channel that no rule names',
      request: { params },
      responses: { 204: { description: 'Removed' }, ...problems(404, 409) },
    }),
    async (c) => {
      await removeChannel(needs, c.var.actor, c.req.valid('param').name)
      return c.body(null, 204)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/channels/{name}/test',
      tags,
      summary: 'Put a test message on a channel now and say what came of it',
      request: {
        params,
        body: {
          required: false,
          content: {
            'application/json': {
              schema: z.strictObject({
                to: z.array(z.string().max(254)).max(10).default([]).describe('Addresses on the channel'),
              }),
            },
          },
        },
      },
      responses: { 200: json(TestResult, 'What came of it'), ...problems(404) },
    }),
    async (c) => {
      const { to } = c.req.valid('json')
      return c.json(
        await testChannel(needs, c.var.actor, c.req.valid('param').name, to, c.req.raw.signal),
        200,
      )
    },
  )
}
