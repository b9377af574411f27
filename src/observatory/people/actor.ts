/** Who acts. Every use-case takes an Actor; it decides rights and is what the audit log names. */

export const roles = ['viewer', 'member', 'operator', 'administrator'] as const
export type Role = (typeof roles)[number]

/** What a token may do; a session may do whatever its person may. */
export const scopes = ['read', 'write', 'operate', 'administer'] as const
export type Scope = (typeof scopes)[number]

export interface Actor {
  /** `local`: the operator at the machine's own command line. `system`: background work. */
  readonly kind: 'person' | 'token' | 'local' | 'system' | 'anonymous'
  readonly userId: string | null
  readonly name: string
  /** Of a token: no higher than its scopes reach. */
  readonly role: Role | null
  readonly groups: readonly string[]
  readonly scopes: readonly Scope[]
  /** Address the request came from. */
  readonly from: string | null
  /** The token it acts by. */
  readonly tokenId?: string
}

export const system: Actor = {
  kind: 'system',
  userId: null,
  name: 'urania',
  role: 'administrator',
  groups: [],
  scopes,
  from: null,
}
export const localOperator: Actor = {
  kind: 'local',
  userId: null,
  name: 'local operator',
  role: 'administrator',
  groups: [],
  scopes,
  from: null,
}

/** A request that proved nothing. */
export function anonymous(from: string | null): Actor {
  return { kind: 'anonymous', userId: null, name: 'anonymous', role: null, groups: [], scopes: [], from }
}

/** The scope that a role stands on: each role may do what its scope and those before it say. */
const scopeOfRole: Record<Role, Scope> = {
  viewer: 'read',
  member: 'write',
  operator: 'operate',
  administrator: 'administer',
}

/** Everything that a person of this role may do. */
export function scopesOf(role: Role): readonly Scope[] {
  return scopes.slice(0, scopes.indexOf(scopeOfRole[role]) + 1)
}

/** True when `role` is `wanted` or above it. */
export function isAtLeast(role: Role | null, wanted: Role): boolean {
  return role !== null && roles.indexOf(role) >= roles.indexOf(wanted)
}

/** What a token may do now: what it was given, and no more than its person may today. */
export function delegated(role: Role, granted: readonly Scope[]): { role: Role | null; scopes: Scope[] } {
  const left = scopesOf(role).filter((scope) => granted.includes(scope))
  const reached = roles.filter((candidate) => left.includes(scopeOfRole[candidate]))
  return { role: reached.at(-1) ?? null, scopes: left }
}
