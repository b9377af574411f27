import { Menu } from '@mantine/core'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { usePreferences } from './preferences.tsx'
import { useSiteChoices, type KnownSites, type SiteChoice } from './site-choices.ts'

/** The list of sites below a button, open from the first; the telescopes are asked for while it is open. */
export function SiteMenu({ known, children }: { known: KnownSites; children: ReactElement }) {
  const [opened, setOpened] = useState(true)
  return (
    <Menu shadow="md" width={280} position="bottom-end" opened={opened} onChange={setOpened}>
      <Menu.Target>{children}</Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflow: 'auto' }}>
        {opened && <Choices known={known} />}
      </Menu.Dropdown>
    </Menu>
  )
}

function Choices({ known }: { known: KnownSites }) {
  const { change } = usePreferences()
  const { telescopes, observatories, isPending, isError } = useSiteChoices(known, true)
  const item = ({ site, place, name }: SiteChoice) => (
    <Menu.Item key={site} onClick={() => change({ site, place })}>
      {name}
    </Menu.Item>
  )
  const own = telescopes.filter((one) => one.own)
  return (
    <>
      {own.length > 0 && <Menu.Label>Own telescopes</Menu.Label>}
      {own.map(item)}
      <Menu.Label>Observatories</Menu.Label>
      {observatories.map(item)}
      <Menu.Label>
        {isPending
          ? 'Telescopes are being fetched…'
          : isError
            ? 'The telescopes could not be read'
            : 'Telescopes'}
      </Menu.Label>
      {telescopes.filter((one) => !one.own).map(item)}
    </>
  )
}
