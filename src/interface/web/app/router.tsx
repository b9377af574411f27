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

export interface PlansSearch {
  tab?: 'rules'
  /** State, or `open` for all that people may still act upon. */
  state?: string
  event?: string
  telescope?: string
  test?: boolean
  /** Of the tab of rules: the one that is open, `new` for one to be written. */
  rule?: string
}

const plans = createRoute({
  getParentRoute: () => framed,
  path: '/plans',
  validateSearch: (search): PlansSearch =>
    without({
      tab: choice(search['tab'], ['rules']),
      state: text(search['state']),
      event: text(search['event']),
      telescope: text(search['telescope']),
      test: flag(search['test']),
      rule: text(search['rule']),
    }),
  component: lazyRouteComponent(() => import('#interface/web/plans/plans.tsx'), 'Plans'),
})

const newPlan = createRoute({
  getParentRoute: () => framed,
  path: '/plans/new',
  validateSearch: (search): { event?: string; like?: string } =>
    without({ event: text(search['event']), like: text(search['like']) }),
  component: lazyRouteComponent(() => import('#interface/web/plans/new-plan.tsx'), 'NewPlan'),
})

export interface PlanSearch {
  ra?: number
  dec?: number
  fov?: number
  /** Chosen field, `telescope/field`. */
  field?: string
  /** Only this telescope in table and charts. */
  telescope?: string
  /** Id of a version that is compared with. */
  with?: string
}

const plan = createRoute({
  getParentRoute: () => framed,
  path: '/plans/$id',
  validateSearch: (search): PlanSearch =>
    without({
      ra: number(search['ra']),
      dec: number(search['dec']),
      fov: number(search['fov']),
      field: text(search['field']),
      telescope: text(search['telescope']),
      with: text(search['with']),
    }),
  component: lazyRouteComponent(() => import('#interface/web/plans/plan.tsx'), 'PlanPage'),
})

export interface FramesSearch {
  q?: string
  /** Coordinates in any form; with `radius` (deg) frames that touch the circle, without it those that contain it. */
  at?: string
  radius?: number
  kind?: string
  filter?: string
  instrument?: string
  from?: string
  to?: string
  mine?: boolean
  view?: 'pictures'
  map?: boolean
  /** What is open above the list. */
  open?: 'add' | 'failures'
}

const frames = createRoute({
  getParentRoute: () => framed,
  path: '/frames',
  validateSearch: (search): FramesSearch =>
    without({
      q: text(search['q']),
      at: text(search['at']),
      radius: number(search['radius']),
      kind: text(search['kind']),
      filter: text(search['filter']),
      instrument: text(search['instrument']),
      from: text(search['from']),
      to: text(search['to']),
      mine: flag(search['mine']),
      view: choice(search['view'], ['pictures']),
      map: flag(search['map']),
      open: choice(search['open'], ['add', 'failures']),
    }),
  component: lazyRouteComponent(() => import('#interface/web/frames/frames.tsx'), 'Frames'),
})

/** What the viewer shows. */
export interface FrameSearch {
  hdu?: number
  slice?: number
  x?: number
  y?: number
  zoom?: number
  /** Radians; `m` behind it: mirrored. */
  turn?: string
  stretch?: string
  /** As the API writes it: `0.5,99.5`, `zscale`, `range`, `v:100,2500`. */
  interval?: string
  cmap?: string
  invert?: boolean
  smooth?: number
  grid?: boolean
}

const frame = createRoute({
  getParentRoute: () => framed,
  path: '/frames/$sha',
  validateSearch: (search): FrameSearch =>
    without({
      hdu: number(search['hdu']),
      slice: number(search['slice']),
      x: number(search['x']),
      y: number(search['y']),
      zoom: number(search['zoom']),
      turn: text(search['turn']),
      stretch: text(search['stretch']),
      interval: text(search['interval']),
      cmap: text(search['cmap']),
      invert: flag(search['invert']),
      smooth: number(search['smooth']),
      grid: flag(search['grid']),
    }),
  component: lazyRouteComponent(() => import('#interface/web/frames/frame.tsx'), 'FramePage'),
})

export interface TelescopesSearch {
  q?: string
  origin?: string
  doubts?: boolean
  sort?: string
}

export interface TasksSearch {
  q?: string
  state?: string
  own?: boolean
  /** Coordinates in any form, and deg around them. */
  position?: string
  radius?: number
  /** What is open above the list. */
  open?: 'new' | 'presets' | 'map'
  /** SHA-256 of frames that new tasks are to be made of, commas between. */
  frames?: string
}

