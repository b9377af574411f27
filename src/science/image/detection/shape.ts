/** Moments of the pixels of a source and what follows from them (Bertin & Arnouts 1996; SExtractor's isophotal parameters). */

/** A source as its pixels have it; written over for each. Positions are the frame's, 0-based. */
export interface Shape {
  /** Sum of filtered values. */
  light: number
  area: number
  peak: number
  /** Pixel of the largest filtered value. */
  xPeak: number
  yPeak: number
  xMin: number
  xMax: number
  yMin: number
  yMax: number
  x: number
  y: number
  x2: number
  y2: number
  xy: number
  a: number
  b: number
  /** Degrees from x towards y. */
  theta: number
  cxx: number
  cyy: number
  cxy: number
  /** Of a, b: area above half the height is as that of a Gaussian with `correction` · a · b (1 where it cannot be told). */
  correction: number
  /** True where the moments were those of a line or a point, and a pixel's own width was added. */
  singular: boolean
}

export function emptyShape(): Shape {
  return {
    light: 0,
    area: 0,
    peak: 0,
    xPeak: 0,
    yPeak: 0,
    xMin: 0,
    xMax: 0,
    yMin: 0,
    yMax: 0,
    x: 0,
    y: 0,
    x2: 0,
    y2: 0,
    xy: 0,
    a: 0,
    b: 0,
    theta: 0,
    cxx: 0,
    cyy: 0,
    cxy: 0,
    correction: 1,
    singular: false,
  }
}

/** Determinant of the moments below which a source counts as a line or a point: (1/12)². */
export const leastDeterminant = 0.00694
/** Variance of a pixel's own width. */
export const pixelVariance = 1 / 12

/**
 * Measures the pixels `first`, `next[first]` … to `last` of a list; `pixels` are places in a frame of `width`, `values`
 * their filtered values, `threshold` what they stand above. The place is the barycentre, unless it is given; the second
 * moments are about it.
 */
export function measureShape(
  shape: Shape,
  pixels: Int32Array,
  values: Float32Array,
  next: Int32Array,
  first: number,
  last: number,
  width: number,
  threshold: number,
  place?: { readonly x: number; readonly y: number },
): void {
  let [light, mx, my, mxx, myy, mxy] = [0, 0, 0, 0, 0, 0]
  let area = 0
  let peak = -Infinity
  let peakAt = 0
  let [xMin, xMax, yMin, yMax] = [Infinity, -Infinity, Infinity, -Infinity]
  // Moments are taken about a pixel of the source: far from the frame's origin their differences would be lost.
  const y0 = Math.floor(pixels[first] / width)
  const x0 = pixels[first] - y0 * width
  for (let i = first; ; i = next[i]) {
    const pixel = pixels[i]
    const row = (pixel / width) | 0
    const x = pixel - row * width - x0
    const y = row - y0
    const value = values[i]
    area++
    light += value
    const vx = value * x
    const vy = value * y
    mx += vx
    my += vy
    mxx += vx * x
    myy += vy * y
    mxy += vx * y
    if (value > peak) {
      peak = value
      peakAt = pixel
    }
    if (x < xMin) xMin = x
    if (x > xMax) xMax = x
    if (y < yMin) yMin = y
    if (y > yMax) yMax = y
    if (i === last) break
  }
  shape.light = light
  shape.area = area
  shape.peak = peak
  shape.yPeak = Math.floor(peakAt / width)
  shape.xPeak = peakAt - shape.yPeak * width
  shape.xMin = x0 + xMin
  shape.xMax = x0 + xMax
  shape.yMin = y0 + yMin
  shape.yMax = y0 + yMax
  mx /= light
  my /= light
  shape.x = place?.x ?? x0 + mx
  shape.y = place?.y ?? y0 + my
  const dx = x0 + mx - shape.x
  const dy = y0 + my - shape.y
  setMoments(
    shape,
    mxx / light - mx * mx + dx * dx,
    myy / light - my * my + dy * dy,
    mxy / light - mx * my + dx * dy,
  )

  const half = (threshold + peak) / 2
  let above = 0
  for (let i = first; ; i = next[i]) {
    if (values[i] > half) above++
    if (i === last) break
  }
  const gaussian = 2 * Math.PI * shape.a * shape.b * Math.log(peak / half)
  shape.correction = above > 0 && gaussian > 0 ? Math.min(1, above / gaussian) : 1
}

/** Semi-axes and ellipse of second moments; those of a line or a point get a pixel's own width. */
function setMoments(shape: Shape, x2: number, y2: number, xy: number): void {
  let determinant = x2 * y2 - xy * xy
  shape.singular = determinant < leastDeterminant
  if (shape.singular) {
    x2 += pixelVariance
    y2 += pixelVariance
    determinant = Math.max(x2 * y2 - xy * xy, leastDeterminant / 100)
  }
  shape.x2 = x2
  shape.y2 = y2
  shape.xy = xy
  const middle = (x2 + y2) / 2
  const spread = Math.sqrt(((x2 - y2) / 2) ** 2 + xy * xy)
  shape.a = Math.sqrt(middle + spread)
  shape.b = Math.sqrt(Math.max(middle - spread, determinant / (middle + spread)))
  shape.theta = (Math.atan2(2 * xy, x2 - y2) * 90) / Math.PI
  shape.cxx = y2 / determinant
  shape.cyy = x2 / determinant
  shape.cxy = (-2 * xy) / determinant
}
