import { useInfiniteQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { listOptions } from '#interface/web/api/queries.ts'
import { bytes } from '#interface/web/pieces/format.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { Frame } from '#observatory/frames/frame.ts'
import { address } from '#interface/web/api/client.ts'

/** Frames that are here, to be chosen from. */
export function FramePicker(props: { chosen: readonly string[]; toggle: (frame: Frame) => void }) {
  const { chosen, toggle } = props
  const [words, setWords] = useState('')
  const q = useDeferredValue(words.trim())
  const list = useInfiniteQuery(listOptions<Frame>('frames', '/frames', { q: q || undefined }, 20))
  const frames = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <div className="picker">
      <input
        className="field"
        style={{ width: '100%' }}
        aria-label="Words in name, object, telescope, filter"
        placeholder="name, object, telescope, filter"
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      {list.isError && <Problem error={list.error} what="the frames" />}
      <ul className="picker-list" aria-label="Frames that are here" tabIndex={0}>
        {frames.map((frame) => (
          <li key={frame.sha256}>
            <label>
              <input type="checkbox" checked={chosen.includes(frame.sha256)} onChange={() => toggle(frame)} />
              {frame.thumbnail ? (
                <img
                  src={address(`/frames/${frame.sha256}/thumbnail.png`)}
                  alt=""
                  width="40"
                  height="40"
                  loading="lazy"
                />
              ) : (
                <span className="picker-hole" />
              )}
              <span className="entry-name">
                {frame.name}
                <span className="dim">
                  {' '}
                  {[frame.facts.object, frame.facts.filterName].filter(Boolean).join(', ')}
                </span>
              </span>
              <span className="dim">
                {bytes(frame.byteLength)} · <Time at={frame.addedAt} show="ago" />
              </span>
            </label>
          </li>
        ))}
      </ul>
      {list.isSuccess && frames.length === 0 && (
        <p className="dim">
          {q ? 'No frame has these words.' : 'No frames are here yet; drop a file above.'}
        </p>
      )}
      {list.hasNextPage && (
        <button type="button" className="link-button" onClick={() => void list.fetchNextPage()}>
          More
        </button>
      )}
    </div>
  )
}
