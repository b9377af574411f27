import { tmpdir } from 'node:os'
import { hduLabel } from '#science/fits/hdu.ts'
import { extract } from '#science/image/detection/extract.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { requireContent, requireOnePlane } from '#observatory/tasks/steps/content.ts'
import { chooseImage, statisticsOf } from '#observatory/tasks/steps/inspect-pixels.ts'
import { openFitsFile, readPlane } from '#observatory/tasks/steps/pixel-files.ts'
import type { EngineSettings, Solved, SolveWork } from '#observatory/tasks/engines/port.ts'
import { runEngine, settingsOf } from '#observatory/tasks/engines/registry.ts'
import { speaking, type Speaking } from '#observatory/tasks/steps/voice.ts'

export interface SolveInput extends SolveWork {
  /** Who solves, and the options of all engines. */
  readonly engine?: string
  readonly options?: EngineSettings
  /** Where scratch folders may be made. */
  readonly folder?: string
  /** Threads that may search; default 1. */
  readonly hands?: number
}

/** Finds where detections lie on the sky. @throws Problem astrometry.unsolved, astrometry.too_few, engine.* */
export const solveDetections = computeTask(
  import.meta.url,
  'solveDetections',
  ({
    engine = 'builtin',
    options = {},
    folder = tmpdir(),
    hands = 1,
    ...work
  }: SolveInput & Speaking): Promise<Solved> =>
    speaking(work.channel, (voice) =>
      runEngine(
        'solve',
        engine,
        work,
        {
          folder,
          hands,
          log: voice.log,
          progress: (done, total) => voice.progress(done, total, 'levels'),
        },
        settingsOf(engine, options),
      ),
    ),
)

/** Stars of a picture, as solving wants them. */
export interface StarsFound {
  readonly x: Float64Array
  readonly y: Float64Array
  readonly flux: Float64Array
  readonly width: number
  readonly height: number
}

/** Detects the stars of the picture that a FITS file is taken for. @throws Problem fits.*, `task.unusable` */
export const findStars = computeTask(
  import.meta.url,
  'findStars',
  async ({ path, hands }: { path: string; hands: number }): Promise<StarsFound> => {
    const workshop = createWorkshop({ hands })
    const file = openFitsFile(path)
    try {
      const { hdu } = chooseImage(file.hdus, { hdu: null, plane: 1 })
      const label = hduLabel(hdu.index, hdu.name)
      requireOnePlane(hdu, label)
      const plane = readPlane(file, hdu, workshop)
      requireContent(statisticsOf(plane), label)
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
