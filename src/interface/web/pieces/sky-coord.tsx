import { useState } from 'react'
import { usePreferences } from '#interface/web/app/preferences.tsx'
import { Menu } from './menu.tsx'
import { formatDec, formatDegrees, formatRa } from '#science/sky/angles.ts'

/** Other places that know a position. */
export function servicesAt(ra: number, dec: number): { name: string; url: string }[] {
  const at = `${ra.toFixed(6)} ${dec >= 0 ? '+' : ''}${dec.toFixed(6)}`
  const q = encodeURIComponent(at)
  return [
    { name: 'Aladin Lite', url: `https://aladin.cds.unistra.fr/AladinLite/?target=${q}&fov=0.5` },
    {
      name: 'SIMBAD',
      url: `https://simbad.cds.unistra.fr/simbad/sim-coo?Coord=${q}&Radius=2&Radius.unit=arcmin`,
    },
    {
      name: 'NED',
      url: `https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search&coordinates=${ra.toFixed(6)}d%20${dec.toFixed(6)}d&radius=2`,
    },
    { name: 'ESASky', url: `https://sky.esa.int/?target=${q}&fov=0.5` },
    {
      name: 'Legacy Survey',
      url: `https://www.legacysurvey.org/viewer?ra=${ra.toFixed(6)}&dec=${dec.toFixed(6)}&zoom=12`,
    },
  ]
}

/** A direction in the notation this browser prefers. */
export function useCoordinateText(): (ra: number, dec: number, digits?: number) => string {
  const { coordinates } = usePreferences()
  return (ra, dec, digits = 4) =>
    coordinates === 'degrees'
      ? `${formatDegrees(ra, digits)} ${dec >= 0 ? '+' : '−'}${formatDegrees(Math.abs(dec), digits)}`
      : `${formatRa(ra, { digits: Math.max(0, digits - 3) })} ${formatDec(dec, { digits: Math.max(0, digits - 4) }).replace('-', '−')}`
}

/** A position: copied by a click, the notation and other services in its menu. */
export function SkyCoord({
  ra,
  dec,
  digits,
  plain,
}: {
  ra: number
  dec: number
  digits?: number
  plain?: boolean
}) {
  const text = useCoordinateText()
  const preferences = usePreferences()
  const [copied, setCopied] = useState(false)
  const shown = text(ra, dec, digits)
  if (plain) return <span className="coord">{shown}</span>
  const other = preferences.coordinates === 'degrees' ? 'sexagesimal' : 'degrees'
  return (
    <span className="coord">
      <button
        type="button"
        className="copy"
        title="Copy (ICRS)"
        onClick={() => {
          void navigator.clipboard.writeText(shown.replaceAll('−', '-')).then(() => {
            setCopied(true)
            setTimeout(() => setCopied(false), 1500)
          })
        }}
      >
        {copied ? 'copied' : shown}
      </button>{' '}
      <Menu
        width={210}
        items={[
          ...servicesAt(ra, dec).map(({ name, url }) => ({ text: name, href: url, outside: true })),
          'line',
          { text: `Show as ${other}`, act: () => preferences.change({ coordinates: other }) },
        ]}
      >
        <button type="button" className="link-button" aria-label={`open in… ${shown}`}>
          open in…
        </button>
      </Menu>
    </span>
  )
}