const tasks = createRoute({
  getParentRoute: () => framed,
  path: '/tasks',
  validateSearch: (search): TasksSearch =>
    without({
      q: text(search['q']),
      state: text(search['state']),
      own: flag(search['own']),
      position: text(search['position']),
      radius: number(search['radius']),
      open: choice(search['open'], ['new', 'presets', 'map']),
      frames: text(search['frames']),
    }),
  component: lazyRouteComponent(() => import('#interface/web/tasks/tasks.tsx'), 'Tasks'),
})

export interface TaskSearch {
  /** The step whose panel is open. */
  step?: 'stack' | 'inspect' | 'photometry' | 'transients' | 'subtraction'
  /** What is open beside the steps. */
  open?: 'mask' | 'template-mask' | 'prepare' | 'config'
}

const task = createRoute({
  getParentRoute: () => framed,
  path: '/tasks/$id',
  validateSearch: (search): TaskSearch =>
    without({
      step: choice(search['step'], ['stack', 'inspect', 'photometry', 'transients', 'subtraction']),
      open: choice(search['open'], ['mask', 'template-mask', 'prepare', 'config']),
    }),
  component: lazyRouteComponent(() => import('#interface/web/tasks/task.tsx'), 'TaskPage'),
})

export interface CandidatesSearch {
  /** Those of the comparison with catalogues, though there is a difference. */
  of?: 'transients'
  /** The chosen one, by its name. */
  at?: string
}

const candidates = createRoute({
  getParentRoute: () => framed,
  path: '/tasks/$id/candidates',
  validateSearch: (search): CandidatesSearch =>
    without({ of: choice(search['of'], ['transients']), at: text(search['at']) }),
  component: lazyRouteComponent(() => import('#interface/web/tasks/candidates.tsx'), 'Candidates'),
})

export interface CurveSearch {
  ra?: number
  dec?: number
  /** arcsec */
  radius?: number
  /** Coordinates in any form, instead of ra and dec. */
  position?: string
  what?: 'objects' | 'targets'
  q?: string
  /** What it is called. */
  name?: string
}

const lightCurve = createRoute({
  getParentRoute: () => framed,
  path: '/light-curve',
  validateSearch: (search): CurveSearch =>
    without({
      ra: number(search['ra']),
      dec: number(search['dec']),
      radius: number(search['radius']),
      position: text(search['position']),
      what: choice(search['what'], ['objects', 'targets']),
      q: text(search['q']),
      name: text(search['name']),
    }),
  component: lazyRouteComponent(() => import('#interface/web/tasks/light-curve.tsx'), 'LightCurve'),
})

const telescopes = createRoute({
  getParentRoute: () => framed,
  path: '/telescopes',
  validateSearch: (search): TelescopesSearch =>
    without({
      q: text(search['q']),
      origin: choice(search['origin'], ['own', 'shipped']),
      doubts: flag(search['doubts']),
      sort: choice(search['sort'], ['area', 'name', 'latitude']),
    }),
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

export interface CatalogueSearch {
  /** `ra,dec,radius`, degrees. */
  cone?: string
  where?: string
  order?: string
}

const catalogue = createRoute({
  getParentRoute: () => framed,
  path: '/catalogues/$name',
  validateSearch: (search): CatalogueSearch =>
    without({ cone: text(search['cone']), where: text(search['where']), order: text(search['order']) }),
  component: lazyRouteComponent(() => import('#interface/web/catalogues/catalogue.tsx'), 'CataloguePage'),
})

export interface InboxSearch {
  for?: 'me' | 'groups' | 'everybody'
  unread?: boolean
  /** The open thread, kind:id. */
  thread?: string
}

const inbox = createRoute({
  getParentRoute: () => framed,
  path: '/inbox',
  validateSearch: (search): InboxSearch =>
    without({
      for: choice(search['for'], ['me', 'groups', 'everybody']),
      unread: flag(search['unread']),
      thread: text(search['thread']),
    }),
  component: lazyRouteComponent(() => import('#interface/web/notifications/inbox.tsx'), 'Inbox'),
})

export interface NotificationsSearch {
  tab?: 'rules' | 'channels' | 'shifts' | 'deliveries' | 'mine'
  /** What is open to be changed, by its name or id; `new`: one to be made. */
  rule?: string
  shift?: string
  /** Of the tab of channels the open one, of deliveries the chosen one. */
  channel?: string
  state?: string
  /** Thread of the deliveries, kind:id. */
  subject?: string
}

const notifications = createRoute({
  getParentRoute: () => framed,
  path: '/notifications',
  validateSearch: (search): NotificationsSearch =>
    without({
      tab: choice(search['tab'], ['rules', 'channels', 'shifts', 'deliveries', 'mine']),
      rule: text(search['rule']),
      shift: text(search['shift']),
      channel: text(search['channel']),
      state: text(search['state']),
      subject: text(search['subject']),
    }),
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
