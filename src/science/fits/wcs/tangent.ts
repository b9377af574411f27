/** An undistorted gnomonic WCS is a matrix: pixels (x, y, 1) to directions and back, up to a factor. */
import type { Matrix } from '#science/sky/vectors.ts'
import { degreesPerRadian, multiply, radiansPerDegree, transpose } from '#science/sky/vectors.ts'
import { nativeToCelestial } from './celestial.ts'
import { toIcrs } from './frame.ts'
import type { WcsTerms } from './terms.ts'

export interface TangentMatrices {
  /** (x, y, 1) of a pixel → ICRS direction, not of unit length. */
  readonly toSky: Matrix
  /** Direction → (x w, y w, w); on the near side of the tangent point's sphere where w > 0. */
  readonly toPixel: Matrix
}

/** Both matrices, or null where the WCS is not TAN without distortion in a frame that is a rotation. */
export function tangentMatrices(terms: WcsTerms): TangentMatrices | null {
  if (terms.projection !== 'TAN' || terms.distortion || terms.native || terms.offset) return null
  const { matrix, terms: elliptic } = toIcrs(terms.frame)
  if (elliptic) return null
  const rotation = multiply(matrix, nativeToCelestial(terms.crval, [0, 90], terms.lonpole, terms.latpole))
  const [xx, xy, yx, yy] = terms.cd.map((value) => value * radiansPerDegree)
  const [cx, cy] = [terms.crpix[0] - 1, terms.crpix[1] - 1]
  // The native direction of plane (ξ, η) is (−η, ξ, 1).
  const plane: Matrix = [-yx, -yy, yx * cx + yy * cy, xx, xy, -xx * cx - xy * cy, 0, 0, 1]
  const [a, b, c, d] = terms.cd
  const scale = degreesPerRadian / (a * d - b * c)
  const back: Matrix = [b * scale, d * scale, cx, -a * scale, -c * scale, cy, 0, 0, 1]
  return { toSky: multiply(rotation, plane), toPixel: multiply(back, transpose(rotation)) }
}
