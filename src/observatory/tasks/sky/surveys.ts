import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import { filterNamed } from '#science/image/calibration/filters.ts'
import { offsetBy } from '#science/sky/vectors.ts'
import {
  templateBand,
  templateSourceNamed,
  type TemplateBand,
  type TemplateSource,
} from '#observatory/tasks/template-sources.ts'
import { ask, type Asking } from './asking.ts'
import type { SkySettings } from './create.ts'
import type { Cone, SkySources, TemplatePicture } from './sources.ts'

type Request = Parameters<SkySources['template']>[1]

/** Largest side that is asked for in one picture. */
const mostPixels = 3_000

/** Pictures of a survey over a cone, written into the folder. @throws Problem net.*, template.*, `task.no_template` */
export async function surveyPictures(
  asking: Asking,
  settings: SkySettings,
  survey: string,
  request: Request,
): Promise<TemplatePicture[]> {
  const source = templateSourceNamed(survey)
  const band = templateBand(source, filterNamed(request.filter).name)
  if (!band.exact) request.log(`${source.title} has no ${request.filter}: its ${band.filter} stands in.`)
  const pictures =
    source.access === 'skycells'
      ? await skyCells(asking, settings.panstarrsUrl, source, band, request)
      : source.access === 'bricks'
        ? await legacy(asking, settings.legacyUrl, source, band, request)
        : await hips(asking, settings.hipsUrls, source, band, request)
  if (pictures.length === 0)
    throw new Problem(
      'task.no_template',
      `${source.title} has no picture of this field; choose another template, or bring one (custom_template.fits).`,
    )
  return pictures
}

/** Middles of squares of `side` degrees that cover the square around a cone. */
function squares({ ra, dec, radiusDeg }: Cone, side: number): [number, number][] {
  const count = Math.max(1, Math.ceil((2 * radiusDeg) / side))
  const found: [number, number][] = []
  for (let j = 0; j < count; j++) {
    for (let i = 0; i < count; i++) {
      const east = (i - (count - 1) / 2) * side
      const north = (j - (count - 1) / 2) * side
      const distance = Math.hypot(east, north)
      found.push(
        distance === 0 ? [ra, dec] : offsetBy(ra, dec, (Math.atan2(east, north) * 180) / Math.PI, distance),
      )
    }
  }
  return found
}

function requireFits(bytes: Uint8Array, who: string): void {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 200))
  if (!start.startsWith('SIMPLE') && !(bytes[0] === 0x1f && bytes[1] === 0x8b))
    throw new Problem(
      'task.no_template',
      `${who} did not answer with a picture: ${start.replaceAll(/\s+/g, ' ').slice(0, 120)}`,
    )
}

/** Pan-STARRS: the stack and its mask of every sky cell that the cone meets. */
async function skyCells(
  asking: Asking,
  url: string,
  source: TemplateSource,
  band: TemplateBand,
  request: Request,
): Promise<TemplatePicture[]> {
  const { cone, folder, signal, log } = request
  const cells = new Map<string, { image: string; mask: string | null }>()
  for (const [ra, dec] of squares(cone, 0.2)) {
    const query = new URLSearchParams({
      ra: ra.toFixed(6),
      dec: dec.toFixed(6),
      filters: band.id,
      type: 'stack,stack.mask',
    })
    const text = new TextDecoder().decode(
      await ask(asking, 'pictures', `${url}/ps1filenames.py?${query.toString()}`, { signal }),
    )
    const [head = '', ...lines] = text.trim().split('\n')
    const names = head.split(/\s+/)
    const [fileAt, typeAt] = [names.indexOf('filename'), names.indexOf('type')]
    if (fileAt < 0 || typeAt < 0) continue
    const rows = lines.map((line) => line.split(/\s+/))
    const image = rows.find((row) => row[typeAt] === 'stack')?.[fileAt]
    const mask = rows.find((row) => row[typeAt] === 'stack.mask')?.[fileAt]
    if (image !== undefined) cells.set(image, { image, mask: mask ?? null })
  }
  const pictures: TemplatePicture[] = []
  const host = new URL(url).origin
  for (const [i, cell] of [...cells.values()].entries()) {
    log(`Fetching ${cell.image.split('/').at(-1)} (${i + 1} of ${cells.size}).`)
    const image = join(folder, `ps1_${i}.fits`)
    await writeFile(
      image,
      await ask(asking, 'pictures', `${host}${cell.image}`, {
        signal,
        timeoutMs: 600_000,
        check: (bytes) => requireFits(bytes, source.title),
      }),
    )
    let mask: string | null = null
    if (cell.mask !== null) {
      mask = join(folder, `ps1_${i}.mask.fits`)
      await writeFile(
        mask,
        await ask(asking, 'pictures', `${host}${cell.mask}`, {
          signal,
          timeoutMs: 600_000,
          check: (bytes) => requireFits(bytes, source.title),
        }),
      )
    }
    pictures.push({
      image,
      mask,
      gain: source.gain,
      saturation: null,
      from: `${source.title} ${band.filter}`,
      filter: band.filter,
    })
  }
  return pictures
}

