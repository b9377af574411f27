import { Menu } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { telescopesOptions } from '#interface/web/telescopes/queries.ts'
import type { Telescope } from '#observatory/telescopes/telescope.ts'
import type { Site } from '#science/sky/sites.ts'
import { usePreferences } from './preferences.tsx'

/** The shipped observatories by slug; undefined until they are loaded. */
type KnownSites = readonly (readonly [slug: string, site: Site])[] | undefined

export interface SiteChoice {
  /** What the preference keeps: the slug of an observatory, or `telescope:` and that of a telescope. */
  site: string
  /** Coordinates of a telescope's site, so that nothing has to be asked for them. */
  place: Site | null
  own: boolean
  name: string
}

/** The sites to choose from: those of the registry's telescopes (own ones first), then the known observatories. */
export function useSiteChoices(known: KnownSites, wanted: boolean) {
  const telescopes = useQuery({ ...telescopesOptions, enabled: wanted })
  return {
    telescopes: (telescopes.data?.items ?? [])
      .filter(({ ground, alternativeTo }) => ground && alternativeTo === null)
      .map(choiceOf)
      .toSorted((a, b) => Number(b.own) - Number(a.own) || a.name.localeCompare(b.name)),
    observatories: (known ?? []).map(([site, { name }]): SiteChoice => ({
      site,
      place: null,
      own: false,
      name,
    })),
    isPending: telescopes.isPending,
    isError: telescopes.isError,
  }
}

function choiceOf({ slug, name, origin, site }: Telescope): SiteChoice {
  const { latitude: latitudeDeg, longitude: longitudeDeg, elevationM: heightM } = site
  return {
    site: `telescope:${slug}`,
    place: { name, longitudeDeg, latitudeDeg, heightM },
    own: origin === 'own',
    name,
  }
}

/** A button that opens the list of sites; the telescopes are asked for when it is opened first. */
export function SitePicker({ known, children }: { known: KnownSites; children: ReactElement }) {
  const [opened, setOpened] = useState(false)
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
