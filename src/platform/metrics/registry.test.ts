import { expect, it } from 'vitest'
import { createMetrics } from './registry.ts'

it('writes the text format of Prometheus', () => {
  const metrics = createMetrics()
  const notices = metrics.counter('urania_notices_total', 'Notices received.', ['topic'])
  notices.add(1, { topic: 'a"b\\c\n' })
  notices.add(2, { topic: 'gcn' })
  metrics.gauge('urania_lag', 'Messages behind.').set(Infinity)
  const took = metrics.histogram('urania_seconds', 'Time.', [1, 0.1])
  for (const value of [0.05, 0.1, 0.5, 3]) took.observe(value)
  metrics.counter('urania_idle_total', 'Never\ncounted.')
  metrics.onCollect(() => metrics.gauge('urania_late', 'Read.').set(5))
  expect(metrics.text()).toBe(`# HELP urania_notices_total Notices received.
# TYPE urania_notices_total counter
urania_notices_total{topic="a\\"b\\\\c\\n"} 1
urania_notices_total{topic="gcn"} 2
# HELP urania_lag Messages behind.
# TYPE urania_lag gauge
urania_lag +Inf
# HELP urania_seconds Time.
# TYPE urania_seconds histogram
urania_seconds_bucket{le="0.1"} 2
urania_seconds_bucket{le="1"} 3
urania_seconds_bucket{le="+Inf"} 4
urania_seconds_sum 3.65
urania_seconds_count 4
# HELP urania_idle_total Never\\ncounted.
# TYPE urania_idle_total counter
urania_idle_total 0
# HELP urania_late Read.
# TYPE urania_late gauge
urania_late 5
`)
})

it('is one family per name, and bounded', () => {
  const metrics = createMetrics()
  for (let i = 0; i < 2_000; i++) metrics.counter('a_total', 'A.', ['i']).add(1, { i: String(i) })
  expect(metrics.text().split('\n').length).toBe(1_003)
  expect(() => metrics.gauge('a_total', 'A.')).toThrow('is a counter')
})
