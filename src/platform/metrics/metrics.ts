/** Prometheus counters, gauges and histograms; names are `urania_…` with the unit as suffix. */
export interface Metrics {
  counter(
    name: string,
    help: string,
    labels?: readonly string[],
  ): { add(value?: number, labels?: Record<string, string>): void }
  gauge(
    name: string,
    help: string,
    labels?: readonly string[],
  ): { set(value: number, labels?: Record<string, string>): void }
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly string[],
  ): { observe(value: number, labels?: Record<string, string>): void }
  /** Text exposition format 0.0.4. */
  text(): string
}
