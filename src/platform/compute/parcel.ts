/** Typed arrays on a shared memory cross to another thread as addresses, so that they lie on its arena there, too. */
import type { Arena } from '#science/kernels/arena.ts'

const types = {
  Float32Array,
  Float64Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
}
type TypeName = keyof typeof types

/** Stands for an array on the memory. */
interface Address {
  '#array': TypeName
  at: number
  length: number
}

/** `value` with its arrays on the arena replaced by their addresses; plain objects and arrays are looked into. */
export function packed(value: unknown, arena: Arena): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) {
    const type = value.constructor.name
    if (!(type in types) || !arena.holds(value)) return value
    const { length } = value as Uint8Array
    return { '#array': type as TypeName, at: value.byteOffset, length } satisfies Address
  }
  return mapped(value, (item) => packed(item, arena))
}

/** The way back, on the arena of this thread. */
export function unpacked(value: unknown, arena: Arena): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if ('#array' in value) {
    const { '#array': type, at, length } = value as Address
    const bytes = length * types[type].BYTES_PER_ELEMENT
    // Growing by nothing shows what other threads have grown.
    if (at + bytes > arena.memory.buffer.byteLength) arena.memory.grow(0)
    const array = new types[type](arena.memory.buffer, at, length)
    // The arena counts buffers as its own that it has seen.
    arena.holds(array)
    return array
  }
  return mapped(value, (item) => unpacked(item, arena))
}

function mapped(value: object, change: (item: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change)
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]))
}
