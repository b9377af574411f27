import { parseArgs } from 'node:util'
import { isProblem, Problem } from '#problem.ts'
import { nearest } from '#platform/config/nearest.ts'
import { refusalOf } from '#platform/files/refusal.ts'
import type { Command, Invocation } from './command.ts'
import { commandHelp, globalOptions, groupHelp, programHelp, type CommandGroup } from './help.ts'
import { createProgress, type ProgressStream } from './progress.ts'

/** 0 done, 1 a Problem, 2 used wrongly, 70 a bug of ours. */
const exitCodes = { done: 0, problem: 1, usage: 2, bug: 70 } as const

/** What a shell reports of a program that a signal ended; that of Ctrl-C where the reason names none. */
const signalCodes: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/** Problems that only say that the work was stopped. */
const stops: ReadonlySet<string> = new Set(['compute.aborted', 'engine.cancelled', 'net.aborted'])

export interface ProgramOptions {
  name: string
  version: string
  groups: readonly CommandGroup[]
  stdout: ProgressStream
  stderr: ProgressStream
  /** Aborted when the program is asked to end; the cause of its reason is the name of the signal. */
  signal: AbortSignal
  /** What `Invocation.atOnce` does; by default it just works. */
  atOnce?: Invocation['atOnce']
  /** What a command may ask for beyond printing, given its flags; `close` is called when it has ended. */
  services(flags: Invocation['flags']): Pick<Invocation, 'config' | 'platform'> & {
    close: () => Promise<void>
  }
}

/** Finds the command, parses its flags, runs it and says in one sentence what went wrong. Returns the exit code. */
export async function runProgram(argv: readonly string[], options: ProgramOptions): Promise<number> {
  const json = argv.includes('--json')
  try {
    return await dispatch(argv, options)
  } catch (error) {
    const { aborted, reason } = options.signal
    if (!aborted || (isProblem(error) && !stops.has(error.code))) return report(error, json, options)
    options.stderr.write(`${options.name}: stopped.\n`)
    return signalCodes[String((reason as Error).cause)] ?? signalCodes['SIGINT']!
  }
}

async function dispatch(argv: readonly string[], options: ProgramOptions): Promise<number> {
  const { name, groups, stdout } = options
  const words = leadingWords(argv)
  if (words.length === 0) {
    if (argv.includes('--version')) {
      stdout.write(`${options.version}\n`)
      return exitCodes.done
    }
    const asked = argv.includes('--help') || argv.includes('-h') || argv.length === 0
    if (!asked)
      throw new Problem(
        'command.usage',
        `${argv[0]} needs a command before it can do anything; see "${name} --help".`,
      )
    stdout.write(`${programHelp(name, groups)}\n`)
    return argv.length === 0 ? exitCodes.usage : exitCodes.done
  }
  const group = groups.find((one) => one.name === words[0])
  if (!group) {
    const names = groups.map((one) => one.name)
    throw unknownCommand(name, words[0], nearest(words[0], names))
  }
  const commands = await group.load()
  const wantsHelp = argv.includes('--help') || argv.includes('-h')
  const command = commands
    .filter((one) => one.words.every((word, i) => words[i] === word))
    .toSorted((a, b) => b.words.length - a.words.length)[0]
  if (!command) {
    const known = commands.map((one) => one.words.slice(1).join(' '))
    const wrong = words[1]
    if (wrong !== undefined)
      throw unknownCommand(name, `${group.name} ${wrong}`, near(group.name, wrong, known))
    ;(wantsHelp ? stdout : options.stderr).write(`${groupHelp(name, group, commands)}\n`)
    return wantsHelp ? exitCodes.done : exitCodes.usage
  }
  if (wantsHelp) {
    stdout.write(`${commandHelp(name, command)}\n`)
    return exitCodes.done
  }
  return run(command, argv, options)
}

