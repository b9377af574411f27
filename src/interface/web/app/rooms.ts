import type { Role } from '#observatory/people/actor.ts'

export interface Room {
  name: string
  to:
    | '/'
    | '/events'
    | '/plans'
    | '/frames'
    | '/tasks'
    | '/telescopes'
    | '/catalogues'
    | '/inbox'
    | '/notifications'
    | '/jobs'
    | '/people'
    | '/settings'
  /** Least role that sees it in the rail. */
  role?: Role
  key: string
}

/** The rail, from top to bottom; `key` follows `g`. */
export const rooms: readonly Room[] = [
  { name: 'Tonight', to: '/', key: 't' },
  { name: 'Events', to: '/events', key: 'e' },
  { name: 'Plans', to: '/plans', key: 'l' },
  { name: 'Frames', to: '/frames', key: 'f' },
  { name: 'Tasks', to: '/tasks', key: 'a' },
  { name: 'Telescopes', to: '/telescopes', key: 's' },
  { name: 'Catalogues', to: '/catalogues', key: 'c' },
  { name: 'Inbox', to: '/inbox', key: 'i' },
  { name: 'Notifications', to: '/notifications', key: 'n' },
  { name: 'Jobs', to: '/jobs', key: 'j' },
  { name: 'People', to: '/people', role: 'administrator', key: 'p' },
]

const ladder: readonly Role[] = ['viewer', 'member', 'operator', 'administrator']

/** Whether a role reaches another. */
export function reaches(role: Role | null, needed: Role | undefined): boolean {
  return needed === undefined || (role !== null && ladder.indexOf(role) >= ladder.indexOf(needed))
}
