import type { Command } from './command.ts'

/** Commands that are loaded together, when one of them is named. */
export interface CommandGroup {
  /** First word: `skymap`, or the whole command: `start`. */
  name: string
  summary: string
  load(): Promise<readonly Command[]>
}

/** Options that every command takes. */
export const globalOptions = {
  json: { type: 'boolean', doc: 'Print one JSON document, keys and units as in the API' },
  home: { type: 'string', doc: 'Folder that holds everything Urania keeps' },
  port: { type: 'string', doc: 'Port of the page and the API (start, demo)' },
  quiet: { type: 'boolean', short: 'q', doc: 'No notes and no progress' },
  help: { type: 'boolean', short: 'h', doc: 'Show this' },
  version: { type: 'boolean', doc: 'Print the version' },
} as const

/** What `urania --help` prints. */
export function programHelp(name: string, groups: readonly CommandGroup[]): string {
  return [
    `${name}: a time-domain observatory in one program.`,
    '',
    `Usage: ${name} COMMAND [OPTIONS] [ARGUMENTS]`,
    '',
    'Commands:',
    ...pairs(groups.map((group) => [group.name, group.summary])),
    '',
    'Options of every command:',
    ...pairs(optionPairs(globalOptions)),
    '',
    `"${name} COMMAND --help" shows a command's options and examples.`,
  ].join('\n')
}

/** What `urania db --help` prints for a group of several. */
export function groupHelp(name: string, group: CommandGroup, commands: readonly Command[]): string {
  return [
    `${group.summary}.`,
    '',
    `Usage: ${name} ${group.name} COMMAND [OPTIONS] [ARGUMENTS]`,
    '',
    'Commands:',
    ...pairs(
      commands.map((command) => [
        `${command.words.slice(1).join(' ')} ${command.usage}`.trim(),
        command.summary,
      ]),
    ),
    '',
    `"${name} ${group.name} COMMAND --help" shows a command's options and examples.`,
  ].join('\n')
}

/** What `urania db migrate --help` prints. */
export function commandHelp(name: string, command: Command): string {
  const own = Object.keys(command.options ?? {}).length > 0
  return [
    `${command.summary}${/[.!?]$/.test(command.summary) ? '' : '.'}`,
    '',
    `Usage: ${[name, ...command.words, '[OPTIONS]', command.usage].filter(Boolean).join(' ')}`,
    ...(own ? ['', 'Options:', ...pairs(optionPairs(command.options!))] : []),
    '',
    'Options of every command:',
    ...pairs(optionPairs(globalOptions)),
    ...(command.examples.length > 0 ? ['', 'Examples:', ...command.examples.map((line) => `  ${line}`)] : []),
  ].join('\n')
}

function optionPairs(
  options: Record<string, { type: string; short?: string; doc?: string }>,
): [string, string][] {
  return Object.entries(options).map(([name, option]) => [
    `${option.short ? `-${option.short}, ` : ''}--${name}${option.type === 'string' ? ' VALUE' : ''}`,
    option.doc ?? '',
  ])
}

function pairs(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(28, Math.max(0, ...rows.map(([left]) => left.length)))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd())
}
