import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { schemaFolder } from '#test/database.ts'
import { atEnd, testDatabase, testPlatform } from '#test/platform.ts'
import { loadConfig } from './config/load.ts'
import { createPlatform } from './create.ts'
import type { Room, Service } from './room.ts'

const greet = { name: 'test.greet', title: 'Greets', input: z.object({ name: z.string() }) }

function testRoom(seen: string[], failing = false): Room {
  const service = (name: string, role: Service['role']): Service => ({
    name,
    role,
    async start() {
      if (failing && name === 'second') throw new Error('no second service')
      seen.push(`start ${name}`)
    },
    stop: async () => void seen.push(`stop ${name}`),
  })
  return {
    name: 'test',
    sections: [
      { name: 'test', settings: { greeting: { schema: z.string().default('hello'), doc: 'Greeting.' } } },
    ],
    jobs: () => [{ kind: greet, run: async (input) => `hello ${(input as { name: string }).name}` }],
    listeners: ({ events }) =>
      events.listen('test', ['test.said'], async (event) => void seen.push(event.subject.id)),
    services: () => [service('first', 'worker'), service('second', 'worker'), service('api', 'api')],
  }
}

it('works jobs, hears events, runs the services of its roles, and stores bytes', async () => {
  const seen: string[] = []
  const platform = await testPlatform({ rooms: [testRoom(seen)] })
  const id = await platform.db.transaction().execute(async (tx) => {
    await platform.events.append(tx, {
      kind: 'test.said',
      subject: { kind: 'test', id: 'x' },
      audience: ['everyone'],
    })
    return platform.jobs.send(tx, greet, { name: 'you' })
  })
  await platform.jobs.idle()
  expect(await platform.jobs.get(id)).toMatchObject({ state: 'done', result: 'hello you' })
  await expect.poll(() => seen).toContain('x')
  expect(seen).toEqual(expect.arrayContaining(['start first', 'start second']))
  expect(seen).not.toContain('start api')
  const { sha256 } = await platform.storage.put(new Uint8Array([1, 2, 3]))
  expect(await platform.storage.size(sha256)).toBe(3)
})

it('stops in the reverse order, and what was started when something fails', async () => {
  const { url } = await testDatabase()
  const home = mkdtempSync(join(tmpdir(), 'urania-create-'))
  atEnd(async () => rmSync(home, { recursive: true }))
  const config = loadConfig({ env: { URANIA_HOME: home, DATABASE_URL: url, URANIA_LOG_LEVEL: 'silent' } })
  const seen: string[] = []
  const options = { schema: schemaFolder, roles: ['worker'] as const }
  const platform = await createPlatform(config, { ...options, rooms: [testRoom(seen)] })
  await platform.stop()
  expect(seen).toEqual(['start first', 'start second', 'stop second', 'stop first'])
  seen.length = 0
  await expect(createPlatform(config, { ...options, rooms: [testRoom(seen, true)] })).rejects.toThrow(
    'no second service',
  )
  expect(seen).toEqual(['start first', 'stop first'])
})

it('a command works its jobs itself only where no other process does', async () => {
  const { url } = await testDatabase()
  const home = mkdtempSync(join(tmpdir(), 'urania-create-'))
  atEnd(async () => rmSync(home, { recursive: true }))
  const config = loadConfig({ env: { URANIA_HOME: home, DATABASE_URL: url, URANIA_LOG_LEVEL: 'silent' } })
  const open = (roles: 'if needed' | readonly ['worker']) =>
    createPlatform(config, { schema: schemaFolder, roles, rooms: [testRoom([])] })
  const alone = await open('if needed')
  const first = await alone.jobs.send(alone.db, greet, { name: 'a' })
  await alone.jobs.idle()
  expect(await alone.jobs.get(first)).toMatchObject({ state: 'done' })
  await alone.stop()

  const worker = await open(['worker'])
  const command = await open('if needed')
  await command.jobs.send(command.db, greet, { name: 'b' })
  await command.jobs.idle()
  await command.stop()
  await worker.stop()
})
