import { Problem } from '#problem.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { everyone, requireRole, requireScope } from '#observatory/people/rights.ts'

/**
 * Who may what with tasks. See: the owner and the members of its groups. Change and run: the same, where they may write.
 * Delete and share: the owner. Administrators may all of it.
 */

interface Owned {
  readonly owner_id: string | null
  readonly groups: readonly string[]
}

export function requireReader(actor: Actor): void {
  requireRole(actor, 'viewer', 'seeing tasks')
  requireScope(actor, 'read')
}

export function requireMember(actor: Actor): void {
  requireRole(actor, 'member', 'making and running tasks')
  requireScope(actor, 'write')
}

export function mayChange(actor: Actor, row: Owned): boolean {
  if (!actor.scopes.includes('write') || actor.role === null || actor.role === 'viewer') return false
  if (actor.role === 'administrator') return true
  if (row.owner_id !== null && row.owner_id === actor.userId) return true
  return row.groups.some((group) => group !== everyone && actor.groups.includes(group))
}

export function mayDelete(actor: Actor, row: Owned): boolean {
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
      `You are not in the group ${other}; a task is shared only with groups that one is in.`,
      { group: other },
    )
}
