import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { address, send } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import type { FrameSearch } from '#interface/web/app/searches.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { bytes } from '#interface/web/pieces/format.ts'
import { Loading, Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { SameFrom } from '#interface/web/pieces/same-from.tsx'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import type { Frame } from '#observatory/frames/frame.ts'
import { FrameFacts, Images } from './frame-facts.tsx'
import './frames.css'
import { HeaderCards } from './header-cards.tsx'
import { OverlayChoice, useFrameOverlays } from './overlays.tsx'
import { frameOptions, tasksOfOptions } from './queries.ts'
import { Rights } from './rights.tsx'
import { listed, lookFrom, searchFrom } from './link-state.ts'
import type { ViewerState } from './viewer/model.ts'
import { kindWords, sizeText, takenAt } from './words.tsx'

const FrameViewer = lazy(() =>
  import('./viewer/viewer.tsx').then((module) => ({ default: module.FrameViewer })),
)

const route = getRouteApi('/framed/frames/$sha')

/** One frame: its pixels large and at once, then what is known of it. */
export function FramePage() {
  const { sha } = route.useParams()
  const query = useQuery(frameOptions(sha))
  const frame = query.data
  useEffect(() => {
    document.title = `${frame?.name ?? 'Frame'} · Urania`
  }, [frame?.name])
  if (query.isError && !frame)
    return (
      <Problem error={query.error} retry={() => void query.refetch()} what={`frame ${sha.slice(0, 12)}`} />
    )
  if (!frame)
    return (
      <>
        <Skeleton width={260} height={26} />
        <Skeleton height={520} />
        <Loading />
      </>
    )
  return <FrameBody key={frame.sha256} frame={frame} />
}

function FrameBody({ frame }: { frame: Frame }) {
  const me = useQuery(meOptions).data
  const may = reaches(me?.role ?? null, 'member')
  const mine =
    me?.role === 'administrator' ||
    (me?.person !== null && me?.person !== undefined && frame.owner === me.person.id)
  const base = `/frames/${frame.sha256}`
  return (
    <article aria-label={frame.name}>
      <Head frame={frame} may={may} />
      {frame.images.length === 0 ? <p>This file holds no image.</p> : <Picture frame={frame} />}
      <div className="frame-body">
        <div>
          <FrameFacts frame={frame} />
          <Images frame={frame} />
          <HeaderCards frame={frame} />
        </div>
        <div>
          <Downloads frame={frame} />
          <TasksOf frame={frame} />
          <Rights frame={frame} mine={mine} />
          <SameFrom
            path={base}
            also={[
              { label: 'the file', path: `${base}/file`, file: frame.name },
              { label: 'header cards of WCS', path: `${base}/header?filter=crval` },
              {
                label: 'a part as FITS',
                path: `${base}/cutout?x=0&y=0&w=256&h=256`,
                file: 'cutout.fits',
              },
            ]}
            cli={[
              `urania frames show ${frame.sha256.slice(0, 12)}`,
              `urania process ${JSON.stringify(frame.name)} --steps inspect,photometry`,
            ]}
          />
          <Where frame={frame} />
          {mine && <Remove frame={frame} />}
        </div>
      </div>
    </article>
  )
}

function Head({ frame, may }: { frame: Frame; may: boolean }) {
  const { facts, footprint } = frame
  const at = takenAt(frame)
  return (
    <header className="page-head">
      <div>
        <h1>{frame.name}</h1>
        <div className="row dim">
          <span>
            {[
              facts.kind ? kindWords[facts.kind] : 'kind not stated',
              facts.object ?? 'object not stated',
              facts.filter ?? facts.filterName ?? 'filter not stated',
            ].join(', ')}
          </span>
          <span>{at === null ? 'time not stated' : <Time at={at} />}</span>
          <span>
            {facts.exposure === null ? (
              'exposure not stated'
            ) : (
              <Value value={facts.exposure} unit="s" digits={4} />
            )}
          </span>
          <span>{sizeText(frame)}</span>
          {footprint ? (
            <span>
              <SkyCoord ra={footprint.centre[0]} dec={footprint.centre[1]} />
            </span>
          ) : (
            <span>no sky coordinates</span>
          )}
        </div>
      </div>
      <span className="row">
        <a className="button" href={address(`/frames/${frame.sha256}/file`)}>
          Download
        </a>
        {may && (
          <Link className="button main" to="/tasks" search={{ open: 'new', frames: frame.sha256 }}>
            Process…
          </Link>
        )}
      </span>
    </header>
  )
}

function Picture({ frame }: { frame: Frame }) {
  const search = route.useSearch()
  const navigate = useNavigate()
  const change = (part: FrameSearch) =>
    void navigate({
      to: '/frames/$sha',
      params: { sha: frame.sha256 },
      search: (old: FrameSearch) => ({ ...old, ...part }),
      replace: true,
      resetScroll: false,
    })
  const { overlays, choice } = useFrameOverlays(frame, search, change)
  const others = choice.others
  const together = useMemo(
    () =>
      listed(search.with).map((sha256) => ({
        sha256,
        name: others.find((one) => one.sha256 === sha256)?.name ?? sha256.slice(0, 12),
      })),
    [search.with, others],
  )
  const blinkWith = (all: readonly string[]) => change({ with: all.join(',') || undefined })
  // What a link said counts once; afterwards the address follows the viewer.
  const [initial] = useState(() => lookFrom(search))
  const planes = useMemo(
    () => [
      { name: frame.name, source: { frame: frame.sha256 } },
      ...together.map((one) => ({ name: one.name, source: { frame: one.sha256 } })),
    ],
    [frame, together],
  )
  const onState = (state: ViewerState) =>
    void navigate({
      to: '/frames/$sha',
      params: { sha: frame.sha256 },
      search: ({ over, with: also, outlines }: FrameSearch) => ({
        ...searchFrom(state),
        ...(over ? { over } : {}),
        ...(also ? { with: also } : {}),
        ...(outlines ? { outlines } : {}),
      }),
      replace: true,
      resetScroll: false,
    })
  return (
    <>
      <Suspense fallback={<Skeleton height="70vh" />}>
        <FrameViewer
          planes={planes}
          overlays={overlays}
          initial={initial}
          onState={onState}
          keep={frame.sha256}
        />
      </Suspense>
      <OverlayChoice
        frame={frame}
        choice={choice}
        together={together}
        add={(sha256) => blinkWith([...new Set([...listed(search.with), sha256])])}
        remove={(sha256) => blinkWith(listed(search.with).filter((one) => one !== sha256))}
      />
    </>
  )
}

function Downloads({ frame }: { frame: Frame }) {
  const base = `/frames/${frame.sha256}`
  const placed = frame.footprint !== null
  return (
    <Section title="Downloads">
      <div className="row">
        <a href={address(`${base}/file`)}>FITS as it came ({bytes(frame.byteLength)})</a>
        <a href={address(`${base}/thumbnail.png`, { width: 1024 })}>Picture (PNG)</a>
        <a href={address(`${base}/header`, { format: 'text' })}>Header (text)</a>
        {placed && <a href={address(`${base}/regions`)}>Outline (DS9)</a>}
        {placed && <a href={address(`${base}/footprint.moc`)}>Footprint (MOC)</a>}
        {placed && <a href={address(`${base}/footprint.json`)}>Footprint (JSON)</a>}
      </div>
    </Section>
  )
}

function TasksOf({ frame }: { frame: Frame }) {
  const tasks = useQuery(tasksOfOptions(frame.sha256))
  return (
    <Section title="Tasks of this frame">
      {tasks.isError ? (
        <Problem error={tasks.error} retry={() => void tasks.refetch()} what="the tasks" />
      ) : tasks.isPending ? (
        <Loading lines={2} />
      ) : tasks.data.items.length === 0 ? (
        <p className="dim">None yet.</p>
      ) : (
        <ul className="frame-failures">
          {tasks.data.items.map((task) => (
            <li key={task.id}>
              <Link to="/tasks/$id" params={{ id: task.id }}>
                {task.title || task.originalName || task.id}
              </Link>
              <span className="dim">
                {task.state} · <Time at={task.createdAt} show="ago" />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

function Where({ frame }: { frame: Frame }) {
  return (
    <Section title="Where it came from">
      <p>
        Added <Time at={frame.addedAt} /> by {frame.addedBy} from {frame.origin}.{' '}
        {frame.inPlace ? 'Its bytes stay in that folder.' : 'Its bytes are in the storage.'} SHA-256{' '}
        <code style={{ overflowWrap: 'anywhere' }}>{frame.sha256}</code>
      </p>
    </Section>
  )
}

function Remove({ frame }: { frame: Frame }) {
  const navigate = useNavigate()
  const client = useQueryClient()
  const [sure, setSure] = useState(false)
  const remove = useMutation({
    mutationFn: () => send<void>('DELETE', `/frames/${frame.sha256}`),
    onSuccess: async () => {
      await navigate({ to: '/frames' })
      await client.invalidateQueries({ queryKey: ['frames'] })
    },
  })
  return (
    <div className="row">
      {sure ? (
        <>
          <span>Take it out of the list? Its file stays where it is.</span>
          <button type="button" className="button danger" onClick={() => remove.mutate()}>
            Take it out
          </button>
          <button type="button" className="link-button" onClick={() => setSure(false)}>
            Keep it
          </button>
        </>
      ) : (
        <button type="button" className="link-button" onClick={() => setSure(true)}>
          Take it out of the list…
        </button>
      )}
      {remove.isError && <Problem error={remove.error} />}
    </div>
  )
}
