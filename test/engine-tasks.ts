/** Engines that do not want to end, for tests; each writes the number of its grandchild to `grandchild`. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { computeTask } from '#platform/compute/compute.ts'
import type { ProgramRun } from '#platform/engines/program.ts'
import { withScratch } from '#platform/engines/scratch.ts'

/** A shell with a child, both of which ignore SIGTERM, and a file that grows. */
export const stubborn: ProgramRun = {
  program: '/bin/sh',
  args: [
    '-c',
    `trap '' TERM; sh -c 'trap "" TERM; while :; do sleep 0.05; date >> grows; done' & echo $! > half; mv half grandchild; wait; wait`,
  ],
  seconds: 60,
}

export const stubbornInThread = computeTask(import.meta.url, 'stubbornInThread', async (root: string) => {
  await withScratch({ root }, ({ run }) => run(stubborn))
  return null
})

/** The number of the grandchild, once it is there. */
export async function grandchildUnder(root: string): Promise<number> {
  for (let turn = 0; turn < 500; turn++) {
    for (const name of namesIn(root)) {
      try {
        return Number(readFileSync(join(root, name, 'grandchild'), 'utf8'))
      } catch {
        // Not yet.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`No grandchild came up under ${root}.`)
}

export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** True while the process runs; one that is dead and not yet collected does not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return process.platform !== 'linux'
  }
}
