/** Fits the stars of one group together, by weighted least squares. */
import type { Pixels, Plane } from '#science/image/plane.ts'
import { maskBits } from '#science/image/plane.ts'
import { drawPsf, placePsf, type Psf, type PsfImage } from './psf.ts'
import { solveFactored, solvePositive } from '#science/image/cholesky.ts'

/** A star while it is fitted. */
export interface FittedStar {
  readonly row: number
  /** Where it began. */
  readonly startX: number
  readonly startY: number
  x: number
  y: number
  flux: number
  fluxErr: number
  skyErr: number
  xErr: number
  yErr: number
  chi2: number
  pixels: number
  /** Σ P² of the pixels within the fit radius, and the share of it that lies on usable ones. */
  offered: number
  covered: number
  bits: number
  outside: boolean
  converged: boolean
}

export interface FitRule {
  /** Positions are found too. */
  readonly free: boolean
  /** Pixels within so many of a star's start are fitted. */
  readonly radius: number
  /** Furthest that a star may move, pixels. */
  readonly leash: number
  /** Weights are those of the sky alone, whatever the model says (Naylor 1998). */
  readonly skyWeights: boolean
  /** Variance per unit of flux. */
  readonly photons: number
  readonly mask: Uint8Array | null
  /** Errors and χ² are worked out too, and positions found to the last; else a few rounds do. */
  readonly final: boolean
  /** Variance of a sky pixel: the same for the group, or a plane of deviations. */
  readonly noise: number | Pixels
}

/** Room for a group; made once and used again. */
export interface FitScratch {
  readonly images: PsfImage[]
  matrix: Float64Array
  spread: Float64Array
  vector: Float64Array
}

const most = 15
const fewer = 4
const enough = 5e-4

/**
 * Fits the stars to `residual`, a plane from which all others are already taken; `whole` is the plane with them, for the
 * noise that they bring. Fixed positions take two rounds (weights follow the model), free ones up to 15.
 */
export function fitGroup(
  stars: readonly FittedStar[],
  psf: Psf,
  residual: Plane<Pixels>,
  whole: Plane<Pixels>,
  rule: FitRule,
  scratch: FitScratch,
): void {
  const { images } = scratch
  stars.forEach((star, i) => placePsf(images[i], psf, star.startX, star.startY))
  const each = rule.free ? 3 : 1
  const n = each * stars.length
  if (scratch.vector.length < n) {
    scratch.matrix = new Float64Array(4 * n * n)
    scratch.spread = new Float64Array(4 * n * n)
    scratch.vector = new Float64Array(2 * n)
  }
  const { matrix, vector } = scratch
  for (const star of stars) star.converged = false
  const rounds = rule.free ? (rule.final ? most : fewer) : 2
  for (let round = 0; round < rounds; round++) {
    // Without a flux there is nothing to tell a shift by.
    const dark = stars.some((star) => star.flux === 0)
    draw(stars, psf, images)
    accumulate(stars, residual, whole, rule, scratch, n, false)
    if (!solvePositive(matrix, vector, n)) {
      fail(stars)
      return
    }
    let moved = 0
    stars.forEach((star, i) => {
      star.flux += vector[each * i]
      if (!rule.free) return
      if (dark) return
      const dx = clamp(vector[each * i + 1], -0.5, 0.5)
      const dy = clamp(vector[each * i + 2], -0.5, 0.5)
      star.x = clamp(star.x + dx, star.startX - rule.leash, star.startX + rule.leash)
      star.y = clamp(star.y + dy, star.startY - rule.leash, star.startY + rule.leash)
      moved = Math.max(moved, Math.abs(dx), Math.abs(dy))
    })
    if (rule.free && (dark || moved > enough)) continue
    if (!rule.free && round === 0) continue
    for (const star of stars) star.converged = true
    break
  }
  if (!rule.final) return
  draw(stars, psf, images)
  accumulate(stars, residual, whole, rule, scratch, n, rule.skyWeights)
  if (!solvePositive(matrix, vector, n)) {
    fail(stars)
    return
  }
  writeErrors(stars, rule, scratch, n)
}

function fail(stars: readonly FittedStar[]): void {
  for (const star of stars) star.flux = star.fluxErr = NaN
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value
}

function draw(stars: readonly FittedStar[], psf: Psf, images: readonly PsfImage[]): void {
  for (let i = 0; i < stars.length; i++) drawPsf(images[i], psf, stars[i].x, stars[i].y)
}

