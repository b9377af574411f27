import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Position } from 'geojson'
import { usePreferences } from '#interface/web/app/preferences.tsx'
import { mountSvg, useWidth } from '#interface/web/pieces/chart.tsx'
import { Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { allSky } from '#science/chart/projection.ts'
import { skyChart } from '#science/chart/sky-chart.ts'
import { element } from '#science/chart/svg.ts'
import { boundaryOf } from '#science/sky/healpix.ts'
import { mocFromFits } from '#science/sky/moc-fits.ts'
import { cells, degrade, type Moc } from '#science/sky/moc.ts'
import { vectorOfDirection } from '#science/sky/regions.ts'
import type { Catalogue } from '#observatory/references/catalogue.ts'
import { coverageOptions } from './queries.ts'

/** Finest cells that are drawn: 3.7° wide, a few pixels. */
const drawnOrder = 4

/** Where a catalogue has rows, over the whole sky. */
export function CoverageMap({ catalogue }: { catalogue: Catalogue }) {
  const { name, version } = catalogue
  const bytes = useQuery(coverageOptions(name, version))
  const { coordinates } = usePreferences()
  const [box, width] = useWidth(640)
  const tree = useMemo(() => {
    if (!bytes.data) return null
    const view = allSky({ width })
    const chart = skyChart(
      {},
      {
        view,
        raLabels: coordinates === 'degrees' ? 'degrees' : 'hours',
        title: `${name}: where it has rows`,
      },
    )
    const covered = view.path({ type: 'MultiPolygon', coordinates: cellRings(mocFromFits(bytes.data)) })
    const shape = covered
      ? [element('path', { d: covered, fill: 'var(--chart-region)', 'fill-opacity': 0.45 })]
      : []
    return mountSvg({ ...chart, children: [...chart.children, ...shape] })
  }, [bytes.data, width, coordinates, name])
  if (bytes.isError) return <Problem error={bytes.error} what="the coverage" />
  return (
    <div className="chart" ref={box}>
      {tree ?? <Skeleton height={320} />}
    </div>
  )
}

/** Cells as rings whose interior lies to the right, as the projection wants them. */
function cellRings(moc: Moc): Position[][][] {
  return cells(degrade(moc, drawnOrder)).flatMap(({ order, ipix }) =>
    Array.from(ipix, (pixel): Position[][] => {
      const ring = boundaryOf(order, Number(pixel), 2 ** (drawnOrder - order))
      const right = interiorRight(ring) ? ring : ring.toReversed()
      return [[...right, right[0]!]]
    }),
  )
}

function interiorRight(ring: readonly (readonly [number, number])[]): boolean {
  const corners = ring.map(([ra, dec]) => vectorOfDirection(ra, dec))
  let turn = 0
  corners.forEach((a, i) => {
    const b = corners[(i + 1) % corners.length]!
    const c = corners[Math.floor(corners.length / 2 + i) % corners.length]!
    // Triple product: positive where the ring goes round counter-clockwise, seen from outside.
    turn +=
      a[0] * (b[1] * c[2] - b[2] * c[1]) +
      a[1] * (b[2] * c[0] - b[0] * c[2]) +
      a[2] * (b[0] * c[1] - b[1] * c[0])
  })
  return turn < 0
}
