import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useId, useState } from 'react'
import { ApiProblem } from '#interface/web/api/client.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { doubtText } from './words.tsx'
import type { DefinitionCheck, DefinitionProblem, Telescope } from '#observatory/telescopes/telescope.ts'

/** A definition with its line numbers, to be read. */
export function DefinitionText({ text }: { text: string }) {
  return (
    <div className="definition" tabIndex={0} role="region" aria-label="Definition">
      <Numbers count={text.split('\n').length} wrong={new Set()} />
      <pre>{text}</pre>
    </div>
  )
}

function Numbers({ count, wrong }: { count: number; wrong: ReadonlySet<number> }) {
  return (
    <div className="numbers" aria-hidden="true">
      {Array.from({ length: count }, (_, i) => (
        <span key={i} className={wrong.has(i + 1) ? 'wrong' : undefined}>
          {i + 1}
        </span>
      ))}
    </div>
  )
}

/**
 * The definition to be changed: what is wrong is shown at its line while one writes, and saving makes the next version.
 * @param slug of the telescope that is changed; null for a new one
 */
export function DefinitionEditor(props: {
  slug: string | null
  text: string
  saved: (telescope: Telescope) => void
  cancel: () => void
}) {
  const [text, setText] = useState(props.text)
  const check = useCheck(text)
  const client = useQueryClient()
  const id = useId()
  const save = useMutation({
    mutationFn: () =>
      sendToml<Telescope>(
        props.slug === null ? 'POST' : 'PUT',
        props.slug === null ? '/telescopes' : `/telescopes/${encodeURIComponent(props.slug)}`,
        text,
      ),
    onSuccess: async (telescope) => {
      await client.invalidateQueries({ queryKey: ['telescopes'] })
      props.saved(telescope)
    },
  })
  const problems = [
    ...(check.answer?.problems ?? []),
    ...(save.error instanceof ApiProblem ? problemsOf(save.error) : []),
  ]
  const wrong = new Set(problems.flatMap(({ line }) => (line === null ? [] : [line])))
  const lines = text.split('\n').length
  const checked = check.answer?.telescope
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <div className="definition">
        <Numbers count={lines} wrong={wrong} />
        <textarea
          aria-label="Definition in TOML"
          aria-invalid={problems.length > 0}
          aria-describedby={problems.length > 0 ? `${id}-problems` : undefined}
          rows={lines}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          value={text}
          onChange={(event) => {
            setText(event.target.value)
            save.reset()
          }}
        />
      </div>
      {problems.length > 0 && (
        <ul className="definition-problems" id={`${id}-problems`} role="alert">
          {problems.map((problem, i) => (
            <li key={`${problem.line} ${i}`}>
              {problem.line !== null && <b>Line {problem.line}: </b>}
              {problem.key && <code>{problem.key}</code>} {problem.text}
            </li>
          ))}
        </ul>
      )}
      {check.error !== undefined && <Problem error={check.error} what="the check" />}
      {save.isError && problems.length === 0 && <Problem error={save.error} />}
      <div className="row" style={{ margin: '10px 0' }}>
        <button
          type="submit"
          className="button main"
          disabled={save.isPending || text === props.text ? props.slug !== null : check.answer?.ok === false}
        >
          {props.slug === null ? 'Add the telescope' : 'Save as new version'}
        </button>
        <button type="button" className="button" onClick={props.cancel}>
          Cancel
        </button>
        {check.pending ? (
          <State tone="running">checking</State>
        ) : check.answer?.ok ? (
          <State tone="done">can be used{checked ? `, ${checked.slug}` : ''}</State>
        ) : (
          check.answer && <State tone="failed">{problems.length} wrong</State>
        )}
        {check.answer?.ok && (checked?.doubts.length ?? 0) > 0 && (
          <State tone="needs">{checked!.doubts.length} in doubt</State>
        )}
      </div>
      {check.answer?.ok && (
        <ul className="doubts">
          {checked?.doubts.map((doubt) => (
            <li key={doubtText(doubt)}>{doubtText(doubt)}</li>
          ))}
        </ul>
      )}
    </form>
  )
}

/** The verdict on what stands there, asked for when typing rests. */
function useCheck(text: string) {
  const [state, setState] = useState<{ of: string; answer?: DefinitionCheck; error?: unknown }>({ of: '' })
  useEffect(() => {
    const stop = new AbortController()
    const timer = setTimeout(() => {
      sendToml<DefinitionCheck>('POST', '/telescopes/check', text, stop.signal)
        .then((answer) => setState({ of: text, answer }))
        .catch((error: unknown) => {
          if (!stop.signal.aborted) setState({ of: text, error })
        })
    }, 350)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [text])
  return { pending: state.of !== text, answer: state.answer, error: state.error }
}

/** Line by line what a refusal says; empty where it says nothing of lines. */
function problemsOf(error: ApiProblem): DefinitionProblem[] {
  const found = error.details['problems']
  return Array.isArray(found) ? (found as DefinitionProblem[]) : []
}

async function sendToml<T>(
  method: 'POST' | 'PUT',
  path: string,
  text: string,
  signal?: AbortSignal,
): Promise<T> {
  return sendText<T>(method, path, 'application/toml', text, signal)
}

/** A body that is neither JSON nor bytes of a notice. @throws ApiProblem */
export async function sendText<T>(
  method: 'POST' | 'PUT',
  path: string,
  type: string,
  body: string | Blob,
  signal?: AbortSignal,
): Promise<T> {
  const response = await fetch(`/api/v1${path}`, {
    method,
    credentials: 'same-origin',
    headers: { Accept: 'application/json', 'Content-Type': type },
    body,
    ...(signal ? { signal } : {}),
  })
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (!response.ok) {
    const said = (key: string, other: string) => (typeof answer[key] === 'string' ? answer[key] : other)
    throw new ApiProblem(
      response.status,
      said('code', `http.${response.status}`),
      said('title', 'It was refused'),
      said('detail', `The server answered ${response.status}.`),
      answer,
    )
  }
  return answer as T
}
