import { cloneElement, lazy, Suspense, useState } from 'react'
import type { ReactElement } from 'react'

const MenuList = lazy(() => import('./menu-list.tsx').then((module) => ({ default: module.MenuList })))

export type MenuItem =
  | {
      readonly text: string
      readonly act: () => void
      readonly disabled?: boolean
      readonly danger?: boolean
      /** One of several that are on or off. */
      readonly checked?: boolean
    }
  | { readonly text: string; readonly href: string; readonly outside?: boolean }
  | 'line'

export type ButtonElement = ReactElement<{ onClick?: () => void; 'aria-haspopup'?: 'menu' }>

export interface MenuProps {
  /** The button that opens it. */
  readonly children: ButtonElement
  readonly items: readonly MenuItem[]
  readonly width?: number
  /** Stays open while things are chosen. */
  readonly stays?: boolean
}

/** A button with a list below it. What draws lists is code that comes when one is opened first. */
export function Menu(props: MenuProps) {
  const [wanted, setWanted] = useState(false)
  const { children } = props
  if (!wanted) return cloneElement(children, { onClick: () => setWanted(true), 'aria-haspopup': 'menu' })
  return (
    <Suspense fallback={children}>
      <MenuList {...props} />
    </Suspense>
  )
}
