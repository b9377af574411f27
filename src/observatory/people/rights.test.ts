import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { testDatabase } from '#test/platform.ts'
import { anonymous, delegated, localOperator, roles, scopes, scopesOf, system } from './actor.ts'
import type { Actor } from './actor.ts'
import {
  audienceFor,
  audienceOf,
  changeableBy,
  everyone,
  maySee,
  requireRole,
  requireScope,
  visibleTo,
} from './rights.ts'

const { db } = await testDatabase()
await sql`create table thing (id int primary key, owner_id text, groups text[], public_at timestamptz)`.execute(
  db,
)

interface Thing {
  id: number
  owner: string | null
  groups: string[]
  publicAt: Date | null
}
const times = [null, new Date('2000-01-01T00:00:00Z'), new Date('2100-01-01T00:00:00Z')]
const things: Thing[] = []
for (const owner of [null, 'ann', 'bob']) {
  for (const groups of [[], ['g1'], ['g2'], ['g1', 'g2'], [everyone]]) {
    for (const publicAt of times) things.push({ id: things.length, owner, groups, publicAt })
  }
}
for (const thing of things) {
  await sql`insert into thing values (${thing.id}, ${thing.owner}, ${thing.groups}, ${thing.publicAt})`.execute(
    db,
  )
}

const somebody = (
  userId: string,
  role: Actor['role'],
  groups: string[],
  granted = role ? scopesOf(role) : [],
): Actor => ({
  kind: 'person',
  userId,
  name: userId,
  role,
  groups,
  scopes: granted,
  from: null,
})
const reading = (role: 'administrator' | 'member', groups: string[]): Actor => ({
  ...somebody('ann', role, groups),
  kind: 'token',
  ...delegated(role, ['read']),
})
const actors: [string, Actor][] = [
  ['anonymous', anonymous(null)],
  ['system', system],
  ['local operator', localOperator],
  ['administrator', somebody('eve', 'administrator', [])],
  ['administrator by reading token', reading('administrator', ['g2'])],
  ['viewer in no group', somebody('ann', 'viewer', [])],
  ['member of g1', somebody('bob', 'member', ['g1'])],
  ['operator of both', somebody('zoe', 'operator', ['g1', 'g2'])],
  ['token that may not read', { ...somebody('ann', 'member', ['g1']), kind: 'token', scopes: ['write'] }],
]

it.each(actors)('%s sees in a query exactly what the rule says of each row', async (_, actor) => {
  const condition = visibleTo(actor, {
    owner: 'thing.owner_id',
    groups: 'thing.groups',
    publicAt: 'thing.public_at',
  })
  const { rows } = await sql<{ id: number }>`select id from thing where ${condition} order by id`.execute(db)
  const expected = things.filter((thing) => maySee(actor, thing)).map((thing) => thing.id)
  expect(rows.map((row) => row.id)).toEqual(expected)
  // The rule, said once more and otherwise.
  for (const thing of things) {
    const isPublic = thing.publicAt !== null && thing.publicAt < new Date()
    const reads = actor.scopes.includes('read')
    const mine = reads && thing.owner !== null && thing.owner === actor.userId
    const ours = reads && thing.groups.some((group) => group === everyone || actor.groups.includes(group))
    const right = actor.role === 'administrator' || isPublic || mine || ours
    expect([thing.id, expected.includes(thing.id)]).toEqual([thing.id, right])
  }
})

it('what one may change is less: never because it is public or everybody’s', async () => {
  const ids = async (actor: Actor) => {
    const condition = changeableBy(actor, { owner: 'thing.owner_id', groups: 'thing.groups' })
    return (
      await sql<{ id: number }>`select id from thing where ${condition} order by id`.execute(db)
    ).rows.map((row) => row.id)
  }
  expect(await ids(anonymous(null))).toEqual([])
  expect(await ids(somebody('ann', 'viewer', ['g1']))).toEqual([])
  expect(await ids(somebody('bob', 'member', ['g2']))).toEqual(
    things.filter((thing) => thing.owner === 'bob' || thing.groups.includes('g2')).map((thing) => thing.id),
  )
  expect(await ids(localOperator)).toHaveLength(things.length)
})

it('no columns, no rights', async () => {
  const count = async (actor: Actor) =>
    (await sql<{ n: string }>`select count(*) as n from thing where ${visibleTo(actor, {})}`.execute(db))
      .rows[0].n
  expect(await count(somebody('ann', 'operator', ['g1']))).toBe('0')
  expect(await count(system)).toBe(String(things.length))
})

it('an event reaches whoever may see its row, and administrators', () => {
  const meets = (actor: Actor, audience: readonly string[]) =>
    audienceOf(actor).some((token) => audience.includes(token))
  for (const [name, actor] of actors) {
    for (const thing of things.filter((row) => row.publicAt === null)) {
      const expected = maySee(actor, thing)
      expect([name, thing.id, meets(actor, audienceFor(thing))]).toEqual([name, thing.id, expected])
    }
  }
  expect(meets(somebody('a', 'operator', []), audienceFor({ role: 'operator' }))).toBe(true)
  expect(meets(somebody('a', 'member', []), audienceFor({ role: 'operator' }))).toBe(false)
})

it('a role stands for itself and those below, and scopes follow roles', () => {
  for (const [rank, role] of roles.entries()) {
    const actor = somebody('a', role, [])
    for (const [wanted, name] of roles.entries()) {
      const ask = () => requireRole(actor, name)
      if (rank >= wanted) expect(ask).not.toThrow()
      else expect(ask).toThrow(/has to be/)
      const scope = () => requireScope(actor, scopes[wanted])
      if (rank >= wanted) expect(scope).not.toThrow()
      else expect(scope).toThrow(/scope/)
    }
  }
  expect(() => requireRole(anonymous(null), 'viewer')).toThrow(/not signed in/)
})
