import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { writeFits } from '#science/fits/write.ts'
import type { Plane } from '#science/image/plane.ts'
import { fieldOf, type SimulatedField } from '#science/simulate/field.ts'
import { hasSourceExtractor, runSourceExtractor } from '#test/source-extractor.ts'
import { columns, detectFile, settings } from './detect-file.ts'
import { figure, median, race, type Contestant, type Report, type Subject } from './harness.ts'
import { withFiles } from './samples.ts'

export const subject: Subject = {
  name: 'detect',
  title:
    'Sources of a frame, from FITS file to FITS catalogue: deblended, cleaned, AUTO, APER, FLUX_RADIUS, XWIN',
  async run(report, note) {
    await onField(report, note, '4096², 10⁴ sources', fieldOf('large'), true)
    await onField(report, note, '2048², 25,000 sources, crowded', fieldOf('crowded'), false)
    await withFiles({ frame: fileOf(repeated(fieldOf('large').plane, 10_240)) }, async (path) => {
      note('10,240², once')
      const { bytes } = once(path('frame'), path('catalogue'))
      report.rows.push(
        figure('10,240²: peak memory above the idle process', bytes / 1e9, 'GB', { atMost: 4 }),
      )
    })
  },
}

async function onField(
  report: Report,
  note: (line: string) => void,
  name: string,
  field: SimulatedField,
  bars: boolean,
): Promise<void> {
  const pixels = field.plane.data.length
  const workshop = createWorkshop()
  await withFiles({ frame: fileOf(field.plane) }, async (path) => {
    const cpu = { warm: [] as number[], cold: [] as number[], theirs: [] as number[] }
    const timedCpu = async (into: number[], work: () => Promise<number> | number) => {
      const before = process.cpuUsage()
      const began = performance.now()
      await work()
      const seconds = (performance.now() - began) / 1000
      const { user, system } = process.cpuUsage(before)
      into.push((user + system) / 1e6)
      return { seconds, answer: null }
    }
    const sextractor: Contestant = {
      tool: 'source-extractor',
      once: () => {
        const options = { ...settings, CATALOG_TYPE: 'FITS_1.0' }
        const { seconds, cpuSeconds } = runSourceExtractor(path('frame'), columns, options)
        cpu.theirs.push(cpuSeconds)
        return { seconds, answer: null }
      },
    }
    const cold: Contestant = {
      tool: 'Urania, a process of its own',
      once: () => {
        const began = performance.now()
        const { cpuSeconds } = once(path('frame'), path('catalogue'))
        cpu.cold.push(cpuSeconds)
        return { seconds: (performance.now() - began) / 1000, answer: null }
      },
    }
    const warm: Contestant = {
      tool: 'Urania, warm',
      once: () => timedCpu(cpu.warm, () => detectFile(path('frame'), path('catalogue'), workshop)),
    }
    const others = hasSourceExtractor ? [sextractor] : []
    if (!hasSourceExtractor) report.skipped.push(`source-extractor on ${name}: it is not installed.`)
    note(name)
    await race(report, { what: `${name}, in a running process`, contestants: [warm, ...others], warmUp: 3 })
    const race4 = report.rows.at(-1)!
    if (bars && race4.times !== null) {
      report.rows.push(figure(`${name}: times as fast, warm`, race4.times, '×', { atLeast: 4 }))
      const ratio = median(cpu.theirs) / median(cpu.warm.slice(3))
      report.rows.push(figure(`${name}: times less processor time, warm`, ratio, '×'))
    }
    const what = `${name}, the command from start to end`
    await race(report, { what, contestants: [cold, ...others], rounds: 5, warmUp: 1, mustWin: true })
    if (others.length > 0) {
      const ratio = median(cpu.theirs) / median(cpu.cold)
      report.rows.push(figure(`${name}: times less processor time, cold`, ratio, '×'))
    }
    const { bytes } = once(path('frame'), path('catalogue'))
    const perPixel = bytes / pixels
    const bar = bars ? { atMost: 12 } : {}
    report.rows.push(figure(`${name}: peak memory above the idle process`, perPixel, 'B/px', bar))
  })
  await workshop.close()
}

/** The frame again and again, side by side. */
function repeated({ width, height, data }: Plane, side: number): Plane {
  const large = new Float32Array(side * side)
  for (let y = 0; y < side; y++) {
    const row = (y % height) * width
    for (let x = 0; x < side; x += width) {
      large.set(data.subarray(row, row + Math.min(width, side - x)), y * side + x)
    }
  }
  return { width: side, height: side, data: large }
}

function fileOf({ width, height, data }: Plane): Uint8Array {
  return writeFits([{ kind: 'image', shape: [width, height], data }])
}

function once(frame: string, catalogue: string): { rows: number; bytes: number; cpuSeconds: number } {
  const entry = join(import.meta.dirname, 'detect-file.ts')
  const output = execFileSync(process.execPath, [entry, frame, catalogue], { encoding: 'utf8' })
  return JSON.parse(output) as { rows: number; bytes: number; cpuSeconds: number }
}
