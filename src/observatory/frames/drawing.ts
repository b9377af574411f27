import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import { fitted, pictureOf, type Look } from './picture.ts'

interface Size {
  readonly width: number
  readonly height: number
}

/** Pixels, and the size and the colours they are to be shown in. */
export interface Drawing {
  readonly data: Float32Array<ArrayBuffer>
  readonly from: Size
  readonly to: Size
  readonly look: Look
}

/** Pixels below which the way to a thread and back costs more than the drawing. */
const worthThread = 2 ** 20

function png({ data, from, to, look }: Drawing): Uint8Array<ArrayBuffer> {
  return pictureOf(fitted(data, from, to), to.width, to.height, look)
}

export const drawPicture = computeTask(import.meta.url, 'drawPicture', png)

/** PNG of pixels, those of large pictures in a thread, which takes `data` with it. */
export async function drawn(
  { compute }: Pick<Platform, 'compute'>,
  drawing: Drawing,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (drawing.data.length < worthThread) return png(drawing)
  return compute.run(drawPicture, drawing, {
    transfer: [drawing.data.buffer],
    ...(signal && { signal }),
  })
}
