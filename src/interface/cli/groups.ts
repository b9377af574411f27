import type { Command } from '#platform/terminal/command.ts'
import type { CommandGroup } from '#platform/terminal/help.ts'

/** Every first word of the command line. What is behind it is loaded only when it is named, so that others start fast. */
export const groups: readonly CommandGroup[] = [
  {
    name: 'start',
    summary: 'Start Urania: page, API, background work and alert streams',
    load: async () => [(await import('./start.ts')).start],
  },
  {
    name: 'demo',
    summary: 'Show the whole chain on simulated alerts, in a browser',
    load: async () => [(await import('./demo.ts')).demo],
  },
  {
    name: 'doctor',
    summary: 'Say what is here, what is missing and what that means',
    load: async () => [(await import('./doctor.ts')).doctor],
  },
  {
    name: 'config',
    summary: 'Print the effective settings and where each came from',
    load: async () => [(await import('./config.ts')).config],
  },
  {
    name: 'db',
    summary: 'Look into the database, bring it to another version, move it to a newer PostgreSQL',
    load: async () => (await import('./db.ts')).commands,
  },
  {
    name: 'backup',
    summary: 'Write the database and the list of stored bytes into one file, while running',
    load: async () => [(await import('./backup.ts')).backupCommand],
  },
  {
    name: 'restore',
    summary: 'Load such a file into an empty home folder or database',
    load: async () => [(await import('./backup.ts')).restoreCommand],
  },
  ofRoom('alerts', 'Take in, fetch and listen to notices; see dead letters'),
  ofRoom('events', 'List, show and export events'),
  ofRoom('rules', 'List and show rule sets, replay them over stored events'),
  {
    name: 'skymap',
    summary: 'Areas, levels, MOCs, contours and combination of sky maps in files',
    // Works on files: needs none of what the rooms stand on.
    load: async () => {
      const { skymapCombine, skymapContours, skymapInfo, skymapLevel, skymapMoc } =
        await import('#observatory/alerts/skymap-commands.ts')
      return [skymapInfo, skymapLevel, skymapMoc, skymapContours, skymapCombine]
    },
  },
  {
    name: 'detect',
    summary: 'Find and measure the objects of an image, as source-extractor does',
    load: async () => (await import('#observatory/tasks/detect-command.ts')).detectCommands,
  },
  {
    name: 'subtract',
    summary: 'Subtract a template from a frame and find what is left',
    load: async () => [(await import('#observatory/tasks/frame-commands.ts')).frameCommands[0]!],
  },
  {
    name: 'stack',
    summary: 'Put frames together on the grid of the first',
    load: async () => [(await import('#observatory/tasks/frame-commands.ts')).frameCommands[1]!],
  },
  {
    name: 'process',
    summary: 'Measure frames: photometry, limits, transients; needs no server',
    load: async () => (await import('#observatory/tasks/process-command.ts')).processCommands,
  },
  {
    name: 'solve',
    summary: 'Find where frames lie on the sky, without a guess; needs no server',
    load: async () => [(await import('#observatory/tasks/solver/solve-command.ts')).solveCommands[0]!],
  },
  {
    name: 'index',
    summary: 'Make an index of stars for solving',
    load: async () => [(await import('#observatory/tasks/solver/solve-command.ts')).solveCommands[1]!],
  },
  ofRoom('telescopes', 'List, check, add and convert telescopes and their field grids'),
  ofRoom('frames', 'Add FITS files as frames, find them, see headers and pictures'),
  ofRoom('catalogues', 'Import, list and query reference catalogues'),
  ofRoom('plan', 'Make an observing plan, for an event or for a sky map in a file'),
  ofRoom('plans', 'List, show, export, compare and close plans'),
  ofRoom('plan-rules', 'Rules by which plans are made: list, import, replay'),
  ofRoom('notify', 'Channels, rules, shifts and deliveries of messages to people'),
  ofRoom('people', 'Accounts: list, add, change roles, links to join'),
  ofRoom('tokens', 'Personal tokens: create, list, revoke'),
]

/** A group whose commands a room contributes. */
function ofRoom(name: string, summary: string): CommandGroup {
  return {
    name,
    summary,
    async load(): Promise<readonly Command[]> {
      const { rooms } = await import('#interface/rooms.ts')
      return rooms.flatMap((room) => room.commands ?? []).filter((command) => command.words[0] === name)
    },
  }
}
