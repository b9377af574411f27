/** A counted piece of work, shown while it runs. */
export interface Progress {
  update(done: number, total?: number): void
  /** Prints the last state, so that it stays. */
  finish(): void
}

export interface ProgressStream {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
}

const terminalMs = 100
const plainMs = 5_000

/**
 * A line of done/total, rate and time left. On a terminal it is rewritten in place; elsewhere (a log, a pipe) a plain line is
 * written every five seconds.
 * @param options.now clock in milliseconds, for tests.
 */
export function createProgress(options: {
  stream: ProgressStream
  label: string
  unit?: string
  now?: () => number
}): Progress {
  const { stream, label, unit = '', now = Date.now } = options
  const started = now()
  const live = stream.isTTY === true
  let shownAt = live ? -Infinity : started
  let shownDone = -1
  let done = 0
  let total: number | undefined

  function show() {
    const line = progressLine({ label, unit, done, total, seconds: (now() - started) / 1000 })
    // Cut to the terminal: a wrapped line can't be rewritten.
    if (live) stream.write(`\r\u001b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`)
    else stream.write(`${line}\n`)
    shownAt = now()
    shownDone = done
  }

  return {
    update(newDone, newTotal) {
      done = newDone
      total = newTotal ?? total
      if (now() - shownAt >= (live ? terminalMs : plainMs)) show()
    },
    finish() {
      // A log that has the last line already needs no second one.
      if (live || shownDone !== done || done !== total) show()
      if (live) stream.write('\n')
    },
  }
}

/** `reading: 1,200/4,800 rows (25 %), 400/s, 9 s left`. */
function progressLine(state: {
  label: string
  unit: string
  done: number
  total: number | undefined
  seconds: number
}): string {
  const { label, unit, done, total, seconds } = state
  const rate = seconds > 0 ? done / seconds : 0
  const words = unit ? ` ${unit}` : ''
  const count =
    total === undefined
      ? `${number(done)}${words}`
      : `${number(done)}/${number(total)}${words} (${total > 0 ? Math.floor((100 * done) / total) : 100} %)`
  const parts = [`${label}: ${count}`]
  if (rate > 0) parts.push(`${number(rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2)))}/s`)
  if (total !== undefined && done >= total) parts.push(`took ${duration(seconds)}`)
  else if (total !== undefined && rate > 0) parts.push(`${duration((total - done) / rate)} left`)
  return parts.join(', ')
}

/** `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5400) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}
