import { useEffect, useRef } from 'react'
import type { RefObject } from 'react'
import type { View } from './model.ts'
import { movedBy, zoomedAt } from './view.ts'

/** Pointers, wheel and pinch on the stage. */

type At = readonly [number, number]

export interface Gestures {
  readonly view: () => View | null
  readonly change: (view: View) => void
  readonly hover: (at: At | null) => void
  readonly click: (at: At, detail: number) => void
  /** While a tool draws, dragging draws. */
  readonly drawing: () => boolean
  readonly drag: (from: At, to: At, done: boolean) => void
}

const slop = 4

export function useGestures(stage: RefObject<HTMLElement | null>, gestures: Gestures): void {
  const now = useRef(gestures)
  useEffect(() => {
    now.current = gestures
  })
  useEffect(() => {
    const element = stage.current
    if (!element) return undefined
    const pointers = new Map<number, { start: At; last: At }>()
    let moved = false
    const place = (event: PointerEvent | WheelEvent): At => {
      const box = element.getBoundingClientRect()
      return [event.clientX - box.left - element.clientLeft, event.clientY - box.top - element.clientTop]
    }
    const size = () => ({ width: element.clientWidth, height: element.clientHeight })
    const down = (event: PointerEvent) => {
      if (event.button > 0 && event.button !== 1) return
      if (event.target !== element && (event.target as HTMLElement).tagName !== 'CANVAS') return
      const at = place(event)
      pointers.set(event.pointerId, { start: at, last: at })
      if (pointers.size === 1) moved = false
      element.setPointerCapture(event.pointerId)
      now.current.hover(at)
    }
    const move = (event: PointerEvent) => {
      const at = place(event)
      const pointer = pointers.get(event.pointerId)
      const { view, change, hover, drawing, drag } = now.current
      hover(at)
      const seen = view()
      if (!pointer || !seen) return
      if (!moved && Math.hypot(at[0] - pointer.start[0], at[1] - pointer.start[1]) < slop) return
      moved = true
      const before = [...pointers.values()].map(({ last }) => last)
      const last = pointer.last
      pointer.last = at
      if (pointers.size === 2) {
        const after = [...pointers.values()].map((each) => each.last)
        const span = ([p, q]: At[]) => Math.hypot(p![0] - q![0], p![1] - q![1])
        const middle = ([p, q]: At[]): At => [(p![0] + q![0]) / 2, (p![1] + q![1]) / 2]
        const [m0, m1] = [middle(before), middle(after)]
        const shifted = movedBy(seen, m1[0] - m0[0], m1[1] - m0[1])
        change(zoomedAt(shifted, size(), m1, shifted.zoom * (span(after) / Math.max(1, span(before)))))
      } else if (drawing() && event.buttons !== 4) drag(pointer.start, at, false)
      else change(movedBy(seen, at[0] - last[0], at[1] - last[1]))
    }
    const up = (event: PointerEvent) => {
      const pointer = pointers.get(event.pointerId)
      if (!pointer) return
      pointers.delete(event.pointerId)
      const at = place(event)
      if (event.type === 'pointercancel') return
      if (!moved) now.current.click(at, event.detail)
      else if (pointers.size === 0 && now.current.drawing()) now.current.drag(pointer.start, at, true)
    }
    const leave = () => {
      if (pointers.size === 0) now.current.hover(null)
    }
    const wheel = (event: WheelEvent) => {
      const seen = now.current.view()
      if (!seen) return
      event.preventDefault()
      const lines = event.deltaMode === 1 ? 24 : 1
      const factor = 2 ** (-Math.max(-120, Math.min(120, event.deltaY * lines)) / 240)
      now.current.change(zoomedAt(seen, size(), place(event), seen.zoom * factor))
    }
    element.addEventListener('pointerdown', down)
    element.addEventListener('pointermove', move)
    element.addEventListener('pointerup', up)
    element.addEventListener('pointercancel', up)
    element.addEventListener('pointerleave', leave)
    element.addEventListener('wheel', wheel, { passive: false })
    return () => {
      element.removeEventListener('pointerdown', down)
      element.removeEventListener('pointermove', move)
      element.removeEventListener('pointerup', up)
      element.removeEventListener('pointercancel', up)
      element.removeEventListener('pointerleave', leave)
      element.removeEventListener('wheel', wheel)
    }
  }, [stage])
}
