import type { Random } from './random.ts'

/** Poisson noise of the electrons and Gaussian read noise, added to `plane` (ADU) in place. */
export function addNoise(
  plane: Float64Array | Float32Array,
  gain: number,
  readNoise: number,
  random: Random,
): void {
  const read = readNoise * readNoise
  let spare = 0
  let have = false
  for (let i = 0; i < plane.length; i++) {
    let deviate = spare
    have = !have
    if (have) {
      // Box and Muller (1958) makes two at a time.
      const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()))
      const angle = 2 * Math.PI * random.uniform()
      deviate = radius * Math.cos(angle)
      spare = radius * Math.sin(angle)
    }
    const electrons = Math.max(0, plane[i] * gain)
    // Below some tens of electrons the Poisson distribution is visibly skew.
    if (electrons > 40) plane[i] += (Math.sqrt(electrons + read) * deviate) / gain
    else plane[i] += (poisson(electrons, random) - electrons + readNoise * deviate) / gain
  }
}

function poisson(mean: number, random: Random): number {
  const end = Math.exp(-mean)
  let count = 0
  for (let product = random.uniform(); product > end; product *= random.uniform()) count++
  return count
}

/** A charged particle's path through the detector: where it came in, its length and direction, and what it left. */
export interface Track {
  x: number
  y: number
  length: number
  angle: number
  /** Electrons per pixel of path. */
  electrons: number
}

/** `count` random tracks: most of them short, some tens of pixels long, a few hundred to many thousand electrons each pixel. */
export function randomTracks(count: number, width: number, height: number, random: Random): Track[] {
  return Array.from({ length: count }, () => ({
    x: random.uniform() * width - 0.5,
    y: random.uniform() * height - 0.5,
    length: Math.min(60, 0.4 - 4 * Math.log(1 - random.uniform())),
    angle: 2 * Math.PI * random.uniform(),
    electrons: 400 * Math.exp(2.5 * random.uniform()),
  }))
}

/** Adds tracks to `plane` without any smoothing, and marks the pixels that got more than `marked` ADU with `bit` in `mask`. */
export function addTracks(
  plane: Float64Array | Float32Array,
  mask: Uint8Array,
  width: number,
  tracks: readonly Track[],
  options: { gain: number; marked: number; bit: number },
): void {
  const height = plane.length / width
  const step = 0.05
  const hit = new Map<number, number>()
  for (const track of tracks) {
    for (let s = 0; s < track.length; s += step) {
      const x = Math.round(track.x + s * Math.cos(track.angle))
      const y = Math.round(track.y + s * Math.sin(track.angle))
      if (x < 0 || y < 0 || x >= width || y >= height) continue
      const charge = (track.electrons * Math.min(step, track.length - s)) / options.gain
      hit.set(y * width + x, (hit.get(y * width + x) ?? 0) + charge)
    }
  }
  for (const [pixel, charge] of hit) {
    plane[pixel] += charge
    if (charge > options.marked) mask[pixel] |= options.bit
  }
}
