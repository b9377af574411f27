import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Section } from '#interface/web/pieces/facts.tsx'
import { thousands } from '#interface/web/pieces/format.ts'
import { Plot } from '#interface/web/pieces/plot.tsx'
import type { Series } from '#interface/web/pieces/plot-series.ts'
import { histogramOf, type Axis } from '#interface/web/pieces/plot-scale.ts'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { fitNoiseModel, snrAt } from '#science/image/calibration/limits.ts'
import type { PhotometryFindings } from '#observatory/tasks/findings.ts'
import type { Task, TaskProduct } from '#observatory/tasks/task.ts'
import { findingsOf } from './columns.tsx'
import { mostPlotted, wholeTableOptions, type Rows } from './queries.ts'

const one = 'var(--chart-series7)'
const other = 'var(--chart-series6)'
const green = 'var(--chart-series1)'

/** A column as numbers; NaN for what is not there. */
function column(rows: Rows | undefined, name: string): Float64Array {
  return Float64Array.from(rows?.items ?? [], (row) => {
    const value = row[name]
    return typeof value === 'number' ? value : value === true ? 1 : value === false ? 0 : Number.NaN
  })
}

function textOf({ meta }: Rows, key: string): string {
  return typeof meta[key] === 'string' ? meta[key] : ''
}

function pick(values: Float64Array, chosen: readonly number[]): Float64Array {
  return Float64Array.from(chosen, (i) => values[i]!)
}

/** The plots by which a calibration is judged. */
export function PhotometryPlots({ task, products }: { task: Task; products: readonly TaskProduct[] }) {
  const found = findingsOf(task).photometry
  const hash = (name: string) => products.find((product) => product.name === name)?.sha256
  const stars = useQuery(wholeTableOptions(task.id, 'calibrators', hash('calibrators.parquet')))
  const objects = useQuery(wholeTableOptions(task.id, 'objects', hash('objects.parquet')))
  if (!found) return null
  if (hash('objects.parquet') === undefined) return null
  return (
    <Section
      title="Plots"
      aside={
        objects.data && objects.data.items.length < objects.data.total
          ? `the first ${thousands(mostPlotted)} of ${thousands(objects.data.total)} objects`
          : 'drag a box to look closer'
      }
    >
      {stars.isError && <Problem error={stars.error} what="the stars that calibrate" />}
      {objects.isError && <Problem error={objects.error} what="the objects" />}
      {(stars.isLoading || objects.isPending) && <Loading lines={6} />}
      <div className="plots">
        {stars.data && <ZeroPointPlots rows={stars.data} task={task} />}
        {objects.data && <ObjectPlots rows={objects.data} stars={stars.data} found={found} task={task} />}
      </div>
    </Section>
  )
}

