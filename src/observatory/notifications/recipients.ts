import type { Db } from '#platform/db/database.ts'
import type { Audience } from '#platform/events/event.ts'
import { scopesOf } from '#observatory/people/actor.ts'
import { listGroups } from '#observatory/people/group-store.ts'
import { listPeople, noEmail, type PersonRow } from '#observatory/people/person-store.ts'
import { audienceOf } from '#observatory/people/rights.ts'
import type { ChannelKind } from './channel.ts'
import { occurrences } from './occurrences.ts'
import { allPreferences, type PreferenceRow } from './preference-store.ts'
import { splitRecipient, type RuleWorld } from './rule-check.ts'
import { listShifts, type ShiftRow } from './shift-store.ts'

/** Everybody whom a rule can mean, read once. */
export interface Directory {
  people: ReadonlyMap<string, PersonRow>
  groups: RuleWorld['groups']
  preferences: ReadonlyMap<string, PreferenceRow>
  shifts: readonly ShiftRow[]
}

const most = 100_000

/** Without people whose account is closed. */
export async function readDirectory(db: Db): Promise<Directory> {
  const [people, groups, preferences, shifts] = await Promise.all([
    listPeople(db, { limit: most }),
    listGroups(db, { limit: most }),
    allPreferences(db),
    listShifts(db),
  ])
  return {
    people: new Map(people.filter((person) => person.disabled_at === null).map((each) => [each.id, each])),
    groups: new Map(
      groups.flatMap(({ id, name }) => [
        [id, { id, name }],
        [name.toLowerCase(), { id, name }],
      ]),
    ),
    preferences,
    shifts,
  }
}

/** People by id and by mail address in small letters, as rules name them. */
export function peopleByName(directory: Pick<Directory, 'people'>): RuleWorld['people'] {
  return new Map(
    [...directory.people.values()].flatMap(({ id, name, email }) => [
      [id, { id, name }],
      [email.toLowerCase(), { id, name }],
    ]),
  )
}

/** Ids of who is on shift at a moment; on shifts of that title alone where one is given. */
function onShift(shifts: readonly ShiftRow[], at: Date, title = ''): string[] {
  const after = new Date(at.getTime() + 1)
  const now = shifts.filter(
    (shift) =>
      (title === '' || shift.title.toLowerCase() === title.toLowerCase()) &&
      occurrences(shift, at, after, 1).length > 0,
  )
  return [...new Set(now.flatMap((shift) => shift.people))]
}

/**
 * Targets that recipients of a rule are on a channel of that kind: '' (the channel's own audience), `everyone` and
 * `group:<id>` for the inbox, `person:<id>`. People who may not see what it is about are left out.
 */
export function targetsOf(
  to: readonly string[],
  kind: Pick<ChannelKind, 'key' | 'addresses'>,
  directory: Directory,
  audience: Audience,
  at: Date,
): string[] {
  const inbox = kind.addresses === 'person'
  const targets = new Set<string>()
  const addPeople = (ids: Iterable<string>): void => {
    for (const id of ids) {
      const person = directory.people.get(id)
      if (person && maySee(person, audience)) targets.add(`person:${id}`)
    }
  }
  for (const recipient of to) {
    const [what, name] = splitRecipient(recipient)
    if (what === 'channel') {
      targets.add(inbox ? 'everyone' : '')
      continue
    }
    if (kind.addresses === undefined) continue
    if (what === 'everybody') {
      if (inbox) targets.add('everyone')
      else addPeople(directory.people.keys())
    } else if (what === 'shift') addPeople(onShift(directory.shifts, at, name))
    else if (what === 'person') {
      const person = peopleByName(directory).get(name) ?? peopleByName(directory).get(name.toLowerCase())
      if (person) addPeople([person.id])
    } else if (what === 'group') {
      const group = directory.groups.get(name) ?? directory.groups.get(name.toLowerCase())
      if (!group) continue
      if (inbox) targets.add(`group:${group.id}`)
      else
        addPeople(
          [...directory.people.values()]
            .filter((person) => person.groups.some(({ id }) => id === group.id))
            .map((person) => person.id),
        )
    }
  }
  return [...targets]
}

function maySee(person: PersonRow, audience: Audience): boolean {
  const tokens = audienceOf({
    kind: 'person',
    userId: person.id,
    name: person.name,
    role: person.role,
    groups: person.groups.map(({ id }) => id),
    scopes: scopesOf(person.role),
    from: null,
  })
  return audience.some((token) => tokens.includes(token))
}

/** The id in `person:<id>`; null for other targets. */
export function personOf(target: string): string | null {
  return target.startsWith('person:') ? target.slice(7) : null
}

/** Address of a person on a channel; null where there is none. */
export function addressOf(
  kind: Pick<ChannelKind, 'addresses'>,
  channelName: string,
  person: Pick<PersonRow, 'id' | 'email'>,
  preferences: Pick<PreferenceRow, 'addresses'> | undefined,
): string | null {
  const given = preferences?.addresses[channelName]
  if (kind.addresses === 'person') return person.id
  if (given) return given
  return kind.addresses === 'mail' && !person.email.endsWith(noEmail) ? person.email : null
}
