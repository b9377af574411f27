import { mkdir, rm, stat } from 'node:fs/promises'
import { Problem } from '#problem.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import { at, needs, type StepContext } from './context.ts'
import type { bestWcs } from './frame-wcs.ts'
import type { SubtractWork } from './subtract-region.ts'

/** Folder of the pictures of a survey, which are in the cache as well. */
const fetched = '.template'

/** Takes the pictures of a survey out of the work folder. */
export async function dropPictures(context: Pick<StepContext, 'folder'>): Promise<void> {
  await rm(at(context, fetched), { recursive: true, force: true })
}

/** Files that the template is made of, and where they are from. @throws Problem `task.no_template` */
export async function picturesOf(
  context: StepContext,
  source: string,
  wcs: NonNullable<ReturnType<typeof bestWcs>>,
  { x0, y0, x1, y1 }: Box,
): Promise<{ files: SubtractWork['pictures']; from: string }> {
  const { config } = context
  const frame = needs(context, 'inspect')
  if (source === 'custom') {
    const image = at(context, 'custom_template.fits')
    if (!(await stat(image).catch(() => undefined)))
      throw new Problem(
        'task.no_template',
        'The template is "custom", but none was brought; upload custom_template.fits (on the command line --template FILE).',
      )
    return {
      files: [
        {
          image,
          gain: config.custom_template_gain,
          saturation: config.custom_template_saturation,
        },
      ],
      from: 'custom_template.fits',
    }
  }
  const id = /^task:\s*(\S+)$/i.exec(source)?.[1]
  if (id !== undefined) {
    const other = await context.sky.task(id)
    if (!other?.image)
      throw new Problem(
        'task.no_template',
        `The task ${id} has no frame that may be used here; name another template.`,
      )
    if (other.filter !== null && other.filter !== frame.filter.value)
      context.warn(`The template is in ${other.filter}, the frame in ${frame.filter.value}.`)
    return {
      files: [
        {
          image: other.image,
          gain: other.gain ?? config.custom_template_gain,
          saturation: other.saturation,
        },
      ],
      from: `frame of the task ${id}`,
    }
  }
  const centre = wcs.pixelToSky((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2)
  const folder = at(context, fetched)
  await mkdir(folder, { recursive: true })
  try {
    const pictures = await context.sky.template(source, {
      cone: {
        ra: centre[0],
        dec: centre[1],
        radiusDeg: (Math.hypot(x1 - x0, y1 - y0) / 2) * wcs.pixelScaleDeg() * 1.02,
      },
      filter: frame.filter.value,
      pixelScaleArcsec: wcs.pixelScaleDeg() * 3_600,
      folder,
      signal: context.signal,
      log: context.log,
    })
    return { files: pictures, from: pictures[0]!.from }
  } catch (error) {
    await dropPictures(context)
    throw error
  }
}
