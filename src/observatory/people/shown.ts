import type { Actor } from './actor.ts'
import type { AuditEntry } from './audit-entry.ts'
import type { AuditRow } from './audit-store.ts'
import type { GroupRow } from './group-store.ts'
import type { InvitationRow } from './invitation-store.ts'
import type { Group, Invitation, Person, Session } from './person.ts'
import { noEmail } from './person-store.ts'
import type { PersonRow, SessionRow } from './person-store.ts'
import type { Token } from './token.ts'
import type { TokenRow } from './token-store.ts'

/** Rows as the API shows them. */

const time = (at: Date | null) => at?.toISOString() ?? null

export function shownPerson(actor: Actor, row: PersonRow): Person {
  const mine = actor.userId === row.id
  const trusted = mine || actor.role === 'administrator'
  return {
    id: row.id,
    name: row.name,
    email: trusted && !row.email.endsWith(noEmail) ? row.email : null,
    orcid: row.orcid,
    role: row.role,
    roleBy: row.role_by,
    groups: row.groups,
    twoFactor: row.two_factor_enabled ?? false,
    signsInBy: trusted ? row.accounts : [],
    disabledAt: time(row.disabled_at),
    createdAt: row.created_at.toISOString(),
  }
}

export function shownGroup(row: GroupRow): Group {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    members: Number(row.members),
    createdAt: row.created_at.toISOString(),
  }
}

export function shownInvitation(row: InvitationRow): Invitation {
  return {
    id: row.id,
    role: row.role,
    groups: row.groups,
    note: row.note,
    personId: row.person_id,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    usedAt: time(row.used_at),
  }
}

export function shownSession(row: SessionRow, currentId: string | null): Session {
  return {
    id: row.id,
    current: row.id === currentId,
    address: row.ip_address || null,
    userAgent: row.user_agent || null,
    createdAt: row.created_at.toISOString(),
    lastSeenAt: row.updated_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  }
}

export function shownToken(row: TokenRow): Token {
  return {
    id: row.id,
    personId: row.person_id,
    name: row.name,
    hint: row.hint,
    scopes: row.scopes,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    lastUsedAt: time(row.last_used_at),
    lastUsedFrom: row.last_used_from,
    revokedAt: time(row.revoked_at),
  }
}

export function shownAudit(row: AuditRow): AuditEntry {
  return {
    id: row.id,
    at: row.at.toISOString(),
    actor: {
      kind: row.actor_kind,
      id: row.actor_id,
      name: row.actor_name,
      tokenId: row.token_id,
      address: row.address,
    },
    action: row.action,
    subject: { kind: row.subject_kind, id: row.subject_id },
    before: row.before,
    after: row.after,
  }
}
