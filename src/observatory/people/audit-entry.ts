import { z } from 'zod'

/** One line of the audit log. */
export const AuditEntry = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    actor: z.object({
      kind: z.string(),
      id: z.string().nullable(),
      name: z.string(),
      tokenId: z.string().nullable(),
      address: z.string().nullable(),
    }),
    action: z.string().describe('`<room>.<what was done>`: `people.role_changed`'),
    subject: z.object({ kind: z.string(), id: z.string() }),
    before: z.unknown().describe('What it was, secrets left out; null: it did not exist'),
    after: z.unknown().describe('What it became; null: it is gone'),
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntry = z.output<typeof AuditEntry>
