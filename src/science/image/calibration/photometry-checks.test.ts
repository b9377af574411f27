import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { checkGain, guessSaturation } from './detector-checks.ts'
import { profileWidths } from '#science/image/photometry/profile.ts'
import { estimateFwhm } from './fwhm.ts'
import { fitNoiseModel, limitingMagnitude, skyLimit, snrAt } from './limits.ts'
import { shapeOutliers } from './shape-outliers.ts'
import type { ShapeSources } from './shape-outliers.ts'

describe('limits of a frame', () => {
  /** Aperture noise of 40 ADU, gain 2, zero point 25. */
  const sources = (seed: number, n = 300) => {
    const random = seededRandom(seed)
    const magnitude: number[] = []
    const snr: number[] = []
    for (let i = 0; i < n; i++) {
      const flux = 10 ** (2.3 + 3 * random.uniform())
      magnitude.push(25 - 2.5 * Math.log10(flux) + 0.01 * random.normal())
      snr.push(
        (flux / Math.sqrt(40 ** 2 + flux / 2)) *
          (1 + 0.05 * random.normal()) *
          (random.uniform() < 0.1 ? 0.3 : 1),
      )
    }
    return { magnitude, snr }
  }

  it('are those of the noise that made them, to 0.03 mag, with a tenth of the sources noisier', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const model = fitNoiseModel(sources(seed))
      for (const snr of [3, 5, 10]) {
        const limit = limitingMagnitude(model, snr)
        // flux² = snr² (1600 + flux / 2)
        const flux = (snr ** 2 / 2 + Math.sqrt(snr ** 4 / 4 + 4 * snr ** 2 * 1600)) / 2
        expect(Math.abs(limit - (25 - 2.5 * Math.log10(flux)))).toBeLessThan(0.03)
        expect(snrAt(model, limit)).toBeCloseTo(snr, 8)
      }
    }
  })

  it('from the sky are median and scatter over places', () => {
    const limit = skyLimit([40, 40, 40, 80, NaN, 0], 25, 5)!
    expect(limit.magnitude).toBeCloseTo(25 - 2.5 * Math.log10(200), 10)
    expect(limit.places).toBe(4)
    expect(skyLimit([NaN, -1], 25, 5)).toBeNull()
  })

  it('hold with only bright or only faint sources, and need five', () => {
    const bright = sources(1).magnitude.map((m) => [m, Math.sqrt(10 ** (0.4 * (25 - m)) * 2)])
    const photons = fitNoiseModel({ magnitude: bright.map(([m]) => m), snr: bright.map(([, s]) => s) })
    expect(photons.sky).toBeLessThan(1e-3 * photons.photons)
    expect(Number.isFinite(limitingMagnitude(photons, 5))).toBe(true)
    expect(() => fitNoiseModel({ magnitude: [1, 2, NaN, 4, 5], snr: [1, 2, 3, -4, 5] })).toThrow(
      '3 unflagged',
    )
    expect(() => fitNoiseModel({ magnitude: [1], snr: [1, 2] })).toThrow('as many')
  })
})

