import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/**
 * Stands before a Kafka broker that has no SASL: answers ApiVersions, SaslHandshake and SaslAuthenticate itself (KIP-43,
 * KIP-368), passes the rest on, and makes the broker appear at its own address. Cuts, delays and refuses when told to.
 */
export interface KafkaProxy {
  readonly port: number
  /** Tokens that were shown, one entry per authentication. */
  readonly shown: { token: string; accepted: boolean; again: boolean }[]
  /** Requests that came on a connection whose session had expired. */
  readonly expired: number
  /** Ends every connection. */
  cut(): void
  /** While true, new connections are refused. */
  refuse(on: boolean): void
  /** Each direction is held up by so much. */
  delay(ms: number): void
  stop(): Promise<void>
}

const saslHandshake = 17
const apiVersions = 18
const saslAuthenticate = 36
const metadata = 3
const listOffsets = 2
const findCoordinator = 10
/** First version with compact strings, tagged fields and header version 2. */
const flexibleAuthenticate = 2

export async function startKafkaProxy(options: {
  /** Port of the broker behind, asked at each connection. */
  broker: () => number
  accepts: (token: string) => boolean
  /** Announced life of a session (ms). */
  sessionMs: number
}): Promise<KafkaProxy> {
  const shown: KafkaProxy['shown'] = []
  const sockets = new Set<Socket>()
  let refusing = false
  let delayMs = 0
  let expired = 0
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  server.on('connection', (client) => {
    if (refusing) {
      client.resetAndDestroy()
      return
    }
    const broker = connect(options.broker(), '127.0.0.1')
    sockets.add(client).add(broker)
    const end = (): void => {
      client.destroy()
      broker.destroy()
      sockets.delete(client)
      sockets.delete(broker)
    }
    for (const socket of [client, broker]) socket.on('error', end).on('close', end)
    const asked = new Map<number, { key: number; version: number }>()
    let goodUntil = 0
    let authenticated = false
    const later = (run: () => void): void => {
      if (delayMs > 0) setTimeout(run, delayMs)
      else run()
    }
    const send = (body: Buffer): void => later(() => client.destroyed || client.write(framed(body)))

    client.on(
      'data',
      frames((frame) => {
        const [key, version, correlation] = [frame.readInt16BE(0), frame.readInt16BE(2), frame.readInt32BE(4)]
        const body = frame.subarray(10 + Math.max(0, frame.readInt16BE(8)))
        if (key === saslHandshake)
          return send(join(int32(correlation), int16(0), int32(1), string('OAUTHBEARER')))
        if (key === saslAuthenticate) {
          const token = /auth=Bearer ([\w.~+/=-]*)/.exec(body.toString('latin1'))?.[1] ?? ''
          const accepted = options.accepts(token)
          shown.push({ token, accepted, again: authenticated })
          authenticated = accepted
          goodUntil = Date.now() + options.sessionMs
          return send(join(int32(correlation), authenticateAnswer(version, accepted, options.sessionMs)))
        }
        if (key !== apiVersions && (!authenticated || Date.now() > goodUntil)) {
          if (authenticated) expired++
          return end()
        }
        asked.set(correlation, { key, version })
        later(() => broker.destroyed || broker.write(framed(frame)))
      }),
    )
    broker.on(
      'data',
      frames((frame) => {
        const correlation = frame.readInt32BE(0)
        const { key, version } = asked.get(correlation) ?? { key: -1, version: 0 }
        asked.delete(correlation)
        if (key === apiVersions) return send(withSasl(frame, version))
        if (key === metadata || key === findCoordinator) return send(atPort(frame, options.broker(), port))
        send(frame)
      }),
    )
  })

  return {
    port,
    shown,
    get expired() {
      return expired
    },
    cut: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    refuse(on) {
      refusing = on
    },
    delay(ms) {
      delayMs = ms
    },
    async stop() {
      refusing = true
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Cuts a byte stream into Kafka's frames (int32 size, then that many bytes). */
function frames(take: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer[] = []
  let length = 0
  return (chunk) => {
    rest.push(chunk)
    length += chunk.length
    while (length >= 4) {
      const head = rest[0].length >= 4 ? rest[0] : Buffer.concat(rest)
      const size = head.readInt32BE(0)
      if (length < 4 + size) return
      const all = Buffer.concat(rest)
      take(all.subarray(4, 4 + size))
      rest = [all.subarray(4 + size)]
      length -= 4 + size
    }
  }
}

function framed(body: Buffer): Buffer {
  return join(int32(body.length), body)
}

/** SaslAuthenticateResponse, versions 0 to 2. */
function authenticateAnswer(version: number, accepted: boolean, sessionMs: number): Buffer {
  const code = int16(accepted ? 0 : 58)
  const reason = 'the token is not good'
  const life = Buffer.alloc(8)
  life.writeBigInt64BE(BigInt(sessionMs))
  if (version >= flexibleAuthenticate) {
    const message = accepted ? Buffer.of(0) : join(Buffer.of(reason.length + 1), Buffer.from(reason))
    return join(Buffer.of(0), code, message, Buffer.of(1), life, Buffer.of(0))
  }
  return join(code, accepted ? int16(-1) : string(reason), int32(0), version >= 1 ? life : Buffer.alloc(0))
}

/**
 * The broker's ApiVersionsResponse (versions 0–2 plain, 3 with compact array) with the SASL calls added. ListOffsets is
 * held at version 3: from 4 on the mock of librdkafka 2.0 leaves the leader epoch out of its answer.
 */
function withSasl(frame: Buffer, version: number): Buffer {
  // A broker that does not know the version says so, and is asked again in an older one.
  if (frame.readInt16BE(4) !== 0) return frame
  const flexible = version >= 3
  const head = frame.subarray(0, 6)
  const [count, begin, size] = flexible ? [frame[6] - 1, 7, 7] : [frame.readInt32BE(6), 10, 6]
  const calls = Array.from({ length: count }, (_, i) => {
    const at = begin + i * size
    return [frame.readInt16BE(at), frame.readInt16BE(at + 2), frame.readInt16BE(at + 4)] as const
  }).map(([key, low, high]) => [key, low, key === listOffsets ? Math.min(high, 3) : high] as const)
  const all = [...calls, [saslHandshake, 0, 1] as const, [saslAuthenticate, 0, 2] as const]
  if (flexible && all.length >= 127)
    throw new Error('The mock cluster knows more calls than this proxy can count.')
  const entries = all.map(([key, low, high]) =>
    join(int16(key), int16(low), int16(high), flexible ? Buffer.of(0) : Buffer.alloc(0)),
  )
  const length = flexible ? Buffer.of(all.length + 1) : int32(all.length)
  return join(head, length, ...entries, frame.subarray(begin + count * size))
}

/** The broker's address replaced by ours; both are 127.0.0.1, so only the port after it changes. */
function atPort(frame: Buffer, from: number, to: number): Buffer {
  const wanted = join(Buffer.from('127.0.0.1'), int32(from))
  const out = Buffer.from(frame)
  for (let at = out.indexOf(wanted); at >= 0; at = out.indexOf(wanted, at + wanted.length))
    out.writeInt32BE(to, at + wanted.length - 4)
  return out
}

function join(...parts: Buffer[]): Buffer {
  return Buffer.concat(parts)
}

function int16(value: number): Buffer {
  const out = Buffer.alloc(2)
  out.writeInt16BE(value)
  return out
}

function int32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeInt32BE(value)
  return out
}

function string(text: string): Buffer {
  return join(int16(text.length), Buffer.from(text))
}
