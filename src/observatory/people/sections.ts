import { z } from 'zod'
import type { Section } from '#platform/config/config.ts'
import { RoleName } from './person.ts'

/** One line of the table that turns what a sign-in provider says about a person into a role and groups. */
export const ClaimRule = z.strictObject({
  provider: z.string().describe('`github`, `orcid`, `oidc`'),
  claim: z.string().describe('Name of the claim, dots for what is inside: `teams`, `realm_access.roles`'),
  value: z.string().describe('Value, or one of the list; `*`: any'),
  role: RoleName.optional(),
  groups: z.array(z.string()).default([]).describe('Names of groups, made when absent'),
})
export type ClaimRule = z.output<typeof ClaimRule>

export const peopleSection = {
  name: 'people',
  settings: {
    rules: {
      schema: z.array(ClaimRule).default([]),
      doc: 'Tables [[people.rules]] with provider, claim, value and role and/or groups, read at each sign-in. One matching rule with a role makes a new account',
    },
    sessionDays: {
      schema: z.number().min(0.01).max(90).default(7),
      doc: 'Days without use after which a session ends',
    },
  },
} as const satisfies Section

const clientId = z.string().min(1).nullable().default(null)

export const githubSection = {
  name: 'github',
  settings: {
    clientId: { schema: clientId, doc: 'Client id of the OAuth app; with it one can sign in by GitHub' },
    clientSecret: { schema: clientId, doc: 'Client secret of the OAuth app', secret: true },
    url: {
      schema: z.url().default('https://github.com'),
      doc: 'Address of GitHub, or of an Enterprise server',
    },
    apiUrl: { schema: z.url().default('https://api.github.com'), doc: 'Address of its API' },
  },
} as const satisfies Section

export const orcidSection = {
  name: 'orcid',
  settings: {
    clientId: {
      schema: clientId,
      doc: 'Client id of the ORCID application; with it one can sign in by ORCID',
    },
    clientSecret: { schema: clientId, doc: 'Client secret of the ORCID application', secret: true },
    issuer: {
      schema: z.url().default('https://orcid.org'),
      doc: 'Issuer; https://sandbox.orcid.org for trials',
    },
  },
} as const satisfies Section

export const oidcSection = {
  name: 'oidc',
  settings: {
    issuer: {
      schema: z.url().nullable().default(null),
      doc: 'Issuer of any OpenID Connect provider (CILogon, Keycloak, Google, …)',
    },
    name: { schema: z.string().default('Institution'), doc: 'What the sign-in button says' },
    clientId: { schema: clientId, doc: 'Client id at that provider' },
    clientSecret: { schema: clientId, doc: 'Client secret at that provider', secret: true },
    scopes: {
      schema: z.array(z.string()).default(['openid', 'profile', 'email']),
      doc: 'Scopes to ask for; add what carries the groups that your rules look at',
    },
  },
} as const satisfies Section
