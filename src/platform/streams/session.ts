import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, Consumer, findErrorBy } from '@platformatic/kafka'
import type { BaseOptions, Message, MessagesStream } from '@platformatic/kafka'
import { Problem } from '#problem.ts'
import type { KafkaOptions } from './kafka.ts'
import type { PartitionOffset } from './positions.ts'
import type { StreamMessage } from './stream.ts'

type Bytes = Buffer<ArrayBufferLike>
type RawMessage = Message<Bytes, Bytes, Bytes, Bytes>

/** One life of a consumer: joined to its group, reading, until something breaks it. */
export interface Session {
  /** Those of the wanted topics that the cluster has. */
  readonly topics: readonly string[]
  /** Which of these topics the cluster has now. */
  known(topics: readonly string[]): Promise<string[]>
  /** Where reading begins in the partitions that are ours. */
  positions(): Promise<PartitionOffset[]>
  ends(): Promise<PartitionOffset[]>
  /** What has come, at least one message unless the signal aborts. */
  next(limits: { messages: number; bytes: number }, signal: AbortSignal): Promise<StreamMessage[]>
  commit(batch: readonly StreamMessage[]): Promise<void>
  close(): Promise<void>
}

const fetchBytes = 32 * 1024 * 1024
const earliest = -2n
const latest = -1n

export async function openSession(
  options: Omit<KafkaOptions, 'token'> & { token?: () => Promise<string> },
  signal: AbortSignal,
): Promise<Session> {
  const sessionMs = (options.sessionSeconds ?? 30) * 1_000
  const tls = options.tls ?? options.oauth !== undefined
  const base: BaseOptions = {
    clientId: 'urania',
    bootstrapBrokers: [...options.brokers],
    connectTimeout: 10_000,
    // Longer than a fetch waits and than a group takes to settle.
    requestTimeout: 120_000,
    retries: 1,
    retryDelay: 250,
    autocreateTopics: false,
    ...(tls ? { tls: tls === true ? {} : tls, tlsServerName: true } : {}),
    ...(options.token ? { sasl: { mechanism: 'OAUTHBEARER' as const, token: options.token } } : {}),
  }

  async function known(wanted: readonly string[]): Promise<string[]> {
    const admin = new Admin(base)
    try {
      const there = new Set(await until(admin.listTopics(), signal))
      return wanted.filter((topic) => there.has(topic))
    } finally {
      await quietly(admin.close())
    }
  }

  // A connection may fail again after its pool has stopped listening (twice while re-authenticating, say), and an 'error'
  // that nobody hears ends the process.
  const hear = (message: unknown): void => {
    const { type, instance } = message as {
      type: string
      instance: { on(event: string, handle: () => void): void }
    }
    if (type === 'connection') instance.on('error', () => {})
  }
  subscribe('plt:kafka:instances', hear)
  let topics: string[]
  try {
    topics = await known(options.topics)
  } catch (error) {
    unsubscribe('plt:kafka:instances', hear)
    throw error
  }
  const consumer = new Consumer<Bytes, Bytes, Bytes, Bytes>({
    ...base,
    groupId: options.groupId,
    autocommit: false,
    sessionTimeout: sessionMs,
    rebalanceTimeout: Math.max(60_000, sessionMs),
    heartbeatInterval: Math.min(3_000, sessionMs / 3),
    // Read ahead in memory is this many messages on top of one fetch.
    highWaterMark: 64,
  })
  let stream: MessagesStream<Bytes, Bytes, Bytes, Bytes> | undefined
  let failure: Error | undefined
  const fail = (error: Error): void => {
    failure ??= error
    stream?.emit('readable')
  }

  async function close(): Promise<void> {
    unsubscribe('plt:kafka:instances', hear)
    // Leaving the group lets the next session in at once; a broker that is away must not hold us up.
    const leaving = quietly(stream?.close())
      .then(() => quietly(consumer.leaveGroup(true)))
      .then(() => quietly(consumer.close(true)))
    await Promise.race([leaving, sleep(3_000)])
  }

  if (topics.length > 0) {
    try {
      consumer.on('consumer:heartbeat:error', ({ error }) => fail(error))
      const joining = consumer.consume({
        topics,
        mode: 'committed',
        fallbackMode: 'earliest',
        autocommit: false,
        minBytes: 1,
        maxBytes: options.fetchBytes ?? fetchBytes,
        maxWaitTime: 500,
      })
      try {
        stream = await until(joining, signal)
      } catch (error) {
        // Half joined, a member would have to be waited for by the next one: let it finish, then leave.
        stream = await Promise.race([joining, sleep(5_000, undefined)]).catch(() => undefined)
        throw error
      }
      stream.on('error', fail)
      // Listening makes it read; what it has is taken in `next`.
      stream.on('readable', () => {})
    } catch (error) {
      await close()
      throw error
    }
  }

  const assigned = (): { topic: string; partitions: number[] }[] => consumer.assignments ?? []

  async function offsets(at: bigint): Promise<PartitionOffset[]> {
    const found = await consumer.listOffsets({ topics: [...topics], timestamp: at })
    return assigned().flatMap(({ topic, partitions }) =>
      partitions.flatMap((partition) => {
        const offset = found.get(topic)?.[partition]
        return offset === undefined ? [] : [{ topic, partition, offset }]
      }),
    )
  }

  return {
    topics,
    known,
    async positions() {
      const groups = assigned()
      if (groups.length === 0) return []
      const committed = await until(consumer.listCommittedOffsets({ topics: groups }), signal)
      const [first, last] = [await until(offsets(earliest), signal), await until(offsets(latest), signal)]
      return first.map(({ topic, partition, offset }, i) => {
        const at = committed.get(topic)?.[partition] ?? -1n
        // Beyond the end, or before the beginning, is as good as unknown.
        return { topic, partition, offset: at < offset || at > last[i].offset ? offset : at }
      })
    },
    ends: () => offsets(latest),
    async next(limits, stopping) {
      const batch: StreamMessage[] = []
      let bytes = 0
      while (stream && !stopping.aborted) {
        const message = stream.read() as RawMessage | null
        if (message) {
          batch.push(converted(message))
          bytes += message.value?.byteLength ?? 0
          if (batch.length >= limits.messages || bytes >= limits.bytes) return batch
          continue
        }
        if (batch.length > 0) return batch
        if (failure) throw failure
        if (stream.destroyed || stream.readableEnded)
          throw new Problem('stream.unreachable', 'The stream of messages ended.')
        await Promise.race([
          once(stream, 'readable', { signal: stopping }).catch((error: unknown) => {
            if (!stopping.aborted) throw error
          }),
          once(stream, 'close'),
        ])
      }
      return batch
    },
    async commit(batch) {
      const last = new Map<string, StreamMessage>()
      for (const message of batch) last.set(`${message.topic}:${message.partition}`, message)
      await consumer.commit({
        offsets: [...last.values()].map(({ topic, partition, offset }) => ({
          topic,
          partition,
          offset: offset + 1n,
          leaderEpoch: -1,
        })),
      })
    },
    close,
  }
}

