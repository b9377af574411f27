import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mapFile } from '#science/simulate/cells.ts'
import { localize } from '#science/simulate/network.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { dataFile } from '#test/data.ts'

/** Inputs that both sides of a benchmark read. */

/** Directions in degrees, uniform on the sphere, same for the same seed. */
export function directions(count: number, seed = 1): { lon: Float64Array; lat: Float64Array } {
  const random = seededRandom(seed)
  const lon = new Float64Array(count)
  const lat = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    lon[i] = 360 * random.uniform()
    lat[i] = (Math.asin(2 * random.uniform() - 1) * 180) / Math.PI
  }
  return { lon, lat }
}

/** A multi-order map of 19,200 rows: BAYESTAR's of the LVK user guide, else a simulated one. */
export function sampleMap(): { bytes: Uint8Array; from: string } {
  const shared = dataFile('gw', 'lvk-userguide', 'bayestar.multiorder.fits')
  if (shared) return { bytes: readFileSync(shared), from: 'BAYESTAR map of the LVK user guide' }
  const { rows, distMean, distStd } = localize(
    { direction: [0.6, -0.64, 0.48], distance: 120, julianDate: 2461100.5 },
    { instruments: ['H1', 'L1', 'V1'], timing: 5e-4, amplitude: 0.16 },
  )
  const about = { object: 'MS260301a', instruments: ['H1', 'L1', 'V1'], dateObs: '2026-03-01T00:00:00' }
  return { bytes: mapFile(rows, { ...about, distMean, distStd }), from: 'simulated map' }
}

/** Files for the other side, in a folder that is removed after `work`. */
export async function withFiles<T>(
  files: Record<string, Uint8Array | Float64Array>,
  work: (path: (name: string) => string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'urania-bench-'))
  const path = (name: string) => join(folder, name)
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(path(name), content)
    return await work(path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
