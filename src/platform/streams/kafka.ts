import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectionOptions } from 'node:tls'
import type { Logger } from 'pino'
import { Problem, isProblem } from '#problem.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import type { Net } from '#platform/net/net.ts'
import { createPositions } from './positions.ts'
import { openSession, sessionProblem } from './session.ts'
import type { Session } from './session.ts'
import type {
  Stream,
  StreamHandler,
  StreamMessage,
  StreamReport,
  StreamState,
  StreamStatus,
} from './stream.ts'
import { createTokenSource } from './token.ts'
import type { TokenOptions } from './token.ts'

export interface KafkaOptions {
  /** For status, log and metrics. */
  name: string
  /** `kafka.gcn.nasa.gov:9092` */
  brokers: readonly string[]
  /** Fixed: the cluster remembers under it what has been read. */
  groupId: string
  topics: readonly string[]
  /** Default true where `oauth` is given. */
  tls?: boolean | ConnectionOptions
  oauth?: TokenOptions
  /** Most bytes of one fetch, default 32 MiB; a message larger than that still comes whole (KIP-74), whatever its size. */
  fetchBytes?: number
  /** A topic with a steady beat; silence for so long is reported and the connection made anew. */
  heartbeat?: { topic: string; silentSeconds: number }
  /** How often topics that were not there are looked for again (s), default 300. */
  topicRetrySeconds?: number
  /** After this long without a sign of life (s) the cluster gives our partitions to others, default 30. */
  sessionSeconds?: number
  /** Most messages and bytes handed to the handler at once, default 200 and 32 MiB. */
  batchMessages?: number
  batchBytes?: number
  /** How often ends and lag are asked for (s), default 15. */
  lagSeconds?: number
  handle: StreamHandler
  report?: StreamReport
}

