import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Folder of the shared test data: `URANIA_TEST_DATA`, else `../shared/data`; undefined where absent. */
export const testData: string | undefined = [
  process.env['URANIA_TEST_DATA'],
  resolve(import.meta.dirname, '../../shared/data'),
].find((path) => path && existsSync(path))

/** Path of a shared file, or undefined where it is absent: `it.skipIf(!file)('… (needs shared test data)', …)`. */
export function dataFile(...parts: string[]): string | undefined {
  const path = testData && join(testData, ...parts)
  return path && existsSync(path) ? path : undefined
}
