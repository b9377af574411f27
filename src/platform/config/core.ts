import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { Setting } from './config.ts'

/** A setting of the program itself: top level of the file. */
export interface CoreSetting extends Setting {
  env: string
}

const roles = ['api', 'worker', 'streams', 'scheduler'] as const

/** The settings that are not of a room, by their key in the file. */
export const core = {
  database_url: {
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
      .nullable()
      .default(null),
    doc: 'Your own PostgreSQL (15 or newer): "postgres://user:password@host/database". Unset: the embedded one.',
    env: 'DATABASE_URL',
    secret: true,
  },
  host: {
    schema: z.string().min(1).default('127.0.0.1'),
    doc: 'Address to listen on; "0.0.0.0" for every network of this machine.',
    env: 'URANIA_HOST',
  },
  port: {
    schema: z.number().int().min(0).max(65_535).default(4848),
    doc: 'Port of the page and the API; 0 takes any free one.',
    env: 'URANIA_PORT',
  },
  roles: {
    schema: z
      .array(z.enum(roles))
      .min(1)
      .default([...roles]),
    doc: 'What this process does: any of "api", "worker", "streams", "scheduler".',
    env: 'URANIA_ROLES',
  },
  log_level: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    doc: 'Least severe line that is logged: trace, debug, info, warn, error or silent.',
    env: 'URANIA_LOG_LEVEL',
  },
  storage: {
    schema: z.string().min(1).nullable().default(null),
    doc: 'Stored bytes (notices, maps, frames), shared by all machines: a folder, "s3://bucket/prefix", or the https:// address of a WebDAV folder. Unset: "storage" in the home folder.',
    env: 'URANIA_STORAGE',
  },
  pg_bin: {
    schema: z.string().min(1).nullable().default(null),
    doc: 'Folder of the PostgreSQL binaries for the embedded server. Unset: those that came with npm, else installed ones.',
    env: 'URANIA_PG_BIN',
  },
  db_user: {
    schema: z.string().min(1).nullable().default(null),
    doc: 'Account that the embedded server runs under when Urania runs as root. Unset: "nobody".',
    env: 'URANIA_DB_USER',
  },
} as const satisfies Record<string, CoreSetting>

export type CoreKey = keyof typeof core
export type CoreValues = { [K in CoreKey]: z.output<(typeof core)[K]['schema']> }

/** Where everything is kept unless told otherwise. */
export function defaultHome(): string {
  if (process.getuid?.() === 0) return '/var/lib/urania'
  if (process.platform === 'win32' && process.env['LOCALAPPDATA'])
    return join(process.env['LOCALAPPDATA'], 'urania')
  return join(homedir(), '.local/share/urania')
}
