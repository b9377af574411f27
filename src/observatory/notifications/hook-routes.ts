import { z } from '@hono/zod-openapi'
import { isProblem, Problem } from '#problem.ts'
import { readBody } from '#platform/http/body.ts'
import { problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { ChannelRow } from './channel-store.ts'
import { answerSlackAction, readSlackAction, verifySlackRequest } from './channels/slack-request.ts'
import { channelsWith, press } from './hooks.ts'
import type { Needs } from './kinds.ts'

/** Doors for outside services. They have no session: a signature over the bytes says who they are. */
export function hookRoutes(app: Router, needs: Needs): void {
  // Read as it came: the signature is over its bytes, and a reader of forms would have taken them away.
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/hooks/slack',
    tags: ['Notifications'],
    summary: 'Buttons pressed in Slack, signed by Slack: the Request URL of the app’s interactivity',
    security: [],
    request: {
      body: { required: true, content: { 'application/x-www-form-urlencoded': { schema: z.string() } } },
    },
    responses: { 200: { description: 'Taken' }, ...problems(413) },
  })
  app.post('/hooks/slack', async (c) => {
    const bytes = await readBody(c, 1_000_000)
    const channel = await sender(needs, c.req.raw.headers, bytes)
    const action = readSlackAction(new TextDecoder().decode(bytes))
    if (action === null) return c.body(null, 200)
    const { user, userName, value } = action
    const text = await press(needs, channel, { action: action.action, value, user, userName }).catch(
      (error: unknown) => {
        // Whoever pressed reads the sentence; Slack itself only has to know that the request was taken.
        if (!isProblem(error)) throw error
        return error.message
      },
    )
    if (action.responseUrl !== '') {
      // Slack wants its answer within three seconds, and it is not the network's to delay.
      void answerSlackAction(needs.net, action, text).catch((error: unknown) =>
        needs.log.warn({ err: error }, 'Slack did not take the answer to a button.'),
      )
    }
    return c.body(null, 200)
  })
}

/** The Slack channel whose signing secret fits. @throws Problem `channel.bad_signature` */
async function sender(needs: Needs, headers: Headers, bytes: Uint8Array): Promise<ChannelRow> {
  let refused: unknown = new Problem(
    'channel.bad_signature',
    'No Slack channel here has a signing secret; enter it in the channel’s settings.',
  )
  for (const { channel, value } of await channelsWith(needs, 'slack', 'signingSecret')) {
    try {
      verifySlackRequest(value, headers, bytes, new Date())
      return channel
    } catch (error) {
      if (!isProblem(error, 'channel.bad_signature')) throw error
      refused = error
    }
  }
  throw refused
}
