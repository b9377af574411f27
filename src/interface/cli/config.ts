import { existsSync } from 'node:fs'
import { rooms } from '#interface/rooms.ts'
import { defaultFile } from '#platform/config/file.ts'
import type { Command } from '#platform/terminal/command.ts'
import { table } from '#platform/terminal/table.ts'

export const config: Command = {
  words: ['config'],
  usage: '',
  summary: 'Print the effective settings and where each came from; secrets are masked',
  examples: [
    'urania config',
    'urania config --json',
    'urania config --default > ~/.local/share/urania/urania.toml',
  ],
  options: { default: { type: 'boolean', doc: 'Print the commented default file instead' } },
  async run({ config: load, flags, out, note, document }) {
    if (flags['default']) {
      out(defaultFile(rooms.flatMap((room) => room.sections ?? [])))
      return
    }
    const loaded = await load()
    const settings = loaded.describe()
    document({ file: loaded.file, settings, warnings: loaded.warnings }, () => {
      const rows = settings.map((row) => [row.key, shown(row.value), row.origin, row.env])
      for (const line of table(['setting', 'value', 'from', 'environment'], rows)) out(line)
      out()
      out(`File: ${loaded.file}${existsSync(loaded.file) ? '' : ' (none yet; written by the first start)'}`)
    })
    for (const warning of loaded.warnings) note(`Warning: ${warning}`)
  },
}

/** On one line of a terminal; `--json` has it whole. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return '–'
  const flat = Array.isArray(value) && value.every((part) => typeof part !== 'object')
  const text = flat
    ? value.join(', ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value as string | number | boolean)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
