import { createHealpixKernel } from '#science/kernels/healpix.ts'
import { pixels29Of } from '#science/sky/index64.ts'
import { kernelBytes } from '#platform/compute/kernels.ts'
import { race, timed, type Subject } from './harness.ts'
import { openPython } from './python.ts'
import { directions, withFiles } from './samples.ts'

const count = 10_000_000

export const subject: Subject = {
  name: 'ang2pix',
  title: '10⁷ directions to order-29 NESTED pixels, one thread',
  async run(report) {
    const { lon, lat } = directions(count)
    const kernel = createHealpixKernel(kernelBytes('healpix'))
    const out = new BigInt64Array(count)
    const files = { lon, lat }
    await withFiles(files, async (path) => {
      const python = await openPython(report, 'ang2pix', ['healpy'], { lon: path('lon'), lat: path('lat') })
      await race(report, {
        what: subject.title,
        mustWin: true,
        rounds: 5,
        warmUp: 1,
        contestants: [
          { tool: 'Urania, kernel', once: () => timed(() => (kernel.pixels29Of(lon, lat, out), null)) },
          ...(python ? [python.contestant('pixels')] : []),
          { tool: 'Urania, plain twin', once: () => timed(() => (pixels29Of(lon, lat, out), null)) },
        ],
      })
      if (!python) return
      kernel.pixels29Of(lon, lat, out)
      const theirs = await python.contestant('checksum').once()
      const row = report.rows.find((each) => each.tool.startsWith('healpy'))
      if (row) row.agrees = theirs.answer === String(xorOf(out))
      python.close()
    })
  },
}

function xorOf(values: BigInt64Array): bigint {
  const halves = new Int32Array(values.buffer)
  let low = 0
  let high = 0
  for (let i = 0; i < halves.length; i += 2) {
    low ^= halves[i]
    high ^= halves[i + 1]
  }
  return (BigInt(high) << 32n) | BigInt(low >>> 0)
}
