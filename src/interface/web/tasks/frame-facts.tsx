import { Link } from '@tanstack/react-router'
import { Facts, Section } from '#interface/web/pieces/facts.tsx'
import { duration, percent, significant } from '#interface/web/pieces/format.ts'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Asked, Value } from '#interface/web/pieces/value.tsx'
import type { Task } from '#observatory/tasks/task.ts'
import { findingsOf } from './columns.tsx'
import { NotStated } from './words.tsx'

/** What is known of the frame, each with where it is from. */
export function FrameFacts({ task }: { task: Task }) {
  const { inspect, photometry } = findingsOf(task)
  if (!inspect)
    return (
      <Section title="Frame">
        <p className="dim">
          {task.frame || task.config['stack_filenames'] ? 'Not inspected yet.' : 'No frame yet.'}
          {task.frame && (
            <>
              {' '}
              SHA-256 <code>{task.frame.slice(0, 12)}…</code>
            </>
          )}
        </p>
      </Section>
    )
  const field = photometry?.field ?? inspect.field
  return (
    <Section title="Frame">
      <Facts
        facts={[
          [
            'Size',
            `${inspect.width} × ${inspect.height} pixels${inspect.hdu > 0 ? `, extension ${inspect.hdu}` : ''}`,
          ],
          [
            'Middle of exposure',
            inspect.time ? (
              <Asked
                key="t"
                source={{
                  method: `From ${inspect.time.from}.`,
                  ...(inspect.mjd === null ? {} : { version: `MJD ${inspect.mjd.toFixed(6)} (UTC)` }),
                }}
              >
                <Time at={zoned(inspect.time.value)} show="utc" /> UTC
              </Asked>
            ) : (
              <NotStated key="t" />
            ),
          ],
          [
            'Exposure',
            inspect.exposure === null ? (
              <NotStated key="e" />
            ) : (
              `${significant(inspect.exposure, 4)} s${inspect.exposure >= 120 ? ` (${duration(inspect.exposure * 1000)})` : ''}`
            ),
          ],
          [
            'Filter',
            <Asked key="f" source={{ method: `From ${inspect.filter.from}.` }}>
              {inspect.filter.value}
            </Asked>,
          ],
          ['Instrument', inspect.instrument ?? <NotStated key="i" />],
          ['Object', inspect.object ?? <NotStated key="o" />],
          [
            'Gain',
            <Asked key="g" source={{ method: `From ${inspect.gain.from}.` }}>
              {significant(inspect.gain.value, 4)} <span className="unit">e⁻/ADU</span>
            </Asked>,
          ],
          [
            'Saturation',
            <Asked key="s" source={{ method: `From ${inspect.saturation.from}.` }}>
              {significant(inspect.saturation.value, 5)} <span className="unit">ADU</span>
            </Asked>,
          ],
          [
            'Sky',
            inspect.median === null ? (
              <NotStated key="b" />
            ) : (
              <span key="b">
                <Value value={inspect.median} digits={5} unit="ADU" />
                {inspect.sigma !== null && (
                  <span className="dim"> · σ {significant(inspect.sigma, 3)} ADU per pixel</span>
                )}
              </span>
            ),
          ],
          ['Masked', percent(inspect.masked.masked / inspect.masked.pixels)],
          field
            ? ['Centre', <SkyCoord key="c" ra={field.ra} dec={field.dec} digits={4} />]
            : ['Centre', inspect.noWcs ?? 'no WCS'],
          field && [
            'Field',
            `${significant(field.areaDeg2, 3)} deg², ${field.pixelScaleArcsec.toFixed(3)}″ per pixel`,
          ],
          [
            'Astrometry',
            photometry
              ? {
                  header: 'of the header',
                  solved: 'solved from the pattern of stars',
                  refined: 'refined to the catalogue',
                }[photometry.wcs]
              : field && 'of the header',
          ],
          ['Catalogue', inspect.catName],
          ['Template', inspect.template],
          task.frame !== null && [
            'Same frame',
            <Link key="l" to="/tasks" search={{ q: task.originalName }}>
              other tasks of {task.originalName}
            </Link>,
          ],
        ]}
      />
    </Section>
  )
}

/** A time that says UTC also to a browser, which else takes it for local. */
export function zoned(text: string): string {
  return /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`
}
