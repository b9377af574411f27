import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Log } from '#interface/web/pieces/log.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { Progress } from '#interface/web/pieces/progress.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { StepName, Task, TaskProduct, TaskStep } from '#observatory/tasks/task.ts'
import { ConfigForm, useStepFields } from './config-form.tsx'
import { changesOf } from './config-fields.ts'
import { taskLogOptions } from './queries.ts'
import { Results } from './results.tsx'
import { busy, stepDocs, stepNames, stepTitles } from './words.tsx'

const PhotometryPlots = lazy(() =>
  import('./photometry-plots.tsx').then((module) => ({ default: module.PhotometryPlots })),
)
const Difference = lazy(() => import('./difference.tsx').then((module) => ({ default: module.Difference })))
const Tables = lazy(() => import('./tables.tsx').then((module) => ({ default: module.Tables })))
const Brightest = lazy(() => import('./candidate-list.tsx').then((module) => ({ default: module.Brightest })))

/** One step: run it, see how it goes, what it found, and with which settings. */
export function StepPanel(props: { task: Task; step: StepName; products: readonly TaskProduct[] }) {
  const { task, step, products } = props
  const client = useQueryClient()
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({})
  const [next, setNext] = useState<readonly StepName[]>([])
  const fields = useStepFields(step)
  const state = task.steps.find((one) => one.step === step)
  const later = stepNames.slice(stepNames.indexOf(step) + 1)
  const { config, reset } = fields ? changesOf(fields, task.config, texts) : { config: {}, reset: [] }
  const dirty = Object.keys(config).length + reset.length
  const save = useMutation({
    mutationFn: async (run: boolean) => {
      let saved = task
      if (dirty > 0) saved = await send<Task>('PATCH', `/tasks/${task.id}`, { config, reset })
      if (run)
        saved = await send<Task>('POST', `/tasks/${task.id}/process`, {
          steps: [step, ...later.filter((one) => next.includes(one))],
        })
      return saved
    },
    onSuccess: async (saved) => {
      client.setQueryData(['tasks', 'one', task.id], saved)
      setTexts({})
      await client.invalidateQueries({ queryKey: ['tasks', 'one', task.id] })
    },
  })
  const running = state?.state === 'running' || state?.state === 'waiting'
  const done = state?.state === 'done'
  const lost = stepNames.filter(
    (one) =>
      stepNames.indexOf(one) > stepNames.indexOf(step) &&
      !(step === 'transients' && one === 'subtraction') &&
      task.steps.some((each) => each.step === one && each.state === 'done'),
  )
  return (
    <section className="step-panel" aria-label={stepTitles[step]}>
      {task.mayChange && (
        <form
          className="run-line"
          onSubmit={(event) => {
            event.preventDefault()
            save.mutate(true)
          }}
        >
          <button type="submit" className="button main" disabled={busy(task) || save.isPending}>
            {done ? `Run ${stepTitles[step].toLowerCase()} again` : `Run ${stepTitles[step].toLowerCase()}`}
          </button>
          {later.length > 0 && (
            <fieldset className="checks" style={{ alignItems: 'center' }}>
              <legend className="visually-hidden">and then</legend>
              <span className="dim" aria-hidden="true">
                and then
              </span>
              {later.map((one) => (
                <label key={one} className="check">
                  <input
                    type="checkbox"
                    checked={next.includes(one)}
                    onChange={() =>
                      setNext((old) =>
                        old.includes(one) ? old.filter((each) => each !== one) : [...old, one],
                      )
                    }
                  />
                  {one}
                </label>
              ))}
            </fieldset>
          )}
          {dirty > 0 && (
            <button
              type="button"
              className="button"
              disabled={busy(task) || save.isPending}
              onClick={() => save.mutate(false)}
            >
              Save {dirty} {dirty === 1 ? 'change' : 'changes'} without running
            </button>
          )}
          <span className="dim" style={{ fontSize: 12 }}>
            {lost.length > 0
              ? `Running it deletes what ${lost.join(' and ')} made.`
              : `${stepTitles[step]}: ${stepDocs[step]}.`}
          </span>
        </form>
      )}
      {save.isError && <Problem error={save.error} what={stepTitles[step].toLowerCase()} />}
      {state && (running || state.state === 'failed') && <RunState state={state} />}
      {running && <StepLog task={task} step={step} open />}
      {done && (
        <>
          <Results task={task} step={step} products={products} />
          <Suspense fallback={<Loading lines={4} />}>
            {step === 'photometry' && <PhotometryPlots task={task} products={products} />}
            {step === 'subtraction' && <Difference task={task} products={products} />}
            {(step === 'transients' || step === 'subtraction') && (
              <Brightest task={task} of={step} products={products} />
            )}
          </Suspense>
        </>
      )}
      <Configuration task={task} step={step} open={!done && !running}>
        <ConfigForm
          task={task}
          step={step}
          texts={texts}
          change={(key, text) => setTexts((old) => ({ ...old, [key]: text }))}
          error={save.error}
        />
      </Configuration>
      {!running && state && <StepLog task={task} step={step} open={state.state === 'failed'} />}
      {/* Last: a table of a thousand rows is as long as it is. */}
      {done && (
        <Suspense fallback={<Loading lines={2} />}>
          <Tables task={task} step={step} products={products} />
        </Suspense>
      )}
    </section>
  )
}

function RunState({ state }: { state: TaskStep }) {
  if (state.state === 'waiting') return <p className="dim">Waiting for its turn.</p>
  if (state.state === 'failed')
    return (
      <div className="problem" role="alert" style={{ margin: 0 }}>
        <b>It failed</b>
        <span>{state.problem?.message ?? 'No reason was kept; the log below says how far it came.'}</span>
      </div>
    )
  return (
    <p className="row" role="status">
      <Progress progress={state.progress} />
      <span className="dim">
        begun <Time at={state.startedAt} show="ago" />
      </span>
    </p>
  )
}

function Configuration(props: { task: Task; step: StepName; open: boolean; children: React.ReactNode }) {
  const [open, setOpen] = useState(props.open)
  const own = useStepFields(props.step)?.filter((field) => field.key in props.task.config).length ?? 0
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>Settings</b>{' '}
        <span className="dim">
          {own === 0 ? 'all defaults' : `${own} ${own === 1 ? 'differs' : 'differ'} from the defaults`}
        </span>
      </summary>
      {open && <div style={{ paddingTop: 10 }}>{props.children}</div>}
    </details>
  )
}

/** What the step said, as it goes. */
function StepLog({ task, step, open: begin }: { task: Task; step: StepName; open: boolean }) {
  const [open, setOpen] = useState(begin)
  const log = useQuery({ ...taskLogOptions(task.id, step), enabled: open })
  const lines = log.data?.items ?? []
  const warnings = lines.filter((line) => line.text.includes('Warning: ')).length
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>Log</b>{' '}
        {warnings > 0 && (
          <span className="dim">
            {warnings} {warnings === 1 ? 'warning' : 'warnings'}
          </span>
        )}
      </summary>
      {log.isError && <Problem error={log.error} what="the log" />}
      {open && log.isPending && <Loading lines={3} />}
      {open &&
        log.isSuccess &&
        (lines.length > 0 ? <Log lines={lines} /> : <p className="dim">Nothing said yet.</p>)}
    </details>
  )
}
