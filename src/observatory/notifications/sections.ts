import { z } from 'zod'
import type { Section } from '#platform/config/config.ts'

/** Settings of the notifications room. */
export const notificationsSection = {
  name: 'notifications',
  settings: {
    retrySeconds: {
      schema: z.number().positive().max(3_600).default(2),
      doc: 'Pause before a message that could not be put is tried again (s); it doubles each time',
    },
    retryCapSeconds: {
      schema: z.number().positive().max(86_400).default(600),
      doc: 'Longest such pause (s)',
    },
    giveUpHours: {
      schema: z.number().positive().max(720).default(24),
      doc: 'After this a message that could not be put is a dead letter (h)',
    },
    attemptSeconds: {
      schema: z.number().positive().max(3_600).default(300),
      doc: 'Longest time that one attempt may take, all its files included (s)',
    },
    keepDays: {
      schema: z.number().int().positive().max(36_500).default(180),
      doc: 'Messages and their deliveries are deleted when nothing was said in their thread for this long (d)',
    },
  },
} as const satisfies Section
