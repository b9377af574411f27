import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import type { Frame } from '#observatory/frames/frame.ts'
import { headerOptions } from './queries.ts'

const mostShown = 600

/** The header with a filter that follows the typing: its cards are here, so nothing waits for the network. */
export function HeaderCards({ frame }: { frame: Frame }) {
  const [hdu, setHdu] = useState(frame.images[frame.main]?.hdu ?? 0)
  const [words, setWords] = useState('')
  const asked = useDeferredValue(words.toLowerCase().split(/\s+/).filter(Boolean))
  const header = useQuery(headerOptions(frame.sha256, hdu, ''))
  const view = header.data?.items[0]
  const cards = (view?.cards ?? []).filter(({ keyword, value, comment }) => {
    const text = `${keyword} ${String(value ?? '')} ${comment}`.toLowerCase()
    return asked.every((word) => text.includes(word))
  })
  const hdus = [...new Set([0, ...frame.images.map((image) => image.hdu)])]
  return (
    <Section title="Header" aside={view ? `${cards.length} of ${view.of} cards` : undefined}>
      <div className="row">
        <input
          className="field grow"
          aria-label="Words in the header"
          placeholder="words in keyword, value or comment"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        {hdus.length > 1 && (
          <select
            className="select"
            aria-label="HDU of the header"
            value={hdu}
            onChange={(event) => setHdu(Number(event.target.value))}
          >
            {hdus.map((index) => (
              <option key={index} value={index}>
                HDU {index} {frame.images.find((image) => image.hdu === index)?.name ?? ''}
              </option>
            ))}
          </select>
        )}
      </div>
      {header.isError ? (
        <Problem error={header.error} retry={() => void header.refetch()} what="the header" />
      ) : header.isPending ? (
        <Loading />
      ) : (
        <div className="header-cards" tabIndex={0} role="region" aria-label="Cards of the header">
          <table>
            <tbody>
              {cards.slice(0, mostShown).map(({ keyword, value, comment }, i) => (
                <tr key={`${i} ${keyword}`}>
                  <td>{keyword}</td>
                  <td>
                    {value === null ? '' : typeof value === 'boolean' ? (value ? 'T' : 'F') : String(value)}
                  </td>
                  <td className="dim">{comment}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {cards.length > mostShown && (
            <p className="dim">
              {cards.length - mostShown} more; narrow by words, or take the header as text.
            </p>
          )}
        </div>
      )}
    </Section>
  )
}
