import { unzipSync } from 'fflate'

/** Entries of a ZIP by name. */
export function readPlainZip(bytes: Uint8Array): Map<string, Uint8Array> {
  return new Map(Object.entries(unzipSync(bytes)))
}