async function run(command: Command, argv: readonly string[], options: ProgramOptions): Promise<number> {
  const { stdout, stderr, signal } = options
  const { flags, args } = parseFlags(command, argv, options.name)
  const json = flags['json'] === true
  const quiet = flags['quiet'] === true
  const { close, ...services } = options.services(flags)
  const silent = { update() {}, finish() {} }
  try {
    const code = await command.run({
      args,
      flags,
      json,
      signal,
      out: (line = '') => void (json ? stderr : stdout).write(`${line}\n`),
      note: (line) => void (quiet || stderr.write(`${line}\n`)),
      document(value, human) {
        if (json) stdout.write(`${JSON.stringify(value, null, 2)}\n`)
        else human()
      },
      atOnce: options.atOnce ?? ((work) => Promise.resolve(work())),
      progress: (label, unit) => (quiet ? silent : createProgress({ stream: stderr, label, unit })),
      ...services,
    })
    return code ?? exitCodes.done
  } finally {
    await close()
  }
}

/** The words before the first option, minding that `--home` and `--port` take one. */
function leadingWords(argv: readonly string[]): string[] {
  const words: string[] = []
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === '--') break
    if (argv[i] === '--home' || argv[i] === '--port') i++
    else if (!argv[i].startsWith('-')) words.push(argv[i])
    else if (words.length > 0) break
  }
  return words
}

// A declination of -20 is an argument, no option.
const negative = /^-(?=\.?\d)/
const shield = '\u0000'

function parseFlags(command: Command, argv: readonly string[], name: string) {
  const known = { ...globalOptions, ...command.options }
  try {
    const { values, positionals } = parseArgs({
      args: argv.map((word) => word.replace(negative, `${shield}-`)),
      options: known,
      allowPositionals: true,
      strict: true,
      allowNegative: false,
    })
    const bare = (text: string) => text.replace(shield, '')
    const flags = Object.fromEntries(
      Object.entries(values as Record<string, string | boolean | string[] | undefined>).map(
        ([key, value]) => [
          key,
          typeof value === 'string' ? bare(value) : Array.isArray(value) ? value.map(bare) : value,
        ],
      ),
    )
    return { flags, args: positionals.slice(command.words.length).map(bare) }
  } catch (error) {
    if (!(error instanceof TypeError && 'code' in error)) throw error
    const wrong = /'(-[^' ]*)/.exec(error.message)?.[1]
    const guess = wrong && nearest(wrong.replace(/^-+/, ''), Object.keys(known))
    const help = `see "${[name, ...command.words].join(' ')} --help"`
    const sentence =
      error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
        ? `There is no option ${wrong}; ${guess ? `did you mean --${guess}?` : `${help}.`}`
        : `${error.message.split(/[.\n]/)[0]}; ${help}.`
    throw new Problem('command.usage', sentence, { option: wrong })
  }
}

function near(group: string, word: string, known: readonly string[]): string | undefined {
  const guess = nearest(word, known)
  return guess && `${group} ${guess}`
}

function unknownCommand(name: string, words: string, guess: string | undefined): Problem {
  const remedy = guess ? `did you mean "${name} ${guess}"?` : `"${name} --help" lists all.`
  return new Problem('command.usage', `There is no command "${words}"; ${remedy}`, { words })
}

function report(thrown: unknown, json: boolean, { name, stderr }: ProgramOptions): number {
  const error = refusalOf(thrown) ?? thrown
  if (isProblem(error)) {
    const { code, message, details } = error
    stderr.write(
      json ? `${JSON.stringify({ error: { code, message, details } }, null, 2)}\n` : `${name}: ${message}\n`,
    )
    return code === 'command.usage' ? exitCodes.usage : exitCodes.problem
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (json) {
    stderr.write(`${JSON.stringify({ error: { code: 'internal.error', message: text } }, null, 2)}\n`)
  } else stderr.write(`${name}: this is a bug of Urania, please report it with these lines:\n${text}\n`)
  return exitCodes.bug
}
