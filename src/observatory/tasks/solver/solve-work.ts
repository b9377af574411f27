import { Problem } from '#problem.ts'
import { extract } from '#science/image/extract.ts'
import { solveField, type SolveHints, type Solution } from '#science/image/astrometry/solve.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { openFitsFile, readPlane } from '#observatory/tasks/steps/pixel-files.ts'
import { speaking, type Speaking, type Voice } from '#observatory/tasks/steps/voice.ts'
import { readIndex } from './indexes.ts'

export interface SolveInput {
  /** Detections, 0-based pixels. */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly flux: Float64Array
  readonly width: number
  readonly height: number
  /** Index files, tried in this order. */
  readonly indexes: readonly string[]
  readonly hints: SolveHints
  readonly order: number
  /** Seconds after which the search is given up. */
  readonly seconds: number
}

export interface Solved {
  readonly solution: Solution
  readonly index: string
}

/** Finds where detections lie on the sky. @throws Problem astrometry.unsolved, astrometry.too_few */
export const solveDetections = computeTask(
  import.meta.url,
  'solveDetections',
  (input: SolveInput & Speaking): Promise<Solved> => speaking(input.channel, (voice) => solve(input, voice)),
)

async function solve(input: SolveInput, voice: Voice): Promise<Solved> {
  const { indexes, hints, order, seconds, ...field } = input
  const until = performance.now() + 1_000 * seconds
  const check = (): void => {
    if (performance.now() > until)
      throw new Problem(
        'astrometry.unsolved',
        `No solution was found within ${seconds} s. Say how wide the field is and where it roughly lies, or give it more time.`,
      )
  }
  for (const path of indexes) {
    const index = await readIndex(path)
    const solution = solveField(field, index, {
      hints,
      order,
      check,
      progress: (done, total) => voice.progress(done, total, 'levels'),
    })
    if (solution) return { solution, index: path }
  }
  throw new Problem(
    'astrometry.unsolved',
    `The ${field.x.length} detections fit nowhere on the sky of ${indexes.length === 1 ? 'the index' : `${indexes.length} indexes`}. Check the hints (width, centre); a field narrower than about 1° needs a deeper index than the shipped one ("urania index").`,
  )
}

/** Stars of a picture, as solving wants them. */
export interface StarsFound {
  readonly x: Float64Array
  readonly y: Float64Array
  readonly flux: Float64Array
  readonly width: number
  readonly height: number
}

/** Detects the stars of the first picture of a FITS file. @throws Problem fits.*, `task.unusable` */
export const findStars = computeTask(
  import.meta.url,
  'findStars',
  async ({ path, hands }: { path: string; hands: number }): Promise<StarsFound> => {
    const workshop = createWorkshop({ hands })
    const file = openFitsFile(path)
    try {
      const hdu = file.hdus.find(({ kind, shape }) => kind === 'image' && shape.length >= 2 && shape[0]! > 8)
      if (!hdu) throw new Problem('task.unusable', `${path} holds no picture.`)
      const plane = readPlane(file, hdu, workshop)
      const { detections, measures } = extract(
        plane,
        { threshold: 3, minArea: 5, overwrite: true, windowed: true, apertures: [] },
        workshop,
      )
      const place = (windowed: Float64Array | undefined, isophotal: Float64Array) =>
        isophotal.map((value, i) => (Number.isFinite(windowed?.[i]) ? windowed![i]! : value))
      return {
        x: place(measures?.xWin, detections.x),
        y: place(measures?.yWin, detections.y),
        flux: Float64Array.from(detections.fluxIso),
        width: plane.width,
        height: plane.height,
      }
    } finally {
      file.close()
      await workshop.close()
    }
  },
)
