import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { writeFits } from '#science/fits/write.ts'
import { measureBackground, subtractBackground } from '#science/image/background/background.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { createArena } from '#science/kernels/arena.ts'
import { simulatePair, type SimulatedPair } from '#science/simulate/field-pair.ts'
import { wholeConfig, type ConfigInput } from '#observatory/tasks/config.ts'
import { forcedAt } from './aperture-fluxes.ts'
import { subtractRegion } from './subtract-work.ts'

const size = 512
const saturation = 60_000
const root = await mkdtemp(join(tmpdir(), 'urania-share-'))
afterAll(() => rm(root, { recursive: true, force: true }))

const pairOf = (science: number, template: number): SimulatedPair =>
  simulatePair({
    field: { width: size, height: size, count: 260, galaxies: 0, seed: 11 },
    science: { psf: { fwhm: science }, sky: 300 },
    template: { psf: { fwhm: template }, sky: 300 },
    appeared: 12,
    vanished: 4,
    transientFlux: [30_000, 60_000],
  })

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** Aperture flux of the frame over all of the light, by its bright stars. */
function lightInAperture(plane: Plane, mask: Mask, { science }: SimulatedPair, fwhm: number): number {
  const { x, y, flux } = science.truth
  const rows = [...x.keys()].filter(
    (i) =>
      flux[i]! > 10_000 &&
      flux[i]! < 300_000 &&
      [x[i]!, y[i]!].every((at) => at > 40 && at < size - 40) &&
      x.every(
        (other, k) => k === i || flux[k]! < 0.005 * flux[i]! || Math.hypot(other - x[i]!, y[k]! - y[i]!) > 14,
      ),
  )
  const found = forcedAt(plane, mask, 0, {
    config: wholeConfig({ centroid_targets: false }),
    fwhm,
    gain: 0,
    x: rows.map((i) => x[i]!),
    y: rows.map((i) => y[i]!),
    noise: new Float32Array(size * size).fill(1),
    workshop: workshopOf(createArena()),
  })
  expect(rows.length).toBeGreaterThan(8)
  return median(rows.map((i, k) => found.flux[k]! / flux[i]!))
}

for (const [what, science, template, config] of [
  ['the template convolved', 3.8, 2.8, {}],
  ['the frame convolved', 2.8, 3.8, {}],
  ['the frame convolved and the difference whitened', 2.8, 3.8, { sub_decorrelate: true }],
  ['the template convolved and the difference whitened', 3.8, 2.8, { sub_decorrelate: true }],
  ['SFFT and the frame the sharper', 2.8, 3.8, { subtraction_method: 'sfft' }],
  ['ZOGY and the frame the sharper', 2.8, 3.8, { subtraction_method: 'zogy' }],
] as const satisfies readonly (readonly [string, number, number, ConfigInput])[])
  it(`fluxes of candidates and targets are those of apertures on the frame within 2 %, with ${what}`, async () => {
    const pair = pairOf(science, template)
    const folder = await mkdtemp(join(root, 'pair-'))
    const workshop = workshopOf(createArena())
    const fits = (data: Float32Array | Uint8Array): Uint8Array =>
      writeFits([{ kind: 'image', shape: [size, size], data: data.slice() }])
    const mask: Mask = { width: size, height: size, data: new Uint8Array(size * size) }
    const { plane } = pair.science
    for (let i = 0; i < mask.data.length; i++) mask.data[i] = plane.data[i]! >= saturation ? 2 : 0
    const frame: Plane = { width: size, height: size, data: plane.data.slice() }
    subtractBackground(frame, measureBackground(frame, mask, { mesh: 128 }, workshop), frame, workshop)
    await writeFile(join(folder, 'image.fits'), fits(frame.data))
    await writeFile(join(folder, 'mask.fits'), fits(mask.data))
    await writeFile(join(folder, 'template.fits'), fits(pair.template.plane.data))
    const bright = [...pair.science.truth.x.keys()]
      .filter((i) => pair.science.truth.flux[i]! > 5_000 && pair.science.truth.flux[i]! < 400_000)
      .toSorted((i, j) => pair.science.truth.flux[j]! - pair.science.truth.flux[i]!)
    const whole = { x0: 0, y0: 0, x1: size, y1: size }
    const { transients } = pair
    const found = await subtractRegion.run({
      channel: `urania test share ${process.pid}`,
      folder,
      config: wholeConfig({ filter_adjust: false, ...config }),
      hands: 1,
      wcs: null,
      gain: 1.5,
      saturation,
      fwhm: science,
      bgSize: 128,
      frameSize: [size, size],
      region: whole,
      tiles: [whole],
      pictures: [{ image: join(folder, 'template.fits'), gain: 1.5, saturation }],
      custom: true,
      stars: {
        x: Float64Array.from(bright, (i) => pair.science.truth.x[i]!),
        y: Float64Array.from(bright, (i) => pair.science.truth.y[i]!),
      },
      targets: { x: [...transients.x], y: [...transients.y] },
      detect: true,
    })
    const share = lightInAperture(frame, mask, pair, science)
    const { targets, detections } = found
    const forced = [...transients.flux].map((flux, i) => targets!.flux[i]! / (flux * share))
    const nearest = [...transients.flux].flatMap((flux, i) => {
      const k = [...detections!.x.keys()].find(
        (j) => Math.hypot(detections!.x[j]! - transients.x[i]!, detections!.y[j]! - transients.y[i]!) < 1,
      )
      return k === undefined ? [] : [detections!.flux[k]! / (flux * share)]
    })
    expect(nearest.length).toBeGreaterThanOrEqual(14)
    expect(Math.abs(median(forced) - 1)).toBeLessThan(0.02)
    expect(Math.abs(median(nearest) - 1)).toBeLessThan(0.02)
  }, 60_000)
