/**
 * One log entry as a person at a terminal reads it: `16:05:11 warn  the database server went away  folder=/srv/urania`.
 * What is no JSON object is passed on as it is.
 */
export function readable(line: string): string {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return line
  }
  if (typeof entry !== 'object' || entry === null) return line
  const { time, level, msg, err, ...rest } = entry as Record<string, unknown>
  const facts = Object.entries(rest).map(([key, value]) => `${key}=${shown(value)}`)
  const error = err as { message?: unknown; code?: unknown } | undefined
  if (error?.message !== undefined)
    facts.push(`${shown(error.message)}${error.code ? ` (${shown(error.code)})` : ''}`)
  return `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${[shown(msg ?? ''), ...facts].join('  ')}\n`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
