import { horizonAt, icrsToAltAzBulk } from '#science/sky/altaz.ts'
import { race, timed, type Subject } from './harness.ts'
import { openPython } from './python.ts'
import { directions, withFiles } from './samples.ts'

const count = 100_000
const mjd = 60_000.25
const site = { name: 'Cerro Pachón', longitudeDeg: -70.7367, latitudeDeg: -30.2407, heightM: 2700 }

export const subject: Subject = {
  name: 'altaz',
  title: '10⁵ ICRS directions to altitude and azimuth, no refraction',
  async run(report) {
    const { lon, lat } = directions(count)
    await withFiles({ ra: lon, dec: lat }, async (path) => {
      const python = await openPython(report, 'altaz', ['astropy'], {
        ra: path('ra'),
        dec: path('dec'),
        mjd,
        longitude: site.longitudeDeg,
        latitude: site.latitudeDeg,
        height: site.heightM,
      })
      await race(report, {
        what: subject.title,
        contestants: [
          {
            tool: 'Urania',
            once: () =>
              timed(() => {
                const { alt } = icrsToAltAzBulk(horizonAt(mjd, site), lon, lat)
                return alt.reduce((sum, value) => sum + value, 0)
              }),
          },
          ...(python ? [python.contestant('altaz')] : []),
        ],
      })
      python?.close()
    })
  },
}
