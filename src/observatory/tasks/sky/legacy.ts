import { icrsToGalactic } from '#science/sky/frames.ts'
import { Problem } from '#problem.ts'
import { ask, askIfThere, type Asking } from './asking.ts'
import { placesIn } from './cone.ts'
import type { PictureFiles, PictureMask } from './sources.ts'
import { put, wholeFits, type SurveyRequest } from './pictures.ts'

/** Rows of bricks are this high, and no brick is wider. */
const brickDeg = 0.25
const placeStepDeg = 0.03
const mostBricks = 100

/** Bits of the mask, common to all bands: not the brick's own ground, given up by the pipeline; and of each band, saturated or bad in all. */
const always = 0x1 | 0x400
const ofBand: Readonly<Record<string, number>> = {
  g: 0x4 | 0x20,
  r: 0x8 | 0x40,
  i: 0x4000 | 0x8000,
  z: 0x10 | 0x80,
}

const south = { path: 'dr10/south', title: 'DR10' }
const north = { path: 'dr9/north', title: 'DR9' }

/**
 * Legacy Survey: image, inverse variance and mask of every brick that a cone meets. Which bricks there are follows from
 * their geometry; one that a release lacks is looked for in the other, and else is blank sky.
 * @throws Problem `net.*`, `task.no_template`
 */
export async function legacyBricks(
  asking: Asking,
  url: string,
  { source, band, cone, folder, signal, log }: SurveyRequest,
): Promise<PictureFiles[]> {
  const bricks = new Map<string, [ra: number, dec: number]>()
  for (const [ra, dec] of placesIn(cone, placeStepDeg)) {
    const brick = brickAt(ra, dec)
    bricks.set(brick.name, [brick.ra, brick.dec])
  }
  if (bricks.size > mostBricks)
    throw new Problem(
      'task.no_template',
      `${bricks.size} bricks of the ${source.title} lie in this field, and at most ${mostBricks} are fetched; look at a part of it (filter_center, filter_sr0), or bring a template (custom_template.fits).`,
    )
  const check = wholeFits(source.title)
  const pictures: PictureFiles[] = []
  let done = 0
  for (const [name, [ra, dec]] of bricks) {
    done++
    const [, latitude] = icrsToGalactic(ra, dec)
    const releases = dec > 32.375 && latitude > 0 ? [north, south] : [south, north]
    for (const { path, title } of releases) {
      const file = (what: string): string =>
        `${url}/${path}/coadd/${name.slice(0, 3)}/${name}/legacysurvey-${name}-${what}.fits.fz`
      const bytes = await askIfThere(asking, 'pictures', file(`image-${band.id}`), { signal, check })
      if (bytes === null) continue
      log(`Brick ${name} of ${title} (${done} of ${bricks.size}).`)
      const masks: PictureMask[] = []
      for (const [what, bad] of [
        [`invvar-${band.id}`, 'zero'],
        ['maskbits', always | (ofBand[band.id] ?? 0)],
      ] as const) {
        const mask = await ask(asking, 'pictures', file(what), { signal, check })
        masks.push({ file: await put(folder, `ls_${name}_${what}.fits`, mask), bad })
      }
      // Both releases are in nanomaggies.
      pictures.push({ image: await put(folder, `ls_${name}.fits`, bytes), masks, scale: 1 })
      break
    }
  }
  return pictures
}

/**
 * The brick in which a place lies: rows of a quarter of a degree with the equator in the middle of one, each cut into the
 * least even number of columns that are no wider.
 */
export function brickAt(ra: number, dec: number): { name: string; ra: number; dec: number } {
  const row = Math.min(720, Math.max(0, Math.floor((dec + 90 + brickDeg / 2) / brickDeg)))
  const middle = -90 + row * brickDeg
  const edge = ((Math.abs(middle) - brickDeg / 2) * Math.PI) / 180
  const columns = row === 0 || row === 720 ? 1 : 2 * Math.ceil(((360 / brickDeg) * Math.cos(edge)) / 2)
  const column = Math.min(columns - 1, Math.floor(((((ra % 360) + 360) % 360) / 360) * columns))
  const centre = ((column + 0.5) * 360) / columns
  const digits = (value: number, count: number): string => String(Math.floor(value * 10)).padStart(count, '0')
  return {
    name: `${digits(centre, 4)}${middle >= 0 ? 'p' : 'm'}${digits(Math.abs(middle), 3)}`,
    ra: centre,
    dec: middle,
  }
}
