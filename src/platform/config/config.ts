import type { z } from 'zod'

export type Role = 'api' | 'worker' | 'streams' | 'scheduler'

/** One setting: its schema (with default), what it means, and whether its value must never be printed. */
export interface Setting<T extends z.ZodType = z.ZodType> {
  schema: T
  doc: string
  secret?: boolean
}

/**
 * A section of the configuration file (`[gcn]`), declared by the room that uses it. `clientId` in section `gcn` is
 * `client_id` in TOML and `URANIA_GCN_CLIENT_ID` in the environment.
 */
export interface Section<S extends Record<string, Setting> = Record<string, Setting>> {
  name: string
  settings: S
}

export type SectionValues<S extends Record<string, Setting>> = {
  readonly [K in keyof S]: z.output<S[K]['schema']>
}

/** Where an effective value came from. */
export type Origin = 'default' | 'file' | 'environment' | 'flag'

/** The effective configuration, parsed once at start and frozen. */
export interface Config {
  /** Home folder, absolute. */
  readonly home: string
  /** `postgres://…` of a server of one's own; null: the embedded one. */
  readonly databaseUrl: string | null
  readonly host: string
  readonly port: number
  readonly roles: readonly Role[]
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Values of a section declared by a room. */
  section<S extends Record<string, Setting>>(section: Section<S>): SectionValues<S>
  /** Every effective value with its origin, secrets masked: what `urania config` prints. */
  describe(): { key: string; value: unknown; origin: Origin; doc: string; env: string }[]
}
