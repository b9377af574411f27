import { expect, it } from 'vitest'
import { Problem } from '#problem.ts'
import type { Command, Invocation } from './command.ts'
import type { CommandGroup } from './help.ts'
import { createProgress } from './progress.ts'
import { runProgram } from './program.ts'
import { table } from './table.ts'

const seen: Invocation[] = []
function command(words: string[], more: Partial<Command> = {}): Command {
  return {
    words,
    usage: 'FILE…',
    summary: `Does ${words.join(' ')}`,
    examples: [`urania ${words.join(' ')} a.fits`],
    run: async (invocation) => void seen.push(invocation),
    ...more,
  }
}
const groups: CommandGroup[] = [
  { name: 'start', summary: 'Starts', load: async () => [command(['start'])] },
  {
    name: 'skymap',
    summary: 'Sky maps',
    load: async () => [
      command(['skymap', 'info'], { options: { level: { type: 'string', multiple: true, doc: 'Level' } } }),
      command(['skymap', 'fail'], {
        run: async () => {
          throw new Problem('resource.not_found', 'There is no map a.fits; check the name.')
        },
      }),
      command(['skymap', 'bug'], {
        run: async () => {
          throw new TypeError('x is not a function')
        },
      }),
      command(['skymap', 'stopped'], {
        run: async () => {
          throw new Problem('compute.aborted', 'It was stopped before it ended.')
        },
      }),
      command(['skymap', 'closed'], {
        run: async () => {
          throw Object.assign(new Error('EROFS: read-only file system'), {
            code: 'EROFS',
            path: '/cd/a.fits',
          })
        },
      }),
      command(['skymap', 'print'], {
        run: async ({ document, out }) => document({ area90Deg2: 1.5 }, () => out('90 %: 1.5 deg²')),
      }),
    ],
  },
]

const never = new AbortController().signal

async function urania(...argv: string[]) {
  return uraniaUntil(never, ...argv)
}

async function uraniaUntil(signal: AbortSignal, ...argv: string[]) {
  let stdout = ''
  let stderr = ''
  const code = await runProgram(argv, {
    name: 'urania',
    version: '1.2.3',
    groups,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    signal,
    services: () => ({
      config: () => Promise.reject(new Error('not here')),
      platform: () => Promise.reject(new Error('not here')),
      close: async () => {},
    }),
  })
  return { code, stdout, stderr }
}

it('flags may stand anywhere, and negative numbers are arguments', async () => {
  await urania(
    '--json',
    '--home',
    '/h',
    'skymap',
    'info',
    'a.fits',
    '10',
    '-20.5',
    '--level',
    '-.5',
    '--level=0.9',
  )
  expect(seen.at(-1)).toMatchObject({
    args: ['a.fits', '10', '-20.5'],
    json: true,
    flags: { home: '/h', level: ['-.5', '0.9'] },
  })
})

it('help of program, group and command, with examples', async () => {
  const program = await urania('--help')
  expect([program.code, program.stdout]).toEqual([0, expect.stringContaining('skymap  Sky maps')])
  expect((await urania('skymap', '--help')).stdout).toContain('info FILE…')
  const one = await urania('skymap', 'info', '--help')
  expect(one.stdout).toMatch(/--level VALUE +Level/)
  expect(one.stdout).toContain('Examples:\n  urania skymap info a.fits')
  expect((await urania('--version')).stdout).toBe('1.2.3\n')
  expect((await urania()).code).toBe(2)
  expect((await urania('skymap')).code).toBe(2)
})

it('mistyped commands and options get a suggestion and exit 2', async () => {
  expect(await urania('skympa', 'info')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('mean "urania skymap"'),
  })
  expect((await urania('skymap', 'inof')).stderr).toContain('did you mean "urania skymap info"?')
  expect(await urania('skymap', 'info', '--levle', '1')).toMatchObject({
    code: 2,
    stderr: 'urania: There is no option --levle; did you mean --level?\n',
  })
  expect((await urania('skymap', 'info', '--level')).stderr).toMatch(/--level.*argument missing.*--help/)
})

it('a Problem is one sentence and exit 1; a bug says that it is one and exits 70', async () => {
  expect(await urania('skymap', 'fail')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'urania: There is no map a.fits; check the name.\n',
  })
  const json = await urania('skymap', 'fail', '--json')
  expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'resource.not_found' } })
  const bug = await urania('skymap', 'bug')
  expect([bug.code, bug.stderr]).toEqual([70, expect.stringMatching(/bug of Urania[^]*x is not a function/)])
})

it('a signal is no failure: the exit code is 128 and its number, as a shell has it', async () => {
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const signal = AbortSignal.abort(new Error('stopped', { cause: name }))
    expect(await uraniaUntil(signal, 'skymap', 'stopped')).toEqual({
      code,
      stdout: '',
      stderr: 'urania: stopped.\n',
    })
    // What went wrong before the signal is still said.
    expect((await uraniaUntil(signal, 'skymap', 'fail')).code).toBe(1)
  }
})

it('what the operating system refuses is one sentence and no bug of ours', async () => {
  expect(await urania('skymap', 'closed')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'urania: /cd/a.fits lies on a disk that is read only; name another place.\n',
  })
})

it('--json prints the document and nothing else', async () => {
  expect(JSON.parse((await urania('skymap', 'print', '--json')).stdout)).toEqual({ area90Deg2: 1.5 })
  expect((await urania('skymap', 'print')).stdout).toBe('90 %: 1.5 deg²\n')
})

it('progress: rewritten on a terminal, a plain line every five seconds elsewhere', () => {
  for (const isTTY of [true, false]) {
    let text = ''
    let time = 0
    const progress = createProgress({
      stream: { write: (part) => (text += part), isTTY, columns: 60 },
      label: 'reading',
      unit: 'rows',
      now: () => time,
    })
    for (let done = 0; done <= 4000; done += 100) {
      time = done * 4
      progress.update(done, 4000)
    }
    progress.finish()
    const lines = isTTY ? text.split('\r\u001b[2K').slice(1) : text.trimEnd().split('\n')
    expect(lines).toHaveLength(isTTY ? 42 : 4)
    expect(isTTY ? lines[11] : lines[0]).toMatch(
      isTTY
        ? /^reading: 1,100\/4,000 rows \(27 %\), 250\/s, 12 s left$/
        : /^reading: 1,300\/4,000 rows \(32 %\), 250\/s, 11 s left$/,
    )
    expect(lines.at(-1)).toContain('4,000/4,000 rows (100 %), 250/s, took 16 s')
    progress.finish()
    if (!isTTY) expect(text.split('100 %')).toHaveLength(2)
  }
})

it('tables align, numbers to the right', () => {
  expect(
    table(
      ['name', 'area'],
      [
        ['größer', 12],
        ['b', 3.5],
        ['c', null],
      ],
    ),
  ).toEqual(['name    area', 'größer    12', 'b        3.5', 'c'])
})
