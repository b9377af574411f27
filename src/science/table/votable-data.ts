/** The data of a VOTable: TABLEDATA, BINARY and BINARY2 → columns. */
import { Problem } from '#problem.ts'
import { arrayOf, columnOf, isFloat, numbersIn } from './table.ts'
import type { Column } from './table.ts'
import { lineOf, putWord } from './text-values.ts'
import { datatypeBytes, fixedSize } from './votable-field.ts'
import type { Field } from './votable-field.ts'
import { cellText } from './xml.ts'
import type { Cells } from './xml.ts'

/** A column that grows by elements. */
interface Builder {
  readonly field: Field
  /** Makes room for `count` more elements and gives the place of the first. */
  room(count: number): number
  values(): Column['values']
  setNull(element: number): void
  endRow(): void
  finish(): Column
}

function createBuilder(field: Field): Builder {
  const { type, variable, name, described, shape } = field
  const per = numbersIn(type)
  let held = arrayOf(type, 0)
  let nulls = new Uint8Array(0)
  let offsets = new Float64Array(64)
  let [elements, rows, some] = [0, 0, false]
  return {
    field,
    room(count) {
      const first = elements
      elements += count
      if (Array.isArray(held)) while (held.length < elements) held.push('')
      else if (elements * per > held.length) {
        const more = arrayOf(type, Math.max(1024, 2 * elements)) as typeof held
        // Same type on both sides; TypeScript cannot see that of a union.
        ;(more as Float64Array).set(held as Float64Array)
        held = more
      }
      return first
    },
    values: () => held,
    setNull(element) {
      if (element >= nulls.length) {
        const more = new Uint8Array(Math.max(1024, 2 * (element + 1)))
        more.set(nulls)
        nulls = more
      }
      some = true
      nulls[element] = 1
      if (isFloat(type)) for (let i = 0; i < per; i++) held[element * per + i] = NaN
    },
    endRow() {
      rows++
      if (!variable) return
      if (rows >= offsets.length) {
        const more = new Float64Array(2 * offsets.length)
        more.set(offsets)
        offsets = more
      }
      offsets[rows] = elements
    },
    finish() {
      const mask = new Uint8Array(elements)
      mask.set(nulls.subarray(0, elements))
      const values = Array.isArray(held) ? held : held.slice(0, elements * per)
      return columnOf({
        ...described,
        name,
        type,
        values,
        ...(some ? { nulls: mask } : {}),
        ...(variable ? { offsets: offsets.slice(0, rows + 1) } : shape ? { shape } : {}),
      })
    },
  }
}

/** Marks elements that hold the value that means nothing, or that are not there at all. */
function putText(builder: Builder, element: number, word: string): boolean {
  const { field } = builder
  if (word === field.null) builder.setNull(element)
  else if (field.type === 'boolean' && word === '?') builder.setNull(element)
  else {
    const plain = /^[+-]?0[xX][0-9a-fA-F]+$/.test(word) ? String(BigInt(word.replace(/^\+/, ''))) : word
    return putWord(builder.values(), field.type, element, plain)
  }
  return true
}

function putArray(builder: Builder, text: string): string | undefined {
  const { field } = builder
  const size = fixedSize(field)
  const per = numbersIn(field.type)
  if (text.trim() === '') {
    const first = builder.room(field.variable ? 0 : size)
    if (!field.variable) for (let i = 0; i < size; i++) builder.setNull(first + i)
    return undefined
  }
  const words =
    field.type === 'string'
      ? slices(text, field.width ?? text.length)
      : field.datatype === 'bit'
        ? Array.from(text.replace(/\s+/g, ''))
        : text.trim().split(/\s+/)
  const count = words.length / per
  if (field.variable ? count % size !== 0 : field.type === 'string' ? count > size : count !== size)
    return `has ${count} elements where ${size} are declared`
  const first = builder.room(field.variable ? count : size)
  for (let i = 0; i < count; i++) {
    if (per === 2) {
      const values = builder.values()
      const [re, im] = [Number(words[2 * i]), Number(words[2 * i + 1])]
      if (Number.isNaN(re) && !/^nan$/i.test(words[2 * i]))
        return `holds "${words[2 * i].slice(0, 40)}", which is no number`
      values[2 * (first + i)] = re
      values[2 * (first + i) + 1] = im
    } else if (!putText(builder, first + i, words[i]))
      return `holds "${words[i].slice(0, 40)}", which is no ${field.datatype}`
  }
  return undefined
}

function slices(text: string, width: number): string[] {
  const out: string[] = []
  for (let at = 0; at < text.length; at += Math.max(1, width)) out.push(text.slice(at, at + width).trimEnd())
  return out
}

