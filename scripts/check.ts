// Every static check, in the order in which a failure is cheapest to read.
import { spawnSync } from 'node:child_process'

const checks: [string, string, ...string[]][] = [
  ['layers', 'node', 'scripts/layers.ts', '--check'],
  ['kernels', 'node', 'scripts/build-kernels.ts', '--check'],
  ['reference pages', 'node', 'scripts/build-docs.ts', '--check'],
  ['types', 'tsc', '-p', 'tsconfig.json'],
  ['purity of science', 'tsc', '-p', 'tsconfig.science.json'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['format', 'prettier', '--check', '--log-level', 'warn', '.'],
]
const only = process.argv[2]
let failed = 0
for (const [name, command, ...args] of checks) {
  if (only && only !== name) continue
  const started = Date.now()
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) failed++
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
}
process.exit(failed ? 1 : 0)
