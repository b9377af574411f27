import { z } from 'zod'
import type { Section } from '#platform/config/config.ts'

const address = z
  .string()
  .regex(/^[0-9a-fA-F:.]+(\/\d{1,3})?$/, 'an address or a network such as 10.0.0.0/8 is needed')

/** Settings of the HTTP door. */
export const httpSection = {
  name: 'http',
  settings: {
    publicUrl: {
      schema: z
        .url({ protocol: /^https?$/ })
        .nullable()
        .default(null),
      doc: 'Address under which people reach this server when it is not the one it listens on: https://urania.example.org',
    },
    trustedProxies: {
      schema: z.array(address).default([]),
      doc: 'Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed',
    },
    metricsToken: {
      schema: z.string().min(16).nullable().default(null),
      doc: 'Bearer token with which a collector on another machine may read /metrics; from loopback none is needed',
      secret: true,
    },
    skySurveys: {
      schema: z.boolean().default(true),
      doc: 'Let the page load sky survey images from the servers of the CDS',
    },
  },
} as const satisfies Section
