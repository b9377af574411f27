/**
 * The candidate that a mistyped word most likely meant, or undefined when none is close: at most a third of its letters
 * differ (insertions, deletions, replacements, swaps of neighbours), or it begins with the word.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Infinity
  for (const candidate of candidates) {
    const far = distance(word.toLowerCase(), candidate.toLowerCase())
    const close = far <= Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3))
    const begins = word.length >= 3 && candidate.toLowerCase().startsWith(word.toLowerCase())
    if ((close || begins) && far < least) {
      best = candidate
      least = far
    }
  }
  return best
}

/** Optimal string alignment distance. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(above[j] + 1, row[j - 1] + 1, replace)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], before[j - 2] + 1)
    }
    before = above
    above = row
  }
  return above[b.length]
}
