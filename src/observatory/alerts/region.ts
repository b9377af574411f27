import { polygonAreaSr } from '#science/sky/vectors.ts'
import { deg2PerSr } from '#science/skymap/map.ts'
import type { Region } from './formats/format.ts'
import type { LocalizationKind, MapSummary } from './localization.ts'

/**
 * Numbers of an error region without making its map: thousands of circles a night cost nothing. The distribution is
 * the one that the map of the same region has, to a few parts in a thousand: Gaussian, on the sphere von Mises–Fisher,
 * such that the stated radius holds the stated probability.
 */

const rad = Math.PI / 180

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
  const areas = areasOf(region, containment)
  return {
    area50Deg2: areas.area(0.5),
    area90Deg2: areas.area(0.9),
    peak: { ra: region.ra, dec: region.dec },
    peakDensityPerSr: areas.peak,
    distance: null,
    cells: 0,
    orders: { min: 0, max: 0 },
    grandma: {
      area50Deg2: areas.area(0.5),
      area90Deg2: areas.area(0.9),
      distanceMeanMpc: null,
      distanceStdMpc: 1,
    },
  }
}

function areasOf(region: Region, containment: number): { area: (level: number) => number; peak: number } {
  if (region.shape === 'polygon') {
    const whole = polygonAreaSr(region.vertices)
    return { area: (level) => level * whole * deg2PerSr, peak: 1 / whole }
  }
  const axes =
    region.shape === 'circle' ? [region.radiusDeg, region.radiusDeg] : [region.majorDeg, region.minorDeg]
  const [a, b] = axes.map((deg) => (deg === 0 ? unknownRadiusDeg : Math.max(deg, finestRadiusDeg)))
  // Of an ellipse the circle of the same area; exact in the plane, and ellipses are small.
  const half = (deg: number): number => Math.sin((Math.min(deg, 180) * rad) / 2)
  const kappa = -Math.log1p(-containment) / (2 * half(a) * half(b))
  const whole = -Math.expm1(-2 * kappa)
  return {
    area: (level) => 2 * Math.PI * (-Math.log1p(-level * whole) / kappa) * deg2PerSr,
    peak: kappa / (2 * Math.PI * whole),
  }
}
