/** The engines of every port, and how one is chosen and run. A new one is a record in a file of its own and a line here. */
import { isProblem, Problem } from '#problem.ts'
import { findProgram, type ProgramFacts } from '#platform/engines/find.ts'
import { withScratch } from '#platform/engines/scratch.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import * as builtin from './builtin.ts'
import { hotpants } from './hotpants.ts'
import type { Engine, EngineSettings, Ground, PortName, Ports, ProgramEngine } from './port.ts'
import { psfex } from './psfex.ts'
import { scamp } from './scamp.ts'
import { scratchRoot } from './scratch-root.ts'
import { solveField } from './solve-field.ts'
import { sourceExtractor } from './source-extractor.ts'
import { swarp } from './swarp.ts'

/** The first of each is the default. */
export const engines: { readonly [P in PortName]: readonly Engine<P>[] } = {
  detection: [builtin.detection, sourceExtractor],
  psf: [builtin.psf, psfex],
  refine: [builtin.refine, scamp],
  solve: [builtin.solve, solveField],
  warp: [builtin.warp, swarp],
  subtraction: [builtin.subtraction, hotpants],
}

/** The engine of that name. @throws Problem `task.config` */
export function engineOf<P extends PortName>(port: P, key: string): Engine<P> {
  const found = engines[port].find((each) => each.key === key)
  if (found) return found
  throw new Problem(
    'task.config',
    `There is no engine "${key}" for this; engine_${port} is one of ${engines[port].map((each) => each.key).join(', ')}.`,
    { key: `engine_${port}` },
  )
}

/** Paths of its programs. @throws Problem `engine.missing` with what to install */
export function programsOf(engine: Engine<PortName>, path?: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const facts of 'programs' in engine ? engine.programs : []) {
    const at = findProgram(facts, path)
    if (at === undefined) throw missing(engine, facts)
    found[facts.names[0]] = at
  }
  return found
}

function missing(engine: Engine<PortName>, { names, package: name }: ProgramFacts): Problem {
  const how =
    name === null
      ? 'build it from its sources and put it on PATH'
      : `install it (on Debian: apt install ${name})`
  return new Problem(
    'engine.missing',
    `${names[0]} is not installed here; ${how}, or set engine_${engine.port}=builtin.`,
    { engine: engine.key, program: names[0], package: name },
  )
}

/** True where all it needs is here. */
export function isInstalled(engine: Engine<PortName>): boolean {
  try {
    programsOf(engine)
    return true
  } catch (error) {
    if (isProblem(error)) return false
    throw error
  }
}

/**
 * Does a piece of work by the engine of that name. Call it in a compute task: the end of the thread ends what runs, with all its
 * children and files.
 * @throws Problem engine.*, and what the work itself throws
 */
export async function runEngine<P extends PortName>(
  port: P,
  key: string,
  work: Ports[P]['work'],
  ground: Ground,
  settings: EngineSettings = {},
): Promise<Ports[P]['result']> {
  const engine = engineOf(port, key)
  return 'programs' in engine ? runPrograms(engine, work, ground, settings) : engine.run(work, ground)
}

/** The same by an engine that need not be in the registry. @throws Problem engine.*, `task.config` for options it does not take */
export async function runPrograms<P extends PortName>(
  engine: ProgramEngine<P>,
  work: Ports[P]['work'],
  ground: Ground,
  settings: EngineSettings = {},
): Promise<Ports[P]['result']> {
  const programs = programsOf(engine)
  const checked = engine.settings.safeParse(settings)
  if (!checked.success) {
    const [issue] = checked.error.issues
    throw new Problem(
      'task.config',
      `${engine.key} does not take that option: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
      { engine: engine.key },
    )
  }
  const place = { root: scratchRoot(ground.folder), signal: ground.signal }
  return withScratch(place, (scratch) => engine.run(work, checked.data, { ...ground, scratch, programs }))
}

/** Options of one engine out of those of all, which are named `engine.OPTION`. */
export function settingsOf(key: string, options: EngineSettings): EngineSettings {
  const prefix = `${key}.`
  return Object.fromEntries(
    Object.entries(options)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  )
}

/** Does a piece of work by the engine that is configured, with its options. @throws Problem as `runEngine` */
export function runChosen<P extends PortName>(
  port: P,
  config: TaskConfig,
  work: Ports[P]['work'],
  ground: Ground,
): Promise<Ports[P]['result']> {
  const key = config[`engine_${port}`]
  const own = key === 'hotpants' ? config.hotpants_extra : {}
  return runEngine(port, key, work, ground, { ...own, ...settingsOf(key, config.engine_options) })
}
