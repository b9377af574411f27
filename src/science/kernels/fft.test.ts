import { describe, expect, it } from 'vitest'
import { kernelBytes } from '#platform/compute/kernels.ts'
import { fastSize, fourier, type Spectrum } from '#science/image/subtract/fourier.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { createArena } from './arena.ts'
import { transform } from './fft.ts'

const arena = createArena()
const workshop = workshopOf(arena, { fft: new WebAssembly.Module(kernelBytes('fft')) })
const random = seededRandom(3)

function spectrum(width: number, height: number, make: (n: number) => Spectrum['re']): Spectrum {
  const [re, im] = [make(width * height), make(width * height)]
  for (let i = 0; i < re.length; i++) {
    re[i] = random.normal()
    im[i] = random.normal()
  }
  return { width, height, re, im }
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)

const sizes = [
  [1, 1],
  [2, 3],
  [16, 20],
  [27, 25],
  [60, 90],
  [128, 48],
]

describe('Fourier transforms', () => {
  it('are sums of waves, within 1e-11 of them term by term', () => {
    const s = spectrum(6, 5, (n) => new Float64Array(n))
    const [re, im] = [Float64Array.from(s.re), Float64Array.from(s.im)]
    fourier(s, 'forward')
    for (let v = 0; v < 5; v++) {
      for (let u = 0; u < 6; u++) {
        let sum = 0
        for (let y = 0; y < 5; y++) {
          for (let x = 0; x < 6; x++) {
            const angle = -2 * Math.PI * ((u * x) / 6 + (v * y) / 5)
            sum += re[y * 6 + x] * Math.cos(angle) - im[y * 6 + x] * Math.sin(angle)
          }
        }
        expect(Math.abs(sum - s.re[v * 6 + u])).toBeLessThan(1e-11)
      }
    }
  })

  it('of the kernel agree with the plain twin: 1e-12 in double, 2e-5 in single precision, and lead back', () => {
    for (const [width, height] of sizes) {
      for (const [make, limit] of [
        [(n: number) => arena.float64(n), 1e-12],
        [(n: number) => arena.float32(n), 2e-5],
      ] as const) {
        const fast = spectrum(width, height, make)
        const [re, im] = [Float64Array.from(fast.re), Float64Array.from(fast.im)]
        const plain = { width, height, re: re.slice(), im: im.slice() }
        transform(fast, 'forward', workshop)
        fourier(plain, 'forward')
        const scale = Math.sqrt(width * height)
        expect(worst(fast.re, plain.re) / scale).toBeLessThan(limit)
        expect(worst(fast.im, plain.im) / scale).toBeLessThan(limit)
        transform(fast, 'backward', workshop)
        expect(worst(fast.re, re)).toBeLessThan(limit)
        expect(worst(fast.im, im)).toBeLessThan(limit)
      }
    }
  })

  it('need sizes of factors 2, 3 and 5, and name the next', () => {
    expect(fastSize(97)).toBe(100)
    expect(() =>
      transform(
        spectrum(7, 4, (n) => arena.float32(n)),
        'forward',
        workshop,
      ),
    ).toThrow('pad to 8')
  })
})
