import type { Palette } from './palette.ts'
import { allSky, zoom } from './projection.ts'
import { fieldOf, skyChart } from './sky-chart.ts'
import type { SkyChartData } from './sky-chart.ts'
import { element, px } from './svg.ts'
import type { SvgNode } from './svg.ts'
import { label } from './graticule.ts'

/**
 * One picture for mail, chat and download: the whole sky beside the zoom, with a title and a line of numbers.
 * Deterministic: the same data give the same tree.
 * @param data regions (0.1 … 0.9 for shading; 0.5 and 0.9 are outlined), the peak as first mark, Sun and Moon
 * @param options.caption one line of numbers, e.g. `90 %: 28.4 deg² · 364 ± 54 Mpc`
 * @param options.note printed in the warning colour: `SIMULATED`, `TEST`, `RETRACTED`
 */
export function localizationChart(
  data: SkyChartData,
  options: { title: string; caption?: string; note?: string; palette: Palette; width?: number },
): SvgNode {
  const { title, caption, note, palette, width = 1200 } = options
  const [head, margin] = [52, 16]
  const skyWidth = Math.round((width - 3 * margin) * 0.6)
  const zoomWidth = width - 3 * margin - skyWidth
  const peak = data.marks?.[0]
  const wide = data.regions?.find((region) => Math.abs(region.level - 0.9) < 1e-6) ?? data.regions?.at(-1)
  const at = peak ?? { ra: 0, dec: 0 }
  const field = wide ? fieldOf(wide.geometry, at) : { ra: at.ra, dec: at.dec, fieldDeg: 20 }
  const sky = allSky({ width: skyWidth, centreRa: (Math.round(field.ra / 90) * 90) % 360 })
  const local = zoom({ ...field, width: zoomWidth, height: sky.height })
  const height = head + sky.height + margin
  const place = (chart: SvgNode, x: number): SvgNode => ({
    ...chart,
    attributes: { ...chart.attributes, x: px(x), y: head },
  })
  return element(
    'svg',
    {
      viewBox: `0 0 ${px(width)} ${px(height)}`,
      width: px(width),
      height: px(height),
      role: 'img',
      'aria-label': title,
    },
    element('rect', { width: px(width), height: px(height), fill: palette.ground }),
    label(margin, 24, title, {
      fill: palette.mark,
      halo: palette.ground,
      size: 17,
      anchor: 'start',
      weight: 650,
    }),
    caption
      ? label(margin, 43, caption, { fill: palette.text, halo: palette.ground, size: 13, anchor: 'start' })
      : null,
    note
      ? label(width - margin, 24, note, {
          fill: palette.now,
          halo: palette.ground,
          size: 15,
          anchor: 'end',
          weight: 700,
        })
      : null,
    place(skyChart(data, { view: sky, frame: local, palette, ecliptic: true, raLabels: 'degrees' }), margin),
    place(skyChart(data, { view: local, palette, raLabels: 'degrees' }), 2 * margin + skyWidth),
  )
}
