import { Problem } from '#problem.ts'
import { readWcs, type Wcs } from '#science/fits/wcs/wcs.ts'
import { extract } from '#science/image/detection/extract.ts'
import { maskBits, type Mask, type Plane } from '#science/image/plane.ts'
import type { ResampleInput } from '#science/image/resample/resample.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { facts as factsOf } from '#observatory/frames/facts.ts'
import { mainHdu } from '#observatory/frames/images.ts'
import { brought } from './brought.ts'
import { requireOnePlane } from './content.ts'
import { linearise } from './inspect-pixels.ts'
import { maskBrought } from './inspect-work.ts'
import { openFitsFile, readMask, readPlane } from './pixel-files.ts'
import type { SubtractWork, Template } from './subtract-region.ts'
import type { Voice } from './voice.ts'

/** e⁻/ADU of a deep stack of unknown gain. */
const noiseless = 10_000

/** The pictures of the template on the grid of the region; where the first has nothing the next one stands in. */
export async function readTemplate(
  input: SubtractWork,
  wcs: Wcs | null,
  width: number,
  height: number,
  workshop: Workshop,
  voice: Voice,
): Promise<Template> {
  const { arena } = workshop
  const plane: Plane = { width, height, data: arena.float32(width * height).fill(Number.NaN) }
  const mask: Mask = { width, height, data: arena.uint8(width * height).fill(maskBits.outside) }
  let gain: number | null = input.pictures[0]!.gain
  for (const picture of input.pictures) {
    await arena.during(async () => {
      const name = picture.image.split('/').at(-1)
      const file = openFitsFile(picture.image)
      try {
        const hdu = mainHdu(file.hdus)
        if (!hdu) throw new Problem('task.no_template', `${name} holds no image.`)
        requireOnePlane(hdu, name ?? 'The template', 'task.no_template')
        const own = readWcs(hdu.header)
        const source = readPlane(file, hdu, workshop)
        const facts = factsOf(file.hdus, hdu.index)
        linearise(source, facts.pixels)
        if (gain === null) {
          gain = facts.gain ?? noiseless
          voice.log(
            facts.gain === null
              ? 'The template names no gain; it counts as free of noise of its light (custom_template_gain).'
              : `Gain of the template ${facts.gain.toPrecision(4)} e⁻/ADU (header).`,
          )
        }
        const bad: Mask = {
          width: source.width,
          height: source.height,
          data: arena.uint8(source.data.length),
        }
        const most = picture.saturation ?? (input.custom ? facts.saturation : null) ?? Infinity
        for (let i = 0; i < source.data.length; i++) {
          const value = source.data[i]!
          bad.data[i] = Number.isFinite(value) ? (value >= most ? maskBits.saturated : 0) : maskBits.invalid
        }
        const { scale = 1, masks = [] } = picture
        if (scale !== 1) for (let i = 0; i < source.data.length; i++) source.data[i]! *= scale
        for (const { file: path, bad: which } of masks) {
          const given = readMask(path, workshop, which)
          if (given.data.length !== bad.data.length)
            throw new Problem(
              'task.no_template',
              `${path.split('/').at(-1)} has ${given.width} × ${given.height} pixels and is no mask of ${name}, which has ${source.width} × ${source.height}; choose another template.`,
            )
          for (let i = 0; i < bad.data.length; i++) if (given.data[i] !== 0) bad.data[i]! |= maskBits.invalid
        }
        if (input.custom) maskBrought(input.folder, '_template', bad, own ?? undefined, workshop, voice)
        const place = placeOfTemplate(own, wcs, source, input, name)
        const seen = await brought(
          { plane: source, wcs: place, mask: bad },
          { wcs, width, height },
          { ...input, log: voice.log },
          workshop,
        )
        for (let i = 0; i < plane.data.length; i++) {
          if (mask.data[i] === 0 || !Number.isFinite(seen.plane.data[i]!)) continue
          if (seen.mask.data[i] !== 0 && (mask.data[i]! & maskBits.outside) === 0) continue
          plane.data[i] = seen.plane.data[i]!
          mask.data[i] = seen.mask.data[i]!
        }
      } finally {
        file.close()
      }
    })
  }
  return { plane, mask, gain: gain ?? noiseless }
}

/** By the WCS of both; without one they have to lie on the same pixels. @throws Problem `task.no_template` */
function placeOfTemplate(
  own: Wcs | null,
  wcs: Wcs | null,
  { width, height }: Plane,
  { region, frameSize }: SubtractWork,
  name: string | undefined,
): ResampleInput['wcs'] {
  if (own && wcs) return own
  if (width === frameSize[0] && height === frameSize[1])
    return { matrix: [1, 0, region.x0, 0, 1, region.y0, 0, 0, 1] }
  throw new Problem(
    'task.no_template',
    `${name ?? 'The template'} has ${own ? 'a WCS, but the frame has none' : 'no WCS'}, and not the size of the frame; solve it first ("urania solve").`,
  )
}

/** Share of the pixels that nothing masks. */
export function shareUsable({ data }: Mask): number {
  let count = 0
  for (const bits of data) if (bits === 0) count++
  return count / data.length
}

/** FWHM of the template's stars, pixels of the frame; null where it has too few. */
export function widthOf({ plane, mask }: Template, input: SubtractWork, workshop: Workshop): number | null {
  const { measures, detections, flags } = extract(
    plane,
    {
      mask,
      threshold: 5,
      gain: 0,
      saturation: Infinity,
      background: { mesh: input.bgSize },
      windowed: false,
      neighbours: 'none',
      variable: true,
    },
    workshop,
  )
  if (!measures) return null
  const widths = [...flags.keys()]
    .filter(
      (i) =>
        flags[i] === 0 &&
        measures.fluxAuto[i]! > 20 * measures.fluxAutoErr[i]! &&
        detections.b[i]! > 0.7 * detections.a[i]!,
    )
    .map((i) => 2 * measures.fluxRadius[0]![i]!)
    .filter((value) => value > 1)
    .toSorted((a, b) => a - b)
  return widths.length < 3 ? null : widths[widths.length >> 1]!
}
