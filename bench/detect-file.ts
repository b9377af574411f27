// A frame's file to a catalogue's file, as source-extractor does it. Run as a program, `node bench/detect-file.ts FRAME CATALOGUE`
// prints how many sources there are and what it took of the machine.
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { openFitsSource } from '#science/fits/file.ts'
import { readPixelsIntoFrom } from '#science/fits/pixels.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { writeFits } from '#science/fits/write.ts'
import { extract } from '#science/image/detection/extract.ts'
import type { Workshop } from '#science/image/workshop.ts'

/** Settings of both programs. */
export const settings = {
  GAIN: 1,
  GAIN_KEY: 'NONE',
  SATUR_LEVEL: 60000,
  SATUR_KEY: 'NONE',
  PHOT_APERTURES: 10,
}

/** What both write, by source-extractor's names. */
export const columns = [
  'X_IMAGE',
  'Y_IMAGE',
  'FLUX_AUTO',
  'FLUXERR_AUTO',
  'FLUX_APER',
  'FLUXERR_APER',
  'FLUX_ISO',
  'FLUXERR_ISO',
  'FLUX_RADIUS',
  'FWHM_IMAGE',
  'A_IMAGE',
  'B_IMAGE',
  'THETA_IMAGE',
  'XWIN_IMAGE',
  'YWIN_IMAGE',
  'KRON_RADIUS',
  'FLUX_MAX',
  'ISOAREA_IMAGE',
  'FLAGS',
] as const

/** Detects and measures the sources of a frame and writes them as a FITS table; returns how many. */
export async function detectFile(path: string, catalogue: string, workshop: Workshop): Promise<number> {
  const file = openSync(path, 'r')
  // Strips of a plain image are done with when the next one is asked for.
  let strip = new Uint8Array(0)
  const source: ByteSource = {
    byteLength: statSync(path).size,
    slice: (start, end) => {
      if (end - start > strip.length) strip = new Uint8Array(end - start)
      const bytes = strip.subarray(0, end - start)
      readSync(file, bytes, 0, bytes.length, start)
      return bytes
    },
  }
  try {
    const [hdu] = await openFitsSource(source)
    const [width, height] = hdu.shape
    // The space is taken by hand: what comes between waits for the file.
    const data = workshop.once(`bench/${width}×${height}`, () => new Map<string, Float32Array>())
    const pixels = data.get('pixels') ?? (workshop.arena.float32(width * height) as Float32Array)
    data.set('pixels', pixels)
    await readPixelsIntoFrom(source, hdu, pixels)
    return workshop.arena.during(() => {
      const options = { gain: 1, saturation: 60000, apertures: [5], overwrite: true }
      const { detections: d, measures, flags } = extract({ width, height, data: pixels }, options, workshop)
      const m = measures!
      const from1 = (values: Float64Array): Float64Array => values.map((value) => value + 1)
      const values: Record<(typeof columns)[number], Float64Array | Int32Array> = {
        X_IMAGE: from1(d.x),
        Y_IMAGE: from1(d.y),
        FLUX_AUTO: m.fluxAuto,
        FLUXERR_AUTO: m.fluxAutoErr,
        FLUX_APER: m.fluxAper[0],
        FLUXERR_APER: m.fluxAperErr[0],
        FLUX_ISO: d.fluxIso,
        FLUXERR_ISO: d.fluxIsoErr,
        FLUX_RADIUS: m.fluxRadius[0],
        FWHM_IMAGE: d.fwhm,
        A_IMAGE: d.a,
        B_IMAGE: d.b,
        THETA_IMAGE: d.theta,
        XWIN_IMAGE: from1(m.xWin),
        YWIN_IMAGE: from1(m.yWin),
        KRON_RADIUS: m.kronRadius,
        FLUX_MAX: d.peak,
        ISOAREA_IMAGE: d.area,
        FLAGS: Int32Array.from(flags),
      }
      const table = columns.map((name) => ({ name, values: values[name] }))
      writeFileSync(catalogue, writeFits([{ kind: 'table', columns: table }]))
      return d.rows
    })
  } finally {
    closeSync(file)
  }
}

if (process.argv[1] === import.meta.filename) {
  const idle = process.memoryUsage.rss()
  const workshop = createWorkshop()
  const [, , path, catalogue] = process.argv
  const rows = await detectFile(path, catalogue, workshop)
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  console.log(
    JSON.stringify({ rows, bytes: 1024 * maxRSS - idle, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 }),
  )
}
