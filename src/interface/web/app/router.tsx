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
import {
  candidatesSearch,
  catalogueSearch,
  curveSearch,
  eventSearch,
  frameSearch,
  framesSearch,
  inboxSearch,
  notificationsSearch,
  planSearch,
  plansSearch,
  taskSearch,
  tasksSearch,
  telescopesSearch,
  thingSearch,
} from './searches.ts'

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

const events = createRoute({
  getParentRoute: () => framed,
  path: '/events',
  validateSearch: eventSearch,
  loaderDeps: ({ search }) => search,
  // Asked for while the page's code is still on its way; the page itself shows what goes wrong.
  loader: ({ context, deps }) => void context.client.prefetchInfiniteQuery(eventsOptions({ ...deps })),
  component: lazyRouteComponent(() => import('#interface/web/events/events.tsx'), 'Events'),
})

const event = createRoute({
  getParentRoute: () => framed,
  path: '/events/$id',
  validateSearch: thingSearch,
  loader: ({ context, params }) => void context.client.prefetchQuery(eventOptions(params.id)),
  component: lazyRouteComponent(() => import('#interface/web/events/event.tsx'), 'EventPage'),
})

const plans = createRoute({
  getParentRoute: () => framed,
  path: '/plans',
  validateSearch: plansSearch,
  component: lazyRouteComponent(() => import('#interface/web/plans/plans.tsx'), 'Plans'),
})

const newPlan = createRoute({
  getParentRoute: () => framed,
  path: '/plans/new',
  validateSearch: (search): { event?: string; like?: string } =>
    without({ event: text(search['event']), like: text(search['like']) }),
  component: lazyRouteComponent(() => import('#interface/web/plans/new-plan.tsx'), 'NewPlan'),
})

const plan = createRoute({
  getParentRoute: () => framed,
  path: '/plans/$id',
  validateSearch: planSearch,
  component: lazyRouteComponent(() => import('#interface/web/plans/plan.tsx'), 'PlanPage'),
})

const frames = createRoute({
  getParentRoute: () => framed,
  path: '/frames',
  validateSearch: framesSearch,
  component: lazyRouteComponent(() => import('#interface/web/frames/frames.tsx'), 'Frames'),
})

const frame = createRoute({
  getParentRoute: () => framed,
  path: '/frames/$sha',
  validateSearch: frameSearch,
  component: lazyRouteComponent(() => import('#interface/web/frames/frame.tsx'), 'FramePage'),
})

const tasks = createRoute({
  getParentRoute: () => framed,
  path: '/tasks',
  validateSearch: tasksSearch,
  component: lazyRouteComponent(() => import('#interface/web/tasks/tasks.tsx'), 'Tasks'),
})

const task = createRoute({
  getParentRoute: () => framed,
  path: '/tasks/$id',
  validateSearch: taskSearch,
  component: lazyRouteComponent(() => import('#interface/web/tasks/task.tsx'), 'TaskPage'),
})

const candidates = createRoute({
  getParentRoute: () => framed,
  path: '/tasks/$id/candidates',
  validateSearch: candidatesSearch,
  component: lazyRouteComponent(() => import('#interface/web/tasks/candidates.tsx'), 'Candidates'),
})

const lightCurve = createRoute({
  getParentRoute: () => framed,
  path: '/light-curve',
  validateSearch: curveSearch,
  component: lazyRouteComponent(() => import('#interface/web/tasks/light-curve.tsx'), 'LightCurve'),
})

const telescopes = createRoute({
  getParentRoute: () => framed,
  path: '/telescopes',
  validateSearch: telescopesSearch,
  component: lazyRouteComponent(() => import('#interface/web/telescopes/telescopes.tsx'), 'Telescopes'),
})

const newTelescope = createRoute({
  getParentRoute: () => framed,
  path: '/telescopes/new',
  validateSearch: (search): { from?: string } => without({ from: text(search['from']) }),
  component: lazyRouteComponent(() => import('#interface/web/telescopes/new-telescope.tsx'), 'NewTelescope'),
})

const telescope = createRoute({
  getParentRoute: () => framed,
  path: '/telescopes/$slug',
  validateSearch: (search): { version?: number; edit?: boolean } =>
    without({ version: number(search['version']), edit: flag(search['edit']) }),
  component: lazyRouteComponent(() => import('#interface/web/telescopes/telescope.tsx'), 'TelescopePage'),
})

const catalogues = createRoute({
  getParentRoute: () => framed,
  path: '/catalogues',
  component: lazyRouteComponent(() => import('#interface/web/catalogues/catalogues.tsx'), 'Catalogues'),
})

const catalogue = createRoute({
  getParentRoute: () => framed,
  path: '/catalogues/$name',
  validateSearch: catalogueSearch,
  component: lazyRouteComponent(() => import('#interface/web/catalogues/catalogue.tsx'), 'CataloguePage'),
})

const inbox = createRoute({
  getParentRoute: () => framed,
  path: '/inbox',
  validateSearch: inboxSearch,
  component: lazyRouteComponent(() => import('#interface/web/notifications/inbox.tsx'), 'Inbox'),
})

const notifications = createRoute({
  getParentRoute: () => framed,
  path: '/notifications',
  validateSearch: notificationsSearch,
  component: lazyRouteComponent(
    () => import('#interface/web/notifications/notifications.tsx'),
    'Notifications',
  ),
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
  framed.addChildren([
    tonight,
    events,
    event,
    plans,
    newPlan,
    plan,
    frames,
    frame,
    tasks,
    task,
    candidates,
    lightCurve,
    telescopes,
    newTelescope,
    telescope,
    catalogues,
    catalogue,
    inbox,
    notifications,
    jobs,
    job,
    people,
    settings,
  ]),
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
