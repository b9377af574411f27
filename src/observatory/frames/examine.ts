import { isProblem, Problem } from '#problem.ts'
import { openFitsSource } from '#science/fits/file.ts'
import { hduLabel, type Hdu } from '#science/fits/hdu.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { rangesAreaSr, type Ranges } from '#science/sky/ranges.ts'
import { facts } from './facts.ts'
import { footprintOfImage, skyOf, togetherOf, wcsOfHeader } from './footprint.ts'
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
  const images = found.map((hdu): FrameImage => {
    const own = hdu === main ? speaks : facts(hdus, hdu.index)
    const placed = placeOf(hdu)
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
  const sky = skyOf(images)
  return {
    images: shortened(images),
    main: found.indexOf(main),
    facts: speaks,
    footprint: togetherOf(images, rangesAreaSr(sky) * squareDegrees),
    sky,
  }
}

function placeOf(hdu: Hdu): { footprint: FrameImage['footprint']; why: string | null; repairs: string[] } {
  if (roleOf(hdu) === 'spectrum')
    return { footprint: null, why: 'One row or column of pixels shows no part of the sky.', repairs: [] }
  const { wcs, why } = wcsOfHeader(hdu.header)
  if (!wcs) return { footprint: null, why, repairs: [] }
  try {
    const { footprint, why: none } = footprintOfImage(wcs, hdu.shape[0]!, hdu.shape[1]!)
    return { footprint, why: none ?? null, repairs: [...wcs.repairs] }
  } catch (error) {
    if (!isProblem(error)) throw error
    return { footprint: null, why: error.message, repairs: [] }
  }
}

/** A column holds 64 kB: of many images the outlines keep their corners alone. */
function shortened(images: FrameImage[]): FrameImage[] {
  if (images.length <= 60) return images
  return images.map((image) =>
    image.footprint
      ? {
          ...image,
          footprint: {
            ...image.footprint,
            polygon: image.footprint.polygon.filter(
              (_, i) => i % (image.footprint!.polygon.length / 4) === 0,
            ),
          },
        }
      : image,
  )
}
