import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { readFitsTable } from '#science/table/fits.ts'
import { dataFile } from '#test/data.ts'
import { fitZeroPoint } from './zero-point.ts'
import type { CalibrationStars, ZeroPointOptions } from './zero-point.ts'
import { shuffleCheck } from './zero-point-checks.ts'
import { calibrated, zeroPointAt } from './zero-point-model.ts'
import type { ZeroPoint } from './zero-point-model.ts'
import { madSigma } from '#science/image/median.ts'

interface Fixture extends CalibrationStars {
  x: number[]
  y: number[]
  coefficients: number[]
  covariance: number[][]
}
const { zeroPoint: fixture } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../../fixtures/imaging/calibrate.json'), 'utf8'),
) as { zeroPoint: Fixture }

const banzai = dataFile('imaging', 'banzai', 'cpt1m012-fa06-20200113-0102-matched-cat.fits')

interface Sky {
  n: number
  seed: number
  /** True σ over stated σ. */
  errorScale: number
  scatter: number
  outliers: number
  colourTerm: number
  slopeX: number
  /** ADU missing in every flux. */
  missing: number
  nonlinear: number
}

const zero = 24.2

function stars(given: Partial<Sky>): CalibrationStars {
  const all = {
    n: 300,
    seed: 1,
    errorScale: 1,
    scatter: 0,
    outliers: 0,
    colourTerm: 0,
    slopeX: 0,
    missing: 0,
    nonlinear: 0,
  }
  const sky: Sky = { ...all, ...given }
  const random = seededRandom(sky.seed)
  const out = { x: [], y: [], magnitude: [], error: [], catalogueMagnitude: [], colour: [] } as Record<
    string,
    number[]
  >
  for (let i = 0; i < sky.n; i++) {
    const x = 2000 * random.uniform()
    const flux = 10 ** (2.8 + 2.4 * random.uniform())
    const colour = 1.5 * random.uniform() - 0.2
    const sigma = Math.hypot(0.003, 1.0857 * (30 / flux))
    const seen = flux - sky.missing
    const magnitude = -2.5 * Math.log10(seen)
    const noise = Math.hypot(sigma * sky.errorScale, sky.scatter) * random.normal()
    const wrong = random.uniform() < sky.outliers ? 0.3 + 2 * random.uniform() : 0
    out.x.push(x)
    out.y.push(1500 * random.uniform())
    out.magnitude.push(magnitude)
    out.error.push(sigma)
    out.colour.push(colour)
    out.catalogueMagnitude.push(
      -2.5 * Math.log10(flux) +
        zero +
        sky.slopeX * (x / 1000 - 1) +
        sky.colourTerm * colour +
        noise -
        wrong +
        sky.nonlinear * (magnitude + 10),
    )
  }
  return out as unknown as CalibrationStars
}

const fit = (given: Partial<Sky>, options: ZeroPointOptions = {}) =>
  fitZeroPoint(stars(given), { width: 2000, height: 1500, ...options })

