import { expect, it } from 'vitest'
import { testApi } from '#test/api.ts'
import { commands } from './commands.ts'

const { platform, request, person } = await testApi()

/** Runs a command as the program would, and returns what it prints. */
async function run(line: string[], flags: Record<string, string> = {}) {
  const command = commands.find(({ words }) => words.every((word, i) => line[i] === word))
  if (!command) throw new Error(`no command ${line.join(' ')}`)
  const defaults = Object.entries(command.options ?? {}).map(([name, option]) => [name, option.default])
  const out: string[] = []
  let document: unknown
  await command.run({
    args: line.slice(command.words.length),
    flags: { ...Object.fromEntries(defaults), ...flags },
    json: false,
    signal: new AbortController().signal,
    atOnce: (work) => Promise.resolve(work()),
    out: (text = '') => void out.push(text),
    note: () => {},
    document(value, human) {
      document = value
      human()
    },
    progress: () => ({ update() {}, finish() {} }),
    config: async () => {
      throw new Error('not asked for')
    },
    platform: async () => platform,
  })
  return { out: out.join('\n'), document }
}

it('before anybody has an account, "people link" prints the link of the first start', async () => {
  const { out } = await run(['people', 'link'])
  expect(out).toMatch(/\/setup#token=\w{32}$/)
  const token = out.split('#token=')[1]
  const made = await request('/api/v1/setup', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' }),
  })
  expect(made.status).toBe(201)
  await expect(run(['people', 'link'])).rejects.toThrow(/for whom/)
  expect((await run(['people', 'link', 'ada@example.org'])).out).toMatch(/\/join#token=\w{32}$/)
})

it('people are added, listed, given roles, disabled and enabled; mistakes get a sentence', async () => {
  const added = await run(['people', 'add', 'Kim@Example.org', 'Kim', 'Lee'], { role: 'operator' })
  expect(added.out).toMatch(/Kim Lee is operator\..+\n.+\/join#token=/)
  const listed = await run(['people', 'list'])
  expect(listed.out).toMatch(/kim@example\.org +operator/)
  expect((await run(['people', 'role', 'kim@example.org', 'member'])).out).toBe(
    'Kim Lee was operator and is member.',
  )
  expect((await run(['people', 'disable', 'kim@example.org'])).out).toMatch(/disabled/)
  expect((await run(['people', 'enable', 'kim@example.org'])).out).toMatch(/enabled/)
  await expect(run(['people', 'add', 'no address', 'X'])).rejects.toThrow(/e-mail/)
  await expect(run(['people', 'role', 'kim@example.org', 'king'])).rejects.toThrow(/role/)
  await expect(run(['people', 'role', 'nobody@example.org', 'viewer'])).rejects.toThrow(/There is no person/)
  await expect(run(['people', 'role', 'ada@example.org', 'viewer'])).rejects.toThrow(/last administrator/)
})

it('tokens are made for people, listed without what makes them work, and revoked', async () => {
  const mia = await person('member', 'Mia')
  const made = await run(['tokens', 'create', 'night script'], {
    person: mia.email,
    scopes: 'read,write',
    days: '1',
  })
  expect(made.out).toMatch(/^ura_\w{42}$/)
  const works = () => request('/api/v1/people', { headers: { authorization: `Bearer ${made.out}` } })
  expect((await works()).status).toBe(200)
  const listed = await run(['tokens', 'list', mia.email])
  expect(listed.out).toContain('night script')
  expect(JSON.stringify(listed.document)).not.toContain(made.out)
  await run(['tokens', 'revoke', (made.document as { id: string }).id])
  expect((await works()).status).toBe(401)
  await expect(run(['tokens', 'create', 'x'], { person: mia.email, scopes: 'administer' })).rejects.toThrow(
    /does not reach/,
  )
  await expect(run(['tokens', 'create', 'x'], { person: mia.email, scopes: 'everything' })).rejects.toThrow(
    /scopes/,
  )
  await expect(run(['tokens', 'create', 'x'], { person: mia.email, days: '0' })).rejects.toThrow(/days/)
  await expect(run(['tokens', 'create', 'x'])).rejects.toThrow(/--person/)
})