describe('the FWHM of a frame', () => {
  const field = (seed: number) => {
    const random = seededRandom(seed)
    const rows = Array.from({ length: 600 }, () => {
      const star = random.uniform() < 0.5
      const width = 3 * (1 + 0.03 * random.normal())
      return {
        fwhm: star ? width : width * (1.3 + 2 * random.uniform()),
        snr: 20 + 200 * random.uniform(),
      }
    })
    return { fwhm: rows.map(({ fwhm }) => fwhm), snr: rows.map(({ snr }) => snr) }
  }

  it('is that of the stars within 3 %, with half of the sources galaxies', () => {
    for (let seed = 1; seed <= 10; seed++)
      expect(Math.abs(estimateFwhm(field(seed))!.fwhm / 3 - 1)).toBeLessThan(0.03)
  })

  it('is that of the profile at half its height, wings or not, to 2 % with noise', () => {
    const random = seededRandom(9)
    for (const [fwhm, beta] of [
      [2.4, 2.5],
      [4, 3],
      [7, 50],
    ] as const) {
      const side = 400
      const data = Float32Array.from({ length: side * side }, () => random.normal())
      const places = Array.from({ length: 64 }, (_, k) => [
        25 + 50 * (k % 8) + random.uniform(),
        25 + 50 * Math.floor(k / 8) + random.uniform(),
      ])
      const alpha = fwhm / 2 / Math.sqrt(2 ** (1 / beta) - 1)
      for (const [cx, cy] of places)
        for (let y = Math.floor(cy - 20); y < cy + 20; y++)
          for (let x = Math.floor(cx - 20); x < cx + 20; x++)
            data[y * side + x] += 200 * (1 + ((x - cx) ** 2 + (y - cy) ** 2) / alpha ** 2) ** -beta
      const widths = profileWidths(
        { width: side, height: side, data },
        places.map(([x]) => x),
        places.map(([, y]) => y),
        { radius: 1.2 * fwhm },
      )
      const { fwhm: found } = estimateFwhm({ fwhm: widths, snr: widths.map(() => 100) })!
      expect(Math.abs(found / fwhm - 1)).toBeLessThan(0.02)
    }
    const flat = { width: 9, height: 9, data: new Float32Array(81) }
    expect([...profileWidths(flat, [4, -9], [4, 4], { radius: 3 })]).toEqual([NaN, NaN])
  })

  it('is none of no source, and says when it rests on few', () => {
    expect(estimateFwhm({ fwhm: [], snr: [] })).toBeNull()
    expect(estimateFwhm({ fwhm: [NaN], snr: [50] })).toBeNull()
    const few = estimateFwhm({ fwhm: [3, 3.1], snr: [50, 8] })!
    expect(few.fwhm).toBeCloseTo(3.05, 1)
    expect(few.warnings.join(' ')).toContain('rests on 2 sources')
  })
})

describe('odd shapes', () => {
  const field = (seed: number, odd: number): { sources: ShapeSources; truth: boolean[] } => {
    const random = seededRandom(seed)
    const truth: boolean[] = []
    const columns: Record<keyof Omit<ShapeSources, 'flags'>, number[]> = {
      x: [],
      y: [],
      magnitude: [],
      halfLightRadius: [],
      fwhm: [],
      peak: [],
      flux: [],
    }
    for (let i = 0; i < 800; i++) {
      const [x, y] = [3000 * random.uniform(), 2000 * random.uniform()]
      const magnitude = -14 + 6 * random.uniform()
      const flux = 10 ** (-0.4 * magnitude)
      const noise = 0.01 + 0.1 * 10 ** (0.4 * (magnitude + 8))
      const isOdd = random.uniform() < odd
      const width =
        (3 + 0.4 * (x / 3000) + 0.2 * (y / 2000) ** 2) * (isOdd ? (random.uniform() < 0.5 ? 0.55 : 1.9) : 1)
      truth.push(isOdd)
      columns.x.push(x)
      columns.y.push(y)
      columns.magnitude.push(magnitude)
      columns.flux.push(flux)
      columns.halfLightRadius.push((width / 2) * (1 + noise * random.normal()))
      columns.fwhm.push(width * (1 + noise * random.normal()))
      columns.peak.push(((0.6 * flux) / width ** 2) * (1 + noise * random.normal()))
    }
    return { sources: columns, truth }
  }

  it('are found to 95 %, with less than 1 % of stars among them, over a frame whose PSF varies', () => {
    for (const share of [0.02, 0.15]) {
      const { sources, truth } = field(4, share)
      const { outlier } = shapeOutliers(sources)
      const odd = truth.filter((each) => each).length
      const caught = truth.filter((each, i) => each && outlier[i] === 1).length
      const wrong = truth.filter((each, i) => !each && outlier[i] === 1).length
      expect(caught / odd).toBeGreaterThan(0.95)
      expect(wrong / (800 - odd)).toBeLessThan(0.01)
    }
  })

  it('are not stars whose aperture holds the light of neighbours, however much: less than 1 % of them', () => {
    const { sources } = field(7, 0)
    const crowded = (i: number): number => (i % 3 === 0 ? 1 + (i % 7) : 1)
    const { outlier } = shapeOutliers({
      ...sources,
      halfLightRadius: (sources.halfLightRadius as number[]).map((each, i) =>
        i % 30 === 0 ? NaN : each * Math.sqrt(crowded(i)),
      ),
      flux: (sources.flux as number[]).map((each, i) => each * crowded(i)),
    })
    expect(outlier.reduce((sum, each) => sum + each, 0) / 800).toBeLessThan(0.01)
  })

  it('are the same each time, and none among too few or without numbers', () => {
    const { sources } = field(5, 0.1)
    expect(shapeOutliers(sources)).toEqual(shapeOutliers(sources))
    const few = shapeOutliers({
      x: [1],
      y: [1],
      magnitude: [1],
      halfLightRadius: [1],
      fwhm: [1],
      peak: [1],
      flux: [1],
    })
    expect(Array.from(few.outlier)).toEqual([0])
    expect(few.warnings[0]).toContain('too few')
    const holes = {
      ...sources,
      fwhm: (sources.fwhm as number[]).map((each, i) => (i === 3 ? NaN : i === 4 ? 0 : each)),
    }
    const found = shapeOutliers(holes)
    expect([found.outlier[3], found.outlier[4]]).toEqual([1, 1])
    const same = {
      ...sources,
      halfLightRadius: Array.from({ length: 800 }, () => 2),
      fwhm: Array.from({ length: 800 }, () => 4),
    }
    expect(shapeOutliers(same).distance.every((each) => Number.isFinite(each))).toBe(true)
  })
})