describe('the zero point of a frame', () => {
  it.skipIf(!banzai)(
    'of the LCO table is 23.1 ± 0.1 mag, as another robust fit has it to 0.01 (needs shared test data)',
    () => {
      const table = readFitsTable(new Uint8Array(readFileSync(banzai!)))
      const column = (name: string) =>
        Float64Array.from(
          table.columns.find((each) => each.name === name)!.values as ArrayLike<number>,
          Number,
        )
      const flux = column('flux')
      const [i, r] = [column('imag'), column('rmag')]
      const given: CalibrationStars = {
        x: column('x'),
        y: column('y'),
        magnitude: flux.map((each) => -2.5 * Math.log10(each / 250.032)),
        error: column('fluxerr').map((each, k) => (1.0857 * each) / flux[k]),
        catalogueMagnitude: i,
        catalogueError: column('imagerr'),
        colour: r.map((each, k) => each - i[k]),
        flags: column('flag'),
      }
      const { model, residuals, used } = fitZeroPoint(given, { width: 4096, height: 4096 })
      expect(Math.abs(model.coefficients[0] - 23.1)).toBeLessThan(0.1)
      expect(Math.abs(model.coefficients[0] - 23.103)).toBeLessThan(0.01)
      // The table's rows of no flux, and those without a catalogue magnitude, are left out and have no residual.
      expect(Array.from(flux.keys()).filter((k) => !(flux[k] > 0) && used[k] === 1)).toEqual([])
      // The independent fit kept stars within 3σ of a scatter that is the same for all: the same stars give its colour term.
      const scatter = madSigma(
        residuals.filter((_, k) => used[k] === 1),
        0,
      )
      const kept = residuals.map((each, k) => (used[k] === 1 && Math.abs(each) < 3 * scatter ? 1 : NaN))
      const even = fitZeroPoint({
        ...given,
        magnitude: (given.magnitude as Float64Array).map((each, k) => each * kept[k]),
        error: kept.map(() => 0.04),
        catalogueError: kept.map(() => 0),
      })
      expect(Math.abs(even.model.coefficients[0] - 23.103)).toBeLessThan(0.01)
      expect(Math.abs(even.model.colour!.terms[0] + 0.027)).toBeLessThan(0.01)
    },
  )

  it('by plain least squares has numpy’s coefficients and covariance to 1e-9', () => {
    const { model } = fitZeroPoint(fixture, { spatialOrder: 1, robust: false, mostScatter: 0, clip: 50 })
    const values = [...model.coefficients, model.colour!.terms[0]]
    // Columns come in the order 1, x, y, colour in both.
    for (const [k, each] of fixture.coefficients.entries())
      expect(Math.abs(values[k] - each)).toBeLessThan(1e-8)
    const scale = model.errorScale ** 2
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++) {
        const expected = fixture.covariance[a][b] * scale
        expect(Math.abs(model.covariance[3 * a + b] - expected)).toBeLessThan(
          1e-9 + 1e-6 * Math.abs(expected),
        )
      }
  })

  it('is found with its slope, colour term and error over 100 skies: pulls are standard normal within 20 %', () => {
    const pulls: number[] = []
    const colours: number[] = []
    for (let seed = 1; seed <= 100; seed++) {
      const { model } = fit(
        { seed, n: 150, slopeX: 0.08, colourTerm: 0.1, scatter: 0.01 },
        { spatialOrder: 1 },
      )
      const at = zeroPointAt({ ...model, systematic: null }, 600, 700)
      pulls.push((at.value - (zero + 0.08 * (0.6 - 1))) / at.error)
      colours.push((model.colour!.terms[0] - 0.1) / model.colour!.errors[0])
    }
    for (const each of [pulls, colours]) {
      const mean = each.reduce((a, b) => a + b, 0) / each.length
      const sigma = Math.sqrt(each.reduce((sum, pull) => sum + (pull - mean) ** 2, 0) / each.length)
      expect(Math.abs(mean)).toBeLessThan(0.3)
      expect(Math.abs(sigma - 1)).toBeLessThan(0.2)
    }
  })

  it('keeps within 0.01 mag with a fifth of the stars wrong by up to two magnitudes', () => {
    const { model } = fit({ outliers: 0.2, n: 400 })
    expect(Math.abs(model.coefficients[0] - zero)).toBeLessThan(0.01)
    expect(model.stars.used).toBeLessThan(360)
  })

  it('scales errors that are too small by what they lack, within 15 %, and never below 1', () => {
    expect(Math.abs(fit({ errorScale: 3, n: 600 }).model.errorScale / 3 - 1)).toBeLessThan(0.15)
    expect(fit({ errorScale: 0.4, n: 600 }).model.errorScale).toBe(1)
  })

  it('tells scatter from errors that are too small: 0.02 mag within 15 %, scale below 1.2', () => {
    const { model } = fit({ scatter: 0.02, n: 600 })
    expect(Math.abs(model.scatter / 0.02 - 1)).toBeLessThan(0.15)
    expect(model.errorScale).toBeLessThan(1.2)
  })

  it('finds a flux that every measurement misses, within 10 %, and a nonlinearity', () => {
    const { model } = fit({ missing: 40, n: 800 }, { fluxOrder: 0, colour: 'none' })
    // The coefficient is a flux at magnitude0; what is missing is added back.
    const adu = model.coefficients[1] * 10 ** (-0.4 * model.magnitude0)
    expect(Math.abs(adu / 40 - 1)).toBeLessThan(0.1)
    const bent = fit({ nonlinear: 0.02, n: 800 }, { nonlinear: true, colour: 'none' }).model
    expect(Math.abs(bent.coefficients[1] - 0.02)).toBeLessThan(0.002)
    expect(Math.abs(zeroPointAt(bent, 0, 0, -10).value - zero)).toBeLessThan(0.01)
  })

  it('takes a forced colour term for granted', () => {
    const { model } = fit({ colourTerm: 0.2 }, { colour: 0.2 })
    expect(model.colour).toEqual({ terms: [0.2], errors: [0], forced: true })
    expect(Math.abs(model.coefficients[0] - zero)).toBeLessThan(0.01)
  })

  it('sees a flat field that no star’s error tells', () => {
    const bumpy = stars({ n: 2000 })
    const catalogue = Float64Array.from(
      bumpy.catalogueMagnitude,
      (each, i) => each + (Math.floor(bumpy.x[i] / 500) % 2 === 0 ? 0.02 : -0.02),
    )
    const { model } = fitZeroPoint({ ...bumpy, catalogueMagnitude: catalogue }, { width: 2000, height: 1500 })
    expect(model.systematic!).toBeGreaterThan(0.01)
    expect(zeroPointAt(model, 100, 100).error).toBeGreaterThan(0.01)
    expect(fit({ n: 2000 }).model.systematic!).toBeLessThan(0.003)
  })

  it('survives JSON, and gives a source the whole of its error', () => {
    const { model } = fit({ errorScale: 2, n: 500 }, { spatialOrder: 2 })
    const copy = JSON.parse(JSON.stringify(model)) as ZeroPoint
    expect(copy).toEqual(model)
    const { magnitude, error } = calibrated(copy, {
      x: [500, NaN],
      y: [500, 1],
      magnitude: [-10, -9],
      error: [0.05, 0.1],
    })
    expect(Math.abs(magnitude[0] - (zero - 10))).toBeLessThan(0.02)
    expect(error[0]).toBeGreaterThan(0.09)
    expect(magnitude[1]).toBeNaN()
  })
})

