import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Contestant, Report, Trial } from './harness.ts'

/** A Python process that has prepared one file of `bench/python` and runs its functions when told; timing is its own. */
export interface PythonSide {
  contestant(name: string): Contestant
  close(): void
}

/** Interpreters that may have the packages: one's own first, then those of the system. */
function interpreters(): string[] {
  const own = process.env['URANIA_BENCH_PYTHON']
  return [...(own ? [own] : []), '/usr/bin/python3', 'python3']
}

/**
 * Starts `bench/python/<file>.py` under the first interpreter that has all of `packages`. Null, and a sentence in the
 * report, where none has.
 */
export async function openPython(
  report: Report,
  file: string,
  packages: readonly string[],
  input: Record<string, unknown>,
): Promise<PythonSide | null> {
  const python = interpreters().find((path) => has(path, packages))
  if (!python) {
    report.skipped.push(
      `${file}: the comparison with ${packages.join(' and ')}, because no Python here has it; name one that has by URANIA_BENCH_PYTHON.`,
    )
    return null
  }
  const worker = join(import.meta.dirname, 'python', 'worker.py')
  const child = spawn(python, ['-u', worker, file, JSON.stringify(input)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`The Python side of ${file} ended; its error is above.`)
    return JSON.parse(value as string) as T
  }
  const { versions } = await answer<{ versions: Record<string, string> }>()
  const tool = packages.map((name) => `${name} ${versions[name]}`).join(', ')
  return {
    contestant: (name) => ({
      tool,
      once() {
        child.stdin.write(`${name}\n`)
        return answer<Trial>()
      },
    }),
    close: () => void child.stdin.end(),
  }
}

function has(python: string, packages: readonly string[]): boolean {
  return spawnSync(python, ['-c', `import ${packages.join(', ')}`], { stdio: 'ignore' }).status === 0
}
