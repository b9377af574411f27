import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { Role, Scope } from './actor.ts'

/** `person`, or the id of the sign-in provider whose claims gave it and take it back. */
type By = string
type Now = ColumnType<Date, Date | undefined, Date>
/** jsonb: goes in as text. */
type Json = ColumnType<unknown, string | null, never>

export interface PersonTable {
  id: string
  name: string
  email: string
  email_verified: Generated<boolean>
  image: string | null
  role: Role
  role_by: Generated<By>
  orcid: string | null
  two_factor_enabled: Generated<boolean | null>
  disabled_at: Date | null
  created_at: Now
  updated_at: Now
}

declare module '#platform/db/database.ts' {
  interface Database {
    person: PersonTable
    person_session: {
      id: string
      token: string
      user_id: string
      expires_at: Date
      ip_address: string | null
      user_agent: string | null
      created_at: Now
      updated_at: Now
    }
    person_account: {
      id: string
      account_id: string
      provider_id: string
      user_id: string
      password: string | null
      created_at: Now
      updated_at: Now
    }
    person_group: { id: string; name: string; description: Generated<string>; created_at: Now }
    person_group_member: { group_id: string; person_id: string; added_by: Generated<By>; created_at: Now }
    person_token: {
      id: string
      person_id: string
      name: string
      hint: string
      hash: string
      scopes: Scope[]
      created_at: Now
      expires_at: Date
      last_used_at: Date | null
      last_used_from: string | null
      revoked_at: Date | null
    }
    person_invitation: {
      id: string
      hash: string
      person_id: string | null
      role: Role
      groups: Generated<string[]>
      note: Generated<string>
      created_by: string | null
      created_at: Now
      expires_at: Date
      used_at: Date | null
      used_by: string | null
    }
    setup_link: { hash: string; created_at: Now }
    audit: {
      id: GeneratedAlways<string>
      at: Now
      actor_kind: string
      actor_id: string | null
      actor_name: string
      token_id: string | null
      address: string | null
      action: string
      subject_kind: string
      subject_id: string
      before: Json
      after: Json
    }
  }
}
