import type { Attachment, Bulletin, BulletinSource } from '#platform/bulletin.ts'
import type { EventRow as LogRow } from '#platform/events/event.ts'
import { publicOrigin } from '#platform/http/address.ts'
import type { Platform } from '#platform/platform.ts'
import { eventAsOf, type EventAsOf } from './as-of.ts'
import { angle, distanceText, figure, rate } from './changes.ts'
import type { EventDetail } from './event.ts'
import { audience } from './ingest.ts'
import { localizationById } from './localization-store.ts'
import type { EventKind } from './notice.ts'
import { noticesReceived } from './notice-store.ts'
import { localizationProduct } from './products.ts'
import { chartTitle } from './queries.ts'
import { configuredRules } from './rule-service.ts'
import { alertSchema, alertValues } from './values.ts'

type Needs = Pick<Platform, 'db' | 'storage' | 'compute' | 'config'>

/** What this room tells: that there is an event, each notice of it, a map that came later, its end. */
export function alertBulletins(platform: Needs): BulletinSource[] {
  let rules: string | undefined
  const defaultRules = () => (rules ??= configuredRules(platform)[0]!.name)

  async function tell(
    eventId: string,
    noticeId: string,
    cause: 'notice' | 'map',
    number?: number,
  ): Promise<Bulletin[]> {
    const found = await eventAsOf(platform.db, eventId, noticeId, defaultRules())
    // Of a map that came later the notice's own number counts.
    const told = found && cause === 'notice' && number !== undefined ? { ...found, number } : found
    if (!told || told.row.parsed?.makes !== 'event') return []
    if (cause === 'map') return [mapBulletin(platform, told)]
    if (told.row.type === 'retraction') {
      return told.event.status === 'retracted'
        ? [retractionBulletin(platform, told)]
        : [noticeBulletin(platform, told)]
    }
    return [startBulletin(platform, told), noticeBulletin(platform, told)]
  }

  return [
    {
      events: ['alerts.event_changed'],
      schema: alertSchema,
      kinds: {
        'alerts.event': 'There is an event: opens its thread, once',
        'alerts.notice': 'A notice about an event came and was scored',
        'alerts.map': 'The map that a notice names was fetched',
        'alerts.retraction': 'An event was withdrawn by its senders',
      },
      compose: async (row: LogRow) => {
        const { noticeId, cause, number } = row.data
        if (typeof noticeId !== 'string') return []
        return tell(
          row.subject.id,
          noticeId,
          cause === 'map' ? 'map' : 'notice',
          typeof number === 'number' ? number : undefined,
        )
      },
      async *past(since, until) {
        for await (const notice of noticesReceived(platform.db, since, until)) {
          for (const bulletin of await tell(notice.event_id!, notice.id, 'notice'))
            yield { ...bulletin, at: notice.received_at }
        }
      },
    },
  ]
}

/** How people file events of a kind: folder and heading. */
const filings: Record<EventKind, string> = {
  gw: 'GW',
  grb: 'GRB',
  xray: 'XRAY',
  gamma: 'GAMMA',
  neutrino: 'NEUTRINO',
  frb: 'FRB',
  optical: 'OPTICAL',
  unknown: 'OTHER',
}

/** The thread under which everything about an event is told, by this room and by those that build on it. */
export function threadOf(event: Pick<EventDetail, 'id' | 'name' | 'kind'>): Bulletin['thread'] {
  return { kind: 'event', id: event.id, name: event.name, group: filings[event.kind] }
}

/** Address of an event's page. */
export function eventUrl({ config }: Pick<Platform, 'config'>, id: string): string {
  return `${publicOrigin(config)}/events/${id}`
}

function common(platform: Needs, { event }: EventAsOf) {
  return {
    thread: threadOf(event),
    links: [
      { label: 'Event page', url: eventUrl(platform, event.id) },
      ...event.links.filter((l) => /^https?:/.test(l.url)).slice(0, 4),
    ],
    pictures: [],
    files: [],
    folders: [],
    actions: [],
    rehearsal: event.role === 'test' || event.role === 'mock',
    values: alertValues(event),
    audience,
  } satisfies Partial<Bulletin>
}

