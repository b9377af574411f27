import { Menu, Modal } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { get, send } from '#interface/web/api/client.ts'
import type { Page } from '#interface/web/api/client.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { PlanDetail, PlanSummary } from '#observatory/plans/plan.ts'
import type { Role } from '#observatory/people/actor.ts'

/** What may be done with a plan now, by whom is looking. */
export function PlanActs({ plan, role }: { plan: PlanDetail; role: Role | null }) {
  const [closing, setClosing] = useState(false)
  const client = useQueryClient()
  const path = `/plans/${plan.id}`
  const refresh = () => client.invalidateQueries({ queryKey: ['plans'] })
  const stop = useMutation({
    mutationFn: (keep: boolean) => send('POST', `${path}/cancel`, { keep }),
    onSuccess: refresh,
  })
  const take = useMutation({ mutationFn: () => send('POST', `${path}/take`), onSuccess: refresh })
  const may = reaches(role, 'member')
  const moving = plan.state === 'queued' || plan.state === 'solving'
  const failed = [stop, take].find((act) => act.isError)
  return (
    <div className="event-acts">
      {may && plan.proposed && plan.state === 'ready' && (
        <button type="button" className="button main" disabled={take.isPending} onClick={() => take.mutate()}>
          Take this version
        </button>
      )}
      {may && plan.state === 'solving' && (
        <button
          type="button"
          className="button main"
          disabled={stop.isPending}
          onClick={() => stop.mutate(true)}
        >
          Stop, keep the best
        </button>
      )}
      {may && moving && (
        <button
          type="button"
          className="button danger"
          disabled={stop.isPending}
          onClick={() => stop.mutate(false)}
        >
          Cancel
        </button>
      )}
      {plan.result && <ExportMenu plan={plan} />}
      {plan.result && <CompareMenu plan={plan} />}
      {may && !moving && plan.state !== 'closed' && (
        <Link to="/plans/new" search={{ like: plan.id }} className="button">
          New version…
        </Link>
      )}
      {may && !moving && plan.state !== 'closed' && (
        <button type="button" className="button danger" onClick={() => setClosing(true)}>
          Close…
        </button>
      )}
      {failed && <Problem error={failed.error} />}
      <Modal
        opened={closing}
        onClose={() => setClosing(false)}
        title={`Close ${plan.title}, version ${plan.version}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Close path={path} done={() => setClosing(false)} />
      </Modal>
    </div>
  )
}

function Close({ path, done }: { path: string; done: () => void }) {
  const [because, setBecause] = useState('')
  const client = useQueryClient()
  const close = useMutation({
    mutationFn: () => send('POST', `${path}/close`, because.trim() ? { because: because.trim() } : {}),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['plans'] })
      done()
    },
  })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        close.mutate()
      }}
    >
      <p className="dim">
        A closed plan stays to be read, and gets no new version. Who was told of it is told.
      </p>
      <label className="stack" style={{ gap: 4 }}>
        Why (may be left out)
        <input
          className="field"
          data-autofocus
          maxLength={500}
          value={because}
          onChange={(event) => setBecause(event.target.value)}
        />
      </label>
      {close.isError && <Problem error={close.error} />}
      <div className="row">
        <button type="submit" className="button main" disabled={close.isPending}>
          Close the plan
        </button>
        <button type="button" className="button" onClick={done}>
          Keep it
        </button>
      </div>
    </form>
  )
}

const formats = [
  ['csv', 'Exposures, CSV'],
  ['ecsv', 'Exposures, ECSV as astropy reads it'],
  ['json', 'Everything, JSON'],
  ['ds9', 'Fields, DS9 regions'],
  ['moc-fits', 'Sky covered, MOC (FITS)'],
  ['moc-json', 'Sky covered, MOC (JSON)'],
  ['treasure-map', 'Pointings for the Treasure Map'],
  ['circular', 'Draft of a GCN circular'],
] as const
const oneTelescope = [
  ['tiles', 'Table of tiles'],
  ['voevent', 'VOEvent'],
] as const

function ExportMenu({ plan }: { plan: PlanDetail }) {
  const base = `/api/v1/plans/${plan.id}`
  const galaxies = plan.request.strategy === 'galaxies'
  return (
    <Menu shadow="md" position="bottom-end" width={270}>
      <Menu.Target>
        <button type="button" className="button">
          Export
        </button>
      </Menu.Target>
      <Menu.Dropdown style={{ maxHeight: '70dvh', overflowY: 'auto' }}>
        {[...formats, ...(galaxies ? [['galaxies', 'Galaxies aimed at, CSV'] as const] : [])].map(
          ([format, title]) => (
            <Menu.Item key={format} component="a" href={`${base}/export/${format}`} download>
              {title}
            </Menu.Item>
          ),
        )}
        <Menu.Divider />
        {(plan.result?.shares ?? [])
          .filter((share) => share.fields > 0)
          .flatMap((share) =>
            oneTelescope.map(([format, title]) => (
              <Menu.Item
                key={`${share.telescope} ${format}`}
                component="a"
                href={`${base}/export/${format}?telescope=${encodeURIComponent(share.telescope)}`}
                download
              >
                {title}, {share.name}
              </Menu.Item>
            )),
          )}
        <Menu.Divider />
        {['sky', 'timeline', 'altitude', 'coverage'].map((chart) => (
          <Menu.Item key={chart} component="a" href={`${base}/charts/${chart}.png`} download>
            Picture: {chart} (PNG)
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function CompareMenu({ plan }: { plan: PlanDetail }) {
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const others = useQuery({
    queryKey: ['plans', 'of-event', plan.eventId],
    queryFn: ({ signal }) => get<Page<PlanSummary>>('/plans', { event: plan.eventId, limit: 100 }, signal),
    enabled: open && plan.eventId !== null,
  }).data
  const versions = (others?.items ?? []).filter((one) => one.id !== plan.id && one.probability !== null)
  return (
    <Menu shadow="md" position="bottom-end" width={270} opened={open} onChange={setOpen}>
      <Menu.Target>
        <button type="button" className="button">
          Compare
        </button>
      </Menu.Target>
      <Menu.Dropdown style={{ maxHeight: '70dvh', overflowY: 'auto' }}>
        {versions.map((one) => (
          <Menu.Item
            key={one.id}
            onClick={() =>
              void navigate({ to: '/plans/$id', params: { id: plan.id }, search: { with: one.id } })
            }
          >
            {one.series === plan.series ? `Version ${one.version} of it` : one.title}
          </Menu.Item>
        ))}
        {others && versions.length === 0 && (
          <Menu.Item disabled>The event has no other finished plan</Menu.Item>
        )}
        {!others && plan.eventId && <Menu.Item disabled>Looking…</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  )
}
