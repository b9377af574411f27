import { z } from 'zod'
import type { Section } from '#platform/config/config.ts'

/** Settings of the plans room. */
export const plansSection = {
  name: 'plans',
  settings: {
    folder: {
      schema: z
        .string()
        .regex(/^[\w.-]+$/)
        .default('GWEMOPT'),
      doc: 'Folder of plan products beside IMAGES, LOGBOOK and VOEVENTS in the folder of an event',
    },
    voeventFolder: {
      schema: z
        .string()
        .regex(/^[\w.-]+$/)
        .default('VOEVENTS'),
      doc: 'Folder of the observation messages in the folder of an event',
    },
  },
} as const satisfies Section
