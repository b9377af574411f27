import { threadId } from 'node:worker_threads'
import { Problem } from '#problem.ts'
import type { Part } from '#science/image/workshop.ts'

// Parts of the tests of the crew, in a module of their own because a hand imports the module of its part.

export const square: Part<
  { rows: Float32Array; from: number; to: number },
  { sum: number; rows: Float32Array }
> = {
  module: import.meta.url,
  name: 'square',
  run({ rows, from, to }, workshop) {
    return workshop.arena.during(() => {
      // Scratch of its own, larger than a hand takes at a time.
      const scratch = workshop.arena.float64(300_000)
      scratch.fill(from)
      const table = workshop.once('table', () => workshop.arena.float32(4).fill(2))
      let sum = 0
      for (let i = from; i < to; i++) {
        rows[i] **= table[i & 3]
        sum += rows[i] + scratch[i] - from
      }
      if (!workshop.arena.holds(rows)) throw new Error('the rows came as a copy')
      return { sum, rows: rows.subarray(from, to) }
    })
  },
}

export const falter: Part<{ at: number; how: 'problem' | 'fault' | 'slowly' }, number> = {
  module: import.meta.url,
  name: 'falter',
  run({ at, how }) {
    if (at < 3) return at
    if (how === 'problem') throw new Problem('request.invalid', `Row ${at} is wrong.`, { at })
    if (how === 'fault') throw new RangeError('off the end')
    const until = performance.now() + 50
    while (performance.now() < until);
    return at
  },
}

/** Keeps a hand busy, and says which it is. */
export const wait: Part<number, number> = {
  module: import.meta.url,
  name: 'wait',
  run(ms) {
    const until = performance.now() + ms
    while (performance.now() < until);
    return threadId
  },
}

/** Beats until it is ended. */
export const beat: Part<{ beats: Int32Array; at: number }, void> = {
  module: import.meta.url,
  name: 'beat',
  run({ beats }) {
    for (;;) {
      const until = performance.now() + 5
      while (performance.now() < until);
      Atomics.add(beats, 0, 1)
    }
  },
}
