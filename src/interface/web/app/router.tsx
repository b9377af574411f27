import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { ApiProblem } from '#interface/web/api/client.ts'
import { eventOptions, eventsOptions, jobsOptions, meOptions } from '#interface/web/api/queries.ts'
import { Frame } from './frame.tsx'
import { NotFound, PageFailed } from './fallbacks.tsx'
import { choice, flag, number, text, without } from './search.ts'

/** The address is the state: every filter, zoom and tab of a page is one of these. */

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): { next?: string } => without({ next: text(search['next']) }),
  component: lazyRouteComponent(() => import('#interface/web/account/sign-in.tsx'), 'SignIn'),
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: (search): { token?: string } => without({ token: text(search['token']) }),
  component: lazyRouteComponent(() => import('#interface/web/account/setup.tsx'), 'Setup'),
})

const join = createRoute({
  getParentRoute: () => root,
  path: '/join',
  validateSearch: (search): { token?: string } => without({ token: text(search['token']) }),
  component: lazyRouteComponent(() => import('#interface/web/account/join.tsx'), 'JoinPage'),
})

/** Everything inside the frame needs to know who looks; who is not known is shown the door. */
const framed = createRoute({
  getParentRoute: () => root,
  id: 'framed',
  component: Frame,
  errorComponent: PageFailed,
  pendingMs: 300,
  beforeLoad: async ({ context, location }) => {
    try {
      const me = await context.client.ensureQueryData(meOptions)
      if (me.kind === 'anonymous') throw redirect({ to: '/sign-in', search: { next: location.href } })
      return { me }
    } catch (error) {
      if (error instanceof ApiProblem && error.code === 'access.setup_needed')
        throw redirect({ to: '/setup' })
      if (error instanceof ApiProblem && error.status === 401)
        throw redirect({ to: '/sign-in', search: { next: location.href } })
      throw error
    }
  },
})

const tonight = createRoute({
  getParentRoute: () => framed,
  path: '/',
  component: lazyRouteComponent(() => import('#interface/web/tonight/tonight.tsx'), 'Tonight'),
})

export interface EventSearch {
  q?: string
  kind?: string
  state?: string
  decision?: string
  test?: boolean
  since?: string
  until?: string
}

const events = createRoute({
  getParentRoute: () => framed,
  path: '/events',
  validateSearch: (search): EventSearch =>
    without({
      q: text(search['q']),
      kind: text(search['kind']),
      state: choice(search['state'], ['active', 'retracted']),
      decision: choice(search['decision'], ['GO', 'LOOK', 'WAIT', 'NO', 'RETRACTED']),
      test: flag(search['test']),
      since: text(search['since']),
      until: text(search['until']),
    }),
  loaderDeps: ({ search }) => search,
  // Asked for while the page's code is still on its way; the page itself shows what goes wrong.
  loader: ({ context, deps }) => void context.client.prefetchInfiniteQuery(eventsOptions({ ...deps })),
  component: lazyRouteComponent(() => import('#interface/web/events/events.tsx'), 'Events'),
})

export interface ThingSearch {
  notice?: string
  ra?: number
  dec?: number
  fov?: number
  /** A chosen place, `ra,dec` in degrees. */
  at?: string
  survey?: boolean
}

const event = createRoute({
  getParentRoute: () => framed,
  path: '/events/$id',
  validateSearch: (search): ThingSearch =>
    without({
      notice: text(search['notice']),
      ra: number(search['ra']),
      dec: number(search['dec']),
      fov: number(search['fov']),
      at: text(search['at']),
      survey: flag(search['survey']),
    }),
  loader: ({ context, params }) => void context.client.prefetchQuery(eventOptions(params.id)),
  component: lazyRouteComponent(() => import('#interface/web/events/event.tsx'), 'EventPage'),
})

const jobs = createRoute({
  getParentRoute: () => framed,
  path: '/jobs',
  validateSearch: (search): { state?: string; kind?: string } =>
    without({ state: text(search['state']), kind: text(search['kind']) }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => {
    if (deps.state !== 'dead') void context.client.prefetchInfiniteQuery(jobsOptions({ ...deps }))
  },
  component: lazyRouteComponent(() => import('#interface/web/jobs/jobs.tsx'), 'Jobs'),
})

const job = createRoute({
  getParentRoute: () => framed,
  path: '/jobs/$id',
  component: lazyRouteComponent(() => import('#interface/web/jobs/job.tsx'), 'JobPage'),
})

const people = createRoute({
  getParentRoute: () => framed,
  path: '/people',
  validateSearch: (search): { tab?: 'people' | 'groups' | 'audit' } =>
    without({ tab: choice(search['tab'], ['people', 'groups', 'audit']) }),
  component: lazyRouteComponent(() => import('#interface/web/people/people.tsx'), 'People'),
})

const settings = createRoute({
  getParentRoute: () => framed,
  path: '/settings',
  component: lazyRouteComponent(() => import('#interface/web/account/settings.tsx'), 'Settings'),
})

const tree = root.addChildren([
  signIn,
  setup,
  join,
  framed.addChildren([tonight, events, event, jobs, job, people, settings]),
])

export function createPageRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: 'intent',
    defaultErrorComponent: PageFailed,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPageRouter>
  }
}
