import { polygonAreaSr } from '#science/sky/vectors.ts'
import { gaussianRegion, uniformRegion, type AnalyticRegion } from '#science/skymap/analytic.ts'
import type { Region } from './formats/format.ts'
import type { LocalizationKind, MapSummary } from './localization.ts'

/**
 * Numbers of an error region without making its map: thousands of circles a night cost nothing. The distribution is
 * the one that the map of the same region has, to a few parts in a thousand: Gaussian, on the sphere von Mises–Fisher,
 * such that the stated radius holds the stated probability.
 */

/** An error of zero means that nobody knows it; it is drawn this small. */
export const unknownRadiusDeg = 0.001
/** Finer than this no map is drawn. */
const finestRadiusDeg = 2e-5

export function kindOfRegion(region: Region): LocalizationKind {
  if (region.shape === 'circle') return region.radiusDeg === 0 ? 'point' : 'circle'
  return region.shape
}

/** Summary of the map of a region that holds `containment` of the probability. */
export function summaryOfRegion(region: Region, containment: number): MapSummary {
  const { areaDeg2, peakDensityPerSr } = distributionOf(region, containment)
  return {
    area50Deg2: areaDeg2(0.5),
    area90Deg2: areaDeg2(0.9),
    peak: { ra: region.ra, dec: region.dec },
    peakDensityPerSr,
    distance: null,
    cells: 0,
    orders: { min: 0, max: 0 },
    grandma: {
      area50Deg2: areaDeg2(0.5),
      area90Deg2: areaDeg2(0.9),
      distanceMeanMpc: null,
      distanceStdMpc: 1,
    },
  }
}

function distributionOf(region: Region, containment: number): AnalyticRegion {
  if (region.shape === 'polygon') return uniformRegion(polygonAreaSr(region.vertices))
  const axes =
    region.shape === 'circle' ? [region.radiusDeg, region.radiusDeg] : [region.majorDeg, region.minorDeg]
  const [a, b] = axes.map((deg) => (deg === 0 ? unknownRadiusDeg : Math.max(deg, finestRadiusDeg)))
  return gaussianRegion(a, b, containment)
}
