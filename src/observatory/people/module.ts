import type { Room } from '#platform/room.ts'
import { commands } from './commands.ts'
import { peopleRoutes } from './routes.ts'
import { githubSection, oidcSection, orcidSection, peopleSection } from './sections.ts'

/** People: accounts, groups, rights, tokens, and the log of who did what. */
export const room: Room = {
  name: 'people',
  sections: [peopleSection, githubSection, orcidSection, oidcSection],
  routes: peopleRoutes,
  commands: [...commands],
}
