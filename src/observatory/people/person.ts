import { z } from 'zod'
import { roles, scopes } from './actor.ts'

/** People, their groups and the links that bring them in, as the API shows them. */

export const RoleName = z
  .enum(roles)
  .meta({ id: 'Role', description: 'Each role may do what those before it may.' })
export const ScopeName = z.enum(scopes).meta({ id: 'Scope' })

/** Long enough to resist guessing; nothing is asked of its characters (NIST SP 800-63B). */
export const Password = z
  .string()
  .min(10, 'A password has at least 10 characters; a few words together are good')
  .max(256, 'A password has at most 256 characters')

export const Email = z
  .email('That is not an e-mail address')
  .max(254)
  .transform((text) => text.toLowerCase())
export const PersonName = z.string().trim().min(1, 'A name is needed').max(120)

const GroupRef = z.object({ id: z.string(), name: z.string() }).meta({ id: 'GroupRef' })

export const Person = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string().nullable().describe('Shown to administrators and to the person alone'),
    orcid: z.string().nullable(),
    role: RoleName,
    roleBy: z
      .string()
      .describe('`person`, or the sign-in provider whose claims gave the role and take it back'),
    groups: z.array(GroupRef),
    twoFactor: z.boolean(),
    signsInBy: z
      .array(z.string())
      .describe('`password`, `github`, `orcid`, …; empty: has to use a link first'),
    disabledAt: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Person' })
export type Person = z.output<typeof Person>

export const NewPerson = z
  .object({
    name: PersonName,
    email: Email,
    role: RoleName.default('viewer'),
    groups: z.array(z.string()).max(100).default([]).describe('Ids of groups'),
    password: Password.optional().describe('Without one a one-time link is made, where the person sets it'),
  })
  .meta({ id: 'NewPerson' })
export type NewPerson = z.output<typeof NewPerson>

export const PersonChange = z
  .object({
    name: PersonName.optional(),
    role: RoleName.optional(),
    groups: z.array(z.string()).max(100).optional(),
    disabled: z.boolean().optional(),
  })
  .meta({ id: 'PersonChange' })
export type PersonChange = z.output<typeof PersonChange>

export const Group = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    members: z.int(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Group' })
export type Group = z.output<typeof Group>

export const NewGroup = z
  .object({ name: z.string().trim().min(1).max(80), description: z.string().max(500).default('') })
  .meta({ id: 'NewGroup' })
export type NewGroup = z.output<typeof NewGroup>

export const Invitation = z
  .object({
    id: z.string(),
    role: RoleName,
    groups: z.array(z.string()),
    note: z.string(),
    personId: z.string().nullable().describe('The person whose password it sets; null: makes a new account'),
    createdBy: z.string().nullable(),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    usedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Invitation' })
export type Invitation = z.output<typeof Invitation>

export const NewInvitation = z
  .object({
    role: RoleName.default('viewer'),
    groups: z.array(z.string()).max(100).default([]),
    note: z.string().max(200).default('').describe('For whom it is, for your own memory'),
    days: z.int().min(1).max(30).default(7),
  })
  .meta({ id: 'NewInvitation' })
export type NewInvitation = z.output<typeof NewInvitation>

/** A link is shown once: only its hash is kept. */
export const OneTimeLink = z
  .object({ url: z.string(), token: z.string(), expiresAt: z.iso.datetime() })
  .meta({ id: 'OneTimeLink' })
export type OneTimeLink = z.output<typeof OneTimeLink>

export const Setup = z
  .object({ token: z.string().min(1).max(200), name: PersonName, email: Email, password: Password })
  .meta({ id: 'Setup' })
export type Setup = z.output<typeof Setup>

export const Join = z
  .object({
    token: z.string().min(1).max(200),
    password: Password,
    name: PersonName.optional().describe('Needed when the link makes a new account'),
    email: Email.optional().describe('Needed when the link makes a new account'),
  })
  .meta({ id: 'Join' })
export type Join = z.output<typeof Join>

/** How one may sign in here. */
export const SignInMethods = z
  .object({
    password: z.boolean(),
    providers: z.array(z.object({ id: z.string(), name: z.string() })),
  })
  .meta({ id: 'SignInMethods' })
export type SignInMethods = z.output<typeof SignInMethods>

export const Me = z
  .object({
    kind: z.enum(['person', 'token', 'local', 'system', 'anonymous']),
    person: Person.nullable().describe('null: not signed in'),
    role: RoleName.nullable().describe('Of a token: no higher than its scopes reach'),
    scopes: z.array(ScopeName),
    signIn: SignInMethods,
  })
  .meta({ id: 'Me' })
export type Me = z.output<typeof Me>

export const Session = z
  .object({
    id: z.string(),
    current: z.boolean(),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    createdAt: z.iso.datetime(),
    lastSeenAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'Session' })
export type Session = z.output<typeof Session>
