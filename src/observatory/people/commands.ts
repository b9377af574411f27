import { z } from 'zod'
import { Problem } from '#problem.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator, roles, scopes } from './actor.ts'
import { passwordLink, setupLink } from './entry-service.ts'
import { Email, PersonName, RoleName, ScopeName } from './person.ts'
import { listPeople } from './person-store.ts'
import { changePerson, createPerson, getPerson } from './service.ts'
import { shownPerson, shownToken } from './shown.ts'
import { createToken, revokeToken } from './token-service.ts'
import { listTokens } from './token-store.ts'

/** The local operator: whoever may start programs on the home folder. What is done this way is in the audit log too. */

/** Lists on the command line are whole; the page and the API come in pages. */
const all = 100_000

function parse<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Problem('command.usage', `${what}: ${parsed.error.issues[0].message}.`)
}

function argument({ args }: Invocation, at: number, what: string): string {
  const value = args[at]
  if (value !== undefined) return value
  throw new Problem('command.usage', `Say ${what}; see --help.`)
}

const list: Command = {
  words: ['people', 'list'],
  usage: '',
  summary: 'Everybody who has an account',
  examples: ['urania people list', 'urania people list --json'],
  async run({ platform, document, out }) {
    const { db } = await platform()
    const people = (await listPeople(db, { limit: all })).map((row) => shownPerson(localOperator, row))
    document({ items: people, next: null }, () => {
      const rows = people.map((person) => [
        person.id,
        person.name,
        person.email,
        person.role,
        person.groups.map((group) => group.name).join(', '),
        person.disabledAt ? `disabled ${person.disabledAt.slice(0, 10)}` : person.signsInBy.join(', '),
      ])
      for (const line of table(['id', 'name', 'e-mail', 'role', 'groups', 'signs in by'], rows)) out(line)
    })
  },
}

const add: Command = {
  words: ['people', 'add'],
  usage: 'E-MAIL NAME',
  summary: 'Make an account and print the one-time link by which the person sets a password',
  examples: ['urania people add ada@example.org "Ada Lovelace" --role operator'],
  options: {
    role: { type: 'string', default: 'viewer', doc: `One of ${roles.join(', ')} (default: viewer)` },
  },
  async run(invocation) {
    const email = parse(Email, argument(invocation, 0, 'the e-mail address'), 'e-mail')
    const name = parse(PersonName, invocation.args.slice(1).join(' '), 'name')
    const role = parse(RoleName, invocation.flags['role'], 'role')
    const platform = await invocation.platform()
    const person = await createPerson(platform, localOperator, { name, email, role, groups: [] })
    const link = await passwordLink(platform, localOperator, person)
    invocation.document({ person: shownPerson(localOperator, person), link }, () => {
      invocation.out(`${person.name} is ${person.role}. To set a password, once, until ${link.expiresAt}:`)
      invocation.out(link.url)
    })
  },
}

const role: Command = {
  words: ['people', 'role'],
  usage: 'PERSON ROLE',
  summary: 'Give a person another role; PERSON is an e-mail address or id',
  examples: ['urania people role ada@example.org administrator'],
  async run(invocation) {
    const platform = await invocation.platform()
    const before = await getPerson(platform.db, argument(invocation, 0, 'whose role'))
    const wanted = parse(RoleName, argument(invocation, 1, `which role: ${roles.join(', ')}`), 'role')
    const person = await changePerson(platform, localOperator, before.id, { role: wanted })
    invocation.document(shownPerson(localOperator, person), () => {
      invocation.out(`${person.name} was ${before.role} and is ${person.role}.`)
    })
  },
}

const disable: Command = {
  words: ['people', 'disable'],
  usage: 'PERSON',
  summary: 'Disable an account: sessions, tokens and links end at once',
  examples: ['urania people disable ada@example.org'],
  run: (invocation) => setDisabled(invocation, true),
}

const enable: Command = {
  words: ['people', 'enable'],
  usage: 'PERSON',
  summary: 'Enable a disabled account',
  examples: ['urania people enable ada@example.org'],
  run: (invocation) => setDisabled(invocation, false),
}

