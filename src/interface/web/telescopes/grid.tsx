import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { thousands } from '#interface/web/pieces/format.ts'
import type { Telescope } from '#observatory/telescopes/telescope.ts'
import { sendText } from './definition.tsx'

/** Where its fields lie: laid freely, computed by a rule, or the grid that somebody uploaded. */
export function Grid({ telescope, may }: { telescope: Telescope; may: boolean }) {
  const id = useId()
  const client = useQueryClient()
  const { pointing, slug } = telescope
  const path = `/telescopes/${encodeURIComponent(slug)}/grid`
  const refresh = () => client.invalidateQueries({ queryKey: ['telescopes'] })
  const upload = useMutation({
    mutationFn: (file: File) =>
      sendText('PUT', `${path}?name=${encodeURIComponent(nameOf(file.name))}`, 'text/csv', file),
    onSuccess: refresh,
  })
  const remove = useMutation({ mutationFn: () => send('DELETE', path), onSuccess: refresh })
  const isUploaded = pointing.how === 'grid' && pointing.rule === undefined
  return (
    <Section title="Fields">
      {pointing.how === 'free' ? (
        <p>
          Laid where the probability is.
          {pointing.wants !== undefined && (
            <span className="doubt">
              {' '}
              Its definition names the grid {pointing.wants}, which is not here yet.
            </span>
          )}
        </p>
      ) : (
        <p>
          Grid {pointing.grid}: {thousands(pointing.fields)} fields,{' '}
          {pointing.rule === undefined ? 'uploaded' : ruleText(pointing.rule)} ·{' '}
          <a href={`/api/v1${path}`} download>
            CSV
          </a>
        </p>
      )}
      {may && (
        <div className="row" style={{ marginTop: 8, alignItems: 'center' }}>
          <label htmlFor={id}>{isUploaded ? 'Another grid' : 'A grid of its own'}</label>
          <input
            id={id}
            type="file"
            accept=".csv,.txt,.dat,text/plain,text/csv"
            disabled={upload.isPending}
            aria-describedby={`${id}-help`}
            onChange={(event) => {
              const file = event.target.files?.[0]
              if (file) upload.mutate(file)
              event.target.value = ''
            }}
            style={{ maxWidth: '100%' }}
          />
          <span className="dim" id={`${id}-help`}>
            a file of id, RA, Dec in degrees by line
          </span>
          {isUploaded && (
            <button
              type="button"
              className="button danger"
              disabled={remove.isPending}
              onClick={() => remove.mutate()}
            >
              Take the grid away
            </button>
          )}
        </div>
      )}
      {(upload.isError || remove.isError) && <Problem error={upload.error ?? remove.error} what="the grid" />}
    </Section>
  )
}

/** A name that the server takes, from the name of a file. */
function nameOf(file: string): string {
  return (
    file
      .replace(/\.[^.]*$/, '')
      .replaceAll(/[^\p{L}\p{N} _.+-]+/gu, '-')
      .slice(0, 60) || 'grid'
  )
}

function ruleText(rule: NonNullable<Extract<Telescope['pointing'], { how: 'grid' }>['rule']>): string {
  return rule.kind === 'rows'
    ? `rows ${rule.spacingDeg}° apart`
    : `${rule.kind}, overlapping by ${Math.round(100 * rule.overlap)} %`
}
