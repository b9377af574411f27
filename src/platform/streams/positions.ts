import type { StreamMessage, StreamStatus } from './stream.ts'

/** Next offset of one partition. */
export interface PartitionOffset {
  topic: string
  partition: number
  offset: bigint
}

export interface LostOffset {
  topic: string
  partition: number
  /** Where reading had come to. */
  had: bigint
  /** Where it goes on. */
  now: bigint
}

/** What has been read and committed, over the sessions of one process; finds out when the cluster has forgotten it. */
export interface Positions {
  /** Where the cluster lets a new session begin; returns the partitions where that is before what was committed. */
  begin(starts: readonly PartitionOffset[]): LostOffset[]
  /** Messages as they come; returns partitions where the broker went back before what was committed. */
  seen(batch: readonly StreamMessage[]): LostOffset[]
  committed(batch: readonly StreamMessage[]): void
  ends(ends: readonly PartitionOffset[]): void
  list(): StreamStatus['partitions']
}

export function createPositions(): Positions {
  const known = new Map<
    string,
    { topic: string; partition: number; next: bigint | null; end: bigint | null }
  >()

  function at(topic: string, partition: number) {
    const key = `${topic}:${partition}`
    let found = known.get(key)
    if (!found) {
      found = { topic, partition, next: null, end: null }
      known.set(key, found)
    }
    return found
  }

  function back(topic: string, partition: number, offset: bigint): LostOffset[] {
    const place = at(topic, partition)
    const had = place.next
    if (had !== null && offset >= had) return []
    place.next = offset
    return had === null ? [] : [{ topic, partition, had, now: offset }]
  }

  return {
    begin: (starts) => starts.flatMap(({ topic, partition, offset }) => back(topic, partition, offset)),
    seen: (batch) => batch.flatMap(({ topic, partition, offset }) => back(topic, partition, offset)),
    committed(batch) {
      for (const { topic, partition, offset } of batch) at(topic, partition).next = offset + 1n
    },
    ends(ends) {
      for (const { topic, partition, offset } of ends) at(topic, partition).end = offset
    },
    list: () =>
      [...known.values()].map(({ topic, partition, next, end }) => ({
        topic,
        partition,
        position: next === null ? null : String(next),
        end: end === null ? null : String(end),
        lag: next === null || end === null ? null : Math.max(0, Number(end - next)),
      })),
  }
}
