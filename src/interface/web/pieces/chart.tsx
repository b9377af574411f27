import { createElement, useLayoutEffect, useRef, useState } from 'react'
import type { ReactNode, RefObject } from 'react'
import type { SvgNode } from '#science/chart/svg.ts'

/** Mounts an SVG tree of `#science/chart`; links in it are followed by `onLink`. */
export function mountSvg(node: SvgNode, onLink?: (href: string) => void, key?: number): ReactNode {
  const attributes: Record<string, unknown> = { key }
  for (const [name, value] of Object.entries(node.attributes))
    attributes[name.startsWith('aria-') ? name : name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase())] =
      value
  // A link inside a picture is a part of it that can be pressed, not an address of its own.
  const isLink = node.tag === 'a' && onLink !== undefined
  if (isLink) {
    const href = String(attributes['href'])
    delete attributes['href']
    attributes['role'] = 'link'
    attributes['tabIndex'] = 0
    attributes['style'] = { cursor: 'pointer' }
    attributes['onClick'] = () => onLink(href)
    attributes['onKeyDown'] = (event: { key: string }) => {
      if (event.key === 'Enter') onLink(href)
    }
  }
  return createElement(
    isLink ? 'g' : node.tag,
    attributes,
    ...node.children.map((child, i) => (typeof child === 'string' ? child : mountSvg(child, onLink, i))),
  )
}

/** Width of an element in pixels, so that a chart is drawn at the size it is shown. */
export function useWidth(fallback: number): [RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(fallback)
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    setWidth(Math.max(200, Math.floor(element.clientWidth)))
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.max(200, Math.floor(entry.contentRect.width))),
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [box, width]
}
