import { startSlackServer, type FakeSlack } from '#test/slack-server.ts'
import { startSmtpServer, type SmtpServer } from '#test/smtp-server.ts'
import { startWebdavServer, type WebdavServer } from '#test/webdav-server.ts'
import { dispose, eventually, makeAdministrator, startProgram, type Program } from '#test/system/program.ts'

/** A whole observatory as a collaboration sets it up: the program, and around it fake Slack, mail and ownCloud. */
export interface Observatory {
  program: Program
  readonly slack: FakeSlack
  readonly smtp: SmtpServer
  readonly cloud: WebdavServer
  /** What appeared in Slack and ownCloud, in order. */
  readonly timeline: string[]
  send(method: string, path: string, body?: unknown): Promise<unknown>
  /** Hands a notice in by HTTP. */
  hand(notice: string): Promise<void>
  /** Waits until so many events of the log were looked at since the beginning, and what came of them is delivered. */
  told(composed: number): Promise<void>
  /** Ends the program and its database at once, and starts it again on the same home. */
  crash(): Promise<void>
  stop(): Promise<void>
}

/** Telescopes that are planned together; each group gives one plan. */
export const groups = [['tch', 'tre'], ['tca']] as const

const ended = new Set(['done', 'failed', 'cancelled'])

export async function startObservatory(
  options: { env?: Record<string, string>; method?: 'exact' | 'greedy' } = {},
): Promise<Observatory> {
  const { env = {}, method = 'greedy' } = options
  const timeline: string[] = []
  const log = (line: string) => timeline.push(line)
  const [slack, smtp, cloud] = await Promise.all([
    startSlackServer({ log }),
    startSmtpServer(),
    startWebdavServer({ log }),
  ])
  let program = await startProgram({ env })
  const token = await makeAdministrator(program)

  async function send(verb: string, path: string, body?: unknown): Promise<unknown> {
    const response = await program.request(`/api/v1${path}`, {
      method: verb,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${verb} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  }

  await send('POST', '/channels', {
    name: 'slack',
    kind: 'slack',
    settings: {
      token: slack.token,
      channel: 'C0ALERTS',
      signingSecret: slack.signingSecret,
      baseUrl: slack.url,
    },
  })
  await send('POST', '/channels', {
    name: 'mail',
    kind: 'mail',
    settings: {
      host: smtp.host,
      port: smtp.port,
      authority: smtp.authority,
      user: smtp.user,
      password: smtp.password,
      from: 'urania@example.org',
      to: ['shift@example.org'],
    },
  })
  await send('POST', '/channels', {
    name: 'cloud',
    kind: 'tree',
    settings: { place: 'webdav', url: cloud.url, user: cloud.user, password: cloud.password },
  })
  await send('POST', '/notification-rules', {
    name: 'significant',
    kinds: ['alerts.*', 'plans.started', 'plans.finished', 'plans.proposed', 'plans.failed', 'plans.closed'],
    when: "kind = 'gw' and significant = true",
    to: ['channel'],
    through: ['slack'],
    urgent: true,
  })
  await send('POST', '/notification-rules', {
    name: 'files',
    kinds: ['alerts.*', 'plans.products'],
    when: "kind = 'gw' and significant = true",
    to: ['channel'],
    through: ['cloud'],
  })
  await send('POST', '/notification-rules', {
    name: 'mail-the-shift',
    kinds: ['alerts.notice', 'alerts.retraction'],
    when: 'score > 1',
    to: ['channel'],
    through: ['mail'],
    urgent: true,
  })
  await send('POST', '/plan-rules', {
    name: 'grandma',
    condition:
      "kind = 'gw' and significant = true and role = 'observation' and status = 'active' and score > 1",
    groups: groups.map((telescopes) => ({
      plan: {
        telescopes: telescopes.map((telescope) => ({ telescope, maxFields: 8 })),
        hours: 24,
        method,
        seconds: 4,
      },
    })),
  })

  return {
    timeline,
    get program() {
      return program
    },
    slack,
    smtp,
    cloud,
    send,
    async hand(notice) {
      const response = await program.request('/api/v1/notices?topic=igwn.gwalert', {
        method: 'POST',
        body: notice,
      })
      if (response.status !== 202) throw new Error(`The notice was answered ${response.status}.`)
    },
    async told(composed) {
      const left = async () => {
        const jobs = await program.get<{ items: { kind: string; state: string }[] }>(
          '/api/v1/jobs?routine=true&limit=200',
        )
        const deliveries = await program.get<{ items: { state: string }[] }>('/api/v1/deliveries?limit=200')
        const done = jobs.items.filter((j) => j.kind === 'notifications.compose' && j.state === 'done').length
        // Jobs of deliveries that are left wake up later to see that there is nothing to do.
        const open = jobs.items.filter((j) => !ended.has(j.state) && j.kind !== 'notifications.deliver')
        const waiting = deliveries.items.filter((d) => d.state === 'waiting' || d.state === 'sending')
        return { composed: done, open: open.map((j) => `${j.kind} ${j.state}`), waiting: waiting.length }
      }
      await eventually(
        `${composed} things are told`,
        left,
        (is) => is.composed >= composed && is.open.length === 0 && is.waiting === 0,
        200,
      )
    },
    async crash() {
      const { home } = program
      program.kill('SIGKILL')
      await program.exit
      program = await startProgram({ home, env })
      program.token = token
    },
    async stop() {
      await program.stop()
      await Promise.all([slack.stop(), smtp.stop(), cloud.stop()])
      await dispose()
    },
  }
}