describe('a zero point from bad input', () => {
  it('is refused with fewer than two usable stars, saying how many there are', () => {
    const none = {
      x: [1, 2],
      y: [1, 2],
      magnitude: [-9, NaN],
      error: [0.1, 0.1],
      catalogueMagnitude: [15, 16],
    }
    expect(() => fitZeroPoint(none)).toThrow('Of 2 matched stars 1 can calibrate')
    expect(() => fitZeroPoint({ ...none, magnitude: [-9, -8], flags: [4, 4] })).toThrow('at least 2')
    expect(() => fitZeroPoint({ ...none, x: [1] })).toThrow('"x" has 1 stars')
  })

  it('of two stars is a constant, with warnings and finite numbers', () => {
    const two = stars({ n: 2 })
    const { model } = fitZeroPoint(two, { spatialOrder: 2, fluxOrder: 1, nonlinear: true })
    expect(model.terms).toEqual({ spatialOrder: 0, fluxOrder: null, nonlinear: false, colourOrder: 0 })
    expect(model.warnings.join(' ')).toMatch(/Only 2 stars/)
    const { coefficients, covariance, errorScale, scatter, rms } = model
    expect(
      [...coefficients, ...covariance, errorScale, scatter, rms].every((each) => Number.isFinite(each)),
    ).toBe(true)
    expect(Number.isFinite(zeroPointAt(model, 5, 5).error)).toBe(true)
  })

  it('of stars in one place, of one colour, without errors, or with infinite ones has finite numbers', () => {
    const given = stars({ n: 50 })
    const same = (value: number) => new Float64Array(50).fill(value)
    for (const odd of [
      { ...given, x: same(5), y: same(5) },
      { ...given, colour: same(0.5) },
      { ...given, error: same(0) },
      { ...given, error: Float64Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? 0.01 : Infinity)) },
      { ...given, colour: same(NaN) },
    ]) {
      const run = () => fitZeroPoint(odd, { spatialOrder: 2 }).model
      if (odd.colour?.[0] !== odd.colour?.[0]) {
        expect(run().terms.colourOrder).toBe(0)
        continue
      }
      const { coefficients, covariance, rms } = run()
      expect([...coefficients, ...covariance, rms].every((each) => Number.isFinite(each))).toBe(true)
    }
  })

  it('says in words what is unusual', () => {
    expect(fit({ colourTerm: 0.8 }).model.warnings.join(' ')).toContain('colour term of 0.80 is large')
    expect(fit({ errorScale: 4 }).model.warnings.join(' ')).toMatch(/scatter [34]\.\d times more/)
    const corner = stars({ n: 100 })
    const x = Float64Array.from(corner.x, (each) => each / 4)
    const { model } = fitZeroPoint({ ...corner, x }, { width: 2000, height: 1500, spatialOrder: 1 })
    expect(model.warnings.join(' ')).toContain('extrapolated')
    expect(zeroPointAt(model, 1900, 100).extrapolated).toBe(true)
    expect(zeroPointAt(model, 200, 700).extrapolated).toBe(false)
  })
})

