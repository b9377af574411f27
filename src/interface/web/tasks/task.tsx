import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import '#interface/web/account/account.css'
import '#interface/web/events/events.css'
import { CopyButton } from '#interface/web/pieces/copy.tsx'
import { thousands } from '#interface/web/pieces/format.ts'
import { Loading, Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { SameFrom } from '#interface/web/pieces/same-from.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Asked, Value } from '#interface/web/pieces/value.tsx'
import '#interface/web/notifications/notifications.css'
import type { StepName, Task, TaskProduct } from '#observatory/tasks/task.ts'
import { candidatesOf, findingsOf, limitOf } from './columns.tsx'
import { configText } from './config-fields.ts'
import { FrameFacts } from './frame-facts.tsx'
import { TaskPicture } from './picture.tsx'
import { Products } from './products.tsx'
import { productsOptions, taskOptions } from './queries.ts'
import { Sharing } from './sharing.tsx'
import { StepPanel } from './step-panel.tsx'
import { TaskActs } from './task-acts.tsx'
import './tasks.css'
import { Title } from './title.tsx'
import { nameOf, StepState, stepTitles, TaskState } from './words.tsx'

const MaskEditor = lazy(() => import('./mask-editor.tsx').then((module) => ({ default: module.MaskEditor })))
const Prepare = lazy(() => import('./prepare.tsx').then((module) => ({ default: module.Prepare })))
const RawConfig = lazy(() => import('./raw-config.tsx').then((module) => ({ default: module.RawConfig })))
const route = getRouteApi('/framed/tasks/$id')

/** One task: the frame, what each step made of it, and what may be done next. */
export function TaskPage() {
  const { id } = route.useParams()
  const query = useQuery(taskOptions(id))
  const products = useQuery({ ...productsOptions(id), enabled: query.data !== undefined })
  const task = query.data
  const name = task ? nameOf(task) : 'Task'
  useEffect(() => {
    document.title = `${name} · Urania`
  }, [name])
  if (query.isError && !task)
    return (
      <>
        <h1>Task</h1>
        <Problem error={query.error} retry={() => void query.refetch()} what="this task" />
        <Link to="/tasks">All tasks</Link>
      </>
    )
  if (!task)
    return (
      <>
        <div className="stack" style={{ marginBottom: 20 }}>
          <Skeleton width={260} height={26} />
          <Skeleton width={420} height={46} />
        </div>
        <Loading lines={10} />
      </>
    )
  return <Body key={task.id} task={task} products={products.data?.items ?? []} />
}

function Body({ task, products }: { task: Task; products: readonly TaskProduct[] }) {
  const { open } = route.useSearch()
  const step = useStep(task)
  return (
    <article aria-label={nameOf(task)}>
      <Head task={task} />
      <Suspense fallback={<Loading lines={4} />}>
        {(open === 'mask' || open === 'template-mask') && (
          <MaskEditor
            key={open}
            task={task}
            products={products}
            of={open === 'mask' ? 'frame' : 'template'}
          />
        )}
        {open === 'prepare' && <Prepare task={task} />}
        {open === 'config' && <RawConfig task={task} />}
      </Suspense>
      <div className="task-body">
        <div>
          <div style={{ display: 'block' }}>
            <Steps task={task} current={step} />
            <StepPanel key={step} task={task} step={step} products={products} />
          </div>
        </div>
        <div>
          <TaskPicture task={task} products={products} />
          <FrameFacts task={task} />
          <Sharing task={task} />
          <Products task={task} products={products} />
          <SameFrom
            path={`/tasks/${task.id}`}
            also={[
              {
                label: 'objects as VOTable',
                path: `/tasks/${task.id}/objects?format=votable`,
                file: 'objects.vot',
              },
              { label: 'everything', path: `/tasks/${task.id}/products.zip`, file: 'task.zip' },
            ]}
            cli={cliOf(task)}
          />
        </div>
      </div>
    </article>
  )
}

/** The step that is open: the chosen one, else what runs or failed, else the last that is done. */
function useStep(task: Task): StepName {
  const { step } = route.useSearch()
  if (step) return step
  const pick =
    task.steps.find(({ state }) => state === 'running') ??
    task.steps.find(({ state }) => state === 'failed') ??
    task.steps.findLast(({ state }) => state === 'done')
  return pick?.step ?? (task.config['stack_filenames'] ? 'stack' : 'inspect')
}

function Head({ task }: { task: Task }) {
  const { photometry } = findingsOf(task)
  const limit = limitOf(task)
  const candidates = candidatesOf(task)
  const failed = task.steps.find((step) => step.state === 'failed')
  return (
    <>
      {failed?.problem && (
        <div className="problem" role="alert" style={{ marginBottom: 14 }}>
          <b>{stepTitles[failed.step]} failed</b>
          <span>{failed.problem.message}</span>
          <span className="problem-acts">
            <Link to="/tasks/$id" params={{ id: task.id }} search={{ step: failed.step }}>
              Its settings and log
            </Link>
            <CopyButton
              text={`${failed.problem.code}: ${failed.problem.message} (task ${task.id})`}
              label={`Copy ${failed.problem.code}`}
            />
          </span>
        </div>
      )}
      <header className="event-head">
        <div>
          <div className="event-name">
            <Title task={task} />
            <TaskState task={task} />
          </div>
          <p className="dim">
            {task.originalName && task.title && <>{task.originalName} · </>}
            {task.owner.name} · made <Time at={task.createdAt} show="ago" />
            {task.parent && (
              <>
                {' '}
                · a copy of{' '}
                <Link to="/tasks/$id" params={{ id: task.parent }}>
                  another
                </Link>
              </>
            )}
          </p>
        </div>
        <TaskActs task={task} />
        {photometry && (
          <dl className="three">
            <div>
              <dt>Zero point</dt>
              <dd>
                <Value
                  value={photometry.zeroPoint}
                  error={photometry.zeroPointErr}
                  unit="mag"
                  source={{
                    method: 'Magnitude of 1 ADU at the middle of the frame.',
                    inputs: `${photometry.used} stars of ${photometry.catalogue}`,
                  }}
                />
              </dd>
            </div>
            <div>
              <dt>Limit{limit ? ` at S/N ${limit.sn}` : ''}</dt>
              <dd>
                {limit ? (
                  <Asked
                    source={{
                      method: 'Where the noise model of the objects reaches that S/N.',
                      inputs: `${thousands(photometry.unflagged)} unflagged objects`,
                    }}
                  >
                    {limit.mag.toFixed(2)} <span className="unit">mag</span>
                  </Asked>
                ) : (
                  <span className="dim">not known</span>
                )}
              </dd>
            </div>
            <div>
              <dt>FWHM</dt>
              <dd>
                <Value
                  value={(photometry.profileFwhm ?? photometry.fwhm) * photometry.field.pixelScaleArcsec}
                  unit="″"
                />{' '}
                <span className="dim">{(photometry.profileFwhm ?? photometry.fwhm).toFixed(2)} pix</span>
              </dd>
            </div>
            <div>
              <dt>{candidates === null ? 'Objects' : 'Candidates'}</dt>
              <dd>
                {candidates === null ? (
                  thousands(photometry.objects)
                ) : (
                  <Link to="/tasks/$id/candidates" params={{ id: task.id }}>
                    {thousands(candidates)}
                  </Link>
                )}
              </dd>
            </div>
          </dl>
        )}
      </header>
    </>
  )
}

function Steps({ task, current }: { task: Task; current: StepName }) {
  const stacked =
    task.config['stack_filenames'] !== undefined || task.steps.some(({ step }) => step === 'stack')
  const shown = (Object.keys(stepTitles) as StepName[]).filter((step) => step !== 'stack' || stacked)
  return (
    <nav className="steps" aria-label="Steps">
      {shown.map((step) => (
        <Link
          key={step}
          to="/tasks/$id"
          params={{ id: task.id }}
          search={{ step }}
          replace
          aria-current={step === current ? 'step' : undefined}
          activeProps={{ 'aria-current': step === current ? 'step' : undefined }}
        >
          <b>{stepTitles[step]}</b>
          <StepState step={task.steps.find((one) => one.step === step)} />
        </Link>
      ))}
    </nav>
  )
}

function cliOf(task: Task): string[] {
  const steps = task.steps.map(({ step }) => step).filter((step) => step !== 'stack')
  const settings = Object.entries(task.config)
    .filter(([name]) => name !== 'stack_filenames')
    .map(([name, value]) => `-c ${quoted(configText({ [name]: value }))}`)
  return [
    `urania process ${quoted(task.originalName || 'image.fits')} --steps ${steps.join(',') || 'inspect,photometry'}`,
    ...settings.map((line) => `  ${line}`),
  ].map((line, i, all) => (i < all.length - 1 ? `${line} \\` : line))
}

function quoted(text: string): string {
  return /^[\w.,=+/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
