import { cloneElement, lazy, Suspense, useState } from 'react'
import type { ReactElement } from 'react'
import type { KnownSites } from './site-choices.ts'

const SiteMenu = lazy(() => import('./site-menu.tsx').then((module) => ({ default: module.SiteMenu })))

type ButtonElement = ReactElement<{ onClick?: () => void; 'aria-haspopup'?: 'menu' }>

/** A button that opens the list of sites; menus are code that comes when one is opened first. */
export function SitePicker({ known, children }: { known: KnownSites; children: ButtonElement }) {
  const [wanted, setWanted] = useState(false)
  if (!wanted) return cloneElement(children, { onClick: () => setWanted(true), 'aria-haspopup': 'menu' })
  return (
    <Suspense fallback={children}>
      <SiteMenu known={known}>{children}</SiteMenu>
    </Suspense>
  )
}