function converted({ topic, partition, offset, key, timestamp, value }: RawMessage): StreamMessage {
  return {
    topic,
    partition,
    offset,
    key: key ?? null,
    timestamp: new Date(Number(timestamp)),
    value: value ?? new Uint8Array(),
  }
}

/** One sentence for what broke a session. */
export function sessionProblem(error: unknown, brokers: readonly string[]): Problem {
  const cause = error instanceof Error ? error : new Error(String(error))
  const names = brokers.join(', ')
  const problem = deepest(cause)
  if (
    findErrorBy(cause, 'code', 'PLT_KFK_AUTHENTICATION') ||
    findErrorBy(cause, 'apiId', 'SASL_AUTHENTICATION_FAILED')
  )
    return new Problem(
      'stream.refused',
      `${names} refused the token; check the client's rights.`,
      { why: problem },
      cause,
    )
  if (
    findErrorBy(cause, 'apiId', 'TOPIC_AUTHORIZATION_FAILED') ||
    findErrorBy(cause, 'apiId', 'GROUP_AUTHORIZATION_FAILED')
  )
    return new Problem(
      'stream.refused',
      `${names} does not let this client read; check topics and group.`,
      { why: problem },
      cause,
    )
  return new Problem('stream.unreachable', `${names} cannot be read: ${problem}`, { why: problem }, cause)
}

function deepest(error: Error): string {
  const inner = error instanceof AggregateError ? (error.errors.at(-1) as unknown) : error.cause
  return inner instanceof Error && inner !== error ? deepest(inner) : error.message || error.name
}

/** Rejects when the signal aborts first; the library's calls can't be stopped, but need not be waited for. */
async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw signal.reason
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, stopped])
  } finally {
    signal.removeEventListener('abort', onAbort)
    promise.catch(() => {})
  }
}

async function quietly(promise: Promise<unknown> | void): Promise<void> {
  if (promise) await promise.catch(() => {})
}