function startBulletin(platform: Needs, told: EventAsOf): Bulletin {
  return {
    ...common(platform, told),
    kind: 'alerts.event',
    role: 'start',
    headline: `🔔 New ${told.event.kind === 'unknown' ? '' : `${filings[told.event.kind]} `}alert: ${told.event.name}`,
    text: 'Not yet confirmed by a person.',
    facts: [],
  }
}

const typeSigns: Record<string, string> = {
  earlywarning: '🟠',
  preliminary: '🟡',
  initial: '🟢',
  update: '🔄',
  retraction: '❌',
}

function noticeBulletin(platform: Needs, told: EventAsOf): Bulletin {
  const { event, row, number } = told
  const sign = typeSigns[row.type ?? ''] ?? '🔹'
  const folder = `NOTICES/${String(number).padStart(2, '0')}_${(row.type ?? 'notice').toUpperCase()}`
  const reason = event.verdict?.reason ?? ''
  return {
    ...common(platform, told),
    kind: 'alerts.notice',
    role: 'news',
    headline: `${sign} ${event.name}: alert N°${number} – ${(row.type ?? 'notice').toUpperCase()}`,
    text: reason,
    facts: noticeFacts(told),
    pictures: picturesOf(platform, event),
    files: [noticeFile(platform, told, folder), ...mapFile(platform, event, folder)],
    folders: ['GWEMOPT', 'IMAGES', 'KNC_IMAGES', 'LOGBOOK', 'VOEVENTS'],
  }
}

function mapBulletin(platform: Needs, told: EventAsOf): Bulletin {
  const { event, number } = told
  const folder = `NOTICES/${String(number).padStart(2, '0')}_MAP`
  return {
    ...common(platform, told),
    kind: 'alerts.map',
    role: 'news',
    headline: `${event.name}: the map of alert N°${number} is here`,
    text: event.verdict?.reason ?? '',
    facts: [...placeFacts(event), ...verdictFacts(told)],
    pictures: picturesOf(platform, event),
    files: mapFile(platform, event, folder),
  }
}

function retractionBulletin(platform: Needs, told: EventAsOf): Bulletin {
  const { event, number } = told
  const folder = `NOTICES/${String(number).padStart(2, '0')}_RETRACTION`
  return {
    ...common(platform, told),
    kind: 'alerts.retraction',
    role: 'end',
    headline: `❌ ${event.name} is retracted`,
    text: 'Its senders withdrew it; plans for it are closed.',
    facts: [{ label: 'Alert', value: `N°${number}` }],
    files: [noticeFile(platform, told, folder)],
  }
}

function noticeFacts(told: EventAsOf): Bulletin['facts'] {
  const { event, row } = told
  const notice = event.notices.find((n) => n.id === row.id)
  const facts: { label: string; value: string }[] = []
  const add = (label: string, value: string | null | undefined | false): void => {
    if (value) facts.push({ label, value })
  }
  add('Mission', [event.mission, notice?.instrument].filter(Boolean).join(' '))
  if (event.eventTime) {
    const seconds = (row.received_at.getTime() - Date.parse(event.eventTime)) / 1000
    add('Event time', `${event.eventTime} (received ${after(seconds)})`)
  }
  const classes = Object.entries(event.classification).toSorted(([, a], [, b]) => b - a)
  if (event.kind === 'gw')
    add('Classes', classes.map(([name, p]) => `${name} ${percent(p)}`).join(', ') || 'none given')
  for (const name of ['HasNS', 'HasRemnant', 'HasMassGap', 'HasSSM'])
    if (event.properties[name] !== undefined) add(name, percent(event.properties[name]))
  add('Detectors', event.instruments.join(', '))
  if (event.farHz !== null) add('False-alarm rate', rate(event.farHz))
  if (event.externalCoincidence) add('Coincident with', event.externalCoincidence.observatory)
  facts.push(...placeFacts(event))
  facts.push(...verdictFacts(told))
  const changes = notice?.changes.map((c) => c.text) ?? []
  add('Changed', changes.slice(0, 8).join('; '))
  return facts
}

