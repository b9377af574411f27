import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import { convolvePlane } from '#science/image/convolve-plain.ts'
import type { Plane } from '#science/image/plane.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { dataFile } from '#test/data.ts'
import { chained, decorrelationKernel, type Kernel } from './decorrelate.ts'

const noise = JSON.parse(
  readFileSync(new URL('../../../../fixtures/imaging/sky-noise.json', import.meta.url), 'utf8'),
) as Record<string, number>
const folder = dataFile('imaging', 'sfft-decam')

function load(name: string): Plane<Float64Array> {
  const { hdus, bytes } = openFits(readFileSync(`${folder}/${name}.fits`))
  const { shape, data } = readImage(bytes, hdus[0])
  return { width: shape[0], height: shape[1], data: Float64Array.from(data as Float64Array) }
}

function kernelOf(name: string): Kernel {
  const { width, data } = load(name)
  return { size: width, data }
}

const convolved = (plane: Plane<Float64Array>, { size, data }: Kernel) =>
  convolvePlane(plane, { width: size, height: size, data })

/** Pixel-wise median of the frames of one night, each brought to the first one's point spread. */
function stack(night: string): {
  plane: Plane<Float64Array>
  frames: { sigma: number; kernel: Kernel | null }[]
} {
  const frames = ['a', 'b', 'c', 'd', 'e'].map((letter) => ({
    sigma: noise[`DEC-OBS${night}${letter}.mini.fits`],
    kernel: letter === 'a' ? null : kernelOf(`DEC-OBS${night}${letter}.MatchKernel`),
    plane: load(`DEC-OBS${night}${letter}.mini`),
  }))
  const planes = frames.map(({ plane, kernel }) => (kernel ? convolved(plane, kernel) : plane))
  const data = planes[0].data.map((_, i) => planes.map((p) => p.data[i]).sort((a, b) => a - b)[2])
  return { plane: { ...planes[0], data }, frames }
}

const worst = (a: Float64Array, b: Float64Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)

describe.skipIf(!folder)('DECam stacks (needs shared test data)', () => {
  it('difference, decorrelation kernel and white difference are those of SFFT within 1e-9 ADU', () => {
    const [science, template] = [stack('04'), stack('18')]
    expect(worst(science.plane.data, load('expected/Stack-DEC-OBS04').data)).toBeLessThan(1e-9)
    expect(worst(template.plane.data, load('expected/Stack-DEC-OBS18').data)).toBeLessThan(1e-9)
    const kernel = kernelOf('FinalMatchKernel')
    const matched = convolved(template.plane, kernel)
    const difference = {
      ...science.plane,
      data: science.plane.data.map((value, i) => value - matched.data[i]),
    }
    expect(worst(difference.data, load('expected/FinalDifference').data)).toBeLessThan(1e-9)
    const white = decorrelationKernel({ reference: science.frames, convolved: template.frames, kernel })
    expect(white.size).toBe(51)
    expect(worst(white.data, load('expected/DeCorrKernel').data)).toBeLessThan(1e-12)
    const decorrelated = convolved(difference, white)
    expect(worst(decorrelated.data, load('expected/FinalDifference.DeCorr').data)).toBeLessThan(1e-9)
  })
})

describe('decorrelationKernel', () => {
  it('makes noise that went through a kernel white: neighbours correlate by less than 0.03', () => {
    const random = seededRandom(4)
    const size = 160
    const plane = () => ({
      width: size,
      height: size,
      data: Float64Array.from({ length: size * size }, () => random.normal()),
    })
    const smear = Float64Array.from({ length: 49 }, (_, i) =>
      Math.exp(-(((i % 7) - 3) ** 2 + (Math.floor(i / 7) - 3) ** 2) / 2.4),
    )
    const sum = smear.reduce((a, b) => a + b, 0)
    const kernel = { size: 7, data: smear.map((k) => (1.5 * k) / sum) }
    const [science, template] = [plane(), plane()]
    const matched = convolved(template, kernel)
    const difference = { ...science, data: science.data.map((value, i) => value - 3 * matched.data[i]) }
    const white = decorrelationKernel({ reference: [{ sigma: 1 }], convolved: [{ sigma: 3 }], kernel })
    expect(neighbours(difference)).toBeGreaterThan(0.2)
    expect(Math.abs(neighbours(convolved(difference, white)))).toBeLessThan(0.03)
    expect(chained(kernel, white).data.reduce((a, b) => a + b, 0)).toBeCloseTo(1.5, 10)
  })

  it('needs noise', () => {
    expect(() => decorrelationKernel({ reference: [{ sigma: 0 }] })).toThrow('needs the noise')
  })
})

function neighbours({ width, height, data }: Plane<Float64Array>): number {
  let [product, square] = [0, 0]
  for (let y = 20; y < height - 20; y++) {
    for (let x = 20; x < width - 20; x++) {
      product += data[y * width + x] * data[y * width + x + 1]
      square += data[y * width + x] ** 2
    }
  }
  return product / square
}
