import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense, useMemo } from 'react'
import { contoursOptions, levelOptions } from '#interface/web/api/queries.ts'
import { useSky } from '#interface/web/app/clock-bar.tsx'
import { Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { percent } from '#interface/web/pieces/format.ts'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import { regionsOf } from '#interface/web/pieces/regions.ts'
import { SkyMaps } from '#interface/web/pieces/sky-map.tsx'
import type { Field } from '#interface/web/pieces/sky-map.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { useEventOverlay } from '#interface/web/plans/event-plans.tsx'
import type { EventDetail } from '#observatory/alerts/event.ts'
import type { LocalizationSummary } from '#observatory/alerts/localization.ts'
import { fieldOf } from '#science/chart/sky-chart.ts'
import type { SkyChartData } from '#science/chart/sky-chart.ts'

const Survey = lazy(() => import('./survey.tsx').then((module) => ({ default: module.Survey })))
const route = getRouteApi('/framed/events/$id')

/** The sky of an event, whole and near, or why there is none. */
export function EventSky({
  event,
  localization,
}: {
  event: EventDetail
  localization: LocalizationSummary | undefined
}) {
  if (!localization) {
    const { ra, dec } = event.place
    if (ra !== null && dec !== null) {
      return (
        <>
          <p className="dim">A position is stated, but neither a map nor how well it is known.</p>
          <StatedSky event={event} ra={ra} dec={dec} />
        </>
      )
    }
    return (
      <div className="sky-waiting">
        <span className="dim">No notice of this event states where it is.</span>
      </div>
    )
  }
  if (localization.state !== 'ready') {
    return (
      <>
        <MapMissing localization={localization} />
        {event.place.ra !== null && event.place.dec !== null && (
          <StatedSky event={event} ra={event.place.ra} dec={event.place.dec} />
        )}
      </>
    )
  }
  const awaited = event.localizations.find(
    (one) => one.state !== 'ready' && one.noticeId === localization.noticeId,
  )
  return (
    <>
      {awaited && <MapMissing localization={awaited} />}
      <ReadySky event={event} localization={localization} />
    </>
  )
}

/** Why there is no map (yet). */
function MapMissing({ localization }: { localization: LocalizationSummary }) {
  if (localization.state === 'failed') {
    return (
      <div className="problem" role="alert" style={{ marginBottom: 14 }}>
        <b>The map could not be read</b>
        <span>{localization.problem?.message ?? 'No reason was kept.'}</span>
      </div>
    )
  }
  const from = localization.sourceUrl === null ? null : new URL(localization.sourceUrl).host
  return (
    <div className="banner" role="status" style={{ borderColor: 'var(--waiting)' }}>
      <State tone="waiting">map not yet fetched</State>
      <span className="dim">
        {from ? `A job fetches it from ${from}; it` : 'It'} appears here by itself.
        {localization.problem && ` Last try: ${localization.problem.message}`}
      </span>
    </div>
  )
}

/** The position that the notice states, with its error circle, while there is no map. */
function StatedSky({ event, ra, dec }: { event: EventDetail; ra: number; dec: number }) {
  const { errorDeg } = event.place
  const home = useMemo(
    (): Field => ({ ra, dec, fieldDeg: Math.min(150, Math.max(0.05, (errorDeg ?? 2) * 4)) }),
    [ra, dec, errorDeg],
  )
  const { field, setField } = useField(home)
  const lights = useLights(event)
  const data = useMemo(
    (): SkyChartData => ({
      marks: [{ ra, dec, label: 'stated', radiusDeg: errorDeg ?? undefined }],
      ...lights,
    }),
    [ra, dec, errorDeg, lights],
  )
  return <SkyMaps data={data} title={event.name} field={field} home={home} onField={setField} />
}

/** The field of the zoom, kept in the address. */
function useField(home: Field): { field: Field; setField: (field: Field) => void } {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  return {
    field: { ra: search.ra ?? home.ra, dec: search.dec ?? home.dec, fieldDeg: search.fov ?? home.fieldDeg },
    setField: (next) =>
      void navigate({
        search: (old) =>
          next === home
            ? { notice: old.notice, survey: old.survey }
            : { ...old, ra: round(next.ra), dec: round(next.dec), fov: next.fieldDeg },
        replace: true,
        resetScroll: false,
      }),
  }
}

/** Sun and Moon at the time of the event. */
function useLights(event: EventDetail): Pick<SkyChartData, 'sun' | 'moon'> {
  const code = useSky()
  const at = Math.floor(Date.parse(event.eventTime ?? event.firstNoticeAt) / 60_000) * 60_000
  return useMemo(() => (code ? code.sunAndMoon(at) : {}), [code, at])
}

function ReadySky({ event, localization }: { event: EventDetail; localization: LocalizationSummary }) {
  const contours = useQuery(contoursOptions(localization.id))
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const lights = useLights(event)
  const peakRa = localization.summary?.peak.ra ?? event.place.ra ?? 0
  const peakDec = localization.summary?.peak.dec ?? event.place.dec ?? 0
  const label = localization.kind === 'map' || localization.kind === 'combined' ? 'peak' : 'position'
  const regions = useMemo(() => regionsOf(contours.data), [contours.data])
  const planned = useEventOverlay(event.id)
  const area90 = localization.summary?.area90Deg2 ?? 300
  const home = useMemo((): Field => {
    const wide = regions.find((region) => Math.abs(region.level - 0.9) < 1e-6) ?? regions.at(-1)
    // Until the outlines are here, a field that would hold a round region of that area.
    const field = wide
      ? (planned?.framed(wide, { ra: peakRa, dec: peakDec }) ??
        fieldOf(wide.geometry, { ra: peakRa, dec: peakDec }))
      : { ra: peakRa, dec: peakDec, fieldDeg: Math.min(120, Math.max(0.02, Math.sqrt(area90) * 2.2)) }
    return { ra: field.ra, dec: field.dec, fieldDeg: Number(field.fieldDeg.toPrecision(3)) }
  }, [regions, peakRa, peakDec, area90, planned])
  const place = useMemo(() => placeOf(search.at), [search.at])
  // The stated circle stands in until its outlines are here.
  const radiusDeg =
    regions.length === 0 && localization.kind === 'circle' ? (event.place.errorDeg ?? undefined) : undefined
  const data = useMemo(
    (): SkyChartData => ({
      regions,
      marks: [{ ra: peakRa, dec: peakDec, label, radiusDeg }, ...(place ? [place] : [])],
      ...lights,
    }),
    [regions, peakRa, peakDec, label, radiusDeg, lights, place],
  )
  const { field, setField } = useField(home)
  const pick = (at: string | undefined) =>
    void navigate({ search: (old) => ({ ...old, at }), replace: true, resetScroll: false })
  return (
    <>
      {contours.isError && (
        <Problem
          error={contours.error}
          retry={() => void contours.refetch()}
          what="the outlines of the map"
        />
      )}
      <SkyMaps
        data={data}
        title={event.name}
        field={field}
        home={home}
        onField={setField}
        {...(planned && { overlay: planned.overlay, legend: planned.legend })}
        onPick={(ra, dec) => pick(`${ra.toFixed(5)},${dec.toFixed(5)}`)}
      />
      {place && <PickedPlace localization={localization} place={place} close={() => pick(undefined)} />}
      {search.survey ? (
        <Suspense fallback={<Skeleton height={420} />}>
          <Survey
            field={field}
            regions={regions}
            close={() =>
              void navigate({
                search: (old) => ({ ...old, survey: undefined }),
                replace: true,
                resetScroll: false,
              })
            }
          />
        </Suspense>
      ) : (
        <p style={{ margin: '-14px 0 18px' }}>
          <button
            type="button"
            className="link-button"
            onClick={() =>
              void navigate({
                search: (old) => ({ ...old, survey: true }),
                replace: true,
                resetScroll: false,
              })
            }
          >
            Show over survey images (Aladin Lite)
          </button>
          {contours.isPending && (
            <span className="dim" role="status">
              {' '}
              · outlines are being drawn…
            </span>
          )}
        </p>
      )}
    </>
  )
}

/** The place of `?at=ra,dec`; null for what is none. */
function placeOf(at: string | undefined): { ra: number; dec: number } | null {
  const [ra, dec] = (at ?? '').split(',').map(Number)
  return ra >= 0 && ra <= 360 && Math.abs(dec) <= 90 ? { ra, dec } : null
}

/** How likely a chosen place is. */
function PickedPlace(props: {
  localization: LocalizationSummary
  place: { ra: number; dec: number }
  close: () => void
}) {
  const { localization, place, close } = props
  const answer = useQuery(levelOptions(localization.id, place))
  return (
    <div className="banner" role="status" style={{ borderColor: 'var(--accent)', marginTop: -8 }}>
      <SkyCoord ra={place.ra} dec={place.dec} />
      {answer.isError && <span>{answer.error.message}</span>}
      {answer.data && (
        <span>
          on the edge of the {percent(answer.data.level)} region, which has{' '}
          <Value value={answer.data.searchedAreaDeg2} unit="deg²" />
          {answer.data.distance && (
            <>
              {'; '}
              <Value value={answer.data.distance.meanMpc} error={answer.data.distance.stdMpc} unit="Mpc" /> in
              this direction
            </>
          )}
        </span>
      )}
      <button type="button" className="link-button" onClick={close}>
        Clear
      </button>
    </div>
  )
}

function round(degrees: number): number {
  return Math.round(degrees * 1e4) / 1e4
}
