import { roles } from './actor.ts'
import type { Role } from './actor.ts'
import type { ClaimRule } from './sections.ts'

/** What a sign-in provider says about a person. */
export interface Claims {
  provider: string
  /** The person's id there. */
  subject: string
  values: Record<string, unknown>
}

/** What the rules make of it. A null role: no rule gives one. Groups by name. */
export interface Granted {
  role: Role | null
  groups: string[]
}

/** The highest role and all groups of the rules that match. */
export function grantedBy(rules: readonly ClaimRule[], claims: Claims): Granted {
  const matching = rules.filter(
    (rule) => rule.provider === claims.provider && matches(valueAt(claims.values, rule.claim), rule.value),
  )
  const given = roles.filter((role) => matching.some((rule) => rule.role === role))
  return { role: given.at(-1) ?? null, groups: [...new Set(matching.flatMap((rule) => rule.groups))] }
}

function matches(found: unknown, wanted: string): boolean {
  if (Array.isArray(found)) return found.some((item) => matches(item, wanted))
  if (typeof found !== 'string' && typeof found !== 'number' && typeof found !== 'boolean') return false
  return wanted === '*' || String(found) === wanted
}

/** A claim whose own name has dots (`https://example.org/groups`) goes before the path that they would mean. */
function valueAt(values: Record<string, unknown>, claim: string): unknown {
  if (Object.hasOwn(values, claim)) return values[claim]
  let value: unknown = values
  for (const key of claim.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
