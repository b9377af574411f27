import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { groupsOptions } from '#interface/web/api/queries.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { Frame } from '#observatory/frames/frame.ts'
import { frameOptions } from './queries.ts'

interface Change {
  groups?: string[]
  publicAt?: string | null
  note?: string | null
}

/** Who may see the frame, and the note beside it. */
export function Rights({ frame, mine }: { frame: Frame; mine: boolean }) {
  const client = useQueryClient()
  const groups = useInfiniteQuery(groupsOptions()).data?.pages.flatMap((page) => page.items) ?? []
  const [note, setNote] = useState<string | null>(null)
  const save = useMutation({
    mutationFn: (change: Change) => send<Frame>('PATCH', `/frames/${frame.sha256}`, change),
    onSuccess: (saved) => {
      client.setQueryData(frameOptions(frame.sha256).queryKey, saved)
      setNote(null)
    },
  })
  const known = [
    { id: 'everyone', name: 'everyone with an account' },
    ...groups,
    ...frame.groups
      .filter((id) => id !== 'everyone' && !groups.some((group) => group.id === id))
      .map((id) => ({ id, name: id })),
  ]
  const open = frame.publicAt
  const names = known.filter((group) => frame.groups.includes(group.id)).map((group) => group.name)
  return (
    <Section title="Who sees it">
      <div className="stack">
        {mine ? (
          <div className="row">
            {known.map((group) => (
              <label key={group.id} className="check">
                <input
                  type="checkbox"
                  disabled={save.isPending}
                  checked={frame.groups.includes(group.id)}
                  onChange={(event) =>
                    save.mutate({
                      groups: event.target.checked
                        ? [...frame.groups, group.id]
                        : frame.groups.filter((id) => id !== group.id),
                    })
                  }
                />
                {group.name}
              </label>
            ))}
          </div>
        ) : (
          <p>{names.length > 0 ? names.join(', ') : 'Its owner.'}</p>
        )}
        <div className="row">
          <span>
            {open ? (
              <>
                Public from <Time at={open} />
              </>
            ) : (
              'Never public by itself'
            )}
          </span>
          {mine &&
            (open ? (
              <button type="button" className="link-button" onClick={() => save.mutate({ publicAt: null })}>
                Not public
              </button>
            ) : (
              <button
                type="button"
                className="link-button"
                onClick={() => save.mutate({ publicAt: new Date().toISOString() })}
              >
                Make it public now
              </button>
            ))}
          {mine && (
            <label className="check">
              from
              <input
                className="field"
                type="date"
                aria-label="Public from this day (UTC)"
                value={open?.slice(0, 10) ?? ''}
                onChange={(event) =>
                  event.target.value && save.mutate({ publicAt: `${event.target.value}T00:00:00Z` })
                }
              />
            </label>
          )}
        </div>
        {mine ? (
          <form
            className="row"
            onSubmit={(event) => {
              event.preventDefault()
              if (note !== null) save.mutate({ note: note.trim() || null })
            }}
          >
            <input
              className="field grow"
              aria-label="Note"
              placeholder="note"
              value={note ?? frame.note ?? ''}
              onChange={(event) => setNote(event.target.value)}
            />
            <button type="submit" className="button" disabled={note === null || save.isPending}>
              Save the note
            </button>
          </form>
        ) : (
          frame.note && <p>{frame.note}</p>
        )}
        {save.isError && <Problem error={save.error} />}
      </div>
    </Section>
  )
}