/** Reading a Kafka cluster: one session after another, each until something breaks. */
export function createKafkaStream(
  options: KafkaOptions,
  { net, log, metrics }: { net: Net; log: Logger; metrics?: Metrics },
): Stream {
  const { name, heartbeat } = options
  const positions = createPositions()
  const counted = metrics?.counter('urania_stream_messages_total', 'Messages read from streams.', [
    'stream',
    'topic',
  ])
  const lagGauge = metrics?.gauge('urania_stream_lag_messages', 'Messages not yet read.', [
    'stream',
    'topic',
    'partition',
  ])
  let state: StreamState = 'stopped'
  let since = new Date()
  let problem: StreamStatus['problem'] = null
  let unknownTopics: string[] = []
  let messages = 0
  let bytes = 0
  let lastMessageAt: Date | null = null
  let lastHeartbeatAt: Date | null = null
  let stop = new AbortController()
  let running: Promise<void> | undefined

  function turn(next: StreamState): void {
    if (state !== next) since = new Date()
    state = next
    if (next === 'running') problem = null
  }

  function report(what: Problem): void {
    const repeated = problem?.code === what.code && problem.message === what.message
    problem = { code: what.code, message: what.message, at: new Date() }
    if (repeated) return
    log.warn({ stream: name, code: what.code, ...what.details }, what.message)
    options.report?.(what)
  }

  const tokens = options.oauth && createTokenSource(options.oauth, net, report)

  async function run(signal: AbortSignal): Promise<void> {
    let pause = 500
    while (!signal.aborted) {
      turn(state === 'unreachable' ? state : 'connecting')
      const began = performance.now()
      try {
        await runSession(signal)
      } catch (error) {
        if (signal.aborted) return
        turn('unreachable')
        report(isProblem(error) ? error : sessionProblem(error, options.brokers))
      }
      // A session that held for a while was a good one: what ended it may be over.
      if (performance.now() - began > 30_000) pause = 500
      await sleep(pause * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => {})
      pause = Math.min(pause * 2, 30_000)
    }
  }

  /** Returns when the topics have changed or the beat was missed; throws on what breaks the session. */
  async function runSession(signal: AbortSignal): Promise<void> {
    const wanted = [...new Set(heartbeat ? [...options.topics, heartbeat.topic] : options.topics)]
    const session = await openSession(
      { ...options, topics: wanted, token: tokens && (() => tokens.token()) },
      signal,
    )
    try {
      unknownTopics = wanted.filter((topic) => !session.topics.includes(topic))
      const retryMs = (options.topicRetrySeconds ?? 300) * 1_000
      if (session.topics.length === 0) {
        turn('waiting for topics')
        await sleep(retryMs, undefined, { signal }).catch(() => {})
        return
      }
      for (const lost of positions.begin(await session.positions())) reportLost(lost)
      turn('running')
      const over = new AbortController()
      const both = AbortSignal.any([signal, over.signal])
      const reading = read(session, both)
      const watches = [
        watchLag(session, both),
        watchBeat(session, both),
        watchTopics(session, wanted, retryMs, both),
      ]
      try {
        await Promise.race([reading, ...watches])
      } finally {
        over.abort()
        // What the handler has begun it ends, and that is committed, before anything else reads.
        await Promise.allSettled([reading, ...watches])
      }
    } finally {
      await session.close()
    }
  }

  function reportLost({
    topic,
    partition,
    had,
    now,
  }: {
    topic: string
    partition: number
    had: bigint
    now: bigint
  }): void {
    report(
      new Problem(
        'stream.offset_lost',
        `${topic} [${partition}] was read up to ${had}, but the cluster no longer knows that; reading goes on from ${now}.`,
        { stream: name, topic, partition, had: String(had), now: String(now) },
      ),
    )
  }

  async function read(session: Session, signal: AbortSignal): Promise<void> {
    const limits = { messages: options.batchMessages ?? 200, bytes: options.batchBytes ?? 32 * 1024 * 1024 }
    while (!signal.aborted) {
      const batch = await session.next(limits, signal)
      if (batch.length === 0) continue
      for (const lost of positions.seen(batch)) reportLost(lost)
      const news = heartbeat ? batch.filter((message) => message.topic !== heartbeat.topic) : batch
      if (news.length < batch.length) lastHeartbeatAt = new Date()
      if (news.length > 0 && !(await handled(news, signal))) return
      await session.commit(batch)
      positions.committed(batch)
    }
  }

  /** The same messages until the handler takes them; false when the stream stops before that. */
  async function handled(batch: readonly StreamMessage[], signal: AbortSignal): Promise<boolean> {
    for (let pause = 500; ; pause = Math.min(pause * 2, 30_000)) {
      try {
        await options.handle(batch, signal)
        break
      } catch (error) {
        if (signal.aborted) return false
        turn('handler failing')
        report(
          isProblem(error)
            ? error
            : new Problem(
                'internal.error',
                `Messages of ${name} could not be stored; they are tried again.`,
                {},
                error,
              ),
        )
        await sleep(pause, undefined, { signal }).catch(() => {})
        if (signal.aborted) return false
      }
    }
    turn('running')
    lastMessageAt = new Date()
    messages += batch.length
    for (const { topic, value } of batch) {
      bytes += value.byteLength
      counted?.add(1, { stream: name, topic })
    }
    return true
  }

  async function watchLag(session: Session, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Only a picture: if it can't be had, reading itself will tell.
      await session.ends().then(
        (ends) => positions.ends(ends),
        () => {},
      )
      for (const { topic, partition, lag } of positions.list())
        if (lag !== null) lagGauge?.set(lag, { stream: name, topic, partition: String(partition) })
      await sleep((options.lagSeconds ?? 15) * 1_000, undefined, { signal }).catch(() => {})
    }
    return never(signal)
  }

  async function watchBeat(session: Session, signal: AbortSignal): Promise<void> {
    if (!heartbeat || !session.topics.includes(heartbeat.topic)) return never(signal)
    const began = Date.now()
    while (!signal.aborted) {
      await sleep(500, undefined, { signal }).catch(() => {})
      const silentMs = Date.now() - Math.max(began, lastHeartbeatAt?.getTime() ?? 0)
      // A handler that is busy stops the beat too, and is no fault of the connection.
      if (signal.aborted || state !== 'running' || silentMs < heartbeat.silentSeconds * 1_000) continue
      throw new Problem(
        'stream.silent',
        `${heartbeat.topic} has been silent for ${Math.round(silentMs / 1_000)} s; the connection is made anew.`,
        { stream: name, topic: heartbeat.topic },
      )
    }
  }

  /** Resolves when a topic has appeared that was missing. */
  async function watchTopics(
    session: Session,
    wanted: readonly string[],
    ms: number,
    signal: AbortSignal,
  ): Promise<void> {
    if (session.topics.length === wanted.length) return never(signal)
    while (!signal.aborted) {
      await sleep(ms, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const now = await session.known(wanted).catch(() => [])
      if (now.some((topic) => !session.topics.includes(topic))) return
    }
  }

  return {
    async start() {
      if (running) return
      stop = new AbortController()
      tokens?.start()
      running = run(stop.signal)
    },
    async stop() {
      stop.abort()
      tokens?.stop()
      await running
      running = undefined
      turn('stopped')
    },
    status: () => ({
      name,
      state,
      since,
      groupId: options.groupId,
      unknownTopics,
      partitions: positions.list(),
      messages,
      bytes,
      lastMessageAt,
      lastHeartbeatAt,
      tokenExpiresAt: tokens?.expiresAt ?? null,
      problem,
    }),
  }
}

/** Pends until the signal aborts. */
function never(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
