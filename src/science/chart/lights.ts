import { moonIllumination, moonPosition, sunPosition } from '#science/sky/sun-moon.ts'
import type { SkyChartData } from './sky-chart.ts'

/** Sun and Moon of a chart at an MJD (UTC), seen from the geocentre. */
export function sunAndMoon(mjdUtc: number): Required<Pick<SkyChartData, 'sun' | 'moon'>> {
  const sun = sunPosition(mjdUtc)
  const moon = moonPosition(mjdUtc)
  const { fraction, phaseDeg } = moonIllumination(mjdUtc)
  return {
    sun: { ra: sun.ra, dec: sun.dec },
    moon: { ra: moon.ra, dec: moon.dec, illumination: fraction, waxing: phaseDeg < 180 },
  }
}
