import { isProblem, Problem } from '#problem.ts'
import { openFitsSource } from '#science/fits/file.ts'
import { hduLabel, type Hdu } from '#science/fits/hdu.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { emptyRanges, rangesAreaSr, type Ranges } from '#science/sky/ranges.ts'
import { facts } from './facts.ts'
import { placeImage, skyOf, togetherOf, wcsOfHeader, type Placed } from './footprint.ts'
import type { Facts, Frame, FrameImage } from './frame.ts'
import { compressionOf, imageHdus, mainHdu, roleOf } from './images.ts'

/** All that is known of a file from its headers alone. */
export interface Examined {
  readonly images: FrameImage[]
  /** Index in `images`. */
  readonly main: number
  readonly facts: Facts
  readonly footprint: Frame['footprint']
  readonly sky: Ranges
}

/** Images that a file may have: mosaics have at most a few hundred, and all of them are one row. */
const mostImages = 400

const squareDegrees = (180 / Math.PI) ** 2

/** @throws Problem fits.* where the bytes are no FITS file, are cut off, or hold no image */
export async function examine(source: ByteSource): Promise<Examined> {
  return examineHdus(await openFitsSource(source))
}

/** The same of headers that were read. @throws Problem fits.not_found, fits.too_large */
export function examineHdus(hdus: readonly Hdu[]): Examined {
  const found = imageHdus(hdus)
  if (found.length === 0) {
    const there = hdus.map(({ index, name, kind }) => `${hduLabel(index, name)}: ${kind}`).join(', ')
    throw new Problem(
      'fits.not_found',
      `The file has no image; it has ${there.slice(0, 300)}. Import a table as a catalogue instead.`,
      { hdus: hdus.length },
    )
  }
  if (found.length > mostImages)
    throw new Problem(
      'fits.too_large',
      `The file has ${found.length} images; a frame has at most ${mostImages}. Split it, and add the parts.`,
      { images: found.length, most: mostImages },
    )
  const main = mainHdu(hdus)!
  const speaks = facts(hdus, main.index)
  const placedAll: Placed[] = []
  const images = found.map((hdu): FrameImage => {
    const own = hdu === main ? speaks : facts(hdus, hdu.index)
    const placed = placeOf(hdu)
    placedAll.push(placed)
    if (hdu === main) speaks.doubts.push(...placed.repairs)
    return {
      hdu: hdu.index,
      name: hdu.name.slice(0, 68),
      shape: [...hdu.shape],
      bitpix: hdu.bitpix,
      compressed: compressionOf(hdu),
      role: roleOf(hdu),
      footprint: placed.footprint,
      noFootprint: placed.why,
      gain: own.gain,
      saturation: own.saturation,
      readNoise: own.readNoise,
    }
  })
  const sky = skyOf(placedAll)
  return {
    images: shortened(images),
    main: found.indexOf(main),
    facts: speaks,
    footprint: togetherOf(images, rangesAreaSr(sky) * squareDegrees),
    sky,
  }
}

function placeOf(hdu: Hdu): Placed & { repairs: readonly string[] } {
  const nowhere = (why: string): ReturnType<typeof placeOf> => ({
    footprint: null,
    sky: emptyRanges(),
    why,
    repairs: [],
  })
  if (roleOf(hdu) === 'spectrum') return nowhere('One row or column of pixels shows no part of the sky.')
  const { wcs, why } = wcsOfHeader(hdu.header)
  if (!wcs) return nowhere(why)
  try {
    return { ...placeImage(wcs, hdu.shape[0]!, hdu.shape[1]!), repairs: wcs.repairs }
  } catch (error) {
    if (!isProblem(error)) throw error
    return nowhere(error.message)
  }
}

/** A column holds 64 kB: of many images the outlines keep fewer points, their corners at least. */
function shortened(images: FrameImage[]): FrameImage[] {
  const sides = images.length <= 8 ? 16 : images.length <= 40 ? 4 : 1
  return images.map((image) => {
    if (!image.footprint || image.footprint.polygon.length === 0) return image
    const step = Math.max(1, Math.floor(image.footprint.polygon.length / (4 * sides)))
    const polygon = image.footprint.polygon.filter((_, i) => i % step === 0)
    return { ...image, footprint: { ...image.footprint, polygon } }
  })
}
