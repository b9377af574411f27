import { Problem } from '#problem.ts'
import { readWcs, type Wcs } from '#science/fits/wcs/wcs.ts'
import type { Table } from '#science/table/table.ts'
import type { InspectFindings } from '#observatory/tasks/findings.ts'
import { at, type StepContext } from './context.ts'
import type { Objects } from './measure-work.ts'
import { openFitsFile } from './pixel-files.ts'

export interface FrameWcs {
  readonly wcs: Wcs
  readonly from: 'header' | 'solved'
  /** Fits it anew to a catalogue; null where that is not wanted or not possible. */
  refine(stars: Table, catalogue: string): Promise<{ wcs: Wcs } | null>
}

/** The WCS of image.fits. */
export function headerWcs(context: Pick<StepContext, 'folder'>): Wcs | null {
  const file = openFitsFile(at(context, 'image.fits'))
  try {
    return readWcs(file.hdus[0]!.header)
  } finally {
    file.close()
  }
}

/** Where the frame lies: by its header, or by the pattern of its stars. @throws Problem `task.unusable` */
export function frameWcs(
  context: StepContext,
  frame: InspectFindings,
  _objects: Objects,
  _fwhm: number,
): Promise<FrameWcs> {
  const wcs = frame.field ? headerWcs(context) : null
  if (!wcs)
    return Promise.reject(
      new Problem(
        'task.unusable',
        `${frame.noWcs ?? 'The frame has no WCS.'} Solve it first (urania solve).`,
      ),
    )
  return Promise.resolve({ wcs, from: 'header', refine: () => Promise.resolve(null) })
}
