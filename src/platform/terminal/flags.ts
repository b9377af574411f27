import { isProblem, Problem } from '#problem.ts'
import { parseIso } from '#science/sky/iso.ts'
import { dateOf, mjdOf } from '#science/sky/time.ts'
import type { Invocation } from './command.ts'

type Flags = Invocation['flags']

/** A flag's text; undefined where it was not given. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

/** A flag as a number of at least 0; undefined where it was not given. @throws Problem `command.usage` */
export function numberFlag(flags: Flags, name: string): number | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0)) {
    throw new Problem('command.usage', `--${name} takes a number of at least 0, not "${text}".`)
  }
  return value
}

/** A flag as an ISO 8601 date or time, UTC where it names no zone; undefined where absent. @throws Problem `command.usage` */
export function dateFlag(flags: Flags, name: string): Date | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  try {
    return dateOf(mjdOf(parseIso(text)))
  } catch (error) {
    if (!isProblem(error)) throw error
    throw new Problem('command.usage', `--${name}: ${error.message}`, error.details, error)
  }
}
