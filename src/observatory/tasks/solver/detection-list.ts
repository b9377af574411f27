import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import type { Table } from '#science/table/table.ts'
import { openFitsFile } from '#observatory/tasks/steps/pixel-files.ts'
import type { StarsFound } from './solve-work.ts'

/**
 * Detections of a table with columns X and Y, rows without a place left out; undefined where the file is a FITS picture.
 * @param size of the picture, WIDTHxHEIGHT; else the detections say it, about
 * @throws Problem `command.usage`, table.*, fits.*
 */
export async function detectionList(file: string, size?: string): Promise<StarsFound | undefined> {
  const asked = /^(\d+)x(\d+)$/.exec(size ?? '')
  if (size !== undefined && !asked) throw new Problem('command.usage', '--size is WIDTHxHEIGHT, as 719x507.')
  const start = await firstBytes(file)
  const kind = pictures.find(([, ...bytes]) => bytes.every((byte, i) => start[i] === byte))?.[0]
  if (kind !== undefined)
    throw new Problem(
      'command.usage',
      `${basename(file)} is a ${kind} picture, and only FITS is read: convert it, or give a table of its stars (x, y, flux) with --size.`,
    )
  if (isFits(start) && holdsPicture(file)) return undefined
  const { readTableFile } = await import('#observatory/tasks/table-files.ts')
  return starsOf(await readTableFile(file), basename(file), asked)
}

/** Pictures by their first bytes. */
const pictures: readonly (readonly [kind: string, ...bytes: number[]])[] = [
  ['JPEG', 0xff, 0xd8, 0xff],
  ['PNG', 0x89, 0x50, 0x4e, 0x47],
  ['TIFF or raw', 0x49, 0x49, 0x2a, 0],
  ['TIFF or raw', 0x4d, 0x4d, 0, 0x2a],
]

const isFits = (start: Uint8Array): boolean =>
  String.fromCharCode(...start.subarray(0, 6)) === 'SIMPLE' || (start[0] === 0x1f && start[1] === 0x8b)

function holdsPicture(path: string): boolean {
  let file
  try {
    file = openFitsFile(path)
  } catch (error) {
    // A table may be compressed, too.
    if (isProblem(error)) return false
    throw error
  }
  try {
    return file.hdus.some(({ kind, shape }) => kind === 'image' && shape.length >= 2)
  } finally {
    file.close()
  }
}

/** @throws Problem `command.usage` */
async function firstBytes(path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(16)
  try {
    const file = await open(path)
    try {
      await file.read(bytes, 0, bytes.length, 0)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new Problem('command.usage', `There is no file ${path} that can be read.`, {}, error)
  }
  return bytes
}

/** @throws Problem `command.usage` */
function starsOf(table: Table, name: string, size: RegExpExecArray | null): StarsFound {
  const column = (...names: string[]): Float64Array | undefined => {
    const found = names
      .map((wanted) => table.columns.find((each) => each.name.toUpperCase() === wanted))
      .find((each) => each !== undefined)
    return found && !Array.isArray(found.values)
      ? Float64Array.from(found.values as Iterable<number>, Number)
      : undefined
  }
  const [x, y] = [column('X', 'XWIN_IMAGE', 'X_IMAGE'), column('Y', 'YWIN_IMAGE', 'Y_IMAGE')]
  if (!x || !y)
    throw new Problem(
      'command.usage',
      `${name} is a table without columns X and Y; give a picture or a list of detections.`,
    )
  const flux =
    column('FLUX', 'FLUX_AUTO', 'FLUX_ISO', 'FLUX_BEST', 'FLUX_APER') ??
    column('MAG', 'MAG_AUTO', 'MAG_ISO', 'MAG_BEST', 'MAG_APER')?.map((mag) => 10 ** (-0.4 * mag)) ??
    x.map((_, i) => x.length - i)
  const rows = [...x.keys()].filter((i) => [x[i], y[i], flux[i]].every(Number.isFinite))
  const pick = (values: Float64Array): Float64Array => Float64Array.from(rows, (i) => values[i]!)
  const [px, py] = [pick(x), pick(y)]
  const most = (values: Float64Array): number => Math.ceil(values.reduce((a, b) => Math.max(a, b), 1))
  return {
    // Files count pixels from 1.
    x: px.map((value) => value - 1),
    y: py.map((value) => value - 1),
    flux: pick(flux),
    width: size ? Number(size[1]) : most(px),
    height: size ? Number(size[2]) : most(py),
  }
}
