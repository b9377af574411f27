/** What a file is, by its first bytes, and how its text is laid out. */
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { createGunzip } from 'node:zlib'
import { Problem } from '#problem.ts'
import type { ImportOptions } from './catalogue.ts'

export type Format = 'csv' | 'ecsv' | 'fits' | 'votable' | 'parquet' | 'text'

export interface Sniffed {
  readonly format: Format
  readonly compressed: boolean
  /** First bytes as text, whole lines. */
  readonly head: string
}

const headBytes = 1 << 20

/** @throws Problem catalogue.invalid for what is not read, with what to do */
export async function sniff(file: string, wanted?: ImportOptions['format']): Promise<Sniffed> {
  const bytes = await firstBytes(file)
  const name = basename(file)
  const refuse = (sentence: string): Problem => new Problem('catalogue.invalid', sentence, { file })
  if (bytes.length === 0) throw refuse(`${name} is empty.`)
  const start = latin(bytes.subarray(0, 512))
  if (start.startsWith('\x89HDF'))
    throw refuse(
      `${name} is HDF5, which is not read here; write it as Parquet first: python -c "import pandas; pandas.read_hdf('${name}').to_parquet('${name.replace(/\.\w+$/, '')}.parquet')".`,
    )
  if (start.startsWith('PK')) throw refuse(`${name} is a zip archive; unpack it first.`)
  if (start.startsWith('BZh') || start.startsWith('\xfd7zXZ'))
    throw refuse(`${name} is compressed in a way that is not read here; unpack it, or use gzip.`)
  const compressed = start.startsWith('\x1f\x8b')
  const plain = compressed ? await unpacked(bytes) : bytes
  const text = latin(plain.subarray(0, 512))
  const format = wanted ?? formatOf(text, name)
  if (compressed && (format === 'fits' || format === 'votable' || format === 'parquet'))
    throw refuse(`${name} is compressed; unpack it with gunzip first.`)
  const whole = new TextDecoder('utf-8').decode(plain)
  const end = whole.lastIndexOf('\n')
  const isText = format === 'csv' || format === 'ecsv' || format === 'text'
  return {
    format,
    compressed,
    head: isText && end >= 0 && plain.length >= headBytes ? whole.slice(0, end + 1) : whole,
  }
}

function formatOf(text: string, name: string): Format {
  if (text.startsWith('SIMPLE  =')) return 'fits'
  if (text.startsWith('PAR1')) return 'parquet'
  if (text.startsWith('# %ECSV')) return 'ecsv'
  if (/^\s*(\ufeff|\xef\xbb\xbf)?<(\?xml|VOTABLE)/i.test(text)) return 'votable'
  if (Buffer.from(text, 'latin1').some((byte) => byte < 9))
    throw new Problem(
      'catalogue.invalid',
      `${name} is no table that is read here: CSV, ECSV, FITS, VOTable, Parquet or text in columns.`,
    )
  const line = text.split('\n').find((each) => !each.startsWith('#') && each.trim() !== '') ?? ''
  return /[,;\t|]/.test(line) ? 'csv' : 'text'
}

async function firstBytes(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file, 'r')
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(headBytes), 0, headBytes, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw new Problem('catalogue.invalid', `There is no readable file ${file}.`, { file }, error)
  }
}

/** As much as the first bytes of a gzip file unpack to. */
async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = createGunzip({ finishFlush: 2 })
  const chunks: Uint8Array[] = []
  stream.end(bytes)
  try {
    for await (const chunk of stream) chunks.push(chunk as Uint8Array)
  } catch {
    // Cut in the middle of the file: what was unpacked so far is what was asked for.
  }
  return Buffer.concat(chunks).subarray(0, headBytes)
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
