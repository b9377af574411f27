import { Producer, stringSerializers } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clusterInstalled, clusterTitle, startCluster, type TestCluster } from '#test/kafka-cluster.ts'
import { startKafkaProxy, type KafkaProxy } from '#test/kafka-proxy.ts'
import { eventually } from '#test/system/program.ts'
import { startTokenServer, type TokenServer } from '#test/token-server.ts'
import { alert, retraction } from './notices.ts'
import { groups, startObservatory, type Observatory } from './observatory.ts'

const asked = process.env['URANIA_TEST_CHAIN'] === '1'
const title = asked ? clusterTitle : '(needs "npm run test:e2e")'

/** The chain from Kafka on with the exact solver, and the program killed in the middle of it. */
describe.skipIf(!clusterInstalled || !asked)(`from Kafka, ${title}`, () => {
  const topic = 'igwn.gwalert'
  let cluster: TestCluster
  let tokens: TokenServer
  let proxy: KafkaProxy
  let observatory: Observatory

  beforeAll(async () => {
    cluster = await startCluster()
    tokens = await startTokenServer({ seconds: 600 })
    proxy = await startKafkaProxy({
      broker: () => cluster.port,
      accepts: (token) => tokens.accepts(token),
      sessionMs: 600_000,
    })
    observatory = await startObservatory({
      method: 'exact',
      env: {
        URANIA_GCN_CLIENT_ID: 'me',
        URANIA_GCN_CLIENT_SECRET: 'se:cret',
        URANIA_GCN_BROKERS: `127.0.0.1:${proxy.port}`,
        URANIA_GCN_TOKEN_URL: tokens.url,
        URANIA_GCN_TLS: 'false',
        URANIA_GCN_TOPICS: topic,
      },
    })
  })
  afterAll(async () => {
    await observatory.stop()
    await proxy.stop()
    await tokens.stop()
    await cluster.stop()
  })

  async function produce(value: string): Promise<void> {
    const producer = new Producer({
      clientId: 'test',
      bootstrapBrokers: [`127.0.0.1:${cluster.port}`],
      serializers: { key: stringSerializers.key, value: (bytes?: Buffer) => bytes },
    })
    await producer.send({
      messages: [{ topic, key: 'k', value: Buffer.from(value) }],
      autocreateTopics: true,
    })
    await producer.close()
  }

  /** Of one event: the notice, and of each group begun, products, done. */
  const perEvent = 1 + groups.length * 3

  it(
    'a notice produced on Kafka becomes plans, messages and files; kill -9 on the way loses and doubles nothing',
    { timeout: 300_000 },
    async () => {
      // How many things have appeared in Slack and ownCloud when the program is killed: at once, in the middle, late.
      const kills = [0, 4, 30]
      for (const [i, lines] of kills.entries()) {
        const before = observatory.timeline.length
        await produce(alert({ id: `S26111${i}a`, type: 'PRELIMINARY' }))
        if (lines > 0)
          await eventually(
            `${lines} lines`,
            async () => observatory.timeline.length - before,
            (n) => n >= lines,
            60,
          )
        await observatory.crash()
      }
      await observatory.told(perEvent * kills.length)

      const { slack, cloud, smtp, program } = observatory
      expect(slack.refusals).toEqual([])
      for (const i of kills.keys()) {
        const name = `S26111${i}a`
        const texts = slack.messages
          .filter((m) => m.text.includes(name))
          .map((m) => m.text.replace(/ — .*| covers [^]*/, ''))
        expect(texts.toSorted(), name).toEqual(
          [
            `🔔 New GW alert: ${name}`,
            `🟡 ${name}: alert N°1 – PRELIMINARY`,
            ...groups.map((g) => `🧠 ${name}: planning started for ${g.join(', ')}`),
            ...groups.map((g) => `🗺️ ${name}: plan for ${g.join(', ')}`),
          ].toSorted(),
        )
        const roots = new Set(
          slack.messages.filter((m) => m.text.includes(name)).map((m) => m.thread_ts ?? m.ts),
        )
        expect(roots.size, name).toBe(1)
        const tiles = [...cloud.files.keys()].filter((f) => f.includes(name) && /tiles_\w+\.txt$/.test(f))
        expect(tiles, name).toHaveLength(groups.flat().length)
        expect(smtp.mails.filter((m) => m.subject.includes(name))).toHaveLength(1)
      }
      expect([...cloud.files.keys()].filter((f) => /\.2\.\w+$|\.tmp$/.test(f))).toEqual([])
      const plans = await program.get<{ items: { eventName: string; state: string }[] }>(
        '/api/v1/plans?limit=50',
      )
      expect(plans.items.map((p) => p.eventName).toSorted()).toEqual(
        [...kills.keys()].flatMap((i) => groups.map(() => `S26111${i}a`)),
      )
    },
  )

  it('a retraction on Kafka closes the plans and is told in the same thread', async () => {
    await produce(retraction('S261110a'))
    const { slack } = observatory
    const end = await eventually(
      'the end is told',
      async () => slack.messages.find((m) => m.text.startsWith('❌ S261110a is retracted')),
      Boolean,
      60,
    )
    expect(end!.thread_ts).toBe(slack.messages.find((m) => m.text.includes('New GW alert: S261110a'))!.ts)
    const plans = await observatory.program.get<{ items: { eventName: string; state: string }[] }>(
      '/api/v1/plans?limit=50',
    )
    expect(plans.items.filter((p) => p.eventName === 'S261110a').map((p) => p.state)).toEqual(
      groups.map(() => 'closed'),
    )
  })
})
