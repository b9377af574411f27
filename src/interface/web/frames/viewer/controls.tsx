import { colourMapNames, paletteOf } from '#science/image/display/colour-maps.ts'
import type { ColourMapName } from '#science/image/display/colour-maps.ts'
import { stretchNames } from '#science/image/display/stretch.ts'
import type { Interval, StretchName } from '#science/image/display/stretch.ts'
import { significant } from '#interface/web/pieces/format.ts'
import type { Look } from './model.ts'

/** Sliders are finest at their ends, where percentiles differ most. */
const sliderOf = (percent: number): number => Math.round((200 * Math.acos(1 - percent / 50)) / Math.PI)
const percentOf = (slider: number): number =>
  Number((50 * (1 - Math.cos((slider * Math.PI) / 200))).toPrecision(4))

/** How pixels become colours, chosen. */
export function LookControls({
  look,
  interval,
  open,
  change,
}: {
  look: Look
  interval: Interval | null
  /** On a narrow screen: whether they are shown. */
  open: boolean
  change: (part: Partial<Look>) => void
}) {
  const { interval: rule } = look
  const shown = rule.by === 'percentile' ? rule : { low: 0.5, high: 99.5 }
  return (
    <div className={open ? 'viewer-look open' : 'viewer-look'}>
      <label>
        Stretch
        <select
          className="select"
          value={look.stretch}
          onChange={(event) => change({ stretch: event.target.value as StretchName })}
        >
          {stretchNames.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        Limits
        <select
          className="select"
          value={rule.by}
          onChange={({ target: { value } }) => {
            if (value === 'percentile') change({ interval: { by: 'percentile', low: 0.5, high: 99.5 } })
            else if (value === 'values')
              change({ interval: { by: 'values', ...(interval ?? { low: 0, high: 1 }) } })
            else change({ interval: { by: value as 'zscale' | 'range' } })
          }}
        >
          <option value="percentile">percentiles</option>
          <option value="zscale">zscale</option>
          <option value="range">least to most</option>
          <option value="values">values</option>
        </select>
      </label>
      {rule.by === 'values' ? (
        <>
          {(['low', 'high'] as const).map((end) => (
            <label key={end}>
              {end === 'low' ? 'Black' : 'White'}
              <input
                className="field"
                type="number"
                step="any"
                key={`${end} ${rule[end]}`}
                defaultValue={rule[end]}
                onBlur={(event) => {
                  const value = event.target.valueAsNumber
                  const next = { ...rule, [end]: value }
                  if (Number.isFinite(value) && next.low < next.high) change({ interval: next })
                }}
              />
            </label>
          ))}
        </>
      ) : (
        rule.by === 'percentile' && (
          <>
            <label>
              Black <span className="dim">{shown.low} %</span>
              <input
                type="range"
                min={0}
                max={200}
                value={sliderOf(shown.low)}
                onChange={(event) => {
                  const low = percentOf(event.target.valueAsNumber)
                  if (low < shown.high) change({ interval: { by: 'percentile', low, high: shown.high } })
                }}
              />
            </label>
            <label>
              White <span className="dim">{shown.high} %</span>
              <input
                type="range"
                min={0}
                max={200}
                value={sliderOf(shown.high)}
                onChange={(event) => {
                  const high = percentOf(event.target.valueAsNumber)
                  if (high > shown.low) change({ interval: { by: 'percentile', low: shown.low, high } })
                }}
              />
            </label>
          </>
        )
      )}
      <label>
        Colours
        <select
          className="select"
          value={look.map}
          onChange={(event) => change({ map: event.target.value as ColourMapName })}
        >
          {colourMapNames.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={look.inverted}
          onChange={(event) => change({ inverted: event.target.checked })}
        />
        invert
      </label>
      <label>
        Smoothing
        <select
          className="select"
          value={look.smooth}
          onChange={(event) => change({ smooth: Number(event.target.value) })}
        >
          {[0, 0.5, 1, 2, 4].map((sigma) => (
            <option key={sigma} value={sigma}>
              {sigma === 0 ? 'none' : `σ ${sigma} px`}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

/** The colours between black and white, and what these stand for. There from the beginning, so that nothing jumps. */
export function Bar({ look, interval, unit }: { look: Look; interval: Interval | null; unit: string }) {
  return (
    <span className="viewer-bar">
      <span className="dim">{interval ? significant(interval.low, 4) : '…'}</span>
      <span className="viewer-ramp" style={{ background: ramp(look) }} />
      <span className="dim">{interval ? `${significant(interval.high, 4)} ${unit}` : '…'}</span>
    </span>
  )
}

function ramp({ map, inverted }: Look): string {
  const palette = paletteOf(map, { inverted })
  const stops = Array.from({ length: 12 }, (_, i) => {
    const at = 4 * (1 + Math.round((254 * i) / 11))
    return `rgb(${palette[at]} ${palette[at + 1]} ${palette[at + 2]})`
  })
  return `linear-gradient(90deg, ${stops.join(', ')})`
}
