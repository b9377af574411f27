import type { Problem } from '#problem.ts'

/** One message as it lay in the stream. */
export interface StreamMessage {
  topic: string
  partition: number
  offset: bigint
  key: Uint8Array | null
  /** When it was produced, as the broker says. */
  timestamp: Date
  value: Uint8Array
}

/**
 * Called with messages in order per partition. When it resolves they are durable, and only then their offsets are
 * committed; when it rejects, the same messages come again. What can't be understood is its own affair: it stores it and
 * resolves, so that a poison message never stops the stream. Messages may come twice (after a crash, or when the cluster
 * lost its memory): (topic, partition, offset) and the content's hash tell.
 */
export type StreamHandler = (messages: readonly StreamMessage[], signal: AbortSignal) => Promise<void>

export type StreamState =
  'stopped' | 'connecting' | 'waiting for topics' | 'running' | 'handler failing' | 'unreachable'

/** A snapshot for the page of streams. */
export interface StreamStatus {
  name: string
  state: StreamState
  since: Date
  groupId: string
  /** Topics asked for that the cluster does not have (yet), or does not show us. */
  unknownTopics: string[]
  partitions: {
    topic: string
    partition: number
    /** Next offset to be read after the last commit; null before the first. */
    position: string | null
    end: string | null
    lag: number | null
  }[]
  messages: number
  bytes: number
  lastMessageAt: Date | null
  /** Last message of the heartbeat topic, where one is watched. */
  lastHeartbeatAt: Date | null
  tokenExpiresAt: Date | null
  /** The last thing that went wrong and when; null once all is well again. */
  problem: { code: string; message: string; at: Date } | null
}

export interface Stream {
  start(): Promise<void>
  /** Lets the handler finish what it has, commits that, leaves the group. */
  stop(): Promise<void>
  status(): StreamStatus
}

/** Told of everything that goes wrong, once per occasion. */
export type StreamReport = (problem: Problem) => void
