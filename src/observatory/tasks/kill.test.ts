import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { isProblem } from '#problem.ts'
import { findProgram } from '#platform/engines/find.ts'
import type { JobHandler } from '#platform/jobs/job.ts'
import type { Room } from '#platform/room.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { registerFrame } from '#observatory/frames/add.ts'
import { room as frames } from '#observatory/frames/module.ts'
import { room as references } from '#observatory/references/module.ts'
import { starField } from '#test/imaging.ts'
import { testPlatform } from '#test/platform.ts'
import { startSkyServices } from '#test/sky-services.ts'
import { until } from '#test/until.ts'
import { hotpantsProgram, sourceExtractorProgram, swarpProgram } from './engines/programs.ts'
import { room } from './module.ts'
import { readTask } from './access.ts'
import { bringFile } from './content-service.ts'
import { cancelTask, processTask } from './run-service.ts'
import { changeTask, createTask } from './service.ts'
import { stepNames, type StepName } from './task.ts'
import { filesOf } from './task-store.ts'
import { scratchRoot, sweepScratch } from './work-folder.ts'

type TestPlatform = Awaited<ReturnType<typeof testPlatform>>

const science = starField({ size: 256, seed: 21, psf: { fwhm: 3.4 }, stars: [{ x: 150, y: 160, mag: 15 }] })
const second = starField({ size: 256, seed: 21, fieldSeed: 22, psf: { fwhm: 3.2 } })
const template = starField({ size: 256, seed: 21, fieldSeed: 77, psf: { fwhm: 2.6 }, sky: 300 })
const services = await startSkyServices({ stars: science.stars })

const temporary = await mkdtemp(join(tmpdir(), 'urania-kill-'))
afterAll(() => rm(temporary, { recursive: true, force: true }))

/** A stack of two frames, or the first of them, and a template to subtract from it. */
async function preparedTask(platform: TestPlatform, stacked = true): Promise<string> {
  const names: string[] = []
  for (const { bytes } of [science, second]) {
    const { sha256 } = await platform.storage.put(bytes)
    await registerFrame(platform, localOperator, sha256, { name: `${names.length}.fits`, origin: 'test' })
    names.push(sha256)
  }
  const task = await createTask(platform, localOperator, {
    ...(stacked ? {} : { frame: names[0] }),
    config: { stack_filenames: names, template: 'custom', mask_cosmics: false },
  })
  const brought = await platform.storage.put(template.bytes)
  await bringFile(platform, localOperator, task.id, { name: 'custom_template.fits', ...brought })
  return task.id
}

async function everythingIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

/** Files of the observatory that are neither stored bytes nor kept answers of services. */
async function temporaryFiles({ config }: TestPlatform): Promise<string[]> {
  return [
    ...(await everythingIn(scratchRoot(config))),
    ...(await everythingIn(join(config.home, 'storage', 'incoming'))),
    ...(await everythingIn(join(config.home, 'temporary'))).filter((name) => name.endsWith('.part')),
  ]
}

async function settled(platform: TestPlatform, id: string): Promise<void> {
  await until(
    async () => !['queued', 'running'].includes((await readTask(platform, localOperator, id)).state),
    'the task over',
    90_000,
  )
}

