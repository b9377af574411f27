import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect } from 'react'
import { eventOptions, meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { percent, radius, waitingTime } from '#interface/web/pieces/format.ts'
import { Facts, Section, ShareBars } from '#interface/web/pieces/facts.tsx'
import { AcknowledgeEvent, EventTold } from '#interface/web/notifications/told.tsx'
import { Loading, Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { SameFrom } from '#interface/web/pieces/same-from.tsx'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import { EventPlans } from '#interface/web/plans/event-plans.tsx'
import type { EventDetail } from '#observatory/alerts/event.ts'
import type { LocalizationSummary } from '#observatory/alerts/localization.ts'
import type { NoticeDetail } from '#observatory/alerts/notice.ts'
import { EventActs } from './acts.tsx'
import { AssessmentSection } from './assessment.tsx'
import { Downloads } from './downloads.tsx'
import './events.css'
import { EventHistory } from './history.tsx'
import { NoticeTimeline } from './notices.tsx'
import { EventSky } from './sky.tsx'
import { kindWords, typeWords } from './kinds.ts'
import { RoleTag, threeNumbers, Verdict } from './words.tsx'

const route = getRouteApi('/framed/events/$id')

/** One event: what happened, what it means, what can be done, how sure we are. */
export function EventPage() {
  const { id } = route.useParams()
  const query = useQuery(eventOptions(id))
  const event = query.data
  useEffect(() => {
    document.title = `${event?.name ?? 'Event'} · Urania`
  }, [event?.name])
  if (query.isError && !event)
    return <Problem error={query.error} retry={() => void query.refetch()} what={`event ${id}`} />
  if (!event) return <EventShape />
  return <EventBody event={event} />
}

function EventShape() {
  return (
    <>
      <div className="stack" style={{ marginBottom: 20 }}>
        <Skeleton width={220} height={26} />
        <Skeleton width={380} height={46} />
      </div>
      <div className="sky-maps">
        <Skeleton height={360} />
        <Skeleton height={360} />
      </div>
      <Loading lines={8} />
    </>
  )
}

function EventBody({ event }: { event: EventDetail }) {
  const { notice: wanted } = route.useSearch()
  const me = useQuery(meOptions).data
  const notice = event.notices.find((one) => one.id === wanted) ?? lastTelling(event)
  const localization =
    (wanted ? event.localizations.find((one) => one.id === notice?.localizationId) : undefined) ??
    event.localizations.find((one) => one.preferred) ??
    event.localizations.at(-1)
  // A name reads better than an id, and finds the same event.
  const path = `/events/${encodeURIComponent(/^[\w+-]+$/.test(event.name) ? event.name : event.id)}`
  return (
    <article aria-label={event.name}>
      <Banners event={event} />
      <Head event={event} role={me?.role ?? null} />
      <EventSky event={event} localization={localization} />
      <div className="event-body">
        <div>
          <AssessmentSection event={event} />
          <EventPlans eventId={event.id} may={reaches(me?.role ?? null, 'member')} />
          <NoticeTimeline event={event} shown={notice?.id} />
          <Downloads event={event} notice={notice} localization={localization} />
          <SameFrom
            path={path}
            also={
              localization?.state === 'ready'
                ? [
                    {
                      label: 'its sky map',
                      path: `/localizations/${localization.id}/map.fits`,
                      file: `${fileName(event.name)}.fits`,
                    },
                    {
                      label: 'credible level of a place',
                      path: `/localizations/${localization.id}/level?ra=${(event.place.ra ?? 0).toFixed(4)}&dec=${(event.place.dec ?? 0).toFixed(4)}`,
                    },
                  ]
                : []
            }
          />
        </div>
        <div>
          {Object.keys(event.classification).length > 0 && (
            <Section title="What it is" aside="probability">
              <ShareBars shares={event.classification} format={percent} />
            </Section>
          )}
          {Object.keys(event.properties).length > 0 && (
            <Section title="If astrophysical" aside="probability">
              <ShareBars shares={event.properties} format={percent} />
            </Section>
          )}
          <EventFacts event={event} notice={notice} localization={localization} />
          <EventTold id={event.id} />
          <EventHistory id={event.id} />
        </div>
      </div>
    </article>
  )
}

/** The last notice that says something about the event itself. */
function lastTelling(event: EventDetail): NoticeDetail | undefined {
  return (
    event.notices.findLast(
      (one) => one.type !== 'retraction' && one.type !== 'circular' && one.type !== 'followup',
    ) ?? event.notices.at(-1)
  )
}

function fileName(name: string): string {
  return name.replaceAll(/[^\w.+-]+/g, '_')
}

function Banners({ event }: { event: EventDetail }) {
  const retraction = event.notices.findLast((notice) => notice.type === 'retraction')
  return (
    <>
      {event.status === 'retracted' && (
        <div className="banner retracted" role="status">
          <b>✕ Retracted</b>
          <span>
            Its senders withdrew it
            {retraction && (
              <>
                {' '}
                · <Time at={retraction.createdAt ?? retraction.receivedAt} />
              </>
            )}
            . What follows is what was known before.
          </span>
        </div>
      )}
      {event.role !== 'observation' && (
        <div className="banner" role="status">
          <b>
            ▲ {event.role === 'simulated' ? 'Simulated' : event.role === 'mock' ? 'Mock event' : 'Test event'}
          </b>
          <span>
            {event.role === 'simulated'
              ? 'Made by this program; nothing of it happened in the sky.'
              : 'Not the real sky; never announced.'}
            {event.expiresAt && !event.kept && (
              <>
                {' '}
                It and its bytes are removed <Time at={event.expiresAt} show="ago" /> unless kept.
              </>
            )}
          </span>
        </div>
      )}
    </>
  )
}

function Head({ event, role }: { event: EventDetail; role: Parameters<typeof EventActs>[0]['role'] }) {
  const others = event.aliasList.filter((alias) => alias.name !== event.name)
  return (
    <header className="event-head">
      <div>
        <div className="event-name">
          <h1>{event.name}</h1>
          <RoleTag event={event} />
          {event.status === 'retracted' && <span className="tag failed">retracted</span>}
          <span className="dim">
            {kindWords[event.kind]}
            {event.mission ? `, ${event.mission}` : ''}, {typeWords[event.latestType]}
          </span>
        </div>
        <div className="row dim">
          {event.eventTime ? (
            <Time at={event.eventTime} decimals={event.kind === 'gw' ? 3 : 1} />
          ) : (
            <span>time not stated</span>
          )}
          {others.length > 0 && (
            <span>
              also{' '}
              {others.slice(0, 6).map((alias, i) => (
                <span key={alias.name} title={`from ${alias.source}`}>
                  {i > 0 && ', '}
                  {alias.name}
                </span>
              ))}
              {others.length > 6 && ` and ${others.length - 6} more`}
            </span>
          )}
        </div>
      </div>
      <EventActs event={event} role={role}>
        <AcknowledgeEvent id={event.id} />
      </EventActs>
      <dl className="three">
        {threeNumbers(event).map((one) => (
          <div key={one.label}>
            <dt>{one.label}</dt>
            <dd>{one.value}</dd>
          </div>
        ))}
        <div>
          <dt>Decision</dt>
          <dd>
            <Verdict event={event} score />
          </dd>
        </div>
      </dl>
    </header>
  )
}

function EventFacts(props: {
  event: EventDetail
  notice: NoticeDetail | undefined
  localization: LocalizationSummary | undefined
}) {
  const { event, notice, localization } = props
  const summary = localization?.summary ?? null
  const source = (method: string) => ({
    method,
    inputs: localization ? `localization ${localization.id}` : undefined,
    version: localization?.mapSha256 ? `map ${localization.mapSha256.slice(0, 12)}…` : undefined,
  })
  const linear = 'Linear interpolation of the cumulative probability over cells sorted by density.'
  return (
    <Section
      title="Facts"
      aside={notice ? `from the ${notice.type ? typeWords[notice.type] : ''} notice` : undefined}
    >
      <Facts
        facts={[
          ['Event time', event.eventTime && <Time at={event.eventTime} decimals={3} show="utc" />],
          ['Instruments', event.instruments.join(', ')],
          ['Search', notice && [notice.group, notice.pipeline, notice.search].filter(Boolean).join(', ')],
          ['Significant', event.significant === null ? null : event.significant ? 'yes' : 'no'],
          [
            'False alarms',
            event.farHz !== null && event.farHz > 0 && (
              <span>
                {waitingTime(event.farHz)} <span className="dim">{event.farHz.toExponential(2)} Hz</span>
              </span>
            ),
          ],
          ['Peak', summary && <SkyCoord ra={summary.peak.ra} dec={summary.peak.dec} />],
          [
            'Position',
            !summary && event.place.ra !== null && event.place.dec !== null && (
              <SkyCoord ra={event.place.ra} dec={event.place.dec} />
            ),
          ],
          [
            'Stated error',
            typeof notice?.position?.errorDeg === 'number' && (
              <span>
                {radius(notice.position.errorDeg)}{' '}
                <span className="dim">
                  {notice.position.containment === null
                    ? 'containment not stated'
                    : `${percent(notice.position.containment)} containment`}
                  {notice.position.systematicIncluded ? ', systematic included' : ''}
                </span>
              </span>
            ),
          ],
          ['50 % area', summary && <Value value={summary.area50Deg2} unit="deg²" source={source(linear)} />],
          ['90 % area', summary && <Value value={summary.area90Deg2} unit="deg²" source={source(linear)} />],
          [
            'Distance',
            summary?.distance && (
              <Value
                value={summary.distance.meanMpc}
                error={summary.distance.stdMpc}
                unit="Mpc"
                source={source(
                  'Mean and standard deviation of the marginal luminosity distance over the whole sky.',
                )}
              />
            ),
          ],
          [
            'Map',
            localization && (
              <span>
                {localization.kind}
                {summary && summary.cells > 0 && (
                  <span className="dim">
                    {' '}
                    · {summary.cells} cells, orders {summary.orders.min}–{summary.orders.max}
                  </span>
                )}
                {localization.note && <span className="dim"> · {localization.note}</span>}
              </span>
            ),
          ],
          [
            'Duration',
            typeof notice?.durationSeconds === 'number' && <Value value={notice.durationSeconds} unit="s" />,
          ],
          [
            'Central frequency',
            typeof notice?.centralFrequencyHz === 'number' && (
              <Value value={notice.centralFrequencyHz} unit="Hz" />
            ),
          ],
          [
            'Coincident with',
            event.externalCoincidence && (
              <span>
                {event.externalCoincidence.observatory} {event.externalCoincidence.triggerId}
                {event.externalCoincidence.timeDifferenceSeconds !== null && (
                  <span className="dim"> · {event.externalCoincidence.timeDifferenceSeconds} s apart</span>
                )}
                {event.externalCoincidence.timeSkyCoincidenceFarHz !== null && (
                  <span className="dim">
                    {' '}
                    · {waitingTime(event.externalCoincidence.timeSkyCoincidenceFarHz)} by chance
                  </span>
                )}
              </span>
            ),
          ],
          ...(notice?.details ?? []).map(
            (detail) =>
              [
                detail.name,
                <span key={detail.name}>
                  {typeof detail.value === 'number' ? (
                    <Value value={detail.value} unit={detail.unit} digits={4} />
                  ) : (
                    String(detail.value)
                  )}
                </span>,
              ] as const,
          ),
          [
            'Links',
            event.links.length > 0 && (
              <span className="row">
                {event.links.map((link) => (
                  <a key={link.url} href={link.url} target="_blank" rel="noreferrer">
                    {link.label}
                  </a>
                ))}
              </span>
            ),
          ],
        ]}
      />
    </Section>
  )
}
