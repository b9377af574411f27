// Resampling of a 2048² frame by Lanczos-3 from file to file, beside SWarp (resampling only, background not subtracted; it
// always measures one). SWarp starts a process each time; Urania is warm, as a server is.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import { wcsCards } from '#science/fits/wcs/cards.ts'
import { sipWcs, tanWcs } from '#science/fits/wcs/make.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { writeFits } from '#science/fits/write.ts'
import { resample } from '#science/image/resample/resample.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { figure, race, timed } from './harness.ts'
import type { Subject } from './harness.ts'
import { withFiles } from './samples.ts'

const side = 2048
const scale = 7e-5

function frame(wcs: Wcs): Uint8Array {
  const random = seededRandom(4)
  const data = Float32Array.from({ length: side * side }, () => 500 + 10 * random.normal())
  return writeFits([{ kind: 'image', shape: [side, side], data, cards: wcsCards(wcs) }])
}

const turned = { crval: [150, 2], crpix: [1000, 1000], cd: [-scale, 3e-6, 3e-6, scale] } as const
const coefficients = [0, 0, 8e-6, 0, 0, -5e-6, 0, 0, 2e-6, 0, 0, 0, -5e-10, 0, 0, 0]
const frames = {
  'TAN to TAN': tanWcs(turned),
  'TAN-SIP to TAN': sipWcs(turned, { order: 3, coefficients }, { order: 3, coefficients }),
}
const target = tanWcs({
  crval: [150.001, 2.001],
  crpix: [(side - 1) / 2, (side - 1) / 2],
  cd: [-scale, 0, 0, scale],
})

export const subject: Subject = {
  name: 'resample',
  title: 'Lanczos-3 resampling of 2048², file to file',
  async run(report) {
    const swarp = spawnSync('SWarp', ['-v'], { timeout: 10_000 }).status === 0
    if (!swarp) report.skipped.push('resample: SWarp is not installed')
    const workshop = createWorkshop()
    for (const [name, wcs] of Object.entries(frames)) {
      await withFiles({ in: frame(wcs) }, async (path) => {
        const folder = dirname(path('in'))
        const once = () => {
          const bytes = readFileSync(path('in'))
          const hdu = openFits(bytes).hdus[0]
          const from = readWcs(hdu.header)
          if (!from) throw new Error('the frame has no WCS')
          return workshop.arena.during(() => {
            const data = workshop.arena.float32(side * side)
            data.set(readImage(bytes, hdu).data as Float32Array)
            const plane = { width: side, height: side, data }
            const { plane: out } = resample(
              { plane, wcs: from },
              { wcs: target, width: side, height: side },
              {},
              workshop,
            )
            writeFileSync(
              `${folder}/ours.fits`,
              writeFits([{ kind: 'image', shape: [side, side], data: out.data, cards: wcsCards(target) }]),
            )
            return null
          })
        }
        const options = [
          [
            '-IMAGEOUT_NAME',
            'coadd.fits',
            '-RESAMPLING_TYPE',
            'LANCZOS3',
            '-SUBTRACT_BACK',
            'N',
            '-COMBINE',
            'N',
          ],
          ['-CENTER_TYPE', 'MANUAL', '-CENTER', '150.001,2.001', '-PIXELSCALE_TYPE', 'MANUAL'],
          ['-PIXEL_SCALE', `${scale * 3600}`, '-IMAGE_SIZE', `${side},${side}`, '-WRITE_XML', 'N'],
          ['-VERBOSE_TYPE', 'QUIET'],
        ].flat()
        await race(report, {
          what: `${subject.title}: ${name}`,
          rounds: 7,
          warmUp: 2,
          mustWin: true,
          contestants: [
            { tool: 'Urania', once: () => timed(once) },
            ...(swarp
              ? [
                  {
                    tool: 'SWarp',
                    once: () =>
                      timed(() => {
                        execFileSync('SWarp', [path('in'), '-c', '/dev/null', ...options], {
                          cwd: folder,
                          stdio: 'ignore',
                          timeout: 60_000,
                        })
                        return null
                      }),
                  },
                ]
              : []),
          ],
        })
        const before = process.cpuUsage()
        once()
        const { user } = process.cpuUsage(before)
        report.rows.push(
          figure(`${subject.title}: ${name}, processor time of all threads`, user / 1000, 'ms'),
        )
      })
    }
    await workshop.close()
  },
}
