/** Scratch folders of external programs: made for one piece of work, gone after it, whatever happens. */
import { mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '#problem.ts'
import { startGuard } from './guard.ts'
import { runProgram, type ProgramEnd, type ProgramRun } from './program.ts'

export interface Scratch {
  /** An empty folder, and where programs run. */
  readonly folder: string
  readonly run: (program: ProgramRun) => Promise<ProgramEnd>
}

export interface ScratchOptions {
  /** Folder under which the scratch folder is made; it goes, too, when it is empty. */
  readonly root: string
  /** Ends what runs, with all its children. */
  readonly signal?: AbortSignal
}

/**
 * Does `work` with a scratch folder of its own. A guard watches over it: if this process or thread dies, what still runs is ended, and
 * the folder goes.
 * @throws Problem engine.unsupported on systems without process groups
 */
export async function withScratch<T>(
  { root, signal }: ScratchOptions,
  work: (scratch: Scratch) => Promise<T>,
): Promise<T> {
  if (process.platform === 'win32')
    throw new Problem(
      'engine.unsupported',
      'External programs run on Linux and macOS only; choose the built-in engine.',
    )
  signal?.throwIfAborted()
  await mkdir(root, { recursive: true, mode: 0o700 })
  await sweepScratch(root)
  const folder = await mkdtemp(join(root, `run-${process.pid}-`))
  const guard = startGuard(folder)
  try {
    return await work({ folder, run: (program) => runProgram(program, { folder, guard, signal }) })
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    await rmdir(root).catch(() => {})
    await guard.dismiss()
  }
}

/** Removes what processes that are no more have left, should their guard have died with them. */
export async function sweepScratch(root: string): Promise<void> {
  for (const name of await readdir(root).catch(() => [])) {
    const pid = Number(/^run-(\d+)-/.exec(name)?.[1])
    if (!(pid > 0) || isAlive(pid)) continue
    await rm(join(root, name), { recursive: true, force: true })
  }
}

/** Waits until no scratch folder is left under `root`: then nothing runs there any more. */
export async function scratchGone(root: string, seconds = 5): Promise<void> {
  const until = performance.now() + 1_000 * seconds
  while (performance.now() < until) {
    const names = await readdir(root).catch(() => [])
    if (names.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