function placeFacts({ place }: EventDetail): { label: string; value: string }[] {
  const facts: { label: string; value: string }[] = []
  if (place.area90Deg2 !== null && place.area50Deg2 !== null) {
    facts.push({
      label: '90 % and 50 % area',
      value: `${figure(place.area90Deg2)} deg², ${figure(place.area50Deg2)} deg²`,
    })
  } else if (place.state === 'waiting') facts.push({ label: 'Map', value: 'not yet fetched' })
  if (place.ra !== null && place.dec !== null)
    facts.push({
      label: place.errorDeg === null ? 'Peak' : 'Position',
      value: `RA ${place.ra.toFixed(4)}°, Dec ${place.dec.toFixed(4)}°${place.errorDeg === null ? '' : ` ± ${angle(place.errorDeg)}`}`,
    })
  if (place.distanceMeanMpc !== null)
    facts.push({ label: 'Distance', value: distanceText(place.distanceMeanMpc, place.distanceStdMpc) })
  return facts
}

function verdictFacts({ event, decisionBefore }: EventAsOf): { label: string; value: string }[] {
  if (!event.verdict) return []
  const { decision, score, rules } = event.verdict
  const was = decisionBefore && decisionBefore !== decision ? ` (was ${decisionBefore})` : ''
  return [{ label: 'Decision', value: `${decision}${was}, score ${score} by rules "${rules}"` }]
}

function noticeFile(platform: Needs, { row }: EventAsOf, folder: string) {
  const xml = row.format?.includes('xml') || row.format === 'voevent'
  const extension = xml ? 'xml' : row.format?.includes('json') || row.format === 'circular' ? 'json' : 'txt'
  const name = `notice.${extension}`
  return {
    name,
    path: `${folder}/${name}`,
    mediaType: { xml: 'application/xml', json: 'application/json', txt: 'text/plain' }[extension]!,
    bytes: () => platform.storage.get(row.sha256),
  }
}

function mapFile(platform: Needs, event: EventDetail, folder: string) {
  const id = event.place.localizationId
  if (id === null || event.place.state !== 'ready') return []
  return [
    {
      name: 'map.multiorder.fits',
      path: `${folder}/map.multiorder.fits`,
      mediaType: 'application/fits',
      bytes: async () =>
        localizationProduct(platform, (await localizationById(platform.db, id))!, { product: 'fits' }),
    },
  ]
}

function picturesOf(platform: Needs, event: EventDetail): Attachment[] {
  const id = event.place.localizationId
  if (id === null || event.place.state !== 'ready') return []
  return [
    {
      name: `${event.name.replace(/[^\w.+-]+/g, '_')}.png`,
      mediaType: 'image/png',
      bytes: async () => {
        const row = (await localizationById(platform.db, id))!
        return localizationProduct(platform, row, {
          product: 'chart',
          format: 'png',
          view: 'both',
          theme: 'light',
          width: 1_200,
          at: event.eventTime,
          ...(await chartTitle(platform, row)),
        })
      },
    },
  ]
}

function percent(p: number): string {
  if (p > 0 && p < 1e-3) return '< 0.1 %'
  if (p < 1 && p > 0.999) return '> 99.9 %'
  return `${figure(Number((100 * p).toPrecision(3)))} %`
}

function after(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'at an unknown time'
  if (seconds < 0) return `${figure(Math.round(-seconds))} s before`
  if (seconds < 600) return `${Math.round(seconds)} s after`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min after`
  return seconds < 172_800
    ? `${figure(Math.round(seconds / 360) / 10)} h after`
    : `${Math.round(seconds / 86_400)} d after`
}