it('kill -9 of the worker in every step, then one on another machine: it finishes each task from there, nothing is left', async () => {
  const platform = await testPlatform({
    rooms: [frames, references, room],
    roles: ['api'],
    env: services.env,
  })
  const start = (what: StepName | 'live', home = platform.config.home) => {
    const script = resolve(import.meta.dirname, '../../../test/tasks-child.ts')
    const child = spawn(process.execPath, [script, platform.databaseUrl, home, what], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        ...services.env,
        URANIA_STORAGE: join(platform.config.home, 'storage'),
        NODE_COMPILE_CACHE: join(platform.config.home, 'temporary', 'compiled'),
      },
    })
    return {
      child,
      ended: new Promise<NodeJS.Signals | null>((done) => child.once('exit', (_, signal) => done(signal))),
    }
  }
  // A task for each step, so that no death has to wait until what the one before left is taken over.
  const ids: string[] = []
  for (const [k, step] of stepNames.entries()) {
    const id = await preparedTask(platform, step === 'stack')
    ids.push(id)
    await processTask(platform, localOperator, id, { steps: stepNames.slice(Math.min(k, 1), k + 1) })
    expect(await start(step).ended, step).toBe('SIGKILL')
    const task = await readTask(platform, localOperator, id)
    expect(task.state).toBe('running')
    // What was recorded before stays recorded.
    expect(task.steps.filter(({ state }) => state === 'done').map((each) => each.step)).toEqual(
      stepNames.slice(1, k),
    )
    expect(await readdir(scratchRoot(platform.config))).toContain(task.job)
  }
  // It shares the database and the storage, and nothing else.
  const last = start('live', await mkdtemp(join(temporary, 'machine-')))
  for (const [k, id] of ids.entries()) {
    await settled(platform, id)
    const task = await readTask(platform, localOperator, id)
    expect(task.state, JSON.stringify(task.steps)).toBe(`${stepNames[k]}_done`)
    expect(task.steps.map(({ state }) => state)).toEqual(
      stepNames.slice(Math.min(k, 1), k + 1).map(() => 'done'),
    )
  }
  // What the dead left in their home goes when a worker starts there again.
  await sweepScratch(platform)
  expect(await temporaryFiles(platform)).toEqual([])
  const names = (await filesOf(platform.db, ids.at(-1)!)).map(({ name }) => name)
  for (const name of ['inspect.log', 'objects.parquet', 'sub_diff.fits', 'candidates.parquet'])
    expect(names).toContain(name)
  last.child.kill('SIGTERM')
  await last.ended
  await rm(temporary, { recursive: true })
  await mkdir(temporary)
}, 400_000)

/** Threads of this process that have not ended. Those of a crew end with the thread that made them. */
const threads = new Set<Worker>()
process.on('worker', (worker: Worker) => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
})

/** Kept threads wait for work; one that computes has not been idle since the last look. */
async function workingThreads(): Promise<number> {
  const looks = [...threads].map((worker) => ({ worker, at: worker.performance.eventLoopUtilization() }))
  await new Promise((resolve) => setTimeout(resolve, 20))
  return looks.filter(
    ({ worker, at }) => threads.has(worker) && worker.performance.eventLoopUtilization(at).utilization > 0.5,
  ).length
}

/** Processes that work in a folder or are named with it; only Linux shows them. */
async function processesIn(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const place = await readlink(`/proc/${pid}/cwd`).catch(() => '')
    if (place.startsWith(folder) || command.includes(folder)) found.push(command.replaceAll('\0', ' '))
  }
  return found
}

/** Lines of the log as they are written; the log of the job comes later, in batches. */
let said: string[] = []
const listened: Room = {
  ...room,
  jobs: (platform) =>
    (room.jobs?.(platform) ?? []).map((handler): JobHandler => ({
      ...handler,
      run: (input, job) =>
        handler.run(input, {
          ...job,
          log(line) {
            said.push(line)
            job.log(line)
          },
        }),
    })),
}

