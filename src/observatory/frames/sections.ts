import { z } from 'zod'
import type { Section } from '#platform/config/config.ts'

const bytes = (fallback: number) => z.number().int().min(1).default(fallback)

/** Settings of the frames room. */
export const framesSection = {
  name: 'frames',
  settings: {
    uploadBytes: {
      schema: bytes(20 * 2 ** 30),
      doc: 'Largest frame that is taken from a browser or the API, bytes',
    },
    urlBytes: { schema: bytes(512 * 2 ** 20), doc: 'Largest frame that is fetched from an address, bytes' },
    inflatedBytes: {
      schema: bytes(16 * 2 ** 30),
      doc: 'What a .gz frame may grow to when it is unpacked, bytes',
    },
    cacheBytes: {
      schema: bytes(20 * 2 ** 30),
      doc: 'Room on disk for unpacked copies of .gz frames, bytes; those not used for longest go first',
    },
    uploadDays: {
      schema: z.number().min(0.01).default(3),
      doc: 'Days after which an upload that does not go on is given up',
    },
  },
} as const satisfies Section
