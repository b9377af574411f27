/** What Urania does by itself: the default of every port, and what the others are compared with. */
import { Problem } from '#problem.ts'
import { wcsOf } from '#science/fits/wcs/wcs.ts'
import { plateWcs, refineWcs } from '#science/image/astrometry/plate-wcs.ts'
import { narrowestField, solveField } from '#science/image/astrometry/solve.ts'
import type { SolveHints } from '#science/image/astrometry/solve.ts'
import { starList } from '#science/image/astrometry/stars.ts'
import { extract } from '#science/image/detection/extract.ts'
import { modelPsf } from '#science/image/psf/model.ts'
import { resample } from '#science/image/resample/resample.ts'
import { subtract } from '#science/image/subtract/al98.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { openIndex } from '#observatory/tasks/solver/indexes.ts'
import type { BuiltinEngine, Ground, Solved, SolveWork } from './port.ts'

export const detection: BuiltinEngine<'detection'> = {
  key: 'builtin',
  port: 'detection',
  title: 'Urania: mesh background, filtered detection, deblending',
  run: ({ plane, options, workshop }) => extract(plane, { ...options, overwrite: true }, workshop),
}

export const psf: BuiltinEngine<'psf'> = {
  key: 'builtin',
  port: 'psf',
  title: 'Urania: splines whose coefficients vary over the frame',
  run: ({ plane, x, y, options }) => modelPsf(plane, x, y, options),
}

export const refine: BuiltinEngine<'refine'> = {
  key: 'builtin',
  port: 'refine',
  title: 'Urania: votes for a shift, then a plate with distortion',
  run({ terms, x, y, ra, dec, mag, width, height, jitterPx, errorPx, order }) {
    const options = { width, height, jitterPx, errorPx, order }
    const plate = refineWcs(wcsOf(terms), x, y, starList(ra, dec, mag), options)
    if (!plate) return null
    return {
      terms: plateWcs(plate).terms,
      stars: plate.matches.length,
      rmsPx: plate.rmsPx,
      order: plate.order,
    }
  },
}

export const solve: BuiltinEngine<'solve'> = {
  key: 'builtin',
  port: 'solve',
  title: 'Urania: shapes of four stars, looked up among those of the sky',
  run: solveBuiltin,
}

async function solveBuiltin(work: SolveWork, { progress, hands }: Ground): Promise<Solved> {
  const { indexes, hints, order, seconds, ...field } = work
  let left = seconds
  const spend = (cost: number): void => {
    left -= cost
    if (left < 0)
      throw new Problem(
        'astrometry.unsolved',
        `No solution was found with ${seconds} seconds of work. ${remedy(hints)} Or give it more time.`,
      )
  }
  const workshop = createWorkshop({ hands })
  let narrowest = Infinity
  try {
    for (const path of indexes) {
      const opened = await openIndex(path)
      const { index } = opened
      try {
        const solution = solveField(field, index, { hints, order, spend, progress, workshop })
        if (solution) return { solution, index: path }
        narrowest = Math.min(narrowest, narrowestField(index))
      } finally {
        opened.close()
      }
    }
  } finally {
    await workshop.close()
  }
  throw new Problem(
    'astrometry.unsolved',
    `The ${field.x.length} detections fit nowhere on the sky of ${indexes.length === 1 ? 'the index' : `${indexes.length} indexes`}, whose stars are enough for fields wider than about ${Number(narrowest.toPrecision(2))}°. For a narrower one make a deeper index ("urania index"). ${remedy(hints)}`,
    { narrowestDeg: narrowest },
  )
}

/** What may help a search that found nothing. */
function remedy({ widthDeg, centre }: SolveHints): string {
  if (widthDeg && centre) return 'Check the hints: the width and the centre.'
  if (widthDeg) return 'Check the hinted width, or say roughly where it lies.'
  if (centre) return 'Check the hinted centre, or say how wide the field is.'
  return 'Say how wide the field is and where it roughly lies.'
}

export const warp: BuiltinEngine<'warp'> = {
  key: 'builtin',
  port: 'warp',
  title: 'Urania: Lanczos-3 in any projection',
  run: ({ input, target, conserve, workshop }) =>
    resample(input, target, { kernel: 'lanczos3', conserve }, workshop),
}

export const subtraction: BuiltinEngine<'subtraction'> = {
  key: 'builtin',
  port: 'subtraction',
  title: 'Urania: Alard & Lupton with Gaussians',
  run: ({ science, template, options, workshop }) => subtract(science, template, options, workshop),
}
