import { useQuery } from '@tanstack/react-query'
import { utc } from '#interface/web/pieces/format.ts'
import { useMinute, useSecond } from './now.tsx'
import { usePreferences } from './preferences.tsx'
import { SitePicker } from './site-picker.tsx'

/** The astronomy comes after the first paint: its tables are as large as the rest of the page. */
export function useSky() {
  return useQuery({
    queryKey: ['code', 'sky-now'],
    queryFn: () => import('./sky-now.ts'),
    staleTime: Infinity,
  }).data
}

/** The chosen site; undefined until the list of sites is here. */
export function useSite() {
  const { site: slug, place } = usePreferences()
  const sky = useSky()
  return place ?? sky?.siteOf(slug)
}

/** UTC, sidereal time, Sun and Moon at the chosen site. */
export function ClockBar() {
  const now = useSecond()
  const minute = useMinute()
  const sky = useSky()
  const { site } = usePreferences()
  const place = useSite()
  const at = sky && place ? sky.skyNow(minute, place) : null
  return (
    <div className="clock">
      <span>
        UTC <b>{utc(now).slice(11)}</b>
      </span>
      <span className="wide">
        LST <b>{sky && place ? sky.siderealText(now, place) : '–– ––'}</b>
      </span>
      <span>
        Sun <b>{at ? degrees(at.sunAltitude) : '–'}</b>
      </span>
      <span className="wide">
        Moon <b>{at ? `${Math.round(at.moonIllumination * 100)} %` : '–'}</b>
        {at && <span> {at.moonAltitude > 0 ? degrees(at.moonAltitude) : 'down'}</span>}
      </span>
      <span className="wide">
        <SitePicker known={sky?.sites}>
          <button type="button" className="clock-site" title="Choose the site">
            {place?.name.replace(/ (Observatory|Observatories)$/, '') ?? site}
          </button>
        </SitePicker>
      </span>
    </div>
  )
}

function degrees(altitude: number): string {
  return `${altitude < -0.5 ? '−' : '+'}${Math.abs(Math.round(altitude))}°`
}
