import { z } from 'zod'
import { Sha256 } from './frame.ts'

/** An upload in parts that survives a lost connection and a restart of the server. */
export const Upload = z
  .object({
    id: z.uuid(),
    name: z.string(),
    byteLength: z.number().int(),
    offset: z.number().int().describe('Bytes that are here; send the next ones from there'),
    state: z.enum(['receiving', 'done', 'failed']),
    sha256: Sha256.nullable().describe('The frame, once done'),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    expiresAt: z.iso.datetime().nullable().describe('Given up if nothing comes until then'),
  })
  .meta({ id: 'Upload' })
export type Upload = z.output<typeof Upload>

export const NewUpload = z
  .object({
    name: z.string().min(1).max(250).describe('Name of the file'),
    byteLength: z.number().int().min(1),
    groups: z.array(z.string().max(64)).max(50).default([]),
    publicAt: z.iso.datetime().nullable().default(null),
    note: z.string().max(4_000).nullable().default(null),
  })
  .meta({ id: 'NewUpload' })
export type NewUpload = z.output<typeof NewUpload>