function ZeroPointPlots({ rows, task }: { rows: Rows; task: Task }) {
  const size = findingsOf(task).inspect
  const band = textOf(rows, 'band')
  const colour = textOf(rows, 'color_name').replace('-', ' − ')
  const plots = useMemo(() => {
    const residual = column(rows, 'residual')
    const used = column(rows, 'used')
    const error = column(rows, 'residual_err')
    const all = [...residual.keys()]
    const kept = all.filter((i) => used[i] === 1)
    const left = all.filter((i) => used[i] !== 1)
    // The clipped ones lie anywhere; what is judged are those that were used.
    const most = Math.max(0.05, 1.15 * Math.max(...kept.map((i) => Math.abs(residual[i]!)), 0))
    const against = (name: string): Series[] => {
      const x = column(rows, name)
      return [
        {
          kind: 'points',
          name: 'clipped',
          colour: other,
          shape: 'cross',
          x: pick(x, left),
          y: pick(residual, left),
        },
        {
          kind: 'points',
          name: 'used',
          colour: one,
          x: pick(x, kept),
          y: pick(residual, kept),
          ...(kept.length <= 400 ? { error: pick(error, kept) } : {}),
        },
      ]
    }
    const sizes = Float64Array.from(kept, (i) => Math.abs(residual[i]!)).sort()
    const usual = Math.max(0.01, sizes[Math.floor(0.9 * sizes.length)] ?? most)
    return {
      usual,
      magnitude: against('cat_mag'),
      colour: against('color'),
      residual: { title: 'Residual', unit: 'mag', from: -most, to: most } satisfies Axis,
      map: [
        {
          kind: 'points',
          name: 'used stars',
          colour: one,
          radius: 3.2,
          opacity: 1,
          x: pick(column(rows, 'x'), kept),
          y: pick(column(rows, 'y'), kept),
          values: pick(residual, kept),
          text: (i: number) => `residual ${residual[kept[i]!]!.toFixed(3)} mag`,
        },
      ] satisfies Series[],
      separation: column(rows, 'separation'),
    }
  }, [rows])
  const axes = useMemo(
    () => ({
      magnitude: { title: `${band} of the catalogue`, unit: 'mag' },
      colour: { title: `${colour} of the catalogue`, unit: 'mag' },
      x: { title: 'x', unit: 'pix', ...(size ? { from: 0, to: size.width } : {}) },
      y: { title: 'y', unit: 'pix', ...(size ? { from: 0, to: size.height } : {}) },
      scale: { title: 'Residual (mag)', from: -plots.usual, to: plots.usual },
    }),
    [band, colour, size, plots],
  )
  return (
    <>
      <Plot
        title="Zero point residual against magnitude"
        x={axes.magnitude}
        y={plots.residual}
        series={plots.magnitude}
        rules={zero}
      />
      <Plot
        title="Zero point residual against colour"
        x={axes.colour}
        y={plots.residual}
        series={plots.colour}
        rules={zero}
      />
      <Plot
        title="Zero point residual over the frame"
        x={axes.x}
        y={axes.y}
        series={plots.map}
        scale={axes.scale}
        note="residual in mag by colour"
        square
      />
      <Plot
        title="Distance of objects and stars"
        {...histogram(plots.separation, 'Distance', 'arcsec', 'stars')}
      />
    </>
  )
}

const zero = [{ y: 0 }]

