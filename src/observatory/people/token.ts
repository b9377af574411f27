import { z } from 'zod'
import { ScopeName } from './person.ts'

/** Personal tokens: what a program signs in with. Shown once; only the hash is kept. */

export const Token = z
  .object({
    id: z.string(),
    personId: z.string(),
    name: z.string(),
    hint: z.string().describe('First characters, to recognise it by'),
    scopes: z.array(ScopeName),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
    lastUsedFrom: z.string().nullable(),
    revokedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Token' })
export type Token = z.output<typeof Token>

export const NewToken = z
  .object({
    name: z.string().trim().min(1, 'Say what it is for').max(80),
    scopes: z.array(ScopeName).min(1).default(['read']),
    days: z.int().min(1).max(730).default(90).describe('Until it expires'),
  })
  .meta({ id: 'NewToken' })
export type NewToken = z.output<typeof NewToken>

export const TokenShownOnce = Token.extend({
  token: z.string().describe('Keep it now: it is not shown again'),
}).meta({ id: 'TokenShownOnce' })
export type TokenShownOnce = z.output<typeof TokenShownOnce>
