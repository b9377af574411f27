/** Residuals averaged over parts of the frame: what flat field and PSF do to the zero point that no star's error tells. */

const starsPerBin = 12

/**
 * Scatter of the means of parts of the frame beyond what the stars in them explain: an error that more stars do not make
 * smaller. Null with fewer than four parts of at least four stars.
 */
export function binnedScatter(
  x: Float64Array,
  y: Float64Array,
  residuals: Float64Array,
  sigma: Float64Array,
  used: Uint8Array,
  size: { width: number; height: number },
  parameters: number,
): number | null {
  let stars = 0
  for (const each of used) stars += each
  const side = Math.min(8, Math.floor(Math.sqrt(stars / starsPerBin)))
  if (side < 2) return null
  const weight = new Float64Array(side * side)
  const sum = new Float64Array(side * side)
  const members = new Float64Array(side * side)
  for (let k = 0; k < used.length; k++) {
    if (used[k] === 0) continue
    const column = Math.min(side - 1, Math.max(0, Math.floor((x[k] / size.width) * side)))
    const row = Math.min(side - 1, Math.max(0, Math.floor((y[k] / size.height) * side)))
    const bin = row * side + column
    weight[bin] += 1 / sigma[k] ** 2
    sum[bin] += residuals[k] / sigma[k] ** 2
    members[bin]++
  }
  const means: number[] = []
  const variances: number[] = []
  for (let bin = 0; bin < weight.length; bin++) {
    if (members[bin] < 4) continue
    means.push(sum[bin] / weight[bin])
    variances.push(1 / weight[bin])
  }
  // The polynomial has already taken as many of the means' freedoms as it has terms.
  const freedom = means.length - Math.min(parameters, means.length - 3)
  if (means.length < 4 || freedom < 3) return null
  let excess = 0
  for (let k = 0; k < means.length; k++) excess += means[k] ** 2
  const explained = variances.reduce((total, each) => total + each, 0) / means.length
  return Math.sqrt(Math.max(0, excess / freedom - explained))
}
