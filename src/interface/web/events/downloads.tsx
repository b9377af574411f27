import { address } from '#interface/web/api/client.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { bytes } from '#interface/web/pieces/format.ts'
import type { EventDetail } from '#observatory/alerts/event.ts'
import type { LocalizationSummary } from '#observatory/alerts/localization.ts'
import type { NoticeDetail } from '#observatory/alerts/notice.ts'

/** The bytes behind the page, in the formats that other programs read. */
export function Downloads(props: {
  event: EventDetail
  notice: NoticeDetail | undefined
  localization: LocalizationSummary | undefined
}) {
  const { event, notice, localization } = props
  const of = (path: string, query = {}) => address(`/localizations/${localization?.id}${path}`, query)
  return (
    <Section title="Downloads">
      <div className="downloads">
        {notice && (
          <a href={address(`/notices/${notice.id}/bytes`)} download>
            Original notice <span className="dim">{bytes(notice.byteLength)}</span>
          </a>
        )}
        {localization?.state === 'ready' && (
          <>
            <a href={of('/map.fits')} download>
              Sky map (FITS){' '}
              {localization.mapByteLength !== null && (
                <span className="dim">{bytes(localization.mapByteLength)}</span>
              )}
            </a>
            <a href={of('/moc', { level: 0.9, format: 'fits' })} download>
              90 % MOC (FITS)
            </a>
            <a href={of('/moc', { level: 0.9, format: 'json' })} download>
              90 % MOC (JSON)
            </a>
            <a href={of('/contours', { levels: '0.5,0.9' })} download={`${event.name}.geojson`}>
              Outlines (GeoJSON)
            </a>
            <a href={of('/chart.png')} download>
              Picture (PNG)
            </a>
            <a href={of('/chart.svg')} download>
              Picture (SVG)
            </a>
          </>
        )}
        <a href={address(`/events/${encodeURIComponent(event.id)}`)} download={`${event.name}.json`}>
          This event (JSON)
        </a>
      </div>
    </Section>
  )
}
