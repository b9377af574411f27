import type { Drawing, Overlay, Pick, ViewerPlane, ViewerState } from './model.ts'

/**
 * Images on a canvas: aligned planes that blink, overlays, drawing of masks. Pixels are read and coloured in a worker.
 */
export function FrameViewer(props: {
  planes: readonly ViewerPlane[]
  overlays?: readonly Overlay[]
  onPick?: (pick: Pick) => void
  drawing?: Drawing
  /** Where it begins; what a link said. */
  initial?: Partial<ViewerState>
  /** Told a moment after something changed. */
  onState?: (state: ViewerState) => void
  /** CSS height; default: what fits on the screen. */
  height?: string
}) {
  return <div className="viewer" aria-label={props.planes.map(({ name }) => name).join(', ')} />
}
