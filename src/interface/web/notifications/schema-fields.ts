/** Forms drawn from JSON Schema: the part of it that settings of channels use. */

export interface SettingField {
  name: string
  label: string
  description: string
  type: 'text' | 'number' | 'flag' | 'choice' | 'list' | 'pairs'
  required: boolean
  secret: boolean
  /** As it is written in the field; empty: none. */
  preset: string
  choices: readonly string[]
  /** Long texts, as certificates. */
  long: boolean
}

interface Node {
  type?: string
  enum?: unknown[]
  default?: unknown
  description?: string
  maxLength?: number
}

/** Fields of an object's schema, required ones first, in its order otherwise. */
export function fieldsOf(
  schema: Readonly<Record<string, unknown>>,
  secret: readonly string[],
): SettingField[] {
  const properties = (schema['properties'] ?? {}) as Record<string, Node>
  const required = (schema['required'] ?? []) as string[]
  const fields = Object.entries(properties).map(([name, node]): SettingField => {
    const type = typeOf(node)
    return {
      name,
      label: labelOf(name),
      description: node.description ?? '',
      type,
      required: required.includes(name),
      secret: secret.includes(name),
      preset: written(type, node.default),
      choices: (node.enum ?? []).map(String),
      long: (node.maxLength ?? 0) > 5_000,
    }
  })
  return [...fields.filter((field) => field.required), ...fields.filter((field) => !field.required)]
}

function typeOf(node: Node): SettingField['type'] {
  if (node.enum) return 'choice'
  if (node.type === 'boolean') return 'flag'
  if (node.type === 'number' || node.type === 'integer') return 'number'
  if (node.type === 'array') return 'list'
  return node.type === 'object' ? 'pairs' : 'text'
}

/** `signingSecret` → `Signing secret`. */
function labelOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** A value as it stands in a field: lists one a line, pairs `name = value`. */
export function written(type: SettingField['type'], value: unknown): string {
  if (value === undefined || value === null) return ''
  if (type === 'list') return (value as unknown[]).map(String).join('\n')
  if (type === 'pairs')
    return Object.entries(value as Record<string, unknown>)
      .map(([key, inner]) => `${key} = ${String(inner)}`)
      .join('\n')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/**
 * Settings as the API takes them. What is empty is left out, so that the kind's own choice holds and secrets stay as
 * they are; a number that is none goes as it was typed, and the server says so.
 */
export function settingsFrom(
  fields: readonly SettingField[],
  texts: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  for (const { name, type } of fields) {
    const text = (texts[name] ?? '').trim()
    if (type === 'flag') settings[name] = text === 'true'
    else if (text === '') continue
    else if (type === 'number') settings[name] = Number.isNaN(Number(text)) ? text : Number(text)
    else if (type === 'list') settings[name] = lines(text)
    else if (type === 'pairs')
      settings[name] = Object.fromEntries(
        lines(text).map((line) => {
          const equals = line.indexOf('=')
          return equals < 0 ? [line, ''] : [line.slice(0, equals).trim(), line.slice(equals + 1).trim()]
        }),
      )
    else settings[name] = text
  }
  return settings
}

function lines(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter(Boolean)
}
