import type { Actor } from '#observatory/people/actor.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import type { Image } from '#science/fits/image.ts'
import { readBox, imageAt, linearised, type Box } from './pixels.ts'
import type { OpenImage } from './products.ts'
import { frameHdus, type Reads } from './service.ts'
import type { FrameRow } from './store.ts'

/** An image of a frame that the actor may see, open for reading; `index` undefined: the one that its facts speak of. */
export async function openImage(
  platform: Reads,
  actor: Actor,
  sha256: string,
  index?: number,
  plane = 0,
): Promise<OpenImage & { row: FrameRow; hdus: readonly Hdu[] }> {
  const { row, source, hdus } = await frameHdus(platform, actor, sha256)
  const hdu = imageAt(hdus, index ?? row.images[row.main_image]!.hdu, plane)
  // Only images that the facts speak of are known to be compressed by asinh.
  const scale = hdu.index === row.images[row.main_image]!.hdu ? row.facts.pixels : { form: 'linear' as const }
  return { row, source, hdus, hdu, plane, scale }
}

/**
 * One image of a frame, or a part of it, as fluxes in float32: what steps of tasks work on.
 * @throws Problem frame.unknown, frame.bytes_gone, frame.section, fits.*
 */
export async function readFrameHdu(
  platform: Reads,
  actor: Actor,
  sha256: string,
  { hdu: index, plane = 0, box }: { hdu?: number; plane?: number; box?: Box } = {},
): Promise<{
  hdu: Hdu
  hdus: readonly Hdu[]
  width: number
  height: number
  data: Float32Array<ArrayBuffer>
  unit: Image['unit']
}> {
  const { source, hdus, hdu, scale } = await openImage(platform, actor, sha256, index, plane)
  const whole = box ?? { x0: 0, x1: hdu.shape[0]!, y0: 0, y1: hdu.shape[1]! }
  const image = await readBox(source, hdu, whole, plane)
  return {
    hdu,
    hdus,
    width: whole.x1 - whole.x0,
    height: whole.y1 - whole.y0,
    data: linearised(image, scale),
    unit: image.unit,
  }
}
