// Writes docs/reference from the code: commands, configuration, problem codes, API. With --check it only compares.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { createApi } from '#interface/api/app.ts'
import { openApiDocument } from '#interface/api/openapi.ts'
import { groups } from '#interface/cli/groups.ts'
import { httpSection } from '#platform/http/section.ts'
import { remoteStorageSection } from '#platform/storage/section.ts'
import { rooms } from '#interface/rooms.ts'
import { describeConfig } from '#observatory/tasks/config.ts'
import { configGroups } from '#observatory/tasks/config/key.ts'
import { core } from '#platform/config/core.ts'
import { environmentName, snake } from '#platform/config/file.ts'
import { loadConfig } from '#platform/config/load.ts'
import { createMetrics } from '#platform/metrics/registry.ts'
import type { Platform } from '#platform/platform.ts'
import { globalOptions } from '#platform/terminal/help.ts'
import { problemCodes } from '#problem.ts'

const folder = join(import.meta.dirname, '../docs/reference')
const made = '<!-- Made from the code by "node scripts/build-docs.ts"; not to be edited. -->'

const pages: Record<string, () => string | Promise<string>> = {
  'commands.md': commandsPage,
  'configuration.md': configurationPage,
  'problems.md': problemsPage,
  'api.md': apiPage,
  'imaging-keys.md': imagingKeysPage,
}

const check = process.argv.includes('--check')
const stale: string[] = []
for (const [name, write] of Object.entries(pages)) {
  const path = join(folder, name)
  const options = { ...(await resolveConfig(path)), parser: 'markdown' }
  const text = await format(`${made}\n\n${await write()}`, options)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  stale.push(name)
  if (check) continue
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, text)
}
if (check && stale.length > 0) {
  console.error(`docs/reference/${stale.join(', ')} is not what the code says; run "npm run docs".`)
  process.exit(1)
}
console.log(stale.length === 0 ? 'docs/reference is up to date' : `wrote ${stale.join(', ')}`)
process.exit()

function imagingKeysPage(): string {
  const parts = [
    '# Imaging keys',
    'Every key that steers the processing of a frame (`-c key=value`, `config` of a task). Null or `auto` is found by the program.',
  ]
  for (const group of configGroups) {
    const rows = describeConfig()
      .filter((each) => each.group === group)
      .map(({ key, default: value, unit, doc, auto }) => {
        const usual = value === null ? (auto ?? 'none') : `\`${JSON.stringify(value)}\``
        return `| \`${key}\` | ${usual} | ${unit ?? ''} | ${doc.replaceAll('|', '\\|')} |`
      })
    parts.push(
      `## ${group}`,
      ['| key | default | unit | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n'),
    )
  }
  return parts.join('\n\n')
}

async function commandsPage(): Promise<string> {
  const parts = [
    '# Commands',
    'Every command takes these options, and `--json` prints one document with the keys and units of the [API](api.md).',
    optionTable(globalOptions),
  ]
  for (const group of groups) {
    parts.push(`## urania ${group.name}`, `${group.summary}.`)
    const commands = await group.load()
    for (const { words, usage, summary, options, examples } of commands) {
      const line = ['urania', ...words, usage].filter(Boolean).join(' ')
      if (commands.length > 1) parts.push(`### ${['urania', ...words].join(' ')}`, `${summary}.`)
      parts.push(`\`\`\`sh\n${line}\n\`\`\``)
      if (Object.keys(options ?? {}).length > 0) parts.push(optionTable(options!))
      if (examples.length > 0) parts.push(`For example:\n\n\`\`\`sh\n${examples.join('\n')}\n\`\`\``)
    }
  }
  return parts.join('\n\n')
}

function optionTable(options: Record<string, { type: string; short?: string; doc?: string }>): string {
  const rows = Object.entries(options).map(([name, { type, short, doc }]) => {
    const flag = `--${name}${type === 'string' ? ' VALUE' : ''}`
    return [code(short ? `-${short}, ${flag}` : flag), doc ?? '']
  })
  return table(['option', 'meaning'], rows)
}

function configurationPage(): string {
  const parts = [
    '# Configuration',
    'A setting is taken from the command line, else from the environment, else from `urania.toml` in the home folder, else it has the default below. `urania config` prints what is in force and where it came from. An unknown key is an error.',
    'The home folder is `--home`, else `URANIA_HOME`, else `/var/lib/urania` for root and `~/.local/share/urania` for everybody else.',
    '## The program itself',
    table(
      ['key', 'environment', 'default', 'meaning'],
      Object.entries(core).map(([key, setting]) => [
        code(key),
        code(setting.env),
        preset(setting),
        setting.doc,
      ]),
    ),
  ]
  for (const room of [{ sections: [httpSection, remoteStorageSection] }, ...rooms]) {
    for (const { name, settings } of room.sections ?? []) {
      const rows = Object.entries(settings).map(([key, setting]) => [
        code(snake(key)),
        code(environmentName(name, key)),
        preset(setting),
        setting.doc,
      ])
      parts.push(`## [${name}]`, table(['key', 'environment', 'default', 'meaning'], rows))
    }
  }
  return parts.join('\n\n')
}

function preset({
  schema,
  secret,
}: {
  schema: { safeParse(value: unknown): { data?: unknown } }
  secret?: boolean
}) {
  const value = schema.safeParse(undefined).data
  if (value === null || value === undefined) return secret ? 'none (secret)' : 'none'
  if (Array.isArray(value)) return value.map((each) => code(JSON.stringify(each))).join(', ') || 'none'
  return code(JSON.stringify(value))
}