describe('the gain of a frame', () => {
  const sky = (gain: number, read: number, pedestal: number, slope: number) => {
    const random = seededRandom(6)
    const level = Array.from({ length: 200 }, (_, i) => 1000 * (1 + slope * (i / 200 - 0.5)))
    return {
      level: level.map((each) => each + pedestal),
      rms: level.map((each) => Math.sqrt(each / gain + (read / gain) ** 2) * (1 + 0.01 * random.normal())),
    }
  }

  it('follows from noise against level within 20 %, pedestal or not', () => {
    for (const pedestal of [0, 3000]) {
      const found = checkGain({ ...sky(2, 8, pedestal, 0.8), gain: 2 })
      expect(found).toMatchObject({ from: 'slope', verdict: 'consistent' })
      expect(Math.abs(found.implied! / 2 - 1)).toBeLessThan(0.2)
    }
  })

  it('is called wrong where an image was rescaled', () => {
    const { level, rms } = sky(2, 8, 0, 0.8)
    const scaled = { level: level.map((each) => each / 65535), rms: rms.map((each) => each / 65535) }
    expect(checkGain({ ...scaled, gain: 1 })).toMatchObject({ verdict: 'too low' })
    expect(checkGain({ ...scaled, gain: 1 }).sentence).toContain('state the right gain')
    const flat = sky(2, 8, 0, 0)
    expect(checkGain({ ...flat, gain: 50 })).toMatchObject({ from: 'level', verdict: 'too high' })
    expect(checkGain({ ...flat, gain: 2 }).verdict).toBe('consistent')
  })

  it('is not judged where the frame does not tell', () => {
    const { level, rms } = sky(2, 8, -1000, 0)
    expect(checkGain({ level, rms, gain: 2 }).verdict).toBe('cannot tell')
    // Less its sky, a frame's cells differ by their sources alone.
    const stars = {
      level: [0.3, -0.2, 0.1, 0, 5, 9, 0.2, -0.1, 12, 0, 3, 0.1, 0.2, 7],
      rms: [30, 30, 31, 30, 40, 52, 30, 30, 60, 30, 35, 30, 31, 45],
    }
    expect(checkGain({ ...stars, gain: 4 }).verdict).toBe('cannot tell')
    expect(checkGain({ level: [1, NaN], rms: [1, 1], gain: 2 }).verdict).toBe('cannot tell')
    expect(checkGain({ level, rms, gain: 0 }).sentence).toContain('give one')
  })
})

describe('saturation', () => {
  it('is where pixels pile up, or else near the highest', () => {
    const random = seededRandom(1)
    const data = Float32Array.from({ length: 10_000 }, () => 100 + 10 * random.normal())
    data[5] = 40_000
    expect(guessSaturation({ width: 100, height: 100, data })).toMatchObject({ from: 'maximum' })
    for (let k = 0; k < 30; k++) data[300 + k] = 65_535
    const found = guessSaturation({ width: 100, height: 100, data })
    expect(found.from).toBe('pile-up')
    expect(found.level).toBeGreaterThan(65_000)
    expect(found.level).toBeLessThanOrEqual(65_535)
    expect(guessSaturation({ width: 2, height: 2, data: Float32Array.of(3, 3, 3, NaN) }).level).toBe(3)
    expect(() => guessSaturation({ width: 1, height: 1, data: Float32Array.of(NaN) })).toThrow('no pixel')
  })
})
