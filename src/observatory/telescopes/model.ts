import type { Axis, Slew, TelescopeModel } from '#science/planning/model.ts'
import { unknownRate } from './doubts.ts'
import type { Telescope } from './telescope.ts'

/** A telescope as planning sees it. A rate of 0 means that nobody knows it; a satellite has neither horizon nor night. */
export function modelOf(telescope: Telescope): TelescopeModel {
  const { slug, site, limits, footprint, ground } = telescope
  const { readoutS, readoutBlocksSlew, overheadS, filterChangeS } = telescope
  return {
    slug,
    observer: { longitude: site.longitude, latitude: site.latitude, elevationM: site.elevationM },
    limits: ground ? limits : { ...limits, sunAltitudeMaxDeg: 90, altitudeMinDeg: -90 },
    footprint,
    slew: slewFor(telescope.slew),
    readoutS,
    readoutBlocksSlew,
    overheadS,
    filterChangeS,
  }
}

function slewFor(slew: Slew): Slew {
  if (slew.mount === 'direct') return { ...slew, axis: known(slew.axis) }
  if (slew.mount === 'equatorial')
    return { ...slew, hourAngle: known(slew.hourAngle), declination: known(slew.declination) }
  return { ...slew, azimuth: known(slew.azimuth), altitude: known(slew.altitude) }
}

function known(axis: Axis): Axis {
  return axis.rateDegPerS > 0 ? axis : { ...axis, rateDegPerS: unknownRate }
}