function problemsPage(): string {
  const parts = [
    '# Problem codes',
    'Whatever goes wrong is told in one sentence with a stable code: by the API as a problem document (RFC 9457, `application/problem+json`) whose `code` is one of these, by a command on its last line of stderr (with `--json` as a document), by a job as the reason why it failed.',
  ]
  const bySubject = Map.groupBy(Object.entries(problemCodes), ([name]) => name.split('.')[0])
  for (const [subject, codes] of [...bySubject].toSorted(([a], [b]) => a.localeCompare(b))) {
    const rows = codes.map(([name, status]) => [code(name), `${status} ${STATUS_CODES[status] ?? ''}`])
    parts.push(`## ${subject}`, table(['code', 'HTTP status'], rows))
  }
  return parts.join('\n\n')
}

interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  description?: string
  format?: string
  default?: unknown
}

interface Operation {
  tags?: string[]
  summary?: string
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[]
  requestBody?: { content: Record<string, { schema?: Schema }>; description?: string }
  responses: Record<string, { description: string; content?: Record<string, { schema?: Schema }> }>
}

interface OpenApi {
  info: { description: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

function apiPage(): string {
  const { info, paths, components } = apiDocument()
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      ...operation,
    })),
  )
  const parts = ['# API', info.description, 'The document itself is served at `/api/v1/openapi.json`.']
  const byTag = Map.groupBy(operations, ({ tags }) => tags?.[0] ?? 'Other')
  for (const [tag, list] of [...byTag].toSorted(([a], [b]) => a.localeCompare(b))) {
    parts.push(`## ${tag}`)
    for (const { method, path, summary, parameters, requestBody, responses } of list) {
      parts.push(`### ${method} ${path}`, `${summary ?? ''}.`)
      if (parameters?.length) {
        const rows = parameters.map(({ name, in: where, required, description, schema }) => [
          code(name),
          where,
          `${typeOf(schema)}${required ? ', needed' : ''}${schema?.default === undefined ? '' : `, default ${code(JSON.stringify(schema.default))}`}`,
          description ?? schema?.description ?? '',
        ])
        parts.push(table(['parameter', 'in', 'type', 'meaning'], rows))
      }
      for (const [type, { schema }] of Object.entries(requestBody?.content ?? {})) {
        parts.push(`Body: ${code(type)}, ${typeOf(schema)}. ${requestBody?.description ?? ''}`)
      }
      const answers = Object.entries(responses)
        .filter(([status]) => Number(status) < 400)
        .map(([status, { description, content = {} }]) => {
          const types = Object.entries(content).map(([type, { schema }]) => `${code(type)} ${typeOf(schema)}`)
          return [status, description, types.join('; ')]
        })
      parts.push(table(['status', 'answer', 'content'], answers))
    }
  }
  parts.push('## What is in the documents')
  for (const [name, schema] of Object.entries(components.schemas).toSorted(([a], [b]) =>
    a.localeCompare(b),
  )) {
    parts.push(`### ${name}`)
    const { properties, required } = fieldsOf(schema, components.schemas)
    if (Object.keys(properties).length === 0) parts.push(typeOf(schema))
    else {
      const rows = Object.entries(properties).map(([key, each]) => [
        code(key),
        `${typeOf(each)}${required.includes(key) ? '' : ', may be absent'}`,
        each.description ?? '',
      ])
      parts.push(table(['key', 'type', 'meaning'], rows))
    }
  }
  return parts.join('\n\n')
}

interface Fields {
  properties: Record<string, Schema>
  required: string[]
}

/** The fields of an object, with those of what it extends. */
function fieldsOf(schema: Schema, all: Record<string, Schema>): Fields {
  const parts = (schema.allOf ?? []).map((base) =>
    fieldsOf(base.$ref ? all[base.$ref.split('/').at(-1)!] : base, all),
  )
  parts.push({ properties: schema.properties ?? {}, required: schema.required ?? [] })
  return {
    properties: Object.fromEntries(parts.flatMap(({ properties }) => Object.entries(properties))),
    required: parts.flatMap(({ required }) => required),
  }
}

/** The document comes from the routes alone: nothing of the platform is used but its configuration and metrics. */
function apiDocument(): OpenApi {
  const config = loadConfig({
    sections: rooms.flatMap((room) => room.sections ?? []),
    env: { URANIA_HOME: import.meta.dirname },
  })
  const absent = (part: string) =>
    new Proxy(
      {},
      {
        get: (_, name) => () => {
          throw new Error(`${part}.${String(name)} was used to describe the API`)
        },
      },
    )
  const names = ['log', 'db', 'storage', 'jobs', 'events', 'compute', 'net', 'secrets']
  const platform = {
    ...Object.fromEntries(names.map((name) => [name, absent(name)])),
    config,
    metrics: createMetrics(),
  } as unknown as Platform
  return openApiDocument(createApi(platform, rooms)) as unknown as OpenApi
}

function typeOf(schema: Schema | undefined): string {
  if (!schema) return 'anything'
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1)!
    return `[${name}](#${name.toLowerCase()})`
  }
  if (schema.enum) return schema.enum.map((value) => code(JSON.stringify(value))).join(' or ')
  if (schema.const !== undefined) return code(JSON.stringify(schema.const))
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return [...new Set(choices.map(typeOf))].join(' or ')
  if (schema.allOf) return schema.allOf.map(typeOf).join(' and ')
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object') {
    return `map of ${typeOf(schema.additionalProperties)}`
  }
  if (schema.type === 'object' && schema.properties) {
    return `{ ${Object.entries(schema.properties)
      .map(([key, each]) => `${key}: ${typeOf(each)}`)
      .join('; ')} }`
  }
  const plain = [schema.type ?? 'anything'].flat().join(' or ')
  return schema.format ? `${plain} (${schema.format})` : plain
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}
