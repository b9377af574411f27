import { expect, it } from 'vitest'
import { Problem } from '#problem.ts'
import { createLog } from './log.ts'
import { readable } from './readable.ts'

function capture() {
  const lines: string[] = []
  const log = createLog({ logLevel: 'info' }, { write: (line) => void lines.push(line) })
  return { log, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown>, lines }
}

it('a line is JSON with the time in UTC and the level by name', () => {
  const { log, last } = capture()
  log.warn({ job: 7 }, 'slow')
  expect(last()).toMatchObject({ level: 'warn', job: 7, msg: 'slow' })
  expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

it('secrets are hidden by name, and passwords in addresses wherever they stand', () => {
  const { log, last, lines } = capture()
  log.info({ password: 'a-secret', request: { headers: { authorization: 'a-secret' } } }, 'x')
  log.info({ settings: { token: 'a-secret' } }, 'to postgres://me:a-secret@host/db')
  log.info(
    { response: { headers: { 'set-cookie': ['s=a-secret'] }, body: { access_token: 'a-secret' } } },
    'x',
  )
  log.info({ client_secret: 'a-secret', env: { DATABASE_URL: 'a-secret' } }, 'x')
  log.error({ err: new Error('connect postgresql://me:a-secret@host:5432/db failed') }, 'x')
  expect(lines.join('')).not.toContain('a-secret')
  expect(JSON.stringify(last())).toContain('postgresql://me:[hidden]@host:5432/db')
})

it('a Problem shows its code and details', () => {
  const { log, last } = capture()
  log.error({ err: new Problem('resource.not_found', 'There is no X.', { id: 'X' }) }, 'failed')
  expect(last()['err']).toMatchObject({
    code: 'resource.not_found',
    message: 'There is no X.',
    details: { id: 'X' },
  })
})

it('less severe lines are left out', () => {
  const { log, lines } = capture()
  log.debug('no')
  expect(lines).toEqual([])
})

it('at a terminal an entry is one line for people, its error by its sentence', () => {
  const entry = {
    level: 'warn',
    time: '2026-03-01T16:05:11.904Z',
    err: { message: 'gone', code: 'net.timeout', stack: 'x' },
  }
  expect(readable(JSON.stringify({ ...entry, folder: '/srv', n: 3, msg: 'trying again' }))).toBe(
    '16:05:11 warn  trying again  folder=/srv  n=3  gone (net.timeout)\n',
  )
  expect(readable('not JSON\n')).toBe('not JSON\n')
})
