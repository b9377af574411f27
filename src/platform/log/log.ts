import pino, { type DestinationStream, type Logger } from 'pino'
import type { Config } from '#platform/config/config.ts'
import { readable } from './readable.ts'

// As we write them, as headers have them, and as OAuth and the environment do.
const hidden = [
  'password',
  'token',
  'secret',
  'authorization',
  'cookie',
  '["set-cookie"]',
  'clientSecret',
  'client_secret',
  'accessToken',
  'access_token',
  'refreshToken',
  'refresh_token',
  'idToken',
  'id_token',
  'apiKey',
  'api_key',
  'databaseUrl',
  'database_url',
  'DATABASE_URL',
]

/**
 * The program's log: one JSON line per entry (on a terminal a readable one), time in UTC (ISO 8601), errors as `err` with code and stack, and what
 * carries a secret's name (at the top or one level down) replaced by `[hidden]`. Addresses lose their passwords.
 */
export function createLog(
  config: Pick<Config, 'logLevel'>,
  destination: DestinationStream = standardError(),
): Logger {
  return pino(
    {
      level: config.logLevel,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: [
          ...hidden,
          ...hidden.flatMap((key) =>
            ['*', '*.*'].map((under) => (key.startsWith('[') ? under + key : `${under}.${key}`)),
          ),
        ],
        censor: '[hidden]',
      },
      formatters: { level: (level) => ({ level }) },
      serializers: { err: withoutPasswords },
    },
    { write: (line: string) => destination.write(line.replace(credentials, '$1[hidden]@')) },
  )
}

/** JSON for whatever collects logs; at a terminal, lines for people. */
function standardError(): DestinationStream {
  const stream = pino.destination({ fd: 2, sync: true })
  return process.stderr.isTTY ? { write: (line: string) => stream.write(readable(line)) } : stream
}

const credentials = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*:)[^\s@"]+@/gi

function withoutPasswords(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { type, message, stack, code, details } = pino.stdSerializers.err(error) as ReturnType<
    typeof pino.stdSerializers.err
  > & { code?: unknown; details?: unknown }
  return { type, code, message, details, stack }
}
