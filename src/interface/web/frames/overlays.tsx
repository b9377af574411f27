import { useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { listOptions } from '#interface/web/api/queries.ts'
import type { FrameSearch } from '#interface/web/app/searches.ts'
import { cataloguesOptions, rowsOptions, type CatalogueRows } from '#interface/web/catalogues/queries.ts'
import type { Frame } from '#observatory/frames/frame.ts'
import { listed } from './link-state.ts'
import type { Mark, Overlay } from './viewer/model.ts'

/** Marks that one catalogue draws at most. */
const mostMarks = 5_000

export interface OverlayChoices {
  readonly catalogues: readonly string[]
  readonly setCatalogues: (names: readonly string[]) => void
  readonly footprints: boolean
  readonly setFootprints: (on: boolean) => void
  readonly others: readonly Frame[]
  readonly says: readonly string[]
}

/** What lies over a frame: catalogues that were chosen, and outlines of the other frames that share its sky. */
export function useFrameOverlays(
  frame: Frame,
  search: FrameSearch,
  change: (part: FrameSearch) => void,
): { overlays: readonly Overlay[]; choice: OverlayChoices } {
  const catalogues = useMemo(() => listed(search.over), [search.over])
  const footprints = search.outlines ?? false
  const { footprint } = frame
  const cone = footprint
    ? `${footprint.centre[0]},${footprint.centre[1]},${Math.min(20, footprint.radiusDeg)}`
    : null
  const others = useInfiniteQuery({
    ...listOptions<Frame>('frames', '/frames', { touches: cone }, 50),
    enabled: cone !== null,
  }).data
  const together = useMemo(
    () => (others?.pages.flatMap((page) => page.items) ?? []).filter(({ sha256 }) => sha256 !== frame.sha256),
    [others, frame.sha256],
  )
  const answers = useQueries({
    queries: catalogues.map((name) => rowsOptions(name, cone === null ? null : { cone, limit: mostMarks })),
    combine: (all) => all.map(({ data, error }) => ({ data, error })),
  })
  const overlays = useMemo(() => {
    const made: Overlay[] = []
    for (const [index, name] of catalogues.entries()) {
      const data = answers[index]?.data
      if (data) made.push(catalogueOverlay(name, data))
    }
    if (footprints)
      made.push({
        id: 'footprints',
        name: 'other frames',
        marks: together.flatMap((other) =>
          other.images.flatMap(({ footprint: one }): Mark[] =>
            one && one.polygon.length > 2
              ? [{ on: 'sky', shape: 'polygon', points: one.polygon, label: other.name }]
              : [],
          ),
        ),
      })
    return made
  }, [catalogues, answers, footprints, together])
  const says = catalogues.flatMap((name, index) => {
    const { data, error } = answers[index] ?? {}
    if (error) return [`${name}: ${error.message}`]
    if (!data) return [`${name}: being read`]
    return data.truncated ? [`${name}: more than ${mostMarks} rows; the first of them are drawn`] : []
  })
  return {
    overlays,
    choice: {
      catalogues,
      setCatalogues: (names) => change({ over: names.join(',') || undefined }),
      footprints,
      setFootprints: (on) => change({ outlines: on || undefined }),
      others: together,
      says,
    },
  }
}

function catalogueOverlay(name: string, { items }: CatalogueRows): Overlay {
  return {
    id: `catalogue ${name}`,
    name,
    marks: items.flatMap((row): Mark[] => {
      const [ra, dec] = [row['ra'], row['dec']]
      const label = row['name']
      return typeof ra === 'number' && typeof dec === 'number'
        ? [
            {
              on: 'sky',
              shape: 'dot',
              points: [[ra, dec]],
              ...(typeof label === 'string' && items.length < 300 ? { label } : {}),
            },
          ]
        : []
    }),
  }
}

/** What may be laid over the frame, and which others blink with it. */
export function OverlayChoice(props: {
  frame: Frame
  choice: OverlayChoices
  together: readonly { sha256: string; name: string }[]
  add: (sha256: string) => void
  remove: (sha256: string) => void
}) {
  const { frame, choice, together, add, remove } = props
  const list = useQuery(cataloguesOptions)
  const names = list.data?.items.map(({ name }) => name) ?? []
  if (!frame.footprint)
    return (
      <p className="dim">
        Without sky coordinates no catalogue and no other frame can be laid over this one.
      </p>
    )
  return (
    <div className="overlay-choice">
      {names.length > 0 && (
        <select
          className="select"
          aria-label="Catalogue over the image"
          value=""
          onChange={({ target: { value } }) =>
            value && choice.setCatalogues([...new Set([...choice.catalogues, value])])
          }
        >
          <option value="">catalogue over it…</option>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
      {choice.others.length > 0 && (
        <label className="check">
          <input
            type="checkbox"
            checked={choice.footprints}
            onChange={(event) => choice.setFootprints(event.target.checked)}
          />
          outlines of {choice.others.length} other {choice.others.length === 1 ? 'frame' : 'frames'}
        </label>
      )}
      {choice.others.length > 0 && (
        <select
          className="select"
          aria-label="Frame to blink with"
          value=""
          onChange={({ target: { value } }) => value && add(value)}
        >
          <option value="">blink with…</option>
          {choice.others.map(({ sha256, name }) => (
            <option key={sha256} value={sha256}>
              {name}
            </option>
          ))}
        </select>
      )}
      {together.map(({ sha256, name }) => (
        <button key={sha256} type="button" className="link-button" onClick={() => remove(sha256)}>
          without {name}
        </button>
      ))}
      {choice.catalogues.map((name) => (
        <button
          key={name}
          type="button"
          className="link-button"
          onClick={() => choice.setCatalogues(choice.catalogues.filter((one) => one !== name))}
        >
          without {name}
        </button>
      ))}
      {choice.says.length > 0 && <span className="dim">{choice.says.join('; ')}</span>}
    </div>
  )
}
