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
  readonly role: Role | null
  readonly groups: readonly string[]
  readonly scopes: readonly Scope[]
  /** Address the request came from. */
  readonly from: string | null
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
