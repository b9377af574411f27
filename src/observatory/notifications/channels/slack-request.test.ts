import { afterAll, expect, it } from 'vitest'
import { channelNeeds } from '#test/channel-messages.ts'
import { startSlackServer } from '#test/slack-server.ts'
import { answerSlackAction, readSlackAction, verifySlackRequest } from './slack-request.ts'

const slack = await startSlackServer()
afterAll(() => slack.stop())
const needs = await channelNeeds()
const now = new Date()

function verify(
  request: { headers: Record<string, string>; body: string },
  secret = slack.signingSecret,
): void {
  verifySlackRequest(secret, new Headers(request.headers), request.body, now)
}

it('takes what Slack signed, as text or bytes', () => {
  const request = slack.press({ actionId: 'plans.start', value: 'Ünï & 重' })
  expect(() => verify(request)).not.toThrow()
  expect(() =>
    verifySlackRequest(slack.signingSecret, new Headers(request.headers), Buffer.from(request.body), now),
  ).not.toThrow()
})

it('agrees with the example of the documentation', () => {
  // https://docs.slack.dev/authentication/verifying-requests-from-slack, step by step
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'
  const headers = new Headers({
    'X-Slack-Request-Timestamp': '1531420618',
    'X-Slack-Signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  })
  const at = new Date(1_531_420_618_000)
  expect(() => verifySlackRequest('8f742231b10e8888abcd99yyyzzz85a5', headers, body, at)).not.toThrow()
})

it('refuses another secret, a changed body, no signature and an empty secret', () => {
  const request = slack.press({ actionId: 'plans.start', value: 'a' })
  const refused = expect.objectContaining({ code: 'channel.bad_signature' }) as Error
  expect(() => verify(request, 'another secret')).toThrow(refused)
  expect(() => verify({ ...request, body: `${request.body} ` })).toThrow(refused)
  expect(() => verify({ ...request, headers: {} })).toThrow(refused)
  expect(() => verify(request, '')).toThrow(refused)
  const short = { ...request.headers, 'x-slack-signature': 'v0=ab' }
  expect(() => verify({ ...request, headers: short })).toThrow(refused)
})

it('refuses what is more than 5 minutes old or ahead, and takes 4 minutes', () => {
  const seconds = Math.floor(now.getTime() / 1_000)
  for (const at of [seconds - 301, seconds + 302])
    expect(() => verify(slack.press({ actionId: 'a', at }))).toThrow('more than 5 minutes')
  expect(() => verify(slack.press({ actionId: 'a', at: seconds - 240 }))).not.toThrow()
})

it('reads who pressed what, where', () => {
  const pressed = slack.press({ actionId: 'plans.start#3', value: 'ev-1', messageTs: '17.000002' })
  expect(readSlackAction(pressed.body)).toEqual({
    action: 'plans.start',
    value: 'ev-1',
    user: 'U0ADA',
    userName: 'ada',
    channel: 'C0ALERTS',
    messageTs: '17.000002',
    responseUrl: expect.stringContaining('/respond/1') as string,
  })
})

it('a link that was opened asks nothing; nonsense is malformed', () => {
  expect(readSlackAction(slack.press({ actionId: 'link#0' }).body)).toBeNull()
  const form = new URLSearchParams({ payload: '{"type":"view_submission","user":{"id":"U1"}}' })
  expect(readSlackAction(form.toString())).toBeNull()
  for (const body of ['', 'payload=', 'payload=%7B', 'payload=[]', '{"type":"block_actions"}'])
    expect(() => readSlackAction(body)).toThrow('no interaction of Slack')
})

it('answers the person alone', async () => {
  const action = readSlackAction(slack.press({ actionId: 'a', value: '' }).body)
  await answerSlackAction(needs.net, action!, 'The plan is running.')
  expect(slack.responses).toEqual([
    { response_type: 'ephemeral', replace_original: false, text: 'The plan is running.' },
  ])
})
