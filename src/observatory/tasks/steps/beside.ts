import { isProblem } from '#problem.ts'
import { openFits } from '#science/fits/file.ts'
import { card } from '#science/fits/header.ts'
import { readImage } from '#science/fits/image.ts'
import { readWcs, type Wcs } from '#science/fits/wcs/wcs.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import { mainHdu } from '#observatory/frames/images.ts'
import type { Finder } from '#observatory/tasks/sky/sources.ts'
import { needs, type StepContext } from './context.ts'
import type { BesidePlane, CutoutExtras } from './cutouts.ts'
import { stackedFrames } from './stacked-frames.ts'

/** Places that a survey is asked for, and how many at a time. */
const mostFinders = 100
const atOnce = 4

/**
 * What stands beside cut-outs at these places, brightest first: the same area as a survey saw it, and the frames of a stack.
 * A survey that cannot be asked is told once and stops nothing.
 */
export async function besideCutouts(
  context: StepContext,
  wcs: Wcs | null,
  places: readonly { x: number; y: number }[],
): Promise<CutoutExtras & { close(): void }> {
  const finders = wcs ? await findersAt(context, wcs, places) : new Map<string, Finder>()
  const frames = await stackedFrames(context)
  return {
    wcs,
    beside(place, box) {
      const finder = finders.get(keyOf(place))
      const survey = finder && wcs ? onCutout(finder, wcs, box) : null
      return [...(survey ? [survey] : []), ...(frames?.at(box) ?? [])]
    },
    close: () => frames?.close(),
  }
}

const keyOf = ({ x, y }: { x: number; y: number }): string => `${Math.round(x)} ${Math.round(y)}`

async function findersAt(
  context: StepContext,
  wcs: Wcs,
  places: readonly { x: number; y: number }[],
): Promise<Map<string, Finder>> {
  const found = new Map<string, Finder>()
  const { config, signal } = context
  if (!config.cutout_survey || places.length === 0) return found
  const pixelScaleArcsec = wcs.pixelScaleDeg() * 3_600
  const radiusDeg = (Math.SQRT2 * (config.cutout_size + 1) * pixelScaleArcsec) / 3_600
  const { value: filter } = needs(context, 'inspect').filter
  const waiting = places.slice(0, mostFinders)
  const asked = waiting.length
  const from = new Map<string, number>()
  let failure: Error | undefined
  const work = async (): Promise<void> => {
    for (let place = waiting.shift(); place && !failure; place = waiting.shift()) {
      const [ra, dec] = wcs.pixelToSky(place.x, place.y)
      try {
        const finder = await context.sky.finder({ ra, dec, radiusDeg, pixelScaleArcsec, filter, signal })
        if (!finder) continue
        found.set(keyOf(place), finder)
        from.set(finder.from, (from.get(finder.from) ?? 0) + 1)
      } catch (error) {
        if (signal.aborted || !isProblem(error)) throw error
        failure ??= error
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  for (const [name, count] of from) context.log(`${name} is shown beside ${count} of ${asked} cut-outs.`)
  if (failure)
    context.log(
      `No survey is shown beside ${found.size === 0 ? 'the' : `${asked - found.size} of ${asked}`} cut-outs: ${failure.message}`,
    )
  return found
}

/** A picture of a survey on the pixels of a cut-out, linearly between its own. */
function onCutout({ bytes, from }: Finder, wcs: Wcs, { x0, y0, x1, y1 }: Box): BesidePlane | null {
  const hdu = mainHdu(openFits(bytes).hdus)
  const theirs = hdu && readWcs(hdu.header)
  if (!hdu || !theirs) return null
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  const values = Float32Array.from(readImage(bytes, hdu).data as ArrayLike<number>)
  const across = x1 - x0
  const x = Float64Array.from({ length: across * (y1 - y0) }, (_, i) => x0 + (i % across))
  const y = Float64Array.from(x, (_, i) => y0 + Math.floor(i / across))
  const { ra, dec } = wcs.pixelsToSky(x, y)
  theirs.skyToPixels(ra, dec, x, y)
  const data = Float32Array.from(x, (u, i) => {
    const v = y[i]!
    const [left, low] = [Math.floor(u), Math.floor(v)]
    // Not so where u or v is NaN.
    if (!(left >= 0 && low >= 0 && left + 1 < width && low + 1 < height)) return Number.NaN
    const [s, t, k] = [u - left, v - low, low * width + left]
    return (
      (1 - t) * ((1 - s) * values[k]! + s * values[k + 1]!) +
      t * ((1 - s) * values[k + width]! + s * values[k + width + 1]!)
    )
  })
  return { name: 'SURVEY', cards: [card('SURVEY', from, 'where the picture is from')], data }
}
