/** The last step to the sky: from a header's frame to ICRS, on unit vectors. */
import { ellipticTerms, fk4NoETermsToIcrs } from '#science/sky/fk4.ts'
import { frameRotation } from '#science/sky/frames.ts'
import { mjdTtOfJulianYear } from '#science/sky/time.ts'
import { multiply, radiansPerDegree, rotationY, rotationZ, transpose } from '#science/sky/vectors.ts'
import type { Matrix, Vector } from '#science/sky/vectors.ts'
import type { SkyFrame } from './terms.ts'

export interface ToIcrs {
  readonly matrix: Matrix
  /** Elliptic terms to be taken off before the matrix is applied; null where the way is a rotation. */
  readonly terms: Vector | null
}

/** North pole of de Vaucouleurs' supergalactic system is at l 47.37°, b +6.32°. */
const supergalacticToGalactic: Matrix = transpose(
  multiply(
    rotationZ(90 * radiansPerDegree),
    rotationY((90 - 6.32) * radiansPerDegree),
    rotationZ(47.37 * radiansPerDegree),
  ),
)

/** How directions of a frame become ICRS. */
export function toIcrs(frame: SkyFrame): ToIcrs {
  const icrs = { name: 'icrs' } as const
  switch (frame.name) {
    case 'icrs':
    case 'galactic':
      return { matrix: frameRotation({ name: frame.name }, icrs), terms: null }
    case 'supergalactic':
      return {
        matrix: multiply(frameRotation({ name: 'galactic' }, icrs), supergalacticToGalactic),
        terms: null,
      }
    case 'fk5':
    case 'ecliptic': {
      const equinox = mjdTtOfJulianYear(frame.equinox)
      return { matrix: frameRotation({ name: frame.name, equinox }, icrs), terms: null }
    }
    case 'fk4-no-e':
      return { matrix: fk4NoETermsToIcrs(frame.equinox), terms: null }
    case 'fk4':
      return { matrix: fk4NoETermsToIcrs(frame.equinox), terms: ellipticTerms(frame.equinox) }
  }
}
