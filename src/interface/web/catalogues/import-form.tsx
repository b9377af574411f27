import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { sendBytes, address } from '#interface/web/api/client.ts'
import { jobOptions } from '#interface/web/api/queries.ts'
import { bytes } from '#interface/web/pieces/format.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { Progress } from '#interface/web/pieces/progress.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { catalogueKinds } from '#observatory/references/catalogue.ts'

const known: readonly (readonly [string, string])[] = [
  ['gladeplus', 'GLADE+'],
  ['glade2', 'GLADE 2'],
  ['nedlvs', 'NED Local Volume Sample'],
  ['mangrove', 'MANGROVE'],
  ['2mrs', '2MASS Redshift Survey'],
]

/** A table of things on the sky, sent from this computer; what is not said is detected in the file. */
export function ImportForm(props: {
  taken: readonly string[]
  /** The form stays, to tell how the import goes. */
  begun: () => void
}) {
  const { taken, begun } = props
  const [file, setFile] = useState<File | null>(null)
  const [name, setName] = useState('')
  const [title, setTitle] = useState('')
  const [kind, setKind] = useState('')
  const [preset, setPreset] = useState('')
  const [map, setMap] = useState('')
  const [citation, setCitation] = useState('')
  const [licence, setLicence] = useState('')
  const send = useMutation({
    mutationFn: (chosen: File) => {
      const query = {
        name,
        file: chosen.name,
        title: title.trim(),
        kind,
        preset,
        citation: citation.trim(),
        licence: licence.trim(),
      }
      const maps = map
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean)
        .map((line) => `&map=${encodeURIComponent(line)}`)
        .join('')
      // The address helper writes each name once; a mapping is given several times.
      return sendBytes<{ jobId: string }>(address('/catalogues', query) + maps, {}, chosen)
    },
  })
  return (
    <Section
      title="Import a catalogue"
      aside="CSV, ECSV, FITS, VOTable, Parquet or text in columns; gzip where it is text"
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (!file) return
          begun()
          send.mutate(file)
        }}
      >
        <div className="form-grid">
          <label className="labelled">
            File {file && <span className="hint">{bytes(file.size)}</span>}
            <input
              type="file"
              required
              onChange={(event) => {
                const chosen = event.target.files?.[0] ?? null
                setFile(chosen)
                if (chosen && name === '') setName(nameOf(chosen.name))
              }}
            />
          </label>
          <label className="labelled">
            Name, by which plans and queries call it
            <input
              className="field"
              required
              pattern="[a-z0-9][a-z0-9_\-]{0,62}"
              title="small letters, digits, - and _"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            {taken.includes(name) && (
              <span className="field-problem">There is one of this name: it becomes the next version.</span>
            )}
          </label>
          <label className="labelled">
            Known catalogue
            <select className="select" value={preset} onChange={(event) => setPreset(event.target.value)}>
              <option value="">detect it in the file</option>
              {known.map(([id, label]) => (
                <option key={id} value={id}>
                  {label}
                </option>
              ))}
            </select>
          </label>
          <label className="labelled">
            Of what
            <select className="select" value={kind} onChange={(event) => setKind(event.target.value)}>
              <option value="">as detected</option>
              {catalogueKinds.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
          <label className="labelled">
            Title
            <input
              className="field"
              maxLength={200}
              value={title}
              onChange={(event) => setTitle(event.target.value)}
            />
          </label>
          <label className="labelled">
            Citation
            <input
              className="field"
              maxLength={2_000}
              value={citation}
              onChange={(event) => setCitation(event.target.value)}
            />
          </label>
          <label className="labelled">
            Licence
            <input
              className="field"
              maxLength={2_000}
              value={licence}
              onChange={(event) => setLicence(event.target.value)}
            />
          </label>
          <label className="labelled">
            Columns, where they are not detected
            <textarea
              className="field"
              rows={3}
              spellCheck={false}
              placeholder={'ra=RAJ2000\ndistance=dist:kpc\nname=GWGC|PGC'}
              value={map}
              onChange={(event) => setMap(event.target.value)}
            />
          </label>
        </div>
        <div className="row" style={{ alignItems: 'center' }}>
          <button type="submit" className="button main" disabled={file === null || send.isPending}>
            {send.isPending ? 'Sending the file…' : 'Import'}
          </button>
          <span className="dim">
            A file that lies on the server: <code>urania catalogues import FILE</code>
          </span>
        </div>
        {send.isError && <Problem error={send.error} what="not imported" />}
        {send.data && <ImportJob id={send.data.jobId} name={name} />}
      </form>
    </Section>
  )
}

function nameOf(file: string): string {
  return file
    .toLowerCase()
    .replace(/(\.[a-z0-9]{1,8}){1,2}$/, '')
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63)
}

/** The import that was sent just now, until it is there. */
function ImportJob({ id, name }: { id: string; name: string }) {
  const job = useQuery({ ...jobOptions(id), refetchInterval: 5_000 }).data
  if (!job) return null
  const failed = job.state === 'failed' || job.state === 'cancelled'
  return (
    <div className={failed ? 'problem' : 'once'} role="status">
      <span className="row">
        {job.state === 'done' ? (
          <>
            <State tone="done">imported</State>
            <Link to="/catalogues/$name" params={{ name }}>
              Look at it
            </Link>
          </>
        ) : failed ? (
          <State tone="failed">{job.state}</State>
        ) : (
          <>
            <State tone={job.state === 'running' ? 'running' : 'waiting'}>
              {job.progress?.unit.replace(/^%\s*/, '') || job.state}
            </State>
            <Progress progress={job.progress} brief />
          </>
        )}
        <Link to="/jobs/$id" params={{ id }}>
          its log
        </Link>
      </span>
      {job.problem && <span>{job.problem.message}</span>}
    </div>
  )
}
