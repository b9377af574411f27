import { expect, it } from 'vitest'
import { neighbourNoise } from './detector-checks.ts'

it('Noise of neighbours is that of the pixels to 5 % on a nebula 50 times as bright, NaN where no pixel has a value', () => {
  const [width, height] = [256, 128]
  let state = 7
  const uniform = (): number => (state = (state * 48271) % 2147483647) / 2147483647
  const data = new Float32Array(width * height)
  for (let i = 0; i < data.length; i++) {
    const noise = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
    data[i] = i % width < 128 ? 10 * noise + 500 * Math.sin((i % width) / 200) : Number.NaN
  }
  const found = neighbourNoise(
    { width, height, data },
    { columns: 2, rows: 1, cellWidth: 128, cellHeight: 128 },
  )
  expect(Math.abs(found[0]! / 10 - 1)).toBeLessThan(0.05)
  expect(found[1]).toBeNaN()
})