/** Columns of a TABLEDATA body. Throws `table.invalid` with the line. */
export function readTableData(text: string, cells: Cells, fields: readonly Field[]): Column[] {
  const width = fields.length
  return fields.map((field, index) => {
    const builder = createBuilder(field)
    const plain = !field.variable && !field.shape && numbersIn(field.type) === 1
    if (plain) builder.room(cells.rows)
    for (let row = 0; row < cells.rows; row++) {
      const [start, end] = [cells.starts[row * width + index], cells.ends[row * width + index]]
      const word = cellText(text, start, end)
      let why: string | undefined
      if (!plain) why = putArray(builder, word)
      else if (word === '' || (field.type !== 'string' && word.trim() === '')) builder.setNull(row)
      else if (!putText(builder, row, field.type === 'string' ? word : word.trim()))
        why = `holds "${word.trim().slice(0, 40)}", which is no ${field.datatype}`
      if (why) {
        const line = lineOf(text, start)
        const column = start - text.lastIndexOf('\n', start - 1)
        throw new Problem('table.invalid', `Line ${line}, column ${column}: "${field.name}" ${why}.`, {
          line,
          column,
          name: field.name,
        })
      }
      builder.endRow()
    }
    return builder.finish()
  })
}

/** Columns of a BINARY or BINARY2 stream. Throws `table.invalid` naming row and field where it ends early. */
export function readBinary(bytes: Uint8Array, fields: readonly Field[], masked: boolean): Column[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const builders = fields.map(createBuilder)
  const maskBytes = masked ? Math.ceil(fields.length / 8) : 0
  let at = 0
  let row = 0
  const need = (count: number, field: Field): void => {
    if (count >= 0 && at + count <= bytes.length) return
    throw new Problem(
      'table.invalid',
      `The stream ends within row ${row + 1}, field "${field.name}"; the file is cut off or damaged.`,
      { row: row + 1, name: field.name },
    )
  }
  while (at < bytes.length) {
    const mask = at
    if (masked && fields[0]) need(maskBytes, fields[0])
    at += maskBytes
    for (const [index, builder] of builders.entries()) {
      const isNull = masked && ((bytes[mask + (index >> 3)] >> (7 - (index & 7))) & 1) === 1
      at = readCell(builder, isNull)
      builder.endRow()
    }
    row++
    if (fields.length === 0) break
    function readCell(builder: Builder, isNull: boolean): number {
      const { field } = builder
      const size = fixedSize(field)
      const text = field.type === 'string'
      // A text of free length is one element that says how long it is.
      const counted = field.variable || (text && field.width === undefined)
      let count = size
      if (counted) {
        need(4, field)
        count = view.getInt32(at)
        at += 4
        if (count < 0) need(-1, field)
      }
      if (text) {
        const letter = datatypeBytes[field.datatype]
        const width = field.width ?? count
        const strings = field.variable ? (field.width ? Math.floor(count / field.width) : 1) : size
        need(strings * width * letter, field)
        const first = builder.room(strings)
        const values = builder.values()
        for (let i = 0; i < strings; i++) {
          values[first + i] = textAt(bytes, at, width, letter)
          at += width * letter
          if (isNull) builder.setNull(first + i)
        }
        return at
      }
      const packed = field.datatype === 'bit'
      need(packed ? Math.ceil(count / 8) : count * datatypeBytes[field.datatype], field)
      const first = builder.room(count)
      for (let i = 0; i < count; i++) {
        // astropy writes a single bit as 8, the standard as 128: any bit set is true.
        if (packed && count === 1) builder.values()[first] = bytes[at] === 0 ? 0 : 1
        else if (packed) builder.values()[first + i] = (bytes[at + (i >> 3)] >> (7 - (i & 7))) & 1
        else at = readElement(builder, first + i)
        if (isNull) builder.setNull(first + i)
      }
      return packed ? at + Math.ceil(count / 8) : at
    }
  }
  function readElement(builder: Builder, element: number): number {
    const { field } = builder
    const values = builder.values()
    switch (field.datatype) {
      case 'boolean': {
        const letter = String.fromCharCode(bytes[at])
        if (/[TtFf10]/.test(letter)) values[element] = /[Tt1]/.test(letter) ? 1 : 0
        else builder.setNull(element)
        return at + 1
      }
      case 'unsignedByte':
        values[element] = bytes[at]
        break
      case 'short':
        values[element] = view.getInt16(at)
        break
      case 'int':
        values[element] = view.getInt32(at)
        break
      case 'long':
        values[element] = view.getBigInt64(at)
        break
      case 'float':
        values[element] = view.getFloat32(at)
        break
      case 'double':
        values[element] = view.getFloat64(at)
        break
      case 'floatComplex':
        values[2 * element] = view.getFloat32(at)
        values[2 * element + 1] = view.getFloat32(at + 4)
        break
      case 'doubleComplex':
        values[2 * element] = view.getFloat64(at)
        values[2 * element + 1] = view.getFloat64(at + 8)
        break
    }
    if (field.null !== undefined && String(values[element]) === field.null) builder.setNull(element)
    return at + datatypeBytes[field.datatype]
  }
  return builders.map((each) => each.finish())
}

const utf8 = new TextDecoder('utf-8')

/** A text of `width` letters, ended by the first NUL. */
function textAt(bytes: Uint8Array, at: number, width: number, letter: number): string {
  if (letter === 1) {
    const stop = bytes.subarray(at, at + width).indexOf(0)
    return utf8.decode(bytes.subarray(at, at + (stop < 0 ? width : stop))).trimEnd()
  }
  let text = ''
  for (let i = 0; i < width; i++) {
    const code = (bytes[at + 2 * i] << 8) | bytes[at + 2 * i + 1]
    if (code === 0) break
    text += String.fromCharCode(code)
  }
  return text
}
