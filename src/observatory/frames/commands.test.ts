import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import type { Invocation } from '#platform/terminal/command.ts'
import { testPlatform } from '#test/platform.ts'
import { frameCommands } from './commands.ts'
import type { Frame } from './frame.ts'
import { room } from './module.ts'
import { skyFrame } from './test-frames.ts'

const platform = await testPlatform({ rooms: [room] })
const work = await mkdtemp(join(tmpdir(), 'urania-frame-commands-'))
afterAll(() => rm(work, { recursive: true, force: true }))
const file = join(work, 'one.fits')

async function run(line: string, flags: Invocation['flags'] = {}, withDatabase = true) {
  const words = line.split(' ')
  const command = frameCommands.find((c) => c.words.every((word, i) => words[i] === word))!
  const [lines, notes]: string[][] = [[], []]
  let document: unknown
  const code = await command.run({
    args: words.slice(command.words.length),
    flags,
    json: flags['json'] === true,
    out: (text = '') => void lines!.push(text),
    note: (text: string) => void notes!.push(text),
    document: (value: unknown, human: () => void) => {
      document = value
      if (flags['json'] !== true) human()
    },
    signal: new AbortController().signal,
    progress: () => ({ update: () => {}, finish: () => {} }),
    platform: async () => {
      if (!withDatabase) throw new Error('This command needs no database.')
      return platform
    },
  } as unknown as Invocation)
  return { text: lines!.join('\n'), notes: notes!.join('\n'), document, code }
}

const problemOf = (line: string, flags?: Invocation['flags']): Promise<unknown> =>
  run(line, flags).then(
    () => undefined,
    (error: unknown) => (isProblem(error) ? error.code : error),
  )

beforeAll(async () => {
  await writeFile(file, skyFrame({ seed: 1, ra: 150, dec: 2 }))
})

it('files are shown, their headers and pictures too, without a database', async () => {
  const { text } = await run(`frames show ${file}`, {}, false)
  expect(text).toMatch(/^gain +1\.5 electron\/adu {2}\(GAIN\)$/m)
  expect(text).toMatch(/^read noise +not known: The header has none/m)
  expect(text).toMatch(/^\* HDU 0 +32 × 32, BITPIX -32, image, TAN$/m)
  expect((await run(`frames header ${file} gain`, {}, false)).text).toBe(
    'GAIN    =                  1.5 / electron per adu',
  )
  const packed = join(work, 'packed.fits.gz')
  await writeFile(packed, gzipSync(skyFrame({ seed: 2 })))
  expect((await run(`frames show ${packed}`, { json: true }, false)).document).toMatchObject({
    facts: { object: 'M 1' },
  })
  const to = join(work, 'picture.png')
  await run(`frames thumbnail ${packed}`, { to, width: '64', cmap: 'viridis', stretch: 'log' }, false)
  const png = await readFile(to)
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([64, 64])
})

it('what cannot be is refused in one sentence', async () => {
  expect(await problemOf('frames show /nowhere.fits')).toBe('frame.unknown')
  expect(await problemOf(`frames thumbnail ${file}`)).toBe('command.usage')
  expect(await problemOf(`frames thumbnail ${file}`, { to: 'x.png', cmap: 'pink' })).toBe('command.usage')
  expect(await problemOf(`frames header ${file}`, { hdu: '7' })).toBe('fits.not_found')
  await writeFile(join(work, 'bad.fits'), 'no FITS')
  expect(await problemOf(`frames show ${join(work, 'bad.fits')}`)).toBe('fits.invalid')
})

it('files and folders become frames, are listed, shown by a few digits, and removed', async () => {
  expect((await run('frames list')).text).toMatch(/^None that fits/)
  expect((await run(`frames add ${file}`)).text).toMatch(/^1 added, 0 known already, 0 refused/)
  expect((await run(`frames add ${file}`)).text).toMatch(/^0 added, 1 known already/)
  const night = join(work, 'night')
  await mkdir(night)
  await writeFile(join(night, 'a.fits'), skyFrame({ seed: 3 }))
  await writeFile(join(night, 'b.fits'), skyFrame({ seed: 4 }))
  await writeFile(join(night, 'c.fits'), 'no FITS')
  const added = await run(`frames add ${night}`, { 'in-place': true })
  expect(added.notes).toMatch(/3 files, 2 added, 0 known already, 1 refused/)
  const bad = await run(`frames add ${join(night, 'c.fits')}`)
  expect([bad.code, bad.notes]).toEqual([1, expect.stringContaining('This is not a FITS file') as string])
  const all = await run('frames list', { json: true })
  const { items } = all.document as { items: Frame[] }
  expect(items.map(({ name, inPlace }) => [name, inPlace]).toReversed()).toEqual([
    ['one.fits', false],
    ['a.fits', true],
    ['b.fits', true],
  ])
  const some = await run('frames list one', { contains: '150,2', filter: 'r' })
  expect(some.text.split('\n')).toHaveLength(2)
  const { sha256 } = items.find(({ name }) => name === 'one.fits')!
  expect((await run(`frames show ${sha256.slice(0, 10)}`)).text).toMatch(/^bytes +in the storage; from /m)
  expect((await run(`frames header ${sha256} filter`)).text).toMatch(/^FILTER {2}= 'sdssr/)
  const to = join(work, 'frame.png')
  await run(`frames thumbnail ${sha256}`, { to })
  expect((await readFile(to)).subarray(1, 4).toString()).toBe('PNG')
  expect((await run(`frames remove ${sha256}`)).text).toContain('is removed')
  expect(await problemOf(`frames show ${sha256}`)).toBe('frame.unknown')
})
