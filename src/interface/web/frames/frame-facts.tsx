import { Facts, Section } from '#interface/web/pieces/facts.tsx'
import { formatDegrees } from '#science/sky/angles.ts'
import { radius, significant } from '#interface/web/pieces/format.ts'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Asked, Value } from '#interface/web/pieces/value.tsx'
import type { FactName, Frame } from '#observatory/frames/frame.ts'
import type { ReactNode } from 'react'
import { Fact, kindWords, momentOf } from './words.tsx'

const places = {
  start: 'start of the exposure',
  middle: 'middle of the exposure',
  end: 'end of the exposure',
  unknown: 'place in the exposure not stated',
}

/** What the header says, each with its keyword; what it does not say, with the reason. */
export function FrameFacts({ frame }: { frame: Frame }) {
  const { facts, images, main, footprint } = frame
  const image = images[main]
  const fact = (label: string, name: FactName, value: ReactNode): readonly [string, ReactNode] => [
    label,
    <Fact key={name} facts={facts} name={name}>
      {value}
    </Fact>,
  ]
  const number = (value: number | null, unit: string, digits = 4) =>
    value === null ? null : <Value value={value} unit={unit} digits={digits} />
  const { time, site, dataSection: section, pointing, binning } = facts
  return (
    <Section title="Facts" aside={`read as ${facts.profiles.join(', ')}; hover says which keyword`}>
      <Facts
        facts={[
          fact('Telescope', 'telescope', facts.telescope),
          fact('Instrument', 'instrument', facts.instrument),
          fact(
            'Site',
            'site',
            site &&
              `${site.name ?? ''} ${formatDegrees(Math.abs(site.latitudeDeg), 3)} ${site.latitudeDeg < 0 ? 'S' : 'N'}, ${formatDegrees(Math.abs(site.longitudeDeg), 3)} ${site.longitudeDeg < 0 ? 'W' : 'E'}, ${site.heightM === null ? 'height not stated' : `${Math.round(site.heightM)} m`}`,
          ),
          fact('Object', 'object', facts.object),
          fact('Kind', 'kind', facts.kind && kindWords[facts.kind]),
          fact(
            'Filter',
            'filter',
            (facts.filter ?? facts.filterName)
              ? `${facts.filter ?? 'band not known'}${facts.filterName && facts.filterName !== facts.filter ? ` (${facts.filterName})` : ''}`
              : null,
          ),
          fact(
            'Time in the header',
            'time',
            time && (
              <span>
                {time.text} {time.scale === 'unknown' ? '(time scale not stated)' : time.scale.toUpperCase()},{' '}
                {places[time.place]}
              </span>
            ),
          ),
          [
            'Middle of exposure',
            time?.middle === null || time?.middle === undefined ? (
              <Asked
                key="m"
                source={{
                  method:
                    'The header does not say all of it: time, its scale, its place in the exposure and the exposure.',
                }}
              >
                <span className="dim">not stated</span>
              </Asked>
            ) : (
              <span key="m">
                <Time at={momentOf(time.middle)} show="utc" decimals={1} /> UTC{' '}
                <span className="dim">MJD {time.middle.toFixed(6)}</span>
              </span>
            ),
          ],
          fact('Exposure', 'exposure', number(facts.exposure, 's')),
          fact('Gain', 'gain', number(facts.gain, 'e⁻/ADU')),
          fact('Saturation', 'saturation', number(facts.saturation, 'ADU', 6)),
          fact('Read noise', 'readNoise', number(facts.readNoise, 'e⁻', 3)),
          facts.airmass === null && facts.kind !== 'object'
            ? false
            : fact('Airmass', 'airmass', facts.airmass === null ? null : significant(facts.airmass, 4)),
          fact('Pixel unit', 'unit', facts.unit),
          fact('Binning', 'binning', binning && `${binning[0]} × ${binning[1]} pixels`),
          fact(
            'Exposed pixels',
            'dataSection',
            section && `x ${section.x0 + 1} to ${section.x1}, y ${section.y0 + 1} to ${section.y1} (FITS)`,
          ),
          fact('Pointing', 'pointing', pointing && <SkyCoord ra={pointing.ra} dec={pointing.dec} />),
          footprint
            ? [
                'Field',
                <span key="f">
                  <Value value={footprint.areaDeg2} unit="deg²" digits={3} />, radius{' '}
                  {radius(footprint.radiusDeg)}
                </span>,
              ]
            : ['Field', <span key="f">{image?.noFootprint ?? 'no image has a WCS'}</span>],
          image?.footprint
            ? [
                'Pixel scale',
                <span key="s">
                  <Value value={image.footprint.pixelScaleArcsec} unit="″/pixel" digits={4} />,{' '}
                  {image.footprint.projection}
                </span>,
              ]
            : false,
          facts.pixels.form === 'asinh' ? ['Pixels', 'stored as asinh of the flux; shown as flux'] : false,
        ]}
      />
      {facts.doubts.length > 0 && (
        <div className="banner" style={{ marginTop: 12 }}>
          <b>▲ Doubts</b>
          <span>{facts.doubts.join(' ')}</span>
        </div>
      )}
    </Section>
  )
}

/** The images of the file. */
export function Images({ frame: { images, main, packing } }: { frame: Frame }) {
  return (
    <Section title="Images" aside={packing === 'gzip' ? 'the whole file is packed by gzip' : undefined}>
      <div className="table-wrap" tabIndex={0} role="region" aria-label="Images of the file">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">HDU</th>
              <th scope="col">Pixels</th>
              <th scope="col">Type</th>
              <th scope="col">Role</th>
              <th scope="col">Sky</th>
            </tr>
          </thead>
          <tbody>
            {images.map((image, index) => (
              <tr key={image.hdu}>
                <td>
                  {image.hdu} {image.name} {index === main && <span className="tag">main</span>}
                </td>
                <td>{image.shape.join(' × ')}</td>
                <td>
                  {image.bitpix < 0 ? `float${-image.bitpix}` : `int${image.bitpix}`}
                  {image.compressed ? `, ${image.compressed}` : ''}
                </td>
                <td>{image.role}</td>
                <td title={image.noFootprint ?? undefined}>
                  {image.footprint ? (
                    image.footprint.projection
                  ) : (
                    <span className="dim">{image.noFootprint ?? 'none'}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  )
}
