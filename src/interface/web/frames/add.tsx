import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useCallback, useEffect, useRef, useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { groupsOptions, meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { looksLikeFits, useDropped } from '#interface/web/pieces/dropped.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { uploadFrame } from '#interface/web/pieces/uploader.ts'
import { Folders } from './folders.tsx'
import { uploadsOptions } from './queries.ts'
import { SendingRow, type Sending } from './sending.tsx'

/** Frames from files dropped on the page, from addresses, and from folders of the server. */
export function AddFrames({ shown, show }: { shown: boolean; show: () => void }) {
  const client = useQueryClient()
  const me = useQuery(meOptions).data
  const groups = useInfiniteQuery(groupsOptions()).data?.pages.flatMap((page) => page.items) ?? []
  const [shared, setShared] = useState<readonly string[]>([])
  const [all, setAll] = useState<readonly Sending[]>([])
  const input = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const unfinished = useQuery({ ...uploadsOptions, enabled: shown }).data?.items.filter(
    (one) =>
      one.state === 'receiving' &&
      !all.some(
        ({ file, state }) => state !== 'stopped' && file.name === one.name && file.size === one.byteLength,
      ),
  )

  const patch = useCallback((id: number, part: Partial<Sending>) => {
    setAll((old) => old.map((one) => (one.id === id ? { ...one, ...part } : one)))
  }, [])
  const queue = useRef(Promise.resolve())
  const counter = useRef(0)
  const latestShared = useRef(shared)
  useEffect(() => {
    latestShared.current = shared
  }, [shared])
  const begin = (file: File, id: number, stop: AbortController) => {
    // One after another: a line is as fast with one file, and the first is there sooner.
    queue.current = queue.current.then(async () => {
      if (stop.signal.aborted) return patch(id, { state: 'stopped' })
      patch(id, { state: 'sending' })
      try {
        const made = await uploadFrame(file, latestShared.current, (sent) => patch(id, { sent }), stop.signal)
        patch(id, { state: 'done', ...made })
      } catch (error) {
        patch(
          id,
          stop.signal.aborted
            ? { state: 'stopped' }
            : { state: 'failed', reason: error instanceof Error ? error.message : String(error) },
        )
      }
      void client.invalidateQueries({ queryKey: ['frames'] })
    })
  }
  const add = (files: readonly File[]) => {
    const wanted = files.filter(
      ({ name, size }) =>
        !/\.reg$/i.test(name) &&
        !all.some((one) => one.state !== 'done' && one.file.name === name && one.file.size === size),
    )
    if (wanted.length === 0) return
    show()
    for (const file of wanted) {
      const id = counter.current++
      const stop = new AbortController()
      const sent = { done: 0, perSecond: null }
      setAll((old) => [
        { id, file, sent, state: 'waiting', sha256: null, known: false, reason: null, stop },
        ...old,
      ])
      begin(file, id, stop)
    }
  }
  const again = ({ file, id }: Sending) => {
    const stop = new AbortController()
    patch(id, { state: 'waiting', reason: null, stop })
    begin(file, id, stop)
  }
  const over = useDropped(add)

  if (!shown && all.length === 0) return null
  return (
    <div className="add-frames">
      <div className={over ? 'frame-drop over' : 'frame-drop'}>
        <span>
          <b>Drop FITS files here</b>, also .fits.gz and .fz, or{' '}
          <button type="button" className="link-button" onClick={() => input.current?.click()}>
            choose files
          </button>{' '}
          or{' '}
          <button type="button" className="link-button" onClick={() => folder.current?.click()}>
            a folder
          </button>
        </span>
        <input
          ref={(element) => {
            folder.current = element
            // Not an attribute that React knows.
            element?.setAttribute('webkitdirectory', '')
          }}
          type="file"
          multiple
          hidden
          aria-label="Folder of FITS files"
          onChange={(event) => {
            add([...(event.target.files ?? [])].filter(({ name }) => looksLikeFits(name)))
            event.target.value = ''
          }}
        />
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label="FITS files"
          onChange={(event) => {
            add([...(event.target.files ?? [])])
            event.target.value = ''
          }}
        />
        {groups.length > 0 && (
          <span className="row">
            <span className="dim">Seen by you and</span>
            {[{ id: 'everyone', name: 'everyone' }, ...groups].map((group) => (
              <label key={group.id} className="check">
                <input
                  type="checkbox"
                  checked={shared.includes(group.id)}
                  onChange={(event) =>
                    setShared(
                      event.target.checked ? [...shared, group.id] : shared.filter((id) => id !== group.id),
                    )
                  }
                />
                {group.name}
              </label>
            ))}
          </span>
        )}
      </div>
      {all.length > 0 && (
        <ul className="sendings" aria-label="Files being added">
          {all.map((one) => (
            <SendingRow key={one.id} sending={one} again={() => again(one)} />
          ))}
        </ul>
      )}
      {(unfinished?.length ?? 0) > 0 && (
        <p className="dim">
          Broken off:{' '}
          {unfinished!
            .map((one) => `${one.name} at ${Math.floor((100 * one.offset) / one.byteLength)} %`)
            .join(', ')}
          . Choose {unfinished!.length === 1 ? 'the file' : 'the files'} again to go on from there.
        </p>
      )}
      <ByAddress groups={shared} />
      {reaches(me?.role ?? null, 'operator') && <Folders />}
    </div>
  )
}

/** Frames that the server fetches itself. */
function ByAddress({ groups }: { groups: readonly string[] }) {
  const [text, setText] = useState('')
  const urls = text.split(/\s+/).filter(Boolean)
  const fetching = useMutation({
    mutationFn: () => send<{ jobIds: string[] }>('POST', '/frames/urls', { urls, groups }),
    onSuccess: () => setText(''),
  })
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault()
        if (urls.length > 0) fetching.mutate()
      }}
    >
      <input
        className="field grow"
        aria-label="Addresses of FITS files"
        placeholder="https://… of a FITS file; several with spaces between"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button" disabled={urls.length === 0 || fetching.isPending}>
        Fetch
      </button>
      {fetching.data && (
        <span>
          {fetching.data.jobIds.length === 1 ? 'A job fetches it: ' : 'Jobs fetch them: '}
          {fetching.data.jobIds.slice(0, 5).map((id, n) => (
            <Link key={id} to="/jobs/$id" params={{ id }}>
              {n > 0 ? ', ' : ''}
              {id.slice(0, 8)}
            </Link>
          ))}
        </span>
      )}
      {fetching.isError && <Problem error={fetching.error} what="the addresses" />}
    </form>
  )
}
