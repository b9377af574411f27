import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { contoursOptions } from '#interface/web/api/queries.ts'
import { useSky } from '#interface/web/app/clock-bar.tsx'
import { percent } from '#interface/web/pieces/format.ts'
import { Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { regionsOf } from '#interface/web/pieces/regions.ts'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { LegendLine, SkyMaps } from '#interface/web/pieces/sky-map.tsx'
import type { Field } from '#interface/web/pieces/sky-map.tsx'
import type { PlanDocument, PlannedField } from '#observatory/plans/document.ts'
import { fieldsOf } from '#observatory/plans/document.ts'
import { fieldShapes } from '#observatory/plans/pictures.ts'
import type { PlanDetail } from '#observatory/plans/plan.ts'
import { seriesStyle } from '#science/chart/axes.ts'
import { cssPalette } from '#science/chart/palette.ts'
import { planFieldNodes } from '#science/chart/plan-chart.ts'
import { planField } from '#science/chart/plan-field.ts'
import type { SkyProjection } from '#science/chart/projection.ts'
import type { SkyChartData } from '#science/chart/sky-chart.ts'
import { footprintRadiusDeg } from '#science/planning/footprint.ts'
import { separation } from '#science/sky/vectors.ts'

const route = getRouteApi('/framed/plans/$id')

/** The sky of a plan: the localization with the fields in their order; a click chooses a field. */
export function PlanSky({ plan, document }: { plan: PlanDetail; document: PlanDocument | undefined }) {
  const contours = useQuery(contoursOptions(plan.localizationId))
  const search = route.useSearch()
  const { setField, choose } = useChoice()
  const sky = useSky()
  const regions = useMemo(() => regionsOf(contours.data), [contours.data])
  const fields = useMemo(() => (document ? fieldsOf(document) : []), [document])
  const shapes = useMemo(() => (document ? fieldShapes(document) : []), [document])
  const start = Date.parse(plan.start)
  const data = useMemo((): SkyChartData => ({ regions, ...sky?.sunAndMoon(start) }), [regions, sky, start])
  const home = useMemo((): Field => {
    const wide = regions.find((region) => Math.abs(region.level - 0.9) < 1e-6) ?? regions.at(-1)
    const around = planField(wide?.geometry, shapes)
    return { ...around, fieldDeg: Number(around.fieldDeg.toPrecision(3)) }
  }, [regions, shapes])
  const field = {
    ra: search.ra ?? home.ra,
    dec: search.dec ?? home.dec,
    fieldDeg: search.fov ?? home.fieldDeg,
  }
  const chosen = useMemo(() => fields.find(({ key }) => key === search.field), [fields, search.field])
  const overlay = useCallback(
    (view: SkyProjection) => planFieldNodes(shapes, view, chosen ? { chosen: new Set([chosen.order]) } : {}),
    [shapes, chosen],
  )
  if (contours.isPending)
    return (
      <div className="sky-maps">
        <Skeleton height={360} />
        <Skeleton height={360} />
      </div>
    )
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
        title={plan.title}
        field={field}
        home={home}
        onField={(next) => setField(next === home ? null : next)}
        onPick={(ra, dec) => choose(nearest(fields, ra, dec)?.key)}
        overlay={overlay}
        legend={document?.telescopes.map((telescope, n) => {
          const { colour, dash } = seriesStyle(n, cssPalette)
          return (
            <span key={telescope.slug}>
              <LegendLine colour={colour} {...(dash === undefined ? {} : { dash })} /> {telescope.name}
            </span>
          )
        })}
      />
      {chosen && <ChosenField field={chosen} close={() => choose(undefined)} />}
    </>
  )
}

/** Zoom and chosen field, kept in the address. */
export function useChoice() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  return {
    chosen: search.field,
    telescope: search.telescope,
    choose: (field: string | undefined) =>
      void navigate({ search: (old) => ({ ...old, field }), replace: true, resetScroll: false }),
    setField: (next: Field | null) =>
      void navigate({
        search: (old) => ({
          ...old,
          ra: next ? round(next.ra) : undefined,
          dec: next ? round(next.dec) : undefined,
          fov: next?.fieldDeg,
        }),
        replace: true,
        resetScroll: false,
      }),
  }
}

function round(degrees: number): number {
  return Math.round(degrees * 1e4) / 1e4
}

/** The field whose centre is nearest among those that may see a place. */
function nearest(fields: readonly PlannedField[], ra: number, dec: number): PlannedField | undefined {
  let best: { field: PlannedField; distance: number } | undefined
  for (const field of fields) {
    const distance = separation(ra, dec, field.field.ra, field.field.dec)
    if (distance <= footprintRadiusDeg(field.footprint, field.field) && !(best && best.distance <= distance))
      best = { field, distance }
  }
  return best?.field
}

function ChosenField({ field, close }: { field: PlannedField; close: () => void }) {
  const first = field.exposures[0]
  return (
    <div className="banner" role="status" style={{ borderColor: 'var(--accent)', marginTop: -8 }}>
      <b style={{ color: 'var(--text)' }}>
        {field.order}. {field.telescope.name} {field.field.id}
      </b>
      <SkyCoord ra={field.field.ra} dec={field.field.dec} />
      <span>
        {percent(field.probability)}
        {field.telescope.strategy === 'galaxies' && ' of the galaxies’ weight'} in it,{' '}
        {field.exposures.length} {field.exposures.length === 1 ? 'exposure' : 'exposures'}
        {first && <> from {first.start.slice(11, 19)} UTC</>}
      </span>
      <button type="button" className="link-button" onClick={close}>
        Clear
      </button>
    </div>
  )
}
