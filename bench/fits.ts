import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { findHdu, openFits } from '#science/fits/file.ts'
import { compressImage } from '#science/fits/compress.ts'
import { readTable } from '#science/fits/table.ts'
import { writeFits } from '#science/fits/write.ts'
import { openFitsFile, readPlane } from '#observatory/tasks/steps/pixel-files.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import type { ClosableWorkshop } from '#platform/compute/workshop.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { race, timed, type Report, type Subject } from './harness.ts'
import { openPython } from './python.ts'
import { directions, withFiles } from './samples.ts'

const rows = 1_000_000

export const subject: Subject = {
  name: 'fits',
  title: 'Read a FITS table of 10⁶ rows (K, D, D, E, I) from disk into columns',
  async run(report) {
    const { lon, lat } = directions(rows)
    const table = writeFits([
      {
        kind: 'table',
        columns: [
          { name: 'ID', values: BigInt64Array.from(lon, (_, i) => BigInt(i) << 20n) },
          { name: 'RA', unit: 'deg', values: lon },
          { name: 'DEC', unit: 'deg', values: lat },
          { name: 'FLUX', unit: 'mJy', values: Float32Array.from(lon) },
          { name: 'FLAG', values: Int16Array.from(lon, (_, i) => i & 255) },
        ],
      },
    ])
    await withFiles({ table }, async (path) => {
      const python = await openPython(report, 'fits', ['astropy'], { table: path('table') })
      await race(report, {
        what: subject.title,
        rounds: 9,
        contestants: [
          {
            tool: 'Urania',
            once: () =>
              timed(() => {
                const bytes = readFileSync(path('table'))
                const { columns } = readTable(bytes, findHdu(openFits(bytes).hdus, 1))
                return (columns[1].values as Float64Array).reduce((sum, value) => sum + value, 0)
              }),
          },
          ...(python ? [python.contestant('table')] : []),
        ],
      })
      python?.close()
    })
    await compressed(report)
  },
}

const side = 4096

/** Noise of sigma 12 on a sky of 1000, with stars. */
function frame(): Float32Array {
  const random = seededRandom(4)
  const data = new Float32Array(side * side)
  for (let i = 0; i < data.length; i++) data[i] = 1000 + 12 * random.normal()
  for (let star = 0; star < 3000; star++) {
    const at = Math.floor(random.uniform() * (side - 9)) + side * Math.floor(random.uniform() * (side - 9))
    const peak = 200 + 20000 * random.uniform() ** 4
    for (let y = 0; y < 9; y++)
      for (let x = 0; x < 9; x++)
        data[at + y * side + x] += peak * Math.exp(-((x - 4) ** 2 + (y - 4) ** 2) / 4)
  }
  return data
}

/** A sum that does not hang on the order of the pixels. */
function total(pixels: Float32Array): number {
  let sum = 0
  for (let i = 0; i < pixels.length; i++) sum += pixels[i]
  return sum
}

/** A file as a step reads it: in strips, to float32 on the memory of the workshop. */
function sumOf(path: string, workshop: ClosableWorkshop): number {
  return workshop.arena.during(() => {
    const file = openFitsFile(path)
    try {
      return total(readPlane(file, file.hdus.at(-1)!, workshop).data)
    } finally {
      file.close()
    }
  })
}

/** Files as they lie on disk, to float32 pixels. */
async function compressed(report: Report): Promise<void> {
  const data = frame()
  const shape = [side, side]
  const files = {
    float32: writeFits([{ kind: 'image', shape, data }]),
    uint16: writeFits([{ kind: 'image', shape, data: Uint16Array.from(data) }]),
    riceInt16: writeFits([
      compressImage({ kind: 'image', shape, data: Int16Array.from(data) }, { primary: true }),
    ]),
    riceFloat32: writeFits([
      compressImage({ kind: 'image', shape, data }, { method: 'RICE_1', primary: true }),
    ]),
  }
  const titles = {
    float32: 'Read 4096² float32, not compressed',
    uint16: 'Read 4096² uint16, not compressed',
    riceInt16: 'Read 4096² int16 under RICE_1',
    riceFloat32: 'Read 4096² float32 quantised and dithered under RICE_1',
  }
  const one = createWorkshop({ hands: 1 })
  const all = createWorkshop()
  await withFiles(files, async (path) => {
    const python = await openPython(report, 'fits_images', ['astropy'], {
      float32: path('float32'),
      uint16: path('uint16'),
      riceInt16: path('riceInt16'),
      riceFloat32: path('riceFloat32'),
    })
    for (const name of ['float32', 'uint16', 'riceInt16', 'riceFloat32'] as const) {
      await race(report, {
        what: titles[name],
        rounds: 5,
        contestants: [
          { tool: 'Urania, one thread', once: () => timed(() => sumOf(path(name), one)) },
          ...(name.startsWith('rice') && all.crew.hands > 1
            ? [{ tool: 'Urania', once: () => timed(() => sumOf(path(name), all)) }]
            : []),
          ...(python ? [python.contestant(name)] : []),
          ...(name.startsWith('rice') && hasFunpack()
            ? [
                {
                  tool: 'funpack (to /dev/null)',
                  once: () =>
                    timed(() => {
                      execFileSync('funpack', ['-S', path(name)], { stdio: ['ignore', 'ignore', 'ignore'] })
                      return null
                    }),
                },
              ]
            : []),
        ],
      })
    }
    python?.close()
  })
  await one.close()
  await all.close()
}

function hasFunpack(): boolean {
  return spawnSync('funpack', ['-V'], { stdio: 'ignore' }).error === undefined
}
