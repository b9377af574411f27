// Compiles src/science/kernels/assembly/*.ts to .wasm beside their wrappers. `--check` compiles to memory and compares
// with the committed bytes, so that nobody has to trust them. Where AssemblyScript is not installed it says so and passes.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

interface Compiler {
  main(
    args: string[],
    options: {
      readFile(name: string, base: string): string | null
      writeFile(name: string, data: Uint8Array | string): void
      listFiles(): string[]
    },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>
}

const kernels = resolve(import.meta.dirname, '../src/science/kernels')
const check = process.argv.includes('--check')

// The first 64 kB of the one imported memory are the compiler's, a few for each module, so that modules can share a memory;
// everything above is the arena's.
const bases: Record<string, number> = {
  healpix: 1024,
  background: 8192,
  detect: 16384,
  measure: 24576,
  convolve: 32768,
  fft: 40960,
  resample: 49152,
  bytes: 57344,
}

const flags = [
  ['--optimizeLevel', '3', '--shrinkLevel', '0', '--noAssert'],
  ['--runtime', 'stub', '--use', 'abort='],
  ['--importMemory', '--sharedMemory', '--initialMemory', '2', '--maximumMemory', '65536'],
  ['--enable', 'simd', '--enable', 'threads'],
].flat()

async function compile(compiler: Compiler, name: string): Promise<Uint8Array> {
  let bytes = new Uint8Array(0)
  const base = ['--memoryBase', `${bases[name]}`]
  const { error, stderr } = await compiler.main(
    [`${name}.ts`, '--outFile', `${name}.wasm`, ...base, ...flags],
    {
      readFile: (file) => {
        try {
          return readFileSync(join(kernels, 'assembly', file), 'utf8')
        } catch {
          return null
        }
      },
      writeFile: (_, data) => {
        if (typeof data !== 'string') bytes = Uint8Array.from(data)
      },
      listFiles: () => [],
    },
  )
  if (error) throw new Error(`${name}: ${stderr.toString() || error.message}`)
  return bytes
}

const compiler = await import('assemblyscript/asc').then(
  (module) => module as unknown as Compiler,
  () => null,
)
if (!compiler) {
  console.log('AssemblyScript is not installed: the committed kernels are taken as they are.')
  process.exit(0)
}
let stale = 0
for (const file of readdirSync(join(kernels, 'assembly')).sort()) {
  if (!file.endsWith('.ts')) continue
  const name = basename(file, '.ts')
  const target = join(kernels, `${name}.wasm`)
  const bytes = await compile(compiler, name)
  if (!check) {
    writeFileSync(target, bytes)
    console.log(`${name}.wasm ${bytes.length} bytes`)
  } else if (
    !bytes.every((byte, i) => byte === committed(target)[i]) ||
    bytes.length !== committed(target).length
  ) {
    stale++
    console.log(`${name}.wasm is not what its source compiles to; run "npm run kernels" and commit it.`)
  }
}
process.exit(stale ? 1 : 0)

function committed(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch {
    return new Uint8Array(0)
  }
}
