import { describe, expect, it } from 'vitest'
import { tanWcs } from '#science/fits/wcs/make.ts'
import { compassAt, gridLines, labelPlace, northUp, scaleBar } from './grid.ts'
import { applied, fitView, matrixOf } from './view.ts'

const box = { width: 900, height: 600 }
const image = { width: 1000, height: 800 }

function wcsAt(ra: number, dec: number, turnDeg: number, scaleDeg: number, flip = -1) {
  const [cos, sin] = [Math.cos((turnDeg * Math.PI) / 180), Math.sin((turnDeg * Math.PI) / 180)]
  return tanWcs({
    crval: [ra, dec],
    crpix: [500, 400],
    cd: [flip * scaleDeg * cos, -flip * scaleDeg * sin, scaleDeg * sin, scaleDeg * cos],
  })
}

describe('the grid', () => {
  it('has lines where the sky has their value to 0.01 px, at the equator, over RA 0 and around a pole', () => {
    for (const [ra, dec, scale] of [
      [180, 0, 1e-4],
      [0.001, -45, 3e-4],
      [40, 89.9, 1e-3],
    ] as const) {
      const wcs = wcsAt(ra, dec, 30, scale)
      const m = matrixOf(fitView(image, box), box.width, box.height)
      const lines = gridLines(wcs, m, box, 'degrees')
      expect(lines.filter(({ of }) => of === 'ra').length).toBeGreaterThan(1)
      expect(lines.filter(({ of }) => of === 'dec').length).toBeGreaterThan(1)
      expect(lines.length).toBeLessThan(40)
      for (const line of lines)
        for (const [X, Y] of line.pieces.flat()) {
          const x = (X - m.e) / m.a
          const y = (Y - m.f) / m.d
          const [a, d] = wcs.pixelToSky(x, y)
          const off =
            line.of === 'dec'
              ? d - line.value
              : (((a - line.value + 540) % 360) - 180) * Math.cos((d * Math.PI) / 180)
          expect(Math.abs(off) / scale).toBeLessThan(0.01)
        }
      for (const line of lines) {
        const at = labelPlace(line, box)
        if (at) expect(at[0] >= 0 && at[1] >= 0 && at[0] <= box.width && at[1] <= box.height).toBe(true)
      }
    }
  })

  it('tells steps apart in either notation', () => {
    const m = matrixOf(fitView(image, box), box.width, box.height)
    for (const notation of ['degrees', 'sexagesimal'] as const) {
      const texts = gridLines(wcsAt(150, 2, 0, 1e-5), m, box, notation).map(({ of, text }) => of + text)
      expect(new Set(texts).size).toBe(texts.length)
    }
  })
})

describe('north', () => {
  it('is up and east left after turning, whichever way the image lies', () => {
    for (const turn of [0, 77, 200])
      for (const flip of [-1, 1]) {
        const wcs = wcsAt(210, 54, turn, 1e-4, flip)
        const turned = northUp(wcs, 500, 400)!
        const m = matrixOf({ x: 500, y: 400, zoom: 1, ...turned }, box.width, box.height)
        const { north, east } = compassAt(wcs, 500, 400)!
        const [X, Y] = applied(m, 500, 400)
        const [nX, nY] = applied(m, 500 + north[0], 400 + north[1])
        const [eX, eY] = applied(m, 500 + east[0], 400 + east[1])
        expect(nX - X).toBeCloseTo(0, 6)
        expect(nY - Y).toBeCloseTo(-1, 6)
        expect(eX - X).toBeCloseTo(-1, 3)
        expect(eY - Y).toBeCloseTo(0, 3)
      }
  })
})

describe('the scale bar', () => {
  it('is round and 70 to 180 px long from 1 mas to 1° a pixel', () => {
    for (let power = -6.5; power < -0.5; power += 0.13) {
      const { length, text } = scaleBar(10 ** power, 1)
      expect(length).toBeGreaterThanOrEqual(70)
      expect(length).toBeLessThan(190)
      expect(text).toMatch(/^\d+( mas|″|′|°)$/)
    }
    expect(scaleBar(null, 1 / 8)).toEqual({ length: 125, text: '1000 px' })
    expect(scaleBar(null, 16).text).toBe('5 px')
  })
})
