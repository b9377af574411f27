import { Problem } from '#problem.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { everyone, requireRole, requireScope } from '#observatory/people/rights.ts'

/** Who may what with frames. */

export function requireReader(actor: Actor): void {
  requireRole(actor, 'viewer', 'seeing frames')
  requireScope(actor, 'read')
}

export function requireMember(actor: Actor): void {
  requireRole(actor, 'member', 'adding frames')
  requireScope(actor, 'write')
}

/** The owner and administrators. */
export function mayChange(actor: Actor, row: { owner_id: string | null }): boolean {
  if (!actor.scopes.includes('write')) return false
  return actor.role === 'administrator' || (row.owner_id !== null && row.owner_id === actor.userId)
}

/** @throws Problem `access.forbidden` where the actor is in none of the groups it wants to share with */
export function requireOwnGroups(actor: Actor, groups: readonly string[]): void {
  if (actor.role === 'administrator') return
  const other = groups.find((group) => group !== everyone && !actor.groups.includes(group))
  if (other !== undefined)
    throw new Problem(
      'access.forbidden',
      `You are not in the group ${other}; a frame is shared only with groups that one is in.`,
      { group: other },
    )
}
