import { isProblem } from '#problem.ts'
import { card, headerOf, textOf } from '#science/fits/header.ts'
import { planImage } from '#science/fits/image.ts'
import { readWcs, type Wcs } from '#science/fits/wcs/wcs.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import { originalName } from '#observatory/tasks/task.ts'
import { at, needs, type StepContext } from './context.ts'
import type { BesidePlane } from './cutouts.ts'
import { cardsFor, chooseImage } from './inspect-pixels.ts'
import { openFitsFile, type OpenFits } from './pixel-files.ts'

/** Frames that are shown beside a candidate of a stack, the first ones. */
const mostFrames = 25

interface Input {
  readonly name: string
  readonly file: OpenFits
  readonly hdu: OpenFits['hdus'][number]
  readonly plane: number
  readonly date: string
  /** Pixels of the stack → pixels of the frame, in place; NaN where there is none. */
  readonly place: (x: Float64Array, y: Float64Array) => void
}

/**
 * The frames of a stack, to be shown as they came around a place: the value of the nearest pixel, so that a cosmic ray
 * or a hot pixel is seen as what it is. Null where the task is of a single frame.
 */
export async function stackedFrames(
  context: StepContext,
): Promise<{ at(box: Box): BesidePlane[]; close(): void } | null> {
  const { findings, config } = context
  const { used } = findings.stack ?? {}
  if (!used) return null
  const stack = openFitsFile(at(context, originalName))
  const { shape, header } = stack.hdus[0]!
  stack.close()
  const frame = needs(context, 'inspect')
  // What was cropped afterwards has other pixels than the stack.
  if (shape[0] !== frame.width || shape[1] !== frame.height) {
    context.log('The frames of the stack are not shown beside the cut-outs, for it was cropped.')
    return null
  }
  const wcs = readWcs(header)
  const inputs: Input[] = []
  const close = (): void => inputs.forEach(({ file }) => file.close())
  try {
    for (const { frame: index, matrix } of used.slice(0, mostFrames)) {
      const name = config.stack_filenames[index] ?? ''
      try {
        const file = openFitsFile(await context.frame(name))
        const { hdu, plane } = chooseImage(file.hdus, config)
        const own = headerOf(cardsFor(file.hdus, hdu))
        const place = index === used[0]!.frame ? () => {} : placing(matrix, wcs, readWcs(own))
        inputs.push({ name, file, hdu, plane, date: textOf(own, 'DATE-OBS') ?? '', place })
      } catch (error) {
        if (!isProblem(error)) throw error
        context.log(`A frame of the stack is not shown beside the cut-outs: ${error.message}`)
      }
    }
  } catch (error) {
    close()
    throw error
  }
  if (used.length > mostFrames)
    context.log(`The first ${mostFrames} of ${used.length} frames are shown beside the cut-outs.`)
  return { at: (box) => inputs.map((input, i) => onStack(input, i, box)), close }
}

function placing(matrix: readonly number[] | null, stack: Wcs | null, frame: Wcs | null): Input['place'] {
  return (x, y) => {
    if (!matrix) {
      if (!stack || !frame) return void x.fill(Number.NaN)
      const { ra, dec } = stack.pixelsToSky(x, y)
      frame.skyToPixels(ra, dec, x, y)
      return
    }
    for (let i = 0; i < x.length; i++) {
      const [u, v] = [x[i]!, y[i]!]
      x[i] = matrix[0]! * u + matrix[1]! * v + matrix[2]!
      y[i] = matrix[3]! * u + matrix[4]! * v + matrix[5]!
    }
  }
}

function onStack({ name, file, hdu, plane, date, place }: Input, index: number, box: Box): BesidePlane {
  const across = box.x1 - box.x0
  const x = Float64Array.from({ length: across * (box.y1 - box.y0) }, (_, i) => box.x0 + (i % across))
  const y = Float64Array.from(x, (_, i) => box.y0 + Math.floor(i / across))
  place(x, y)
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  const data = new Float32Array(x.length).fill(Number.NaN)
  const [x0, x1] = reach(x, width)
  const [y0, y1] = reach(y, height)
  if (x1 > x0 && y1 > y0) {
    const others = hdu.shape.slice(2).map((_, i): [number, number] => (i === 0 ? [plane, plane + 1] : [0, 1]))
    const values = file.read(planImage(hdu, [[x0, x1], [y0, y1], ...others])).data
    for (let i = 0; i < data.length; i++) {
      const [u, v] = [Math.round(x[i]!), Math.round(y[i]!)]
      if (u >= x0 && v >= y0 && u < x1 && v < y1) data[i] = Number(values[(v - y0) * (x1 - x0) + u - x0])
    }
  }
  const short = (name.split('/').at(-1) ?? name).replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 60)
  return {
    name: `FRAME${index + 1}`,
    cards: [card('FRAME', short, 'a frame of the stack'), ...(date ? [card('DATE-OBS', date)] : [])],
    data,
  }
}

/** First pixel of an axis that is needed, and the one after the last. */
function reach(places: Float64Array, length: number): [from: number, to: number] {
  let [low, high] = [Infinity, -Infinity]
  for (const place of places) {
    if (place < low) low = place
    if (place > high) high = place
  }
  return low > high ? [0, 0] : [Math.max(0, Math.round(low)), Math.min(length, Math.round(high) + 1)]
}
