import { Problem } from '#problem.ts'
import { readFrom } from '#science/fits/source.ts'
import { planHdus } from '#science/fits/file.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { wcsCards } from '#science/fits/wcs/cards.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { taskRow } from './access.ts'
import { fileOf } from './task-store.ts'
import type { Preparation } from './task.ts'

/** The solution that photometry found, as cards. @throws Problem `task.missing` */
export async function solvedCards(
  platform: Pick<Platform, 'db' | 'storage'>,
  actor: Actor,
  id: string,
): Promise<Extract<Preparation, { what: 'header' }>['cards']> {
  const row = await taskRow(platform, actor, id)
  const file = await fileOf(platform.db, row.id, 'image.wcs')
  if (!file)
    throw new Problem(
      'task.missing',
      'No solution has been found for this frame yet (image.wcs); run photometry with refine_wcs or blind_match_wcs.',
    )
  const source = {
    byteLength: Number(file.byte_length),
    slice: (start: number, end: number) => platform.storage.slice(file.sha256, start, end),
  }
  const hdus = await readFrom(planHdus(source.byteLength), source)
  const wcs = readWcs(hdus[0]!.header)
  if (!wcs) throw new Problem('task.missing', 'image.wcs holds no WCS; run photometry again.')
  return wcsCards(wcs).flatMap(({ keyword, value, commentary }): [string, string | number | boolean][] =>
    commentary || (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      ? []
      : [[keyword, value]],
  )
}
