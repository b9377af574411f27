import { z } from 'zod'

/** A channel as it is set up here. */

const ChannelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and hyphens')

const Settings = z.record(z.string(), z.unknown()).describe('As its kind says; secrets are written only')

export const NewChannel = z
  .strictObject({
    name: ChannelName,
    kind: z.string().max(40),
    settings: Settings.default({}),
    enabled: z.boolean().default(true),
  })
  .meta({ id: 'NewNotificationChannel' })
export type NewChannel = z.output<typeof NewChannel>

export const ChannelChange = z
  .strictObject({
    settings: Settings.optional().describe(
      'In place of the present ones; secrets left out stay, null removes one',
    ),
    enabled: z.boolean().optional(),
  })
  .meta({ id: 'NotificationChannelChange' })
export type ChannelChange = z.output<typeof ChannelChange>

export const StoredChannel = z
  .object({
    name: z.string(),
    kind: z.string(),
    title: z.string().describe('Of its kind'),
    enabled: z.boolean(),
    reaches: z.enum(['people', 'files']),
    addresses: z.enum(['none', 'mail', 'given', 'person']).describe('How single people are reached'),
    settings: z.record(z.string(), z.unknown()).describe('Without secrets'),
    secrets: z.array(z.string()).describe('Secret settings that are set'),
    state: z.enum(['ok', 'failing', 'off', 'unknown kind']),
    failingSince: z.iso.datetime().nullable(),
    failingWhy: z.string().nullable(),
    lastSentAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'NotificationChannel' })
export type StoredChannel = z.output<typeof StoredChannel>

export const ChannelKindInfo = z
  .object({
    key: z.string(),
    title: z.string(),
    reaches: z.enum(['people', 'files']),
    addresses: z.enum(['none', 'mail', 'given', 'person']),
    secret: z.array(z.string()),
    settings: z.record(z.string(), z.unknown()).describe('JSON Schema, from which forms are drawn'),
  })
  .meta({ id: 'NotificationChannelKind' })
export type ChannelKindInfo = z.output<typeof ChannelKindInfo>

export const TestResult = z
  .object({
    delivered: z.boolean(),
    receipt: z.string().nullable(),
    url: z.string().nullable(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    seconds: z.number(),
  })
  .meta({ id: 'NotificationTest' })
export type TestResult = z.output<typeof TestResult>
