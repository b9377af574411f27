import { useEffect, useRef } from 'react'
import type { RefObject } from 'react'
import type { View } from './model.ts'
import { movedBy, zoomedAt } from './view.ts'

/** Pointers, wheel and pinch on the stage. */

type At = readonly [number, number]

export interface Gestures {
  /** From the view as it will be: several moves may come before one of them is drawn. */
  readonly change: (how: (view: View) => View) => void
  readonly hover: (at: At | null) => void
  readonly click: (at: At, detail: number) => void
  /** While a tool draws, dragging draws. */
  readonly drawing: () => boolean
  readonly drag: (from: At, to: At, done: boolean) => void
  /** A second finger came: what was being drawn is not meant. */
  readonly giveUp: () => void
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
    let several = false
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
      if (pointers.size === 1) moved = several = false
      else {
        several = true
        now.current.giveUp()
      }
      element.setPointerCapture(event.pointerId)
      now.current.hover(at)
    }
    const move = (event: PointerEvent) => {
      const at = place(event)
      const pointer = pointers.get(event.pointerId)
      const { change, hover, drawing, drag } = now.current
      hover(at)
      if (!pointer) return
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
        const factor = span(after) / Math.max(1, span(before))
        change((view) => {
          const shifted = movedBy(view, m1[0] - m0[0], m1[1] - m0[1])
          return zoomedAt(shifted, size(), m1, shifted.zoom * factor)
        })
      } else if (several || !drawing() || event.buttons === 4)
        change((view) => movedBy(view, at[0] - last[0], at[1] - last[1]))
      else drag(pointer.start, at, false)
    }
    const up = (event: PointerEvent) => {
      const pointer = pointers.get(event.pointerId)
      if (!pointer) return
      pointers.delete(event.pointerId)
      const at = place(event)
      if (event.type === 'pointercancel' || several) return
      if (!moved) now.current.click(at, event.detail)
      else if (pointers.size === 0 && now.current.drawing()) now.current.drag(pointer.start, at, true)
    }
    const leave = (event: PointerEvent) => {
      // A finger that is lifted leaves; what it pointed at stays to be read.
      if (pointers.size === 0 && event.pointerType !== 'touch') now.current.hover(null)
    }
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      // A pinch on a trackpad comes as a wheel with Ctrl, in small steps.
      const lines = event.ctrlKey ? 4 : event.deltaMode === 1 ? 24 : 1
      const factor = 2 ** (-Math.max(-120, Math.min(120, event.deltaY * lines)) / 240)
      const at = place(event)
      now.current.change((view) => zoomedAt(view, size(), at, view.zoom * factor))
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