async function setDisabled(invocation: Invocation, disabled: boolean): Promise<void> {
  const platform = await invocation.platform()
  const before = await getPerson(platform.db, argument(invocation, 0, 'whose account'))
  const person = await changePerson(platform, localOperator, before.id, { disabled })
  invocation.document(shownPerson(localOperator, person), () => {
    invocation.out(`The account of ${person.name} is ${disabled ? 'disabled' : 'enabled'}.`)
  })
}

const link: Command = {
  words: ['people', 'link'],
  usage: '[PERSON]',
  summary:
    'Print a one-time link: to set a person’s password, or before anybody has an account to make the first administrator',
  examples: ['urania people link', 'urania people link ada@example.org'],
  async run(invocation) {
    const platform = await invocation.platform()
    const setup = await setupLink(platform)
    if (setup !== null) {
      invocation.document({ url: setup }, () => invocation.out(setup))
      return
    }
    const person = await getPerson(platform.db, argument(invocation, 0, 'for whom the link is'))
    const made = await passwordLink(platform, localOperator, person)
    invocation.document(made, () => invocation.out(made.url))
  },
}

const createTokenCommand: Command = {
  words: ['tokens', 'create'],
  usage: 'NAME --person PERSON',
  summary: 'Make a token for a person and print it, once',
  examples: ['urania tokens create "night script" --person ada@example.org --scopes read,write --days 365'],
  options: {
    person: { type: 'string', doc: 'E-mail address or id of the person whose token it is' },
    scopes: { type: 'string', default: 'read', doc: `Some of ${scopes.join(',')} (default: read)` },
    days: { type: 'string', default: '90', doc: 'Until it expires (default: 90)' },
  },
  async run(invocation) {
    const { flags } = invocation
    const name = argument(invocation, 0, 'what the token is for')
    const wanted = parse(z.array(ScopeName).min(1), String(flags['scopes']).split(','), 'scopes')
    const days = parse(z.coerce.number().int().min(1).max(730), flags['days'], 'days')
    if (typeof flags['person'] !== 'string') {
      throw new Problem('command.usage', 'Say whose token it is with --person E-MAIL.')
    }
    const platform = await invocation.platform()
    const person = await getPerson(platform.db, flags['person'])
    const made = await createToken(platform, localOperator, { name, scopes: wanted, days }, person.id)
    invocation.document(made, () => {
      invocation.note(`Token of ${person.name} until ${made.expiresAt}; it is not shown again:`)
      invocation.out(made.token)
    })
  },
}

const listTokensCommand: Command = {
  words: ['tokens', 'list'],
  usage: '[PERSON]',
  summary: 'Tokens of a person, or of everybody',
  examples: ['urania tokens list', 'urania tokens list ada@example.org'],
  async run({ args, platform, document, out }) {
    const { db } = await platform()
    const personId = args[0] === undefined ? null : (await getPerson(db, args[0])).id
    const tokens = (await listTokens(db, { personId, limit: all })).map(shownToken)
    document({ items: tokens, next: null }, () => {
      const rows = tokens.map((token) => [
        token.id,
        token.name,
        `${token.hint}…`,
        token.personId,
        token.scopes.join(','),
        token.revokedAt ? 'revoked' : token.expiresAt.slice(0, 10),
        token.lastUsedAt ?? 'never',
      ])
      for (const line of table(['id', 'name', 'begins', 'person', 'scopes', 'until', 'last used'], rows)) {
        out(line)
      }
    })
  },
}

const revoke: Command = {
  words: ['tokens', 'revoke'],
  usage: 'ID',
  summary: 'Revoke a token',
  examples: ['urania tokens revoke 3kTz0bQeUv1W'],
  async run(invocation) {
    const id = argument(invocation, 0, 'the id of the token, as "urania tokens list" shows it')
    await revokeToken(await invocation.platform(), localOperator, id)
    invocation.document({ id, revoked: true }, () => invocation.out(`The token ${id} works no more.`))
  },
}

export const commands: readonly Command[] = [
  list,
  add,
  role,
  disable,
  enable,
  link,
  createTokenCommand,
  listTokensCommand,
  revoke,
]
