/** TPV keywords: PVi_m, m = 0 … 39, with PVi_1 = 1 unless given. */
import { Problem } from '#problem.ts'
import type { Distortion } from './terms.ts'

function values(pv: Map<number, number>): number[] {
  for (const m of pv.keys()) {
    if (m > 39) {
      throw new Problem(
        'wcs.unsupported',
        `The header has PVi_${m}, but TPV ends at 39; the distortion is of another kind.`,
        { keyword: `PVi_${m}` },
      )
    }
  }
  return Array.from({ length: 40 }, (_, m) => pv.get(m) ?? (m === 1 ? 1 : 0))
}

/** The TPV distortion, null where its polynomials change nothing. @throws Problem wcs.invalid, wcs.unsupported */
export function readTpv(pvLon: Map<number, number>, pvLat: Map<number, number>): Distortion | null {
  const [lon, lat] = [values(pvLon), values(pvLat)]
  const determinant = lon[1] * lat[1] - lon[2] * lat[2]
  if (!(Math.abs(determinant) > 1e-10)) {
    throw new Problem(
      'wcs.invalid',
      'The linear terms PVi_1 and PVi_2 of the TPV distortion are singular: pixels cannot be told apart on the sky.',
      { keyword: 'PVi_1' },
    )
  }
  const plain = [lon, lat].every((pv) => pv.every((value, m) => value === (m === 1 ? 1 : 0)))
  return plain ? null : { kind: 'tpv', lon, lat }
}
