import { Problem } from '#problem.ts'
import { openFits } from '#science/fits/file.ts'
import { valueOf } from '#science/fits/header.ts'
import { separation } from '#science/sky/vectors.ts'
import { ask, type Asking } from './asking.ts'
import { placesIn, roundedCone } from './cone.ts'
import { put, wholeFits, type SurveyRequest } from './pictures.ts'
import type { Cone, PictureFiles } from './sources.ts'

/** Sky cells are 0.4° wide and overlap by more than a place's distance from the next. */
const placeStepDeg = 0.05
const mostCells = 64

/** All bits of a mask but MARK (0x8000), which the pipeline sets for itself on pixels that are good (Waters et al. 2020, table 2). */
const badBits = 0x7fff

interface Cell {
  readonly image: string
  readonly mask: string | null
}

/**
 * Pan-STARRS: the stack and its mask of every sky cell that a cone meets. The list of cells comes from `ps1filenames.py` in
 * one request for all places, the files from the archive under the names it gives.
 * @throws Problem `net.*`, `task.no_template`
 */
export async function panstarrsCells(
  asking: Asking,
  url: string,
  { source, band, cone, folder, signal, log }: SurveyRequest,
): Promise<PictureFiles[]> {
  const cells = await cellsOf(asking, url, band.id, cone, signal)
  if (cells.length > mostCells)
    throw new Problem(
      'task.no_template',
      `${cells.length} sky cells of ${source.title} lie in this field, and at most ${mostCells} are fetched; look at a part of it (filter_center, filter_sr0), or bring a template (custom_template.fits).`,
    )
  const archive = new URL(url).origin
  const check = wholeFits(source.title)
  const pictures: PictureFiles[] = []
  for (const [i, cell] of cells.entries()) {
    log(`${cell.image.split('/').at(-1)} (${i + 1} of ${cells.length}).`)
    const bytes = await ask(asking, 'pictures', archive + cell.image, { signal, check })
    const image = await put(folder, `ps1_${i}.fits`, bytes)
    const masks =
      cell.mask === null
        ? []
        : [
            {
              file: await put(
                folder,
                `ps1_${i}.mask.fits`,
                await ask(asking, 'pictures', archive + cell.mask, { signal, check }),
              ),
              bad: badBits,
            },
          ]
    pictures.push({ image, masks, scale: 1 / exposureOf(bytes) })
  }
  return pictures
}

/** Stacks are sums over exposures of different length: divided by it they share the zero point 25. */
function exposureOf(bytes: Uint8Array): number {
  for (const { header } of openFits(bytes).hdus) {
    const seconds = valueOf(header, 'EXPTIME')
    if (typeof seconds === 'number' && seconds > 0) return seconds
  }
  return 1
}

/** The cells in which a place of the cone lies; asked for a rounded cone, so that the next frame of the field asks the same. */
async function cellsOf(
  asking: Asking,
  url: string,
  filter: string,
  cone: Cone,
  signal: AbortSignal,
): Promise<Cell[]> {
  const boundary = 'urania-places'
  const part = (head: string, body: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`
  const places = placesIn(roundedCone(cone), placeStepDeg)
    .map(([ra, dec]) => `${ra.toFixed(5)} ${dec.toFixed(5)}`)
    .join('\n')
  const bytes = await ask(asking, 'pictures', `${url}/ps1filenames.py`, {
    method: 'POST',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: [
      part('name="filters"', filter),
      part('name="type"', 'stack,stack.mask'),
      part('name="file"; filename="places.txt"\r\nContent-Type: text/plain', places),
      `--${boundary}--\r\n`,
    ].join(''),
    // It only reads.
    retries: 2,
    signal,
    check: (answer) => void rowsOf(answer),
    nothing: (answer) => rowsOf(answer).length === 0,
  })
  const cells = new Map<string, { image: string | null; mask: string | null }>()
  for (const row of rowsOf(bytes)) {
    if (separation(cone.ra, cone.dec, Number(row['ra']), Number(row['dec'])) > cone.radiusDeg + placeStepDeg)
      continue
    if (Number(row['badflag'] ?? 0) !== 0 || row['filter'] !== filter) continue
    const key = `${row['projcell']} ${row['subcell']}`
    const cell = cells.get(key) ?? { image: null, mask: null }
    cells.set(key, cell)
    if (row['type'] === 'stack') cell.image = row['filename'] ?? null
    if (row['type'] === 'stack.mask') cell.mask = row['filename'] ?? null
  }
  return [...cells.values()].flatMap(({ image, mask }) => (image === null ? [] : [{ image, mask }]))
}

/** Rows of the list by the names of its first line. @throws Problem `task.no_template` where it is none */
function rowsOf(bytes: Uint8Array): Record<string, string>[] {
  const [head = '', ...lines] = new TextDecoder().decode(bytes).trim().split('\n')
  const names = head.trim().split(/\s+/)
  if (!['projcell', 'subcell', 'ra', 'dec', 'type', 'filename'].every((name) => names.includes(name)))
    throw new Problem(
      'task.no_template',
      `Pan-STARRS answered with something that is no list of its pictures ("${head
        .replaceAll(/<[^>]*>?/g, ' ')
        .trim()
        .slice(0, 80)}"); try again later, or choose another template.`,
    )
  return lines.map((line) => {
    const fields = line.trim().split(/\s+/)
    return Object.fromEntries(names.map((name, k) => [name, fields[k] ?? '']))
  })
}
