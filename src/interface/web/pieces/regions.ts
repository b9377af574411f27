import type { FeatureCollection } from 'geojson'
import type { SkyRegion } from '#science/chart/sky-chart.ts'

/** Regions of a GeoJSON answer; a feature says its level as `level`. */
export function regionsOf(collection: FeatureCollection | undefined): SkyRegion[] {
  return (collection?.features ?? []).flatMap((feature) => {
    const level: unknown = feature.properties?.['level']
    const { geometry } = feature
    return typeof level === 'number' && (geometry.type === 'Polygon' || geometry.type === 'MultiPolygon')
      ? [{ level, geometry }]
      : []
  })
}