it('catalogue magnitudes wrong by 1 mag in a quarter of the stars, colours with them, move zero point and colour term by less than 0.02 mag', () => {
  for (const seed of [1, 2, 3, 4]) {
    const random = seededRandom(seed)
    const faults = seededRandom(seed + 50)
    const names = ['x', 'y', 'magnitude', 'error', 'catalogueMagnitude', 'colour'] as const
    const rows = Array.from({ length: 400 }, () => {
      const x = 2000 * random.uniform()
      const y = 1500 * random.uniform()
      const colour = 1.5 * random.uniform() - 0.2
      const magnitude = -6.5 - 5 * random.uniform() ** 2
      const error = Math.hypot(0.003, 0.12 * 10 ** (0.4 * (magnitude + 6.5)))
      const wrong = faults.uniform() < 0.25
      const [first, second] = [faults.normal(), faults.normal()]
      // Darker in the corners by a quarter of a magnitude, which hides at first what is wrong; errors too small.
      const vignetting = -0.125 * ((x / 1000 - 1) ** 2 + (y / 750 - 1) ** 2)
      const truth = magnitude + zero + 0.05 * colour + vignetting + 1.6 * error * random.normal()
      return {
        x,
        y,
        magnitude,
        error,
        catalogueMagnitude: truth + (wrong ? first : 0),
        colour: colour + (wrong ? second - first : 0),
      }
    })
    const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]))
    const { model } = fitZeroPoint(columns as unknown as CalibrationStars, { spatialOrder: 2 })
    expect(Math.abs(zeroPointAt(model, 1000, 750).value - zero)).toBeLessThan(0.02)
    expect(Math.abs(model.colour!.terms[0] - 0.05)).toBeLessThan(0.02)
    expect(model.scatter).toBeLessThan(0.02)
  }
})

describe('checks of a calibration', () => {
  it('tell a wrong astrometric solution from a right one', () => {
    const given = stars({ n: 60 })
    const right = shuffleCheck(given.magnitude, given.catalogueMagnitude)
    expect(right.probability).toBeLessThan(0.001)
    expect(right.warning).toBeNull()
    const other = stars({ n: 60, seed: 77 })
    const wrong = shuffleCheck(given.magnitude, other.catalogueMagnitude, { shuffles: 2000 })
    expect(wrong.probability).toBeGreaterThan(0.05)
    expect(wrong.warning).toContain('probably wrong')
    expect(shuffleCheck([1, 2], [1, 2]).warning).toContain('too few')
  })
})
