/** Bytes of a compiled kernel of `science/kernels`, which reads no files itself. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KernelName } from '#science/image/workshop.ts'

export function kernelBytes(name: KernelName | 'healpix'): Uint8Array<ArrayBuffer> {
  return readFileSync(join(import.meta.dirname, '../../science/kernels', `${name}.wasm`))
}
