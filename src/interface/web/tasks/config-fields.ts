import type { KeyDescription } from '#observatory/tasks/config.ts'
import type { KeySchema } from './queries.ts'

/** The form of a configuration: what the JSON Schema of a key says, and values to and from text. */

export type FieldKind = 'flag' | 'choice' | 'number' | 'lines' | 'list' | 'pairs' | 'text'

export interface ConfigField extends KeyDescription {
  readonly kind: FieldKind
  readonly choices: readonly string[]
  readonly whole: boolean
  /** Whether it may be left to the program. */
  readonly optional: boolean
}

/** Fields of keys in their order. */
export function fieldsOf(keys: readonly KeyDescription[], whole: KeySchema): ConfigField[] {
  const named = whole.$ref === undefined ? whole : whole.$defs?.[whole.$ref.split('/').at(-1) ?? '']
  const properties = named?.properties ?? {}
  return keys.map((key) => {
    const schema = properties[key.key] ?? {}
    const parts = schema.anyOf ?? [schema]
    const main = parts.find((part) => types(part)[0] !== 'null') ?? {}
    const optional = parts.some((part) => types(part).includes('null'))
    return {
      ...key,
      kind: kindOf(key.key, main),
      choices: (main.enum ?? []).map(String),
      whole: types(main)[0] === 'integer',
      optional,
    }
  })
}

function types({ type }: KeySchema): string[] {
  return type === undefined ? [] : [type].flat()
}

function kindOf(name: string, node: KeySchema): FieldKind {
  const [type] = types(node)
  if (node.enum) return 'choice'
  if (type === 'boolean') return 'flag'
  if (type === 'number' || type === 'integer') return 'number'
  if (type === 'array') return 'list'
  if (type === 'object') return 'pairs'
  return name === 'target' ? 'lines' : 'text'
}

/** A value as it stands in its field; empty where the program finds it. */
export function written(field: Pick<ConfigField, 'kind'>, value: unknown): string {
  if (value === null || value === undefined) return ''
  if (field.kind === 'list') return (value as unknown[]).map(String).join('\n')
  if (field.kind === 'pairs')
    return Object.entries(value as Record<string, unknown>)
      .map(([name, inner]) => `${name}=${String(inner)}`)
      .join(' ')
  return typeof value === 'string' ? value : String(value as number | boolean)
}

/** What stands in a field where nothing was typed. */
export function placeholderOf(field: ConfigField): string {
  if (field.default !== null && field.default !== undefined && field.default !== '')
    return written(field, field.default)
  return field.auto === null ? '' : `auto: ${field.auto}`
}

/** What was typed as the API takes it; undefined goes back to the default. What is no number goes as it is, and the server says so. */
export function readField(field: ConfigField, text: string): unknown {
  const typed = text.trim()
  if (field.kind === 'flag') return typed === 'true'
  if (typed === '') return undefined
  if (/^(auto|none)$/i.test(typed) && field.optional) return null
  if (field.kind === 'number') {
    const value = Number(typed.replace(',', '.').replace('−', '-'))
    return Number.isFinite(value) ? value : typed
  }
  if (field.kind === 'list') return typed.split(/[\s,]+/).filter(Boolean)
  if (field.kind === 'pairs')
    return Object.fromEntries(
      typed
        .split(/[\s,]+/)
        .filter(Boolean)
        .map((pair): [string, string | number] => {
          const [name = '', value = ''] = pair.split(/[=:]/)
          return [name, value !== '' && Number.isFinite(Number(value)) ? Number(value) : value]
        }),
    )
  return typed
}

/** What a form changes: keys with a new value, and keys that go back to their defaults. */
export function changesOf(
  fields: readonly ConfigField[],
  config: Readonly<Record<string, unknown>>,
  texts: Readonly<Record<string, string>>,
): { config: Record<string, unknown>; reset: string[] } {
  const changed: Record<string, unknown> = {}
  const reset: string[] = []
  for (const field of fields) {
    const text = texts[field.key]
    if (text === undefined || text === written(field, config[field.key])) continue
    const value = readField(field, text)
    const usual = value === undefined || JSON.stringify(value) === JSON.stringify(field.default)
    if (!usual) changed[field.key] = value
    else if (field.key in config) reset.push(field.key)
  }
  return { config: changed, reset }
}

/** `sn=7 use_color=false` */
export function configText(config: Readonly<Record<string, unknown>>): string {
  return Object.entries(config)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}
