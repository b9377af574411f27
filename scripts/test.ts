// `npm test`: every suite that this machine can run; arguments go to Vitest. The long chain from Kafka on runs where it is
// asked for (`npm run test:e2e`): it takes two minutes by itself.
import { spawnSync } from 'node:child_process'

const args = process.argv.slice(2)
const env = { ...process.env, ...(args.includes('e2e') ? { URANIA_TEST_CHAIN: '1' } : {}) }
const { status } = spawnSync('vitest', ['run', ...args], { stdio: 'inherit', env })
process.exit(status ?? 1)
