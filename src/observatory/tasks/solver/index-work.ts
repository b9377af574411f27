import { closeSync, openSync, writeSync } from 'node:fs'
import { packIndex } from '#science/image/astrometry/index-pack.ts'
import { packStars, starList, type StarList } from '#science/image/astrometry/stars.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { speaking, type Speaking } from '#observatory/tasks/steps/voice.ts'
import { starsOfFile } from './indexes.ts'

export interface IndexWork {
  /** Index files of astrometry.net and tables. */
  readonly from: readonly string[]
  /** The file that is filled. */
  readonly out: string
  /** The stars alone, without their shapes. */
  readonly starsOnly: boolean
  /** Diameters of the shapes, degrees. */
  readonly sizes: readonly [number, number]
  readonly hands: number
}

/** Makes an index and writes it. @throws Problem astrometry.invalid_index, table.*, `command.usage` */
export const makeIndex = computeTask(
  import.meta.url,
  'makeIndex',
  ({ channel, ...work }: IndexWork & Speaking): Promise<{ stars: number; bytes: number }> =>
    speaking(channel, async (voice) => {
      const lists: StarList[] = []
      for (const path of work.from) lists.push(await starsOfFile(path))
      const stars = joined(lists)
      const workshop = createWorkshop({ hands: work.hands })
      const file = openSync(work.out, 'w')
      let bytes = 0
      try {
        const pieces = work.starsOnly
          ? [packStars(stars)]
          : packIndex(stars, work.sizes, workshop, (done, total) => voice.progress(done, total, 'levels'))
        for (const piece of pieces) {
          for (let done = 0; done < piece.length;)
            done += writeSync(file, piece, done, Math.min(2 ** 30, piece.length - done))
          bytes += piece.length
        }
      } finally {
        closeSync(file)
        await workshop.close()
      }
      return { stars: stars.rows, bytes }
    }),
)

/** All lists as one. */
function joined(lists: readonly StarList[]): StarList {
  if (lists.length === 1) return lists[0]!
  const column = (pick: (list: StarList) => ArrayLike<number>): Float64Array => {
    const all = new Float64Array(lists.reduce((sum, list) => sum + list.rows, 0))
    let at = 0
    for (const list of lists) {
      all.set(pick(list), at)
      at += list.rows
    }
    return all
  }
  return starList(
    column(({ ra }) => ra),
    column(({ dec }) => dec),
    column(({ mag }) => mag),
  )
}
