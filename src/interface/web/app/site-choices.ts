import { useQuery } from '@tanstack/react-query'
import { telescopesOptions } from '#interface/web/telescopes/queries.ts'
import type { Telescope } from '#observatory/telescopes/telescope.ts'
import type { Site } from '#science/sky/sites.ts'

/** The shipped observatories by slug; undefined until they are loaded. */
export type KnownSites = readonly (readonly [slug: string, site: Site])[] | undefined

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
