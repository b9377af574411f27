import { choice, flag, number, text, without } from './search.ts'

/** What the addresses of pages say, and how it is read: what makes no sense is left out. */

type Said = Record<string, unknown>

export interface EventSearch {
  q?: string
  kind?: string
  state?: string
  decision?: string
  test?: boolean
  since?: string
  until?: string
}

export const eventSearch = (search: Said): EventSearch =>
  without({
    q: text(search['q']),
    kind: text(search['kind']),
    state: choice(search['state'], ['active', 'retracted']),
    decision: choice(search['decision'], ['GO', 'LOOK', 'WAIT', 'NO', 'RETRACTED']),
    test: flag(search['test']),
    since: text(search['since']),
    until: text(search['until']),
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

export const thingSearch = (search: Said): ThingSearch =>
  without({
    notice: text(search['notice']),
    ra: number(search['ra']),
    dec: number(search['dec']),
    fov: number(search['fov']),
    at: text(search['at']),
    survey: flag(search['survey']),
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

export const plansSearch = (search: Said): PlansSearch =>
  without({
    tab: choice(search['tab'], ['rules']),
    state: text(search['state']),
    event: text(search['event']),
    telescope: text(search['telescope']),
    test: flag(search['test']),
    rule: text(search['rule']),
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

export const planSearch = (search: Said): PlanSearch =>
  without({
    ra: number(search['ra']),
    dec: number(search['dec']),
    fov: number(search['fov']),
    field: text(search['field']),
    telescope: text(search['telescope']),
    with: text(search['with']),
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

export const framesSearch = (search: Said): FramesSearch =>
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
  /** Which of the planes that lie over each other is seen. */
  plane?: number
  /** Overlays that were hidden by hand, and those that were not though they begin hidden; commas between. */
  hide?: string
  show?: string
  /** Catalogues over it, and SHA-256 of frames that blink with it; commas between. */
  over?: string
  with?: string
  outlines?: boolean
}

export const frameSearch = (search: Said): FrameSearch =>
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
    plane: number(search['plane']),
    hide: text(search['hide']),
    show: text(search['show']),
    over: text(search['over']),
    with: text(search['with']),
    outlines: flag(search['outlines']),
  })

export interface TelescopesSearch {
  q?: string
  origin?: string
  doubts?: boolean
  sort?: string
}

export const telescopesSearch = (search: Said): TelescopesSearch =>
  without({
    q: text(search['q']),
    origin: choice(search['origin'], ['own', 'shipped']),
    doubts: flag(search['doubts']),
    sort: choice(search['sort'], ['area', 'name', 'latitude']),
  })

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

export const tasksSearch = (search: Said): TasksSearch =>
  without({
    q: text(search['q']),
    state: text(search['state']),
    own: flag(search['own']),
    position: text(search['position']),
    radius: number(search['radius']),
    open: choice(search['open'], ['new', 'presets', 'map']),
    frames: text(search['frames']),
  })

export interface TaskSearch {
  /** The step whose panel is open. */
  step?: 'stack' | 'inspect' | 'photometry' | 'transients' | 'subtraction'
  /** What is open beside the steps. */
  open?: 'mask' | 'template-mask' | 'prepare' | 'config'
}

export const taskSearch = (search: Said): TaskSearch =>
  without({
    step: choice(search['step'], ['stack', 'inspect', 'photometry', 'transients', 'subtraction']),
    open: choice(search['open'], ['mask', 'template-mask', 'prepare', 'config']),
  })

export const candidateOrders = ['sn', 'fwhm', 'ra'] as const

export interface CandidatesSearch {
  /** Default: the brightest first. */
  sort?: (typeof candidateOrders)[number]
  sign?: 'rising' | 'fading'
  /** Least |S/N|. */
  sn?: number
  /** Only those without flags. */
  clean?: boolean
  /** Those of the comparison with catalogues, though there is a difference. */
  of?: 'transients'
  /** The chosen one, by its name. */
  at?: string
}

export const candidatesSearch = (search: Said): CandidatesSearch =>
  without({
    of: choice(search['of'], ['transients']),
    at: text(search['at']),
    sort: choice(search['sort'], candidateOrders),
    sign: choice(search['sign'], ['rising', 'fading']),
    sn: number(search['sn']),
    clean: flag(search['clean']),
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

export const curveSearch = (search: Said): CurveSearch =>
  without({
    ra: number(search['ra']),
    dec: number(search['dec']),
    radius: number(search['radius']),
    position: text(search['position']),
    what: choice(search['what'], ['objects', 'targets']),
    q: text(search['q']),
    name: text(search['name']),
  })

export interface CatalogueSearch {
  /** `ra,dec,radius`, degrees. */
  cone?: string
  where?: string
  order?: string
}

export const catalogueSearch = (search: Said): CatalogueSearch =>
  without({ cone: text(search['cone']), where: text(search['where']), order: text(search['order']) })

export interface InboxSearch {
  for?: 'me' | 'groups' | 'everybody'
  unread?: boolean
  /** The open thread, kind:id. */
  thread?: string
}

export const inboxSearch = (search: Said): InboxSearch =>
  without({
    for: choice(search['for'], ['me', 'groups', 'everybody']),
    unread: flag(search['unread']),
    thread: text(search['thread']),
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

export const notificationsSearch = (search: Said): NotificationsSearch =>
  without({
    tab: choice(search['tab'], ['rules', 'channels', 'shifts', 'deliveries', 'mine']),
    rule: text(search['rule']),
    shift: text(search['shift']),
    channel: text(search['channel']),
    state: text(search['state']),
    subject: text(search['subject']),
  })