/** Normal equations about the present parameters, and what is known of each star. */
function accumulate(
  stars: readonly FittedStar[],
  residual: Plane<Pixels>,
  whole: Plane<Pixels>,
  rule: FitRule,
  scratch: FitScratch,
  n: number,
  withSpread: boolean,
): void {
  const { matrix, spread, vector, images } = scratch
  const { width, height } = residual
  const each = rule.free ? 3 : 1
  matrix.fill(0, 0, n * n)
  if (withSpread) spread.fill(0, 0, n * n)
  vector.fill(0, 0, n)
  const square = rule.radius * rule.radius
  // Further out a star's light is taken off, but what is found there says nothing of it.
  const wide = 2.25 * square
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const star of stars) {
    left = Math.min(left, Math.ceil(star.startX - rule.radius))
    right = Math.max(right, Math.floor(star.startX + rule.radius))
    bottom = Math.min(bottom, Math.ceil(star.startY - rule.radius))
    top = Math.max(top, Math.floor(star.startY + rule.radius))
    star.chi2 = star.pixels = star.covered = star.offered = star.skyErr = star.bits = 0
    star.outside =
      star.startX - rule.radius < -0.5 ||
      star.startY - rule.radius < -0.5 ||
      star.startX + rule.radius > width - 0.5 ||
      star.startY + rule.radius > height - 0.5
  }
  const noisePlane = typeof rule.noise === 'number' ? null : rule.noise
  const near = new Int32Array(stars.length)
  const places = new Int32Array(stars.length)
  const row = new Float64Array(n)
  for (let py = Math.max(0, bottom); py <= Math.min(height - 1, top); py++) {
    for (let px = Math.max(0, left); px <= Math.min(width - 1, right); px++) {
      let count = 0
      let within = false
      let model = 0
      for (let i = 0; i < stars.length; i++) {
        const star = stars[i]
        const image = images[i]
        const k = px - image.x0 + image.radius
        const j = py - image.y0 + image.radius
        const side = 2 * image.radius + 1
        if (k < 0 || j < 0 || k >= side || j >= side) continue
        model += star.flux * image.values[j * side + k]
        const distance = (px - star.startX) ** 2 + (py - star.startY) ** 2
        if (distance > wide) continue
        if (distance <= square) within = true
        near[count] = i
        places[count++] = j * side + k
      }
      if (!within) continue
      const at = py * width + px
      const value = residual.data[at]
      const hit = rule.mask === null ? 0 : rule.mask[at]
      const usable = hit === 0 && value - value === 0
      const noise = noisePlane === null ? (rule.noise as number) : noisePlane[at] ** 2
      const light = model + whole.data[at] - value
      const variance = noise + Math.max(0, light) * rule.photons
      const weight = usable ? 1 / (rule.skyWeights ? noise : variance) : 0
      const rest = value - model
      for (let c = 0; c < count; c++) {
        const star = stars[near[c]]
        const image = images[near[c]]
        const p = image.values[places[c]]
        if ((px - star.startX) ** 2 + (py - star.startY) ** 2 <= square) {
          star.offered += p * p
          if (usable) {
            star.covered += p * p
            star.skyErr += p * p * noise
            star.pixels++
            star.chi2 += (rest * rest) / variance
          } else star.bits |= hit === 0 ? maskBits.invalid : hit
        }
        const first = each * near[c]
        row[first] = p
        if (each === 3) {
          row[first + 1] = star.flux * image.byX[places[c]]
          row[first + 2] = star.flux * image.byY[places[c]]
        }
      }
      if (!usable) continue
      for (let c = 0; c < count; c++) {
        for (let u = each * near[c]; u < each * near[c] + each; u++) {
          const scaled = weight * row[u]
          vector[u] += scaled * rest
          for (let d = 0; d <= c; d++) {
            const end = Math.min(u, each * near[d] + each - 1)
            for (let v = each * near[d]; v <= end; v++) {
              matrix[u * n + v] += scaled * row[v]
              if (withSpread) spread[u * n + v] += scaled * row[v] * weight * variance
            }
          }
        }
      }
    }
  }
  for (let u = 0; u < n; u++) {
    // A shift of a star without flux means nothing; it is held.
    if (each === 3 && u % 3 !== 0) {
      const star = stars[Math.floor(u / 3)]
      matrix[u * n + u] += star.covered > 0 ? 1e-6 * (1 + matrix[u * n + u]) : 1
    }
    if (!withSpread) continue
    for (let v = u + 1; v < n; v++) spread[u * n + v] = spread[v * n + u]
  }
}

/** From the factored normal equations: N⁻¹ S N⁻¹, where S is N itself unless the weights are not those of the noise. */
function writeErrors(stars: readonly FittedStar[], rule: FitRule, scratch: FitScratch, n: number): void {
  const { matrix, spread } = scratch
  const each = rule.free ? 3 : 1
  const column = new Float64Array(n)
  const errorOf = (u: number) => {
    column.fill(0)
    column[u] = 1
    solveFactored(matrix, column, n)
    if (!rule.skyWeights) return Math.sqrt(column[u])
    let variance = 0
    for (let i = 0; i < n; i++) {
      let sum = 0
      for (let j = 0; j < n; j++) sum += spread[i * n + j] * column[j]
      variance += column[i] * sum
    }
    return Math.sqrt(variance)
  }
  stars.forEach((star, i) => {
    star.fluxErr = errorOf(each * i)
    star.xErr = rule.free ? errorOf(each * i + 1) : 0
    star.yErr = rule.free ? errorOf(each * i + 2) : 0
    star.chi2 /= Math.max(1, star.pixels - each)
    star.skyErr = Math.sqrt(star.skyErr) / star.covered
    star.covered = star.offered > 0 ? star.covered / star.offered : 0
  })
}
