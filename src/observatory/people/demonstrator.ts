import type { Platform } from '#platform/platform.ts'
import { system } from './actor.ts'
import { audit } from './audit.ts'
import { findPersonNamed, lockAdministrators, noEmail } from './person-store.ts'
import type { PersonRow } from './person-store.ts'
import { addPerson, getPerson } from './service.ts'

const email = `demonstrator@demonstration${noEmail}`

/** The person as whom visitors of a demonstration are signed in; made when absent. Has no password. */
export async function demonstrator({ db }: Pick<Platform, 'db'>): Promise<PersonRow> {
  const known = await findPersonNamed(db, email)
  if (known) return known
  return db.transaction().execute(async (tx) => {
    await lockAdministrators(tx)
    const meanwhile = await findPersonNamed(tx, email)
    if (meanwhile) return meanwhile
    const id = await addPerson(tx, {
      name: 'Demonstrator',
      email,
      role: 'administrator',
      groups: [],
      emailVerified: false,
      passwordHash: null,
    })
    await audit(tx, system, 'people.person_made', { kind: 'person', id }, null, { name: 'Demonstrator' })
    return getPerson(tx, id)
  })
}