function ObjectPlots(props: { rows: Rows; stars: Rows | undefined; found: PhotometryFindings; task: Task }) {
  const { rows, stars, found, task } = props
  const size = findingsOf(task).inspect
  const plots = useMemo(() => {
    const [mag, fwhm, flags] = [column(rows, 'mag_calib'), column(rows, 'fwhm'), column(rows, 'flags')]
    const [flux, fluxErr] = [column(rows, 'flux'), column(rows, 'fluxerr')]
    const snr = flux.map((value, i) => value / fluxErr[i]!)
    const all = [...mag.keys()]
    const clean = all.filter((i) => flags[i] === 0)
    const flagged = all.filter((i) => flags[i] !== 0)
    const split = (x: Float64Array, y: Float64Array): Series[] => [
      {
        kind: 'points',
        name: 'flagged',
        colour: other,
        shape: 'cross',
        opacity: 0.6,
        x: pick(x, flagged),
        y: pick(y, flagged),
      },
      { kind: 'points', name: 'unflagged', colour: one, x: pick(x, clean), y: pick(y, clean) },
    ]
    const widths = pick(fwhm, clean)
    const sorted = Float64Array.from(widths).sort()
    const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN
    return {
      fwhm: split(mag, fwhm),
      widest: Math.max(at(0.95) * 1.6, found.fwhm * 2),
      over: [
        {
          kind: 'points',
          name: 'unflagged objects',
          colour: one,
          radius: clean.length > 3_000 ? 1.6 : 2.8,
          opacity: 1,
          x: pick(column(rows, 'x'), clean),
          y: pick(column(rows, 'y'), clean),
          values: widths,
          text: (i: number) => `FWHM ${widths[i]!.toFixed(2)} pix`,
        },
      ] satisfies Series[],
      scale: { title: 'FWHM (pix)', from: at(0.05), to: at(0.95) },
      snr: [...split(mag, snr), ...modelOf(mag, snr, flags)],
      magnitudes: magnitudesOf(mag, column(stars, 'cat_mag')),
    }
  }, [rows, stars, found])
  const axes = useMemo(
    () => ({
      mag: { title: 'Magnitude', unit: 'mag' },
      fwhm: { title: 'FWHM', unit: 'pix', from: 0, to: plots.widest },
      snr: { title: 'S/N', log: true },
      count: { title: 'Number', from: 0 },
      x: { title: 'x', unit: 'pix', ...(size ? { from: 0, to: size.width } : {}) },
      y: { title: 'y', unit: 'pix', ...(size ? { from: 0, to: size.height } : {}) },
    }),
    [plots, size],
  )
  const limit = found.limits.find(({ sn }) => sn === 5) ?? found.limits[0]
  const limitRules = [
    ...(limit?.mag ? [{ x: limit.mag, text: `${limit.mag.toFixed(2)} mag` }] : []),
    ...(limit ? [{ y: limit.sn, text: `S/N ${limit.sn}` }] : []),
  ]
  return (
    <>
      <Plot
        title="FWHM against magnitude"
        x={axes.mag}
        y={axes.fwhm}
        series={plots.fwhm}
        rules={[{ y: found.fwhm, text: `${found.fwhm.toFixed(2)} pix adopted` }]}
      />
      <Plot
        title="FWHM over the frame"
        x={axes.x}
        y={axes.y}
        series={plots.over}
        scale={plots.scale}
        note="FWHM in pixels by colour"
        square
      />
      <Plot
        title="Limit: S/N against magnitude"
        x={axes.mag}
        y={axes.snr}
        series={plots.snr}
        rules={limitRules}
      />
      <Plot
        title="Magnitudes of objects and calibrating stars"
        x={axes.mag}
        y={axes.count}
        series={plots.magnitudes}
        rules={limitRules.slice(0, limit?.mag ? 1 : 0)}
      />
    </>
  )
}

/** The model of the noise by which the limit is found, where the objects allow one. */
function modelOf(mag: Float64Array, snr: Float64Array, flags: Float64Array): Series[] {
  try {
    const noise = fitNoiseModel({ magnitude: mag, snr, flags })
    const [from, to] = noise.range
    const x = Float64Array.from({ length: 60 }, (_, i) => from + ((to + 1.5 - from) * i) / 59)
    return [{ kind: 'line', name: 'model', colour: green, x, y: x.map((m) => snrAt(noise, m)) }]
  } catch {
    // Too few objects for a model: the log of the step says so, and so does the limit.
    return []
  }
}

function magnitudesOf(objects: Float64Array, stars: Float64Array): Series[] {
  const finite = [...objects, ...stars].filter(Number.isFinite)
  if (finite.length === 0) return []
  const from = Math.floor(Math.min(...finite) * 4) / 4
  const to = Math.ceil(Math.max(...finite) * 4) / 4
  const count = Math.max(1, Math.min(80, Math.round((to - from) * 4)))
  const width = (to - from) / count
  const x = Float64Array.from({ length: count }, (_, i) => from + i * width)
  return [
    { kind: 'bars', name: 'objects', colour: one, width, x, y: histogramOf(objects, { from, to }, count) },
    {
      kind: 'bars',
      name: 'calibrating stars',
      colour: other,
      outline: true,
      width,
      x,
      y: histogramOf(stars, { from, to }, count),
    },
  ]
}

function histogram(values: Float64Array, title: string, unit: string, name: string) {
  const most = values.reduce((a, b) => (b > a ? b : a), 0) || 1
  const count = 30
  const width = most / count
  return {
    x: { title, unit, from: 0 },
    y: { title: 'Number', from: 0 },
    series: [
      {
        kind: 'bars' as const,
        name,
        colour: one,
        width,
        x: Float64Array.from({ length: count }, (_, i) => i * width),
        y: histogramOf(values, { from: 0, to: most * 1.000001 }, count),
      },
    ],
  }
}
