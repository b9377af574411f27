import { writeSkyMap } from '#science/skymap/write.ts'
import { circleMap } from '#science/skymap/make.ts'

/** Alerts as the LVK send them, about a place that is up at midnight everywhere, whatever the date. */

/** Opposite the Sun to a degree or two, near the equator: right ascension, degrees. */
function midnightRa(now: Date): number {
  const days = (now.getTime() - Date.UTC(2000, 2, 20, 7, 35)) / 86_400_000
  return ((((days / 365.2422) * 360 + 180) % 360) + 360) % 360
}

export interface AlertOptions {
  id: string
  type: 'PRELIMINARY' | 'INITIAL' | 'UPDATE'
  significant?: boolean
  /** 90 % radius of the map, degrees. */
  radiusDeg?: number
  now?: Date
}

/** Bytes of an alert with a round map. */
export function alert({
  id,
  type,
  significant = true,
  radiusDeg = 3,
  now = new Date(),
}: AlertOptions): string {
  const map = writeSkyMap(circleMap(midnightRa(now), -5, radiusDeg, 0.9))
  return JSON.stringify({
    alert_type: type,
    time_created: now.toISOString().replace(/\.\d+Z$/, 'Z'),
    superevent_id: id,
    urls: { gracedb: `https://gracedb.ligo.org/superevents/${id}/view/` },
    event: {
      significant,
      time: new Date(now.getTime() - 60_000).toISOString(),
      far: significant ? 1e-10 : 1e-5,
      instruments: ['H1', 'L1', 'V1'],
      group: 'CBC',
      pipeline: 'gstlal',
      search: 'AllSky',
      properties: { HasNS: 1, HasRemnant: 0.9, HasMassGap: 0 },
      classification: { BNS: 0.95, NSBH: 0.03, BBH: 0, Terrestrial: 0.02 },
      duration: null,
      central_frequency: null,
      skymap: Buffer.from(map).toString('base64'),
    },
    external_coinc: null,
  })
}

export function retraction(id: string, now = new Date()): string {
  return JSON.stringify({
    alert_type: 'RETRACTION',
    time_created: now.toISOString().replace(/\.\d+Z$/, 'Z'),
    superevent_id: id,
    urls: { gracedb: `https://gracedb.ligo.org/superevents/${id}/view/` },
    event: null,
    external_coinc: null,
  })
}
