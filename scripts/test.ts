// `npm test`: every suite that this machine can run; arguments go to Vitest.
import { spawnSync } from 'node:child_process'

const { status } = spawnSync('vitest', ['run', ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(status ?? 1)