async function workerWithTask(): Promise<{ platform: TestPlatform; id: string }> {
  const platform = await testPlatform({
    rooms: [frames, references, listened],
    roles: ['worker'],
    env: services.env,
  })
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = temporary
  onTestFinished(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
  return { platform, id: await preparedTask(platform) }
}

/** Cancels a step that is at work: what remains is a task at rest, with what it had before and no trace of the step. */
async function cancelled(
  platform: TestPlatform,
  id: string,
  step: StepName,
  atWork: (lines: string[]) => Promise<boolean> | boolean,
): Promise<void> {
  const earlier = stepNames.slice(0, stepNames.indexOf(step))
  const kept = (await filesOf(platform.db, id)).filter(
    (file) => file.step === null || earlier.includes(file.step),
  )
  const stored = new Set(kept.map(({ sha256 }) => sha256))
  for (;;) {
    said = []
    const { job } = await processTask(platform, localOperator, id, { steps: [step] })
    await until(() => atWork(said), `${step} at work`, 60_000)
    try {
      await cancelTask(platform, localOperator, id)
    } catch (error) {
      // A step of such small frames may be over before it is cancelled: then once more.
      if (isProblem(error, 'task.wrong_state')) continue
      throw error
    }
    await until(async () => (await platform.jobs.get(job!))?.state === 'cancelled', 'the job over')
    break
  }
  const task = await readTask(platform, localOperator, id)
  expect(task.state).toBe('cancelled')
  expect(task.steps.find((each) => each.step === step)?.state).toBe('cancelled')
  await until(async () => (await temporaryFiles(platform)).length === 0, 'no temporary file')
  await until(async () => (await workingThreads()) === 0, `no working thread after ${step}`)
  await until(async () => (await processesIn(scratchRoot(platform.config))).length === 0, 'no process')
  expect(await everythingIn(temporary)).toEqual([])
  const files = await filesOf(platform.db, id)
  expect(files.map(({ name }) => name)).toEqual(kept.map(({ name }) => name))
  const bytes: string[] = []
  for await (const { sha256 } of platform.storage.list()) bytes.push(sha256)
  expect(bytes.filter((sha256) => !stored.has(sha256) && !inputs.has(sha256))).toEqual([])
}

/** What the test itself put into the storage. */
const inputs = new Set<string>()

it('cancelled in every step: no thread, process, file or stored byte is left, and it runs again to its end', async () => {
  const { platform, id } = await workerWithTask()
  for await (const { sha256 } of platform.storage.list()) inputs.add(sha256)
  for (const step of stepNames) {
    await cancelled(platform, id, step, (lines) => lines.length > 2)
    await processTask(platform, localOperator, id, { steps: [step] })
    await settled(platform, id)
    const task = await readTask(platform, localOperator, id)
    expect(task.state, JSON.stringify(task.steps)).toBe(`${step}_done`)
  }
  const task = await readTask(platform, localOperator, id)
  expect(task.findings['stack']).toMatchObject({ frames: 2, leftOut: [] })
  expect(task.findings['subtraction']).toMatchObject({ mode: 'detection', negative: 0 })
  expect((task.findings['subtraction'] as { candidates: number }).candidates).toBeGreaterThan(0)
}, 400_000)

it('cancelled while an engine runs that has made a process of its own: neither is left', async () => {
  // Stand in for the programs: whoever starts them waits for ever.
  const folder = join(temporary, '..', `${temporary.split('/').at(-1)}-engines`)
  await mkdir(folder)
  const path = process.env['PATH'] ?? ''
  process.env['PATH'] = `${folder}:${path}`
  afterAll(async () => {
    process.env['PATH'] = path
    await rm(folder, { recursive: true, force: true })
  })
  for (const { names } of [swarpProgram, sourceExtractorProgram, hotpantsProgram])
    await writeFile(join(folder, names[0]), `#!/bin/sh\nsleep 600 &\necho $! > ${folder}/child\nwait\n`, {
      mode: 0o755,
    })
  const { platform, id } = await workerWithTask()
  for await (const { sha256 } of platform.storage.list()) inputs.add(sha256)
  for (const [step, config] of [
    ['stack', { engine_warp: 'swarp' }],
    ['photometry', { engine_detection: 'source-extractor' }],
    ['subtraction', { engine_subtraction: 'hotpants' }],
  ] as const) {
    await changeTask(platform, localOperator, id, { config })
    await rm(join(folder, 'child'), { force: true })
    await cancelled(platform, id, step, () => existsSync(join(folder, 'child')))
    expect(existsSync(`/proc/${(await readFile(join(folder, 'child'), 'utf8')).trim()}/cwd`)).toBe(false)
    await changeTask(platform, localOperator, id, { reset: Object.keys(config) })
    const next = { stack: ['stack', 'inspect'], photometry: ['photometry'], subtraction: [] }[step]
    if (next.length > 0) await processTask(platform, localOperator, id, { steps: next as StepName[] })
    await settled(platform, id)
  }
  expect(findProgram(swarpProgram)).toBe(join(folder, swarpProgram.names[0]))
}, 400_000)
