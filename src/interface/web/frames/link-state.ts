import type { FrameSearch } from '#interface/web/app/searches.ts'
import { colourMapNames } from '#science/image/display/colour-maps.ts'
import { stretchNames, type IntervalRule } from '#science/image/display/stretch.ts'
import { usualLook, type Look, type ViewerState } from './viewer/model.ts'

/** What a viewer shows as words of an address, and back. What is usual is left out. */

export function searchFrom({ view, look, plane, slice, hdu, grid, shown }: ViewerState): FrameSearch {
  const rounded = (value: number, digits: number) => Number(value.toFixed(digits))
  return {
    ...(plane === 0 ? {} : { plane }),
    ...(hdu === null ? {} : { hdu }),
    ...(slice === 0 ? {} : { slice }),
    ...(view ? { x: rounded(view.x, 2), y: rounded(view.y, 2), zoom: Number(view.zoom.toPrecision(4)) } : {}),
    ...(view && (view.turn !== 0 || view.mirrored)
      ? { turn: `${rounded(view.turn, 5)}${view.mirrored ? 'm' : ''}` }
      : {}),
    ...(look.stretch === usualLook.stretch ? {} : { stretch: look.stretch }),
    ...(look.map === usualLook.map ? {} : { cmap: look.map }),
    ...(look.inverted ? { invert: true } : {}),
    ...(look.smooth > 0 ? { smooth: look.smooth } : {}),
    ...(intervalText(look.interval) === intervalText(usualLook.interval)
      ? {}
      : { interval: intervalText(look.interval) }),
    ...(grid ? { grid: true } : {}),
    ...named('show', true),
    ...named('hide', false),
  }
  function named(word: 'show' | 'hide', wanted: boolean): FrameSearch {
    const ids = Object.keys(shown).filter((id) => shown[id] === wanted)
    return ids.length > 0 ? { [word]: ids.join(',') } : {}
  }
}

/** Words between commas. */
export const listed = (text: string | undefined): string[] => (text ?? '').split(',').filter(Boolean)

/** As the API writes it: `0.5,99.5`, `zscale`, `range`, `v:100,2500`. */
export function intervalText(rule: IntervalRule): string {
  if (rule.by === 'zscale' || rule.by === 'range') return rule.by
  return `${rule.by === 'values' ? 'v:' : ''}${rule.low},${rule.high}`
}

function intervalFrom(text: string | undefined): IntervalRule {
  if (text === 'zscale' || text === 'range') return { by: text }
  const [low, high] = (text ?? '').replace(/^v:/, '').split(',').map(Number)
  if (text === undefined || low === undefined || high === undefined || !(low < high))
    return usualLook.interval
  return { by: text.startsWith('v:') ? 'values' : 'percentile', low, high }
}

const oneOf = <T extends string>(names: readonly T[], value: string | undefined, usual: T): T =>
  names.find((name) => name === value) ?? usual

export function lookFrom(search: FrameSearch): Partial<ViewerState> {
  const { x, y, zoom, turn = '' } = search
  const look: Look = {
    stretch: oneOf(stretchNames, search.stretch, usualLook.stretch),
    map: oneOf(colourMapNames, search.cmap, usualLook.map),
    inverted: search.invert ?? false,
    smooth: search.smooth ?? 0,
    interval: intervalFrom(search.interval),
  }
  return {
    look,
    grid: search.grid ?? false,
    plane: Math.max(0, Math.round(search.plane ?? 0)),
    slice: search.slice ?? 0,
    hdu: search.hdu ?? null,
    shown: Object.fromEntries([
      ...listed(search.show).map((id) => [id, true] as const),
      ...listed(search.hide).map((id) => [id, false] as const),
    ]),
    view:
      x === undefined || y === undefined || zoom === undefined || !(zoom > 0)
        ? null
        : { x, y, zoom, turn: Number.parseFloat(turn) || 0, mirrored: turn.endsWith('m') },
  }
}
