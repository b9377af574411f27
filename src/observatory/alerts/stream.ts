import type { Platform } from '#platform/platform.ts'
import type { Service } from '#platform/room.ts'
import type { Stream, StreamHandler } from '#platform/streams/stream.ts'
import { system } from '#observatory/people/actor.ts'
import { ingestAll } from './ingest.ts'
import { gcnSection } from './sections.ts'
import { shownStatus } from './stream-status.ts'
import { saveStreamStatus } from './stream-store.ts'

/**
 * The live door: GCN over Kafka. A batch is handed over when its bytes are durable and its rows committed; only then
 * are its offsets committed. What cannot be understood is stored like the rest and becomes a dead letter later.
 */
export function gcnHandler(platform: Platform): StreamHandler {
  return async (messages) => {
    const heard = messages.filter((m) => m.topic !== platform.config.section(gcnSection).heartbeatTopic)
    if (heard.length === 0) return
    await ingestAll(
      platform,
      system,
      heard.map((m) => ({
        bytes: m.value,
        topic: m.topic,
        partition: m.partition,
        offset: m.offset.toString(),
      })),
    )
  }
}

/** The stream as configured; null where there is neither a credential nor brokers of one's own. */
export async function gcnStream(platform: Platform): Promise<Stream | null> {
  const gcn = platform.config.section(gcnSection)
  if (!gcn.clientId && !gcn.brokers) return null
  // Half a second of every start, for those who listen only.
  const { createKafkaStream } = await import('#platform/streams/kafka.ts')
  return createKafkaStream(
    {
      name: 'gcn',
      brokers: gcn.brokers ?? [`kafka.${gcn.domain}:9092`],
      groupId: gcn.group,
      topics: gcn.topics,
      tls: gcn.tls,
      ...(gcn.clientId && {
        oauth: {
          url: gcn.tokenUrl ?? `https://auth.${gcn.domain}/oauth2/token`,
          clientId: gcn.clientId,
          clientSecret: gcn.clientSecret ?? '',
        },
      }),
      ...(gcn.heartbeatTopic && { heartbeat: { topic: gcn.heartbeatTopic, silentSeconds: 60 } }),
      handle: gcnHandler(platform),
    },
    platform,
  )
}

/** The stream as a service; its status is written where the page of any process finds it. */
export function gcnService(platform: Platform): Service[] {
  let stream: Stream | null = null
  let timer: NodeJS.Timeout | undefined
  const tell = (): void => {
    if (!stream) return
    void saveStreamStatus(platform.db, shownStatus(stream.status())).catch((error: unknown) =>
      platform.log.warn({ err: error }, 'The state of the stream could not be written.'),
    )
  }
  return [
    {
      name: 'gcn stream',
      role: 'streams',
      async start() {
        stream = await gcnStream(platform)
        if (!stream) return
        await stream.start()
        timer = setInterval(tell, 5_000)
      },
      async stop() {
        clearInterval(timer)
        await stream?.stop()
        tell()
      },
    },
  ]
}
