/** Files that programs read and write, in our terms. */
import { readFileSync, writeFileSync } from 'node:fs'
import { Problem } from '#problem.ts'
import type { Card } from '#science/fits/card.ts'
import { openFits } from '#science/fits/file.ts'
import { formatHeader, parseHeader, type Header } from '#science/fits/header.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { readImage } from '#science/fits/image.ts'
import { columnNamed, plainValues, readTable, type Table } from '#science/fits/table.ts'
import { writeFits, type ColumnInput } from '#science/fits/write.ts'
import type { Plane } from '#science/image/plane.ts'
import type { EngineSettings } from './port.ts'

/** A configuration as the programs of AstrOmatic read it: one option on a line. */
export function writeConfiguration(
  path: string,
  options: Readonly<Record<string, string | number>>,
  settings: EngineSettings,
): void {
  const lines = Object.entries({ ...options, ...settings }).map(([name, value]) => `${name} ${value}`)
  writeFileSync(path, `${lines.join('\n')}\n`)
}

/** What an image of a program says, as numbers. @throws Problem `engine.failed` where the file or the image is not there */
export function readPixels(path: string, index = 0): { header: Header; data: Float32Array } {
  const { bytes, hdus } = readFile(path)
  const hdu = hdus[index]
  if (hdu?.kind !== 'image') throw noResult(path)
  const { data } = readImage(bytes, hdu)
  return { header: hdu.header, data: data instanceof Float32Array ? data : Float32Array.from(data, Number) }
}

/** Columns of a table of a program, as numbers. @throws Problem `engine.failed`, fits.not_found */
export function readColumns(
  path: string,
  extension: string | number,
): { rows: number; column: (name: string) => Float64Array; table: Table; header: Header } {
  const { bytes, hdus } = readFile(path)
  const hdu = typeof extension === 'number' ? hdus[extension] : hdus.find((each) => each.name === extension)
  if (!hdu) throw noResult(path)
  const table = readTable(bytes, hdu)
  return {
    rows: table.rows,
    column: (name) => plainValues(columnNamed(table, name)),
    table,
    header: hdu.header,
  }
}

function readFile(path: string): { bytes: Uint8Array; hdus: readonly Hdu[] } {
  let raw: Uint8Array
  try {
    raw = new Uint8Array(readFileSync(path))
  } catch (error) {
    throw noResult(path, error)
  }
  return openFits(raw)
}

function noResult(path: string, cause?: unknown): Problem {
  const name = path.split('/').at(-1)
  return new Problem(
    'engine.failed',
    `The program ended without its result (${name}).`,
    { file: name },
    cause,
  )
}

/** Writes a picture; pixels without value become `blank`. */
export function writePixels(
  path: string,
  { width, height, data }: Plane | { width: number; height: number; data: Float32Array | Int16Array },
  cards: readonly Card[] = [],
): void {
  writeFileSync(path, writeFits([{ kind: 'image', shape: [width, height], data, cards }]))
}

/** Objects in the form that SCAMP and PSFEx read (FITS_LDAC): the header of the picture as a table, then the objects. */
export function writeObjects(path: string, cards: readonly Card[], columns: readonly ColumnInput[]): void {
  const header = formatHeader(cards)
  const text = String.fromCharCode(...header)
  const lines = text.slice(0, text.indexOf(`END${' '.repeat(77)}`) + 80)
  writeFileSync(
    path,
    writeFits([
      { kind: 'image', shape: [] },
      {
        kind: 'table',
        name: 'LDAC_IMHEAD',
        columns: [
          {
            name: 'Field Header Card',
            kind: 'A',
            values: Array.from({ length: lines.length / 80 }, (_, i) => lines.slice(80 * i, 80 * (i + 1))),
            repeat: lines.length / 80,
            shape: [lines.length / 80],
          },
        ],
      },
      { kind: 'table', name: 'LDAC_OBJECTS', columns },
    ]),
  )
}

/** A header that was written as lines of text. */
export function readTextHeader(path: string): Header {
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch (error) {
    throw noResult(path, error)
  }
  const cards = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^END\s*$/.test(line))
    .map((line) =>
      line
        .replaceAll(/[^\x20-\x7e]/g, ' ')
        .padEnd(80)
        .slice(0, 80),
    )
  const bytes = new TextEncoder().encode([...cards, 'END'.padEnd(80)].join(''))
  const padded = new Uint8Array(Math.ceil(bytes.length / 2880) * 2880).fill(32)
  padded.set(bytes)
  return parseHeader(padded)
}
