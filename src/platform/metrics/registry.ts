import type { Metrics } from './metrics.ts'

interface Series {
  labels: Record<string, string>
  value: number
}

interface HistogramSeries {
  labels: Record<string, string>
  /** Observations up to each bound; the last entry is +Inf. */
  counts: number[]
  sum: number
}

interface Family {
  kind: 'counter' | 'gauge' | 'histogram'
  help: string
  buckets: readonly number[]
  values: Map<string, Series>
  histograms: Map<string, HistogramSeries>
}

export interface MetricsService extends Metrics {
  /** Called before each `text()`, for values that are read rather than counted. */
  onCollect(collect: () => void): void
}

/**
 * Counters, gauges and histograms in the Prometheus text format 0.0.4. Asking twice for a name gives the same family.
 * Values of more than 1,000 label combinations per name are dropped, so that no input can fill the memory.
 */
export function createMetrics(): MetricsService {
  const families = new Map<string, Family>()
  const collectors: (() => void)[] = []
  const mostSeries = 1_000

  function family(kind: Family['kind'], name: string, help: string, buckets: readonly number[] = []): Family {
    if (!/^[a-z_][a-z0-9_]*$/.test(name)) throw new Error(`${name} is no name for a metric.`)
    const known = families.get(name)
    if (known) {
      if (known.kind !== kind) throw new Error(`The metric ${name} is a ${known.kind}, not a ${kind}.`)
      return known
    }
    const added: Family = { kind, help, buckets, values: new Map(), histograms: new Map() }
    families.set(name, added)
    return added
  }

  function series(of: Family, names: readonly string[], labels: Record<string, string>): Series | undefined {
    const key = keyOf(names, labels)
    let found = of.values.get(key)
    if (!found && of.values.size < mostSeries) {
      found = { labels: pick(names, labels), value: 0 }
      of.values.set(key, found)
    }
    return found
  }

  return {
    counter(name, help, names = []) {
      const of = family('counter', name, help)
      if (names.length === 0) series(of, names, {})
      return {
        add(value = 1, labels = {}) {
          const one = series(of, names, labels)
          if (one) one.value += value
        },
      }
    },
    gauge(name, help, names = []) {
      const of = family('gauge', name, help)
      return {
        set(value, labels = {}) {
          const one = series(of, names, labels)
          if (one) one.value = value
        },
      }
    },
    histogram(name, help, buckets, names = []) {
      const of = family(
        'histogram',
        name,
        help,
        buckets.toSorted((a, b) => a - b),
      )
      return {
        observe(value, labels = {}) {
          const key = keyOf(names, labels)
          let one = of.histograms.get(key)
          if (!one) {
            if (of.histograms.size >= mostSeries) return
            one = {
              labels: pick(names, labels),
              counts: Array(of.buckets.length + 1).fill(0) as number[],
              sum: 0,
            }
            of.histograms.set(key, one)
          }
          const at = of.buckets.findIndex((bound) => value <= bound)
          one.counts[at < 0 ? of.buckets.length : at]++
          one.sum += value
        },
      }
    },
    onCollect(collect) {
      collectors.push(collect)
    },
    text() {
      for (const collect of collectors) collect()
      let out = ''
      for (const [name, of] of families) {
        out += `# HELP ${name} ${of.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${of.kind}\n`
        for (const { labels, value } of of.values.values())
          out += `${name}${labelText(labels)} ${numberText(value)}\n`
        for (const { labels, counts, sum } of of.histograms.values()) {
          let below = 0
          for (const [i, count] of counts.entries()) {
            below += count
            const le = i < of.buckets.length ? numberText(of.buckets[i]) : '+Inf'
            out += `${name}_bucket${labelText({ ...labels, le })} ${below}\n`
          }
          out += `${name}_sum${labelText(labels)} ${numberText(sum)}\n${name}_count${labelText(labels)} ${below}\n`
        }
      }
      return out
    },
  }
}

function pick(names: readonly string[], labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, labels[name] ?? '']))
}

function keyOf(names: readonly string[], labels: Record<string, string>): string {
  return names.map((name) => labels[name] ?? '').join('\0')
}

function labelText(labels: Record<string, string>): string {
  const parts = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  )
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return String(value)
}
