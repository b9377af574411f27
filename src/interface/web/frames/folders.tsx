import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { thousands } from '#interface/web/pieces/format.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { FrameFolder } from '#observatory/frames/folder.ts'
import { foldersOptions } from './queries.ts'

/** Folders of the server's machine whose files are frames. */
export function Folders() {
  const client = useQueryClient()
  const list = useQuery(foldersOptions)
  const [path, setPath] = useState('')
  const again = () => client.invalidateQueries({ queryKey: foldersOptions.queryKey })
  const register = useMutation({
    mutationFn: () => send<FrameFolder>('POST', '/frames/folders', { path }),
    onSuccess: () => {
      setPath('')
      return again()
    },
  })
  const scan = useMutation({
    mutationFn: (id: string) => send<{ jobId: string }>('POST', `/frames/folders/${id}/scan`),
    onSuccess: again,
  })
  const forget = useMutation({
    mutationFn: (id: string) => send<void>('DELETE', `/frames/folders/${id}`),
    onSuccess: again,
  })
  const wrong = list.error ?? register.error ?? scan.error ?? forget.error
  return (
    <Section title="Folders of the server">
      {wrong && <Problem error={wrong} what="the folders" />}
      <ul className="frame-failures">
        {list.data?.items.map((folder) => (
          <li key={folder.id}>
            <b>{folder.path}</b>
            <span>
              {folder.recursive ? 'with all below, ' : ''}
              {folder.copied ? 'copied into the storage' : 'files stay in place'}
              {folder.counts &&
                `: ${thousands(folder.counts.seen)} seen, ${thousands(folder.counts.added)} new, ${thousands(folder.counts.known)} known, ${thousands(folder.counts.failed)} failed`}
            </span>
            <span className="row">
              <span className="dim">
                {folder.scannedAt ? (
                  <>
                    scanned <Time at={folder.scannedAt} show="ago" />
                  </>
                ) : (
                  'not scanned to its end yet'
                )}
              </span>
              {folder.jobId && (
                <Link to="/jobs/$id" params={{ id: folder.jobId }}>
                  the scan
                </Link>
              )}
              <button type="button" className="link-button" onClick={() => scan.mutate(folder.id)}>
                Scan again
              </button>
              <button type="button" className="link-button" onClick={() => forget.mutate(folder.id)}>
                Take out of the list
              </button>
            </span>
          </li>
        ))}
      </ul>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault()
          if (path.trim()) register.mutate()
        }}
      >
        <input
          className="field grow"
          aria-label="Path of a folder on the server"
          placeholder="/data/nights on the machine of the server"
          value={path}
          onChange={(event) => setPath(event.target.value)}
        />
        <button type="submit" className="button" disabled={!path.trim() || register.isPending}>
          Add the folder
        </button>
      </form>
    </Section>
  )
}
