import { createWorkshop } from '#platform/compute/workshop.ts'
import { subtract } from '#science/image/subtract/al98.ts'
import type { SubtractInput } from '#science/image/subtract/options.ts'
import { caseOf, hotpants, runHotpants } from '#test/hotpants.ts'
import { figure, race, type Subject } from './harness.ts'

/** HOTPANTS' own default kernel, for both. */
const basis = { halfWidth: 10, widths: [0.7, 1.5, 3], degrees: [6, 4, 2] }

export const subject: Subject = {
  name: 'subtract',
  title:
    'Difference of a pair of 2048² (kernel of 21 px and order 2, background of order 1, with noise and mask)',
  async run(report) {
    const the = caseOf('sparse', 2048, 1)
    const idle = process.memoryUsage().rss
    const workshop = createWorkshop()
    const { arena } = workshop
    const onArena = ({ plane, mask, ...rest }: SubtractInput): SubtractInput => {
      const data = arena.float32(plane.data.length)
      data.set(plane.data)
      const bits = arena.uint8(plane.data.length)
      if (mask) bits.set(mask.data)
      return { ...rest, plane: { ...plane, data }, mask: { ...plane, data: bits } }
    }
    const [science, template] = [onArena(the.science), onArena(the.template)]
    const options = { direction: 'template', basis, noiseFor: 'pixels' } as const
    const inMemory = () =>
      arena.during(() => {
        const started = performance.now()
        subtract(science, template, options, workshop)
        return { seconds: (performance.now() - started) / 1000, answer: null }
      })
    inMemory()
    report.rows.push(
      figure(
        'Memory above the idle process, both frames and masks included',
        (process.memoryUsage().rss - idle) / the.science.plane.data.length,
        'bytes per pixel',
        { atMost: 40 },
      ),
    )
    if (!hotpants) report.skipped.push('HOTPANTS: `hotpants` is not on PATH.')
    const flags = ['-ng', '3', '6', '0.70', '4', '1.50', '2', '3.00']
    await race(report, {
      what: subject.title,
      rounds: 5,
      contestants: [
        { tool: 'Urania, warm', once: inMemory },
        ...(hotpants
          ? [{ tool: 'HOTPANTS', once: () => ({ seconds: runHotpants(the, flags).seconds, answer: null }) }]
          : []),
      ],
      mustWin: true,
    })
    const [own, theirs] = report.rows.slice(-2)
    if (hotpants) {
      report.rows.push(figure('HOTPANTS over Urania', theirs.value / own.value, 'times', { atLeast: 8 }))
    }
    await workshop.close()
  },
}
