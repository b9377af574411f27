import { isProblem, Problem } from '#problem.ts'
import { ask, type Asking } from './asking.ts'
import { roundedCone } from './cone.ts'
import type { PictureFiles } from './sources.ts'
import { put, wholeFits, type SurveyRequest } from './pictures.ts'

/** Side of one request; the service refuses pictures of many megapixels. */
const mostSide = 2_500
const leastSide = 64
/** Pixels that neighbours share, so that no seam is left when both are resampled. */
const shared = 16
const mostRequests = 64

/** One part of the picture: pixels of the whole from its lower left corner. */
interface Part {
  readonly x0: number
  readonly y0: number
  readonly width: number
  readonly height: number
}

/**
 * A HiPS through hips2fits: parts of one tangent plane, so that they join without gap, turn or change of scale. The mirrors
 * are asked in turn; a part that is too large for the service is asked for in four.
 * @throws Problem `net.*`, `task.no_template`
 */
export async function hipsPictures(
  asking: Asking,
  urls: readonly string[],
  { source, band, cone, pixelScaleArcsec, folder, signal, log }: SurveyRequest,
): Promise<PictureFiles[]> {
  const { ra, dec, radiusDeg } = roundedCone(cone)
  const own = source.pixelScale ?? 1
  // Whole multiples of the survey's own pixel, at least two to one of the frame where it has so many.
  const scaleDeg = (own * Math.max(1, Math.floor(pixelScaleArcsec / (2 * own)))) / 3_600
  const half = (Math.tan((radiusDeg * Math.PI) / 180) * 180) / Math.PI / scaleDeg
  const side = 2 * Math.ceil(half)
  const waiting = partsOf({ x0: 0, y0: 0, width: side, height: side }, mostSide)
  if (waiting.length > mostRequests)
    throw new Problem(
      'task.no_template',
      `${source.title} would have to be fetched in ${waiting.length} parts, and at most ${mostRequests} are; look at a part of the frame (filter_center, filter_sr0), or bring a template (custom_template.fits).`,
    )
  const check = wholeFits('hips2fits')
  const pictures: PictureFiles[] = []
  for (let part = waiting.shift(); part; part = waiting.shift()) {
    const { width, height } = part
    const query = hipsQuery(band.id, { ra, dec, scaleDeg, side }, part)
    log(
      `${band.id}, ${width} × ${height} pixels of ${(scaleDeg * 3_600).toFixed(3)}″ (${pictures.length + 1} of ${pictures.length + 1 + waiting.length}).`,
    )
    try {
      const bytes = await firstOf(urls, (url) =>
        ask(asking, 'pictures', `${url}?${query.toString()}`, { signal, check }),
      )
      const image = await put(folder, `hips_${pictures.length}.fits`, bytes)
      pictures.push({ image, masks: [], scale: 1 })
    } catch (error) {
      if (!isTooLarge(error) || signal.aborted || Math.max(width, height) <= leastSide) throw error
      log('That is too large for the service: in four parts.')
      waiting.unshift(...partsOf(part, Math.ceil(Math.max(width, height) / 2) + shared))
    }
  }
  return pictures
}

/** What hips2fits is asked for: a part of a square around a place, north up. */
export function hipsQuery(
  hips: string,
  { ra, dec, scaleDeg, side }: { ra: number; dec: number; scaleDeg: number; side: number },
  { x0, y0, width, height }: Part = { x0: 0, y0: 0, width: side, height: side },
): URLSearchParams {
  return new URLSearchParams({
    hips,
    width: String(width),
    height: String(height),
    wcs: JSON.stringify({
      NAXIS1: width,
      NAXIS2: height,
      WCSAXES: 2,
      CTYPE1: 'RA---TAN',
      CTYPE2: 'DEC--TAN',
      CUNIT1: 'deg',
      CUNIT2: 'deg',
      CRVAL1: ra,
      CRVAL2: dec,
      CRPIX1: side / 2 + 0.5 - x0,
      CRPIX2: side / 2 + 0.5 - y0,
      CDELT1: -scaleDeg,
      CDELT2: scaleDeg,
      RADESYS: 'ICRS',
    }),
    format: 'fits',
  })
}

/** A part cut into parts of at most `most` pixels a side that share a border. */
export function partsOf({ x0, y0, width, height }: Part, most: number): Part[] {
  const cut = (length: number): [from: number, length: number][] => {
    const count = length <= most ? 1 : Math.ceil((length - shared) / (most - shared))
    const step = (length - shared) / count
    return Array.from({ length: count }, (_, i) => {
      const from = Math.round(i * step)
      return [from, Math.min(length, Math.round((i + 1) * step) + shared) - from]
    })
  }
  return cut(height).flatMap(([y, h]) =>
    cut(width).map(([x, w]) => ({ x0: x0 + x, y0: y0 + y, width: w, height: h })),
  )
}

/** Asks the mirrors in turn; the failure of the first tells most. */
export async function firstOf<T>(urls: readonly string[], one: (url: string) => Promise<T>): Promise<T> {
  let failure: unknown
  for (const url of urls) {
    try {
      return await one(url)
    } catch (error) {
      // What one refuses as too large, the other does as well.
      if (!isProblem(error) || error.code === 'net.aborted' || isTooLarge(error)) throw error
      failure ??= error
    }
  }
  throw failure
}

function isTooLarge(error: unknown): boolean {
  if (!isProblem(error) || error.code !== 'net.status') return false
  const { status, body } = error.details
  return status === 413 || (status === 400 && /too (large|big)|exceed|maxim|limit/i.test(String(body)))
}
