/** Metadata values: taken from YAML as plain data, written as YAML flow style (which JSON is a part of). */
import type { MetaValue } from './table.ts'

/** An object, a Map (ordered maps arrive so) or nothing as a plain record. */
export function recordOf(value: unknown): Record<string, unknown> {
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, each]) => [String(key), each as unknown]))
  if (value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date))
    return value as Record<string, unknown>
  return {}
}

/** Plain data; integers beyond 2⁵³ stay bigint, what is no data becomes its text. */
export function metaOf(value: unknown, depth = 0): MetaValue {
  if (depth > 50) return null
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'bigint') {
    const plain = Number(value)
    return Number.isSafeInteger(plain) ? plain : value
  }
  if (Array.isArray(value)) return value.map((each) => metaOf(each, depth + 1))
  if (value instanceof Date) return value.toISOString()
  if (typeof value !== 'object') return null
  return Object.fromEntries(
    Object.entries(recordOf(value)).map(([key, each]) => [key, metaOf(each, depth + 1)]),
  )
}

const bare = /^[A-Za-z_][A-Za-z0-9_./]*$/
const taken = /^(y|n|yes|no|on|off|true|false|null|nan|inf|_+)$/i

/** One line of YAML 1.1. */
export function yamlOf(value: MetaValue): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return bare.test(value) && !taken.test(value) ? value : JSON.stringify(value)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return String(value).replace(/^(-?\d+)e/, '$1.0e')
    return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf'
  }
  if (Array.isArray(value)) return `[${(value as readonly MetaValue[]).map(yamlOf).join(', ')}]`
  return `{${Object.entries(value)
    .map(([key, each]) => `${yamlOf(key)}: ${yamlOf(each as MetaValue)}`)
    .join(', ')}}`
}
