/**
 * What a simulated star looks like: Moffat or Gaussian, round or elliptical, changing over the field, integrated over
 * each pixel. Written for tests of the measuring code and therefore sharing nothing with it.
 */

export interface PointSpread {
  readonly profile: 'moffat' | 'gauss'
  /** Pixels, at the centre of the field; the geometric mean of both axes. */
  readonly fwhm: number
  /** Exponent of the Moffat profile. */
  readonly beta: number
  /** 1 − minor/major axis, at the centre of the field. */
  readonly ellipticity: number
  /** Of the major axis, degrees from x towards y. */
  readonly angleDeg: number
  /** By what fraction the FWHM is larger in a corner than in the centre; grows with the square of the distance. */
  readonly growth: number
  /** Ellipticity that a corner adds, radially as in coma; grows with the square of the distance. */
  readonly coma: number
}

/** A source to be drawn: an elliptical profile with full widths along both axes, in pixels. */
export interface Blob {
  x: number
  y: number
  /** In all, out to infinity. */
  flux: number
  major: number
  minor: number
  /** Degrees from x towards y. */
  theta: number
}

// Gauss–Legendre: three points integrate a pixel of a 2.5 px wide profile to 1e-6, five one of 1.2 px.
const rules = {
  3: { at: [-0.3872983346207417, 0, 0.3872983346207417], weight: [5 / 18, 8 / 18, 5 / 18] },
  5: {
    at: [-0.453089922969332, -0.2692346550528415, 0, 0.2692346550528415, 0.453089922969332],
    weight: [
      0.1184634425280945, 0.2393143352496832, 0.2844444444444444, 0.2393143352496832, 0.1184634425280945,
    ],
  },
}

/** Widths and angle of a star at (x, y) of a field of `width` × `height` pixels. */
export function starShape(
  psf: PointSpread,
  x: number,
  y: number,
  width: number,
  height: number,
): { major: number; minor: number; theta: number } {
  const dx = x - (width - 1) / 2
  const dy = y - (height - 1) / 2
  const far = (4 * (dx * dx + dy * dy)) / (width * width + height * height)
  const fwhm = psf.fwhm * (1 + psf.growth * far)
  // Ellipticities add as the two components of a spin-2 quantity.
  const own = (2 * psf.angleDeg * Math.PI) / 180
  const radial = 2 * Math.atan2(dy, dx)
  const e1 = psf.ellipticity * Math.cos(own) + psf.coma * far * Math.cos(radial)
  const e2 = psf.ellipticity * Math.sin(own) + psf.coma * far * Math.sin(radial)
  const ratio = 1 - Math.min(0.9, Math.hypot(e1, e2))
  return {
    major: fwhm / Math.sqrt(ratio),
    minor: fwhm * Math.sqrt(ratio),
    theta: ((Math.atan2(e2, e1) / 2) * 180) / Math.PI,
  }
}

/** Highest value of the profile itself, per square pixel. */
export function peakOf(psf: Pick<PointSpread, 'profile' | 'beta'>, blob: Blob): number {
  const scale = scaleOf(psf)
  const area = Math.PI * blob.major * blob.minor * scale * scale
  return (blob.flux * (psf.profile === 'gauss' ? 1 : psf.beta - 1)) / area
}

/** Scale radius over FWHM: where q = r²/scale² enters exp(−q) or (1 + q)^−β. */
function scaleOf(psf: Pick<PointSpread, 'profile' | 'beta'>): number {
  return psf.profile === 'gauss' ? 0.5 / Math.sqrt(Math.LN2) : 0.5 / Math.sqrt(2 ** (1 / psf.beta) - 1)
}

/**
 * Adds a source to `plane`, each pixel the integral of the profile over it, out to where the profile falls below
 * `faintest` per pixel.
 */
export function drawBlob(
  plane: Float64Array | Float32Array,
  width: number,
  height: number,
  psf: Pick<PointSpread, 'profile' | 'beta'>,
  blob: Blob,
  faintest: number,
): void {
  const gauss = psf.profile === 'gauss'
  const { beta } = psf
  const scale = scaleOf(psf)
  const peak = peakOf(psf, blob)
  const contrast = Math.abs(peak) / faintest
  if (!(contrast > 1)) return
  const reach = Math.sqrt(gauss ? Math.log(contrast) : contrast ** (1 / beta) - 1) * scale
  const a = 1 / (scale * blob.major) ** 2
  const b = 1 / (scale * blob.minor) ** 2
  const angle = (blob.theta * Math.PI) / 180
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const xx = a * cos * cos + b * sin * sin
  const yy = a * sin * sin + b * cos * cos
  const xy = 2 * (a - b) * cos * sin
  const halfX = reach * Math.hypot(blob.major * cos, blob.minor * sin) + 1
  const halfY = reach * Math.hypot(blob.major * sin, blob.minor * cos) + 1
  const { at, weight } = rules[blob.minor < 2.5 ? 5 : 3]
  const points = at.length
  const x0 = Math.max(0, Math.ceil(blob.x - halfX))
  const x1 = Math.min(width - 1, Math.floor(blob.x + halfX))
  const y0 = Math.max(0, Math.ceil(blob.y - halfY))
  const y1 = Math.min(height - 1, Math.floor(blob.y + halfY))
  const cubic = beta === 3
  for (let y = y0; y <= y1; y++) {
    const row = y * width
    for (let x = x0; x <= x1; x++) {
      let sum = 0
      for (let j = 0; j < points; j++) {
        const dy = y + at[j] - blob.y
        const high = yy * dy * dy
        const slope = xy * dy
        let line = 0
        for (let i = 0; i < points; i++) {
          const dx = x + at[i] - blob.x
          const q = (xx * dx + slope) * dx + high
          let value
          if (gauss) value = Math.exp(-q)
          else if (cubic) value = 1 / ((1 + q) * (1 + q) * (1 + q))
          else value = (1 + q) ** -beta
          line += weight[i] * value
        }
        sum += weight[j] * line
      }
      plane[row + x] += peak * sum
    }
  }
}
