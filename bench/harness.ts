import { availableParallelism } from 'node:os'

/** One run of one contestant: how long it took and what came out, so that different answers are noticed. */
export interface Trial {
  seconds: number
  /** Compared between contestants: text exactly, numbers to 1e-6. Null: nothing to compare. */
  answer: string | number | null
}

/** One way of doing a piece of work. */
export interface Contestant {
  /** `Urania, kernel`, `healpy 1.16.1`. */
  tool: string
  once(): Trial | Promise<Trial>
}

/** A line of the table. `times`: how many times as long as the first contestant took; null for that one itself. */
export interface Row {
  what: string
  tool: string
  /** Median, in `unit`. */
  value: number
  unit: string
  least: number
  most: number
  runs: number
  times: number | null
  /** Whether the answer is that of the first contestant; null where there is nothing to compare. */
  agrees: boolean | null
  /** What must hold, and whether it did. */
  bar: { text: string; held: boolean } | null
}

export interface Report {
  rows: Row[]
  /** One sentence for each thing that was left out, with the reason. */
  skipped: string[]
}

/** One file of this folder that can be named on the command line. */
export interface Subject {
  name: string
  title: string
  run(report: Report, note: (line: string) => void): Promise<void>
}

/** Runs the work once and takes the time. */
export function timed(work: () => string | number | null): Trial {
  const started = performance.now()
  const answer = work()
  return { seconds: (performance.now() - started) / 1000, answer }
}

export interface Race {
  what: string
  contestants: readonly Contestant[]
  /** Rounds that count, after those of `warmUp`. */
  rounds?: number
  warmUp?: number
  /** Of the first contestant: at most this many seconds. */
  within?: number
  /** The first contestant must be faster than every other. */
  mustWin?: boolean
}

/**
 * Lets the contestants run in turn (A B A B …), so that whatever else the machine does hits all alike, and adds one row
 * for each with the median of its rounds.
 */
export async function race(report: Report, options: Race): Promise<void> {
  const { what, contestants, rounds = 7, warmUp = 2, within, mustWin = false } = options
  const seconds = contestants.map((): number[] => [])
  const answers: Trial['answer'][] = []
  for (let round = -warmUp; round < rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      const trial = await contestant.once()
      answers[i] = trial.answer
      if (round >= 0) seconds[i].push(trial.seconds)
    }
  }
  const medians = seconds.map(median)
  contestants.forEach(({ tool }, i) => {
    report.rows.push({
      what,
      tool,
      value: medians[i] * 1000,
      unit: 'ms',
      least: Math.min(...seconds[i]) * 1000,
      most: Math.max(...seconds[i]) * 1000,
      runs: rounds,
      times: i === 0 ? null : medians[i] / medians[0],
      agrees: i === 0 ? null : agree(answers[0], answers[i]),
      bar: i === 0 ? barOf(medians, within, mustWin) : null,
    })
  })
}

function barOf(
  [own, ...others]: readonly number[],
  within: number | undefined,
  mustWin: boolean,
): Row['bar'] {
  if (within !== undefined) return { text: `≤ ${within * 1000} ms`, held: own <= within }
  if (mustWin && others.length > 0) {
    return { text: 'faster than the others', held: others.every((other) => own < other) }
  }
  return null
}

/** A figure that was measured once, with what must hold of it. */
export function figure(
  what: string,
  value: number,
  unit: string,
  bar: { atMost?: number; atLeast?: number } = {},
): Row {
  const { atMost, atLeast } = bar
  return {
    what,
    tool: 'Urania',
    value,
    unit,
    least: value,
    most: value,
    runs: 1,
    times: null,
    agrees: null,
    bar:
      atMost !== undefined
        ? { text: `≤ ${atMost} ${unit}`, held: value <= atMost }
        : atLeast !== undefined
          ? { text: `≥ ${atLeast} ${unit}`, held: value >= atLeast }
          : null,
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function agree(a: Trial['answer'], b: Trial['answer']): boolean | null {
  if (a === null || b === null) return null
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) <= 1e-6 * Math.abs(a)
  return a === b
}

/** What the figures were measured on; a figure without it means nothing. */
export function machine(): Record<string, string | number> {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
  }
}
