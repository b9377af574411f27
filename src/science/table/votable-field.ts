/** FIELD elements: datatype, arraysize and null of VOTable against our column types. */
import { Problem } from '#problem.ts'
import type { ColumnType } from './table.ts'
import type { Element } from './xml.ts'
import { attributeOf, childrenOf, textIn } from './xml.ts'
import { unitOf } from './table.ts'
import type { ColumnInput } from './table.ts'

export type Datatype =
  | 'boolean'
  | 'bit'
  | 'unsignedByte'
  | 'short'
  | 'int'
  | 'long'
  | 'char'
  | 'unicodeChar'
  | 'float'
  | 'double'
  | 'floatComplex'
  | 'doubleComplex'

export const typeOfDatatype: Readonly<Record<Datatype, ColumnType>> = {
  boolean: 'boolean',
  bit: 'boolean',
  unsignedByte: 'uint8',
  short: 'int16',
  int: 'int32',
  long: 'int64',
  char: 'string',
  unicodeChar: 'string',
  float: 'float32',
  double: 'float64',
  floatComplex: 'complex64',
  doubleComplex: 'complex128',
}

/** Bytes of one element in BINARY and BINARY2 (bits are packed, eight to a byte). */
export const datatypeBytes: Readonly<Record<Datatype, number>> = {
  boolean: 1,
  bit: 0,
  unsignedByte: 1,
  short: 2,
  int: 4,
  long: 8,
  char: 1,
  unicodeChar: 2,
  float: 4,
  double: 8,
  floatComplex: 8,
  doubleComplex: 16,
}

export interface Field {
  readonly name: string
  readonly datatype: Datatype
  readonly type: ColumnType
  /** Elements of a cell, ours in order (first varies slowest); the characters of a text are no axis. */
  readonly shape?: readonly number[]
  /** Cells of any length; `shape` is then the fixed part of an element group. */
  readonly variable: boolean
  /** Characters of one text of fixed width; undefined where the length is free. */
  readonly width?: number
  readonly null?: string
  readonly described: Partial<ColumnInput>
  readonly id?: string
}

/** Elements of the fixed part of a cell. */
export function fixedSize({ shape }: Pick<Field, 'shape'>): number {
  return shape ? shape.reduce((product, each) => product * each, 1) : 1
}

/** Reads a FIELD. Throws `table.invalid` naming it. */
export function fieldOf(element: Element, index: number): Field {
  const name = attributeOf(element, 'name') ?? attributeOf(element, 'ID') ?? ''
  const label = name || `number ${index + 1}`
  const datatype = attributeOf(element, 'datatype') ?? ''
  if (!Object.hasOwn(typeOfDatatype, datatype))
    throw new Problem(
      'table.invalid',
      `FIELD ${label} has the datatype "${datatype.slice(0, 40)}", which VOTable does not have.`,
      { name },
    )
  const kind = datatype as Datatype
  const size = (attributeOf(element, 'arraysize') ?? '').trim()
  // 1 means a scalar in practice, where the standard would have an array of one.
  if (size !== '' && !/^(\d+x)*(\d+|\d*\*)$/.test(size))
    throw new Problem(
      'table.invalid',
      `FIELD ${label} has the arraysize "${size.slice(0, 40)}"; write it as 3, 3x2 or *.`,
      { name },
    )
  const axes = size === '' || size === '1' ? [] : size.split('x')
  const text = kind === 'char' || kind === 'unicodeChar'
  const lengths = axes.map((each) => (each.endsWith('*') ? undefined : Number(each)))
  const width = text ? (axes.length > 0 ? lengths.shift() : 1) : undefined
  const variable = lengths.at(-1) === undefined && lengths.length > 0
  const shape = lengths.filter((each) => each !== undefined).reverse()
  if (shape.reduce((product, each) => product * each, 1) > 1e8)
    throw new Problem(
      'table.too_large',
      `FIELD ${label} has cells of ${size} elements; that is more than is read.`,
      { name },
    )
  const values = childrenOf(element, 'VALUES')[0]
  const nothing = values ? attributeOf(values, 'null') : undefined
  const description = textIn(childrenOf(element, 'DESCRIPTION')[0])
  const plain = Object.fromEntries(
    ['ucd', 'xtype', 'utype', 'ref'].flatMap((key) => {
      const value = attributeOf(element, key)
      return value ? [[key, value]] : []
    }),
  )
  const id = attributeOf(element, 'ID')
  return {
    name: name || `col${index + 1}`,
    datatype: kind,
    type: typeOfDatatype[kind],
    ...(shape.length > 0 ? { shape } : {}),
    variable,
    ...(width === undefined ? {} : { width }),
    ...(nothing === undefined ? {} : { null: nothing }),
    ...(id ? { id } : {}),
    described: {
      ...unitOf(attributeOf(element, 'unit')),
      ...plain,
      ...(description ? { description } : {}),
    },
  }
}