/** Legacy Survey: cut-outs in squares, south (DR10) or north (DR9). */
async function legacy(
  asking: Asking,
  url: string,
  source: TemplateSource,
  band: TemplateBand,
  request: Request,
): Promise<TemplatePicture[]> {
  const { cone, folder, signal, log } = request
  const scale = Math.max(source.pixelScale ?? 0.262, request.pixelScaleArcsec / 2)
  const side = Math.min(2 * cone.radiusDeg, (mostPixels * scale) / 3_600)
  const pictures: TemplatePicture[] = []
  for (const [i, [ra, dec]] of squares(cone, side * 0.98).entries()) {
    const size = Math.ceil((side * 3_600) / scale)
    const layer = dec > 32 ? 'ls-dr9' : 'ls-dr10'
    const query = new URLSearchParams({
      ra: ra.toFixed(6),
      dec: dec.toFixed(6),
      layer,
      pixscale: scale.toFixed(4),
      bands: band.id,
      size: String(size),
    })
    log(`Fetching ${layer} at ${ra.toFixed(4)} ${dec.toFixed(4)}, ${size} pixels of ${scale.toFixed(3)}″.`)
    const image = join(folder, `ls_${i}.fits`)
    await writeFile(
      image,
      await ask(asking, 'pictures', `${url}/fits-cutout?${query.toString()}`, {
        signal,
        timeoutMs: 300_000,
        check: (bytes) => requireFits(bytes, source.title),
      }),
    )
    pictures.push({
      image,
      mask: null,
      gain: source.gain,
      saturation: null,
      from: `${source.title} ${band.filter}`,
      filter: band.filter,
    })
  }
  return pictures
}

/** A HiPS through hips2fits; the mirrors are asked in turn. */
async function hips(
  asking: Asking,
  urls: readonly string[],
  source: TemplateSource,
  band: TemplateBand,
  request: Request,
): Promise<TemplatePicture[]> {
  const { cone, folder, signal, log } = request
  const scale = Math.max(source.pixelScale ?? 1, request.pixelScaleArcsec / 2)
  const side = Math.min(2 * cone.radiusDeg, (mostPixels * scale) / 3_600)
  const pictures: TemplatePicture[] = []
  for (const [i, [ra, dec]] of squares(cone, side * 0.98).entries()) {
    const size = String(Math.ceil((side * 3_600) / scale))
    const query = new URLSearchParams({
      hips: band.id,
      ra: ra.toFixed(6),
      dec: dec.toFixed(6),
      fov: side.toFixed(6),
      width: size,
      height: size,
      projection: 'TAN',
      coordsys: 'icrs',
      format: 'fits',
    })
    log(`Fetching ${band.id} at ${ra.toFixed(4)} ${dec.toFixed(4)}, ${size} pixels of ${scale.toFixed(3)}″.`)
    let bytes: Uint8Array | undefined
    let failure: unknown
    for (const url of urls) {
      try {
        bytes = await ask(asking, 'pictures', `${url}?${query.toString()}`, {
          signal,
          check: (answer) => requireFits(answer, 'hips2fits'),
        })
        break
      } catch (error) {
        if (signal.aborted || !isProblem(error)) throw error
        failure = error
      }
    }
    if (!bytes) throw failure
    const image = join(folder, `hips_${i}.fits`)
    await writeFile(image, bytes)
    pictures.push({
      image,
      mask: null,
      gain: source.gain,
      saturation: null,
      from: `${source.title} ${band.filter}`,
      filter: band.filter,
    })
  }
  return pictures
}
