import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { colourMapNames, paletteOf } from './colour-maps.ts'
import { colourPng, indexedPng } from './png.ts'
import { intervalOf, sampleOf, shadesOf, stretchNames, stretchOf } from './stretch.ts'

const reference = JSON.parse(
  readFileSync(new URL('../../../../fixtures/imaging/stretch.json', import.meta.url), 'utf8'),
) as {
  zscale: Record<string, [number, number]>
  steps: number[]
  asinh: number[]
  sinh: number[]
  log: number[]
}

function field(at: (row: number, column: number) => number): Float64Array {
  return Float64Array.from({ length: 4096 }, (_, i) => at(Math.floor(i / 64), i % 64))
}

const fields: Record<string, Float64Array> = {
  stars: field((r, c) => ((r * 7919 + c * 104_729) % 97) + 1000 + (r % 16 === 3 && c % 16 === 5 ? 5000 : 0)),
  gradient: field((r, c) => r * 3 + c * 0.5 + ((r * 31 + c * 17) % 13)),
  flat: field(() => 42),
}

describe('interval', () => {
  it.each(Object.keys(fields))('zscale of %s is that of astropy to 1e-6 of its value', (name) => {
    const { low, high } = intervalOf(sampleOf(fields[name]!, 4096), { by: 'zscale' })
    const [least, most] = reference.zscale[name]!
    expect(Math.abs(low - least)).toBeLessThan(1e-6 * Math.max(1, Math.abs(least)))
    expect(Math.abs(high - most)).toBeLessThan(1e-6 * Math.abs(most))
  })

  it('percentiles and the whole range leave pixels without a value out', () => {
    const sample = sampleOf([5, NaN, 1, 3, Infinity, 2, 4])
    expect([...sample]).toEqual([1, 2, 3, 4, 5])
    expect(intervalOf(sample, { by: 'percentile', low: 25, high: 75 })).toEqual({ low: 2, high: 4 })
    expect(intervalOf(sample, { by: 'range' })).toEqual({ low: 1, high: 5 })
    expect(intervalOf(sampleOf([NaN, NaN]), { by: 'zscale' })).toEqual({ low: 0, high: 1 })
    expect(intervalOf(sampleOf([7]), { by: 'zscale' })).toEqual({ low: 7, high: 7 })
  })
})

describe('stretch', () => {
  it.each(['asinh', 'sinh', 'log'] as const)('%s is that of astropy to 1e-12', (name) => {
    const stretch = stretchOf(name)
    for (const [i, x] of reference.steps.entries())
      expect(Math.abs(stretch(x) - reference[name][i]!)).toBeLessThan(1e-12)
  })

  it.each(stretchNames)('%s goes from 1 to 255 without a step down, 0 is a pixel without a value', (name) => {
    const data = Float32Array.from({ length: 2000 }, (_, i) => i - 500)
    const sample = sampleOf(data)
    const shades = shadesOf(data, { low: 0, high: 1000 }, name, { sample })
    expect(shades[0]).toBe(1)
    expect(shades[1999]).toBe(255)
    for (let i = 1; i < shades.length; i++) expect(shades[i]!).toBeGreaterThanOrEqual(shades[i - 1]!)
    expect(shadesOf([NaN, 0, -Infinity, Infinity], { low: 0, high: 1000 }, name, { sample })).toEqual(
      Uint8Array.of(0, 1, 1, 255),
    )
    expect(shadesOf([3, 4, 5], { low: 4, high: 4 }, name, { sample })[1]).toBeGreaterThan(0)
  })
})

describe('colours and PNG', () => {
  it.each(colourMapNames)('%s begins and ends with its own colours and can be inverted', (name) => {
    const [map, back] = [paletteOf(name), paletteOf(name, { inverted: true })]
    expect([...map.subarray(4, 8)]).toEqual([...back.subarray(1020)])
    expect([...back.subarray(4, 8)]).toEqual([...map.subarray(1020)])
    expect(map.filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true)
  })

  it('viridis gets lighter all the way', () => {
    const map = paletteOf('viridis')
    const light = (i: number) => 0.2126 * map[4 * i]! + 0.7152 * map[4 * i + 1]! + 0.0722 * map[4 * i + 2]!
    for (let i = 2; i < 256; i++) expect(light(i)).toBeGreaterThan(light(i - 1) - 0.6)
  })

  it('pictures hold the pixels that were given', () => {
    const values = Uint8Array.of(0, 1, 2, 255, 254, 253)
    const png = indexedPng({ width: 3, height: 2, values, palette: paletteOf('grey') })
    const data = inflateSync(chunk(png, 'IDAT'))
    expect([...data]).toEqual([0, 0, 1, 2, 0, 255, 254, 253])
    expect(chunk(png, 'PLTE').length).toBe(768)
    const rgba = Uint8Array.of(1, 2, 3, 255, 9, 8, 7, 0)
    const colour = colourPng({ width: 1, height: 2, rgba })
    expect([...inflateSync(chunk(colour, 'IDAT'))]).toEqual([0, 1, 2, 3, 255, 0, 9, 8, 7, 0])
  })
})

function chunk(png: Uint8Array, name: string): Uint8Array {
  const view = new DataView(png.buffer)
  for (let at = 8; at < png.length; at += 12 + view.getUint32(at))
    if (String.fromCharCode(...png.subarray(at + 4, at + 8)) === name)
      return png.subarray(at + 8, at + 8 + view.getUint32(at))
  throw new Error(`no ${name}`)
}
