import { transientStatuses } from '#platform/net/client.ts'
import type { Problem } from '#problem.ts'

const passing = /^(compute\.failed|net\.timeout|database|storage\.full|job\.)/

/**
 * Whether a problem passes by itself, so that the run is tried again. What cannot be reached was asked several times by the
 * client already, and an observatory that is set to be offline stays so.
 */
export function passes({ code, details }: Problem): boolean {
  return passing.test(code) || (code === 'net.status' && transientStatuses.has(Number(details['status'])))
}
