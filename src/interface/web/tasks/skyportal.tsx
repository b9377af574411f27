import { Modal } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import type { Task } from '#observatory/tasks/task.ts'

interface Point {
  target: string
  ra: number
  dec: number
  mjd: number
  instrument: string
  filter: string
  magsys: 'vega' | 'ab'
  mag: number | null
  magerr: number | null
  limiting_mag: number
  subtracted: boolean
  source: string | null
  separation: number | null
  created: boolean
  sent: boolean
  error: string | null
}

const kinds = [
  ['best', 'on the difference where there is one'],
  ['direct', 'on the frame'],
  ['subtracted', 'on the difference'],
] as const

/** Photometry of the targets to SkyPortal: shown first, sent only after it was seen. */
export function SkyPortal({ task, close }: { task: Task; close: () => void }) {
  const [which, setWhich] = useState<(typeof kinds)[number][0]>('best')
  const [limitOnly, setLimitOnly] = useState(false)
  const [create, setCreate] = useState(false)
  const ask = useMutation({
    mutationFn: (preview: boolean) =>
      send<{ points: Point[] }>('POST', `/tasks/${task.id}/skyportal`, { which, limitOnly, preview, create }),
  })
  const points = ask.data?.points ?? []
  const sent = points.filter((point) => point.sent).length
  const sendable = points.filter((point) => point.error === null).length
  const change = (act: () => void) => {
    act()
    ask.reset()
  }
  return (
    <Modal
      opened
      onClose={close}
      size="xl"
      title="Photometry of the targets to SkyPortal"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          ask.mutate(true)
        }}
      >
        <div className="row" style={{ alignItems: 'center' }}>
          <select
            className="select"
            aria-label="Which measurement"
            value={which}
            onChange={(event) => change(() => setWhich(event.target.value as typeof which))}
          >
            {kinds.map(([key, words]) => (
              <option key={key} value={key}>
                {words}
              </option>
            ))}
          </select>
          <label className="check">
            <input
              type="checkbox"
              checked={limitOnly}
              onChange={(event) => change(() => setLimitOnly(event.target.checked))}
            />
            limits only
          </label>
          <label className="check">
            <input
              type="checkbox"
              checked={create}
              onChange={(event) => change(() => setCreate(event.target.checked))}
            />
            make sources that are not there
          </label>
          <button
            type="submit"
            className={points.length > 0 ? 'button' : 'button main'}
            disabled={ask.isPending}
          >
            Show what would be sent
          </button>
          {sendable > 0 && sent === 0 && (
            <button
              type="button"
              className="button main"
              disabled={ask.isPending}
              onClick={() => ask.mutate(false)}
            >
              Send {points.length === 1 ? 'it' : `${sendable} of ${points.length}`}
            </button>
          )}
        </div>
        {ask.isError && <Problem error={ask.error} what="SkyPortal" />}
        {sent > 0 && (
          <p role="status">
            {sent} of {points.length} sent.
          </p>
        )}
        {ask.isSuccess && points.length === 0 && <p className="dim">The task has no measured target.</p>}
        {points.length > 0 && (
          <div className="scroll-x" tabIndex={0} role="region" aria-label="Points for SkyPortal">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Target</th>
                  <th scope="col">Source there</th>
                  <th scope="col">Position (ICRS)</th>
                  <th scope="col" className="right">
                    MJD (UTC)
                  </th>
                  <th scope="col" className="right">
                    Magnitude (mag)
                  </th>
                  <th scope="col" className="right">
                    Limit (mag)
                  </th>
                  <th scope="col">Filter</th>
                  <th scope="col">Instrument</th>
                </tr>
              </thead>
              <tbody>
                {points.map((point) => (
                  <tr key={`${point.target} ${String(point.subtracted)}`}>
                    <td>{point.target}</td>
                    <td>
                      {point.source ?? <span className="dim">none</span>}
                      {point.created && <span className="dim"> (new)</span>}
                      {point.separation !== null && (
                        <span className="dim"> {point.separation.toFixed(1)}″ off</span>
                      )}
                      {point.error !== null && <div style={{ color: 'var(--needs)' }}>▲ {point.error}</div>}
                    </td>
                    <td>
                      <SkyCoord ra={point.ra} dec={point.dec} plain />
                    </td>
                    <td className="right">{point.mjd.toFixed(5)}</td>
                    <td className="right">
                      {point.mag === null ? (
                        <span className="dim">limit only</span>
                      ) : (
                        <Value value={point.mag} error={point.magerr} />
                      )}
                    </td>
                    <td className="right">{point.limiting_mag.toFixed(2)}</td>
                    <td>
                      {point.filter} <span className="dim">{point.magsys}</span>
                    </td>
                    <td>{point.instrument}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </form>
    </Modal>
  )
}
