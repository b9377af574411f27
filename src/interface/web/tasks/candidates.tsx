import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { meOptions } from '#interface/web/api/queries.ts'
import { isTyping } from '#interface/web/app/keys.tsx'
import { reaches } from '#interface/web/app/rooms.ts'
import '#interface/web/events/events.css'
import '#interface/web/notifications/notifications.css'
import '#interface/web/account/account.css'
import { thousands } from '#interface/web/pieces/format.ts'
import { NoneFits } from '#interface/web/pieces/filters.tsx'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import type { Task } from '#observatory/tasks/task.ts'
import { CandidateRow, useCandidates, type CandidateKind } from './candidate-list.tsx'
import { CandidateChoice, chosenOf, isNarrowed } from './candidate-choice.tsx'
import { findingsOf } from './columns.tsx'
import { productsOptions, taskOptions } from './queries.ts'
import { SkyPortal } from './skyportal.tsx'
import './tasks.css'
import { nameOf, TaskState } from './words.tsx'

const route = getRouteApi('/framed/tasks/$id/candidates')

/** Candidates of a task, sorted and filtered, walked by keys. */
export function Candidates() {
  const { id } = route.useParams()
  const query = useQuery(taskOptions(id))
  const task = query.data
  const name = task ? nameOf(task) : 'Task'
  useEffect(() => {
    document.title = `Candidates of ${name} · Urania`
  }, [name])
  if (query.isError && !task)
    return (
      <>
        <h1>Candidates</h1>
        <Problem error={query.error} retry={() => void query.refetch()} what="this task" />
        <Link to="/tasks">All tasks</Link>
      </>
    )
  return task ? <Body key={task.id} task={task} /> : <Loading lines={10} />
}

function Body({ task }: { task: Task }) {
  const { of, at, ...choice } = route.useSearch()
  const navigate = route.useNavigate()
  const me = useQuery(meOptions).data
  const products = useQuery(productsOptions(task.id))
  const files = products.data?.items ?? []
  const { subtraction, transients } = findingsOf(task)
  const kind: CandidateKind = of ?? (subtraction ? 'subtraction' : 'transients')
  const { list, candidates: all, there, total } = useCandidates(task.id, kind, files)
  const candidates = chosenOf(all, choice)
  const narrowed = isNarrowed(choice)
  const [blink, setBlink] = useState(false)
  const [sending, setSending] = useState(false)
  const index = candidates.findIndex((one) => one.name === at)
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  // What is filtered and sorted is all of it.
  useEffect(() => {
    if (narrowed && hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [narrowed, hasNextPage, isFetchingNextPage, fetchNextPage])
  const choose = (next: number) => {
    const candidate = candidates[next]
    if (!candidate) return
    void navigate({ search: (old) => ({ ...old, at: candidate.name }), replace: true, resetScroll: false })
    document.getElementById(`candidate-${candidate.name}`)?.scrollIntoView({ block: 'nearest' })
    if (next > candidates.length - 20 && hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (document.querySelector('[role="dialog"]')) return
      if (event.key === 'j' || event.key === 'ArrowDown') choose(Math.min(candidates.length - 1, index + 1))
      else if (event.key === 'k' || event.key === 'ArrowUp') choose(Math.max(0, index - 1))
      else if (event.key === 'b') setBlink((old) => !old)
      else return
      event.preventDefault()
      event.stopImmediatePropagation()
    }
    // Before the keys of the frame, for which j and k are the next and previous task.
    addEventListener('keydown', onKey, { capture: true })
    return () => removeEventListener('keydown', onKey, { capture: true })
  })
  const may = reaches(me?.role ?? null, 'member')
  return (
    <article aria-label={`Candidates of ${nameOf(task)}`}>
      <div className="page-head">
        <div className="event-name">
          <h1>Candidates</h1>
          <Link to="/tasks/$id" params={{ id: task.id }}>
            {nameOf(task)}
          </Link>
          <TaskState task={task} />
        </div>
        <span className="row" style={{ gap: 6 }}>
          <button type="button" className="button" aria-pressed={blink} onClick={() => setBlink(!blink)}>
            {blink ? 'Stop blinking' : 'Blink'} <kbd>b</kbd>
          </button>
          {may && (
            <button type="button" className="button" onClick={() => setSending(true)}>
              SkyPortal…
            </button>
          )}
        </span>
      </div>
      <div className="row" style={{ marginBottom: 6 }}>
        {subtraction && transients && (
          <span className="segments" role="group" aria-label="Of which step">
            {(['subtraction', 'transients'] as const).map((one) => (
              <button
                key={one}
                type="button"
                aria-pressed={kind === one}
                onClick={() =>
                  void navigate({ search: one === 'transients' ? { of: one } : {}, replace: true })
                }
              >
                {one === 'subtraction' ? 'of the difference' : 'that no catalogue knows'}
              </button>
            ))}
          </span>
        )}
        {total > 0 && (
          <span className="dim">
            {narrowed && candidates.length < total && `${thousands(candidates.length)} of `}
            {thousands(total)} {total === 1 ? 'candidate' : 'candidates'} · <kbd>j</kbd> <kbd>k</kbd> next and
            previous
          </span>
        )}
        {total > 1 && (
          <CandidateChoice
            choice={choice}
            signs={kind === 'subtraction'}
            change={(part) =>
              void navigate({ search: (old) => ({ ...old, ...part, at: undefined }), replace: true })
            }
          />
        )}
      </div>
      {products.isError && <Problem error={products.error} what="the files of the task" />}
      {list.isError && <Problem error={list.error} retry={() => void list.refetch()} what="the candidates" />}
      {products.isSuccess && !there && (
        <Empty title="No candidates yet.">
          <p>
            Run{' '}
            <Link to="/tasks/$id" params={{ id: task.id }} search={{ step: 'transients' }}>
              transients
            </Link>{' '}
            to compare with catalogues, or{' '}
            <Link to="/tasks/$id" params={{ id: task.id }} search={{ step: 'subtraction' }}>
              subtraction
            </Link>{' '}
            to compare with a template.
          </p>
        </Empty>
      )}
      {there && list.isPending && <Loading lines={8} />}
      {list.isSuccess && total === 0 && (
        <Empty title="No candidates.">
          <p>Everything that was found is known or was dropped; the log of the step says why.</p>
        </Empty>
      )}
      {total > 0 && candidates.length === 0 && !list.isFetching && (
        <NoneFits
          one="candidate"
          many="candidates"
          clear={() => void navigate({ search: of ? { of } : {}, replace: true })}
        />
      )}
      <div className="candidates">
        {candidates.map((candidate, i) => (
          <CandidateRow
            key={candidate.name}
            task={task.id}
            kind={kind}
            candidate={candidate}
            products={files}
            chosen={i === index}
            blink={blink && (i === index || (index < 0 && i === 0))}
            choose={() => choose(i)}
          />
        ))}
      </div>
      {hasNextPage && (
        <button
          type="button"
          className="button"
          style={{ marginTop: 10 }}
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          More
        </button>
      )}
      {sending && <SkyPortal task={task} close={() => setSending(false)} />}
    </article>
  )
}
