import { z } from 'zod'

/** A folder of the server's machine whose FITS files are frames. */
export const FrameFolder = z
  .object({
    id: z.uuid(),
    path: z.string(),
    recursive: z.boolean(),
    copied: z.boolean().describe('Its files are copied into the storage; otherwise they stay in place'),
    groups: z.array(z.string()),
    publicAt: z.iso.datetime().nullable(),
    addedAt: z.iso.datetime(),
    addedBy: z.string(),
    jobId: z.string().nullable().describe('The last scan'),
    scannedAt: z.iso.datetime().nullable(),
    counts: z
      .object({
        seen: z.number().int(),
        added: z.number().int(),
        known: z.number().int(),
        failed: z.number().int(),
      })
      .nullable()
      .describe('Of the last scan that ended'),
  })
  .meta({ id: 'FrameFolder' })
export type FrameFolder = z.output<typeof FrameFolder>

export const NewFolder = z
  .object({
    path: z.string().min(1).max(1_000).describe('On the machine of the server, from its root'),
    recursive: z.boolean().default(true),
    copied: z.boolean().default(false),
    groups: z.array(z.string().max(64)).max(50).default([]),
    publicAt: z.iso.datetime().nullable().default(null),
  })
  .meta({ id: 'NewFrameFolder' })
export type NewFolder = z.output<typeof NewFolder>

/** Endings of files that may be frames. */
export const frameEnding = /\.(fits?|fts)(\.gz|\.fz)?$/i
