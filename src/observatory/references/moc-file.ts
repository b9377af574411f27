import { readFile } from 'node:fs/promises'
import { Problem } from '#problem.ts'
import { mocFromFits } from '#science/sky/moc-fits.ts'
import { mocFromAscii, mocFromJson } from '#science/sky/moc-formats.ts'
import type { Moc } from '#science/sky/moc.ts'

/** A MOC of a file, as FITS, JSON or text. @throws Problem moc.invalid */
export async function mocOfFile(path: string): Promise<Moc> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Problem('moc.invalid', `There is no readable file ${path}.`, { file: path }, error)
  })
  if (bytes.subarray(0, 6).toString('latin1') === 'SIMPLE') return mocFromFits(bytes)
  const text = bytes.toString('utf8').trim()
  return text.startsWith('{') ? mocFromJson(text) : mocFromAscii(text)
}
