import { z } from 'zod'
import type { Section } from '#platform/config/config.ts'

const text = z.string().min(1).nullable().default(null)

/** How to reach a storage elsewhere, whose address is the setting `storage`. */
export const remoteStorageSection = {
  name: 'remote_storage',
  settings: {
    endpoint: {
      schema: z.url({ protocol: /^https?$/ }).default('https://s3.amazonaws.com'),
      doc: 'Server of storage = "s3://bucket/prefix": https://s3.eu-west-1.amazonaws.com, https://minio.example.org',
    },
    region: { schema: z.string().min(1).default('us-east-1'), doc: 'Region of the bucket' },
    accessKeyId: { schema: text, doc: 'Access key id of the bucket' },
    secretAccessKey: { schema: text, doc: 'Secret access key of the bucket', secret: true },
    user: { schema: text, doc: 'Account of storage = "https://…" (WebDAV)' },
    password: { schema: text, doc: 'Password, better an app password, of that account', secret: true },
    cacheGb: {
      schema: z.number().positive().default(20),
      doc: 'Most GB of local copies of a storage elsewhere, kept in cache/storage of the home folder',
    },
  },
} as const satisfies Section
