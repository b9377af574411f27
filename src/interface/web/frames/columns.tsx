import { Link } from '@tanstack/react-router'
import type { Column } from '#interface/web/pieces/data-table.tsx'
import { bytes } from '#interface/web/pieces/format.ts'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import type { Frame } from '#observatory/frames/frame.ts'
import { Thumbnail } from './thumbnail.tsx'
import { Fact, kindWords, sizeText, takenAt } from './words.tsx'

/** Columns of the list of frames. */
export function frameColumns(
  chosen: ReadonlySet<string>,
  choose: (sha256: string, on: boolean) => void,
): Column<Frame>[] {
  return [
    {
      id: 'name',
      header: 'Name',
      cell: (frame) => (
        <span className="frame-name">
          <input
            type="checkbox"
            aria-label={`Choose ${frame.name}`}
            checked={chosen.has(frame.sha256)}
            onChange={(event) => choose(frame.sha256, event.target.checked)}
          />
          <span className="frame-tiny">
            <Thumbnail frame={frame} />
          </span>
          <Link to="/frames/$sha" params={{ sha: frame.sha256 }} title={frame.name}>
            {frame.name}
          </Link>
        </span>
      ),
      plain: (frame) => frame.name,
    },
    {
      id: 'object',
      header: 'Object',
      cell: (frame) => (
        <span className="frame-object" title={frame.facts.object ?? undefined}>
          <Fact facts={frame.facts} name="object">
            {frame.facts.object}
          </Fact>
        </span>
      ),
      plain: ({ facts }) => facts.object,
    },
    {
      id: 'kind',
      header: 'Kind',
      cell: (frame) => (
        <Fact facts={frame.facts} name="kind">
          {frame.facts.kind && kindWords[frame.facts.kind]}
        </Fact>
      ),
      plain: ({ facts }) => facts.kind,
    },
    {
      id: 'time',
      header: 'Taken (UTC)',
      cell: (frame) => {
        const at = takenAt(frame)
        return (
          <Fact facts={frame.facts} name="time">
            {at === null ? null : <Time at={at} show="utc" />}
          </Fact>
        )
      },
      plain: (frame) => {
        const at = takenAt(frame)
        return at === null ? null : new Date(at).toISOString()
      },
    },
    {
      id: 'exposure',
      header: 'Exposure (s)',
      right: true,
      cell: (frame) => (
        <Fact facts={frame.facts} name="exposure">
          {frame.facts.exposure === null ? null : <Value value={frame.facts.exposure} digits={4} />}
        </Fact>
      ),
      plain: ({ facts }) => facts.exposure,
    },
    {
      id: 'filter',
      header: 'Filter',
      cell: (frame) => (
        <Fact facts={frame.facts} name="filter">
          {(frame.facts.filter ?? frame.facts.filterName) && (
            <span className="frame-filter">{frame.facts.filter ?? frame.facts.filterName}</span>
          )}
        </Fact>
      ),
      plain: ({ facts }) => facts.filter ?? facts.filterName,
    },
    {
      id: 'instrument',
      header: 'Instrument',
      cell: (frame) => (
        <Fact facts={frame.facts} name="instrument">
          {frame.facts.instrument}
        </Fact>
      ),
      plain: ({ facts }) => facts.instrument,
    },
    {
      id: 'telescope',
      header: 'Telescope',
      hidden: true,
      cell: (frame) => (
        <Fact facts={frame.facts} name="telescope">
          {frame.facts.telescope}
        </Fact>
      ),
      plain: ({ facts }) => facts.telescope,
    },
    {
      id: 'centre',
      header: 'Centre (ICRS)',
      cell: ({ footprint, images, main }) =>
        footprint ? (
          <SkyCoord ra={footprint.centre[0]} dec={footprint.centre[1]} digits={3} plain />
        ) : (
          <span className="dim" title={images[main]?.noFootprint ?? undefined}>
            no WCS
          </span>
        ),
      plain: ({ footprint }) => footprint?.centre.join(' ') ?? null,
    },
    {
      id: 'size',
      header: 'Size (pixels)',
      right: true,
      cell: ({ images, main }) => images[main]?.shape.slice(0, 2).join(' × ') ?? 'no image',
      plain: sizeText,
    },
    {
      id: 'scale',
      header: 'Pixel (″)',
      right: true,
      hidden: true,
      cell: ({ footprint }) => <Value value={footprint?.pixelScaleArcsec} digits={3} />,
      plain: ({ footprint }) => footprint?.pixelScaleArcsec ?? null,
    },
    {
      id: 'bytes',
      header: 'File',
      right: true,
      hidden: true,
      cell: (frame) => bytes(frame.byteLength),
      plain: ({ byteLength }) => byteLength,
    },
    {
      id: 'added',
      header: 'Added',
      hidden: true,
      cell: (frame) => <Time at={frame.addedAt} show="ago" />,
      plain: ({ addedAt }) => addedAt,
    },
  ]
}
