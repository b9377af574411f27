/** Live rate of a job from its progress reports: a line through the last ten seconds, so that a slow start is forgotten. */
export interface Rate {
  /** @param at milliseconds, monotonic. Returns units per second, or null while there is nothing to tell. */
  add(done: number, at: number): number | null
}

const windowMs = 10_000

export function createRate(): Rate {
  const samples: { done: number; at: number }[] = []
  return {
    add(done, at) {
      const last = samples.at(-1)
      if (last && done < last.done) samples.length = 0
      if (last && at - last.at < 100 && samples.length > 1) samples.pop()
      samples.push({ done, at })
      while (samples.length > 2 && at - samples[0].at > windowMs) samples.shift()
      const first = samples[0]
      return at > first.at && done > first.done ? ((done - first.done) / (at - first.at)) * 1_000 : null
    },
  }
}

/** Seconds left at a rate; null where unknown. */
export function etaSeconds(done: number, total: number, perSecond: number | null): number | null {
  if (perSecond === null || perSecond <= 0 || !Number.isFinite(total)) return null
  return Math.max(0, (total - done) / perSecond)
}
