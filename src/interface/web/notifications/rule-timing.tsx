import { Section } from '#interface/web/pieces/facts.tsx'
import type { NamedRule } from '#observatory/notifications/rule.ts'
import { Chips, FieldProblem } from './chips.tsx'
import { Zones } from './zones.tsx'

interface Part {
  draft: NamedRule
  set: (part: Partial<NamedRule>) => void
}

/** At once or collected, and whether quiet hours hold it. */
export function Soon({ draft, set, problem }: Part & { problem: string | undefined }) {
  const how = draft.digest === null ? 'once' : draft.digest === 'hourly' ? 'hourly' : 'daily'
  const [, clock = '08:00', zone = Intl.DateTimeFormat().resolvedOptions().timeZone] =
    how === 'daily' ? (draft.digest ?? '').split(' ') : []
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div className="row" style={{ alignItems: 'end' }}>
        <label className="labelled">
          When
          <select
            className="select"
            value={how}
            onChange={(event) =>
              set({
                digest:
                  event.target.value === 'once'
                    ? null
                    : event.target.value === 'hourly'
                      ? 'hourly'
                      : `daily ${clock} ${zone}`,
              })
            }
          >
            <option value="once">at once</option>
            <option value="hourly">collected, every hour</option>
            <option value="daily">collected, once a day</option>
          </select>
        </label>
        {how === 'daily' && (
          <>
            <label className="labelled">
              at
              <input
                className="field"
                required
                pattern="([01]\d|2[0-3]):[0-5]\d"
                title="hour:minute, as 22:00"
                size={6}
                value={clock}
                onChange={(event) => set({ digest: `daily ${event.target.value} ${zone}` })}
              />
            </label>
            <label className="labelled">
              time zone
              <input
                className="field"
                list="zones"
                required
                value={zone}
                onChange={(event) => set({ digest: `daily ${clock} ${event.target.value.trim()}` })}
              />
            </label>
            <Zones />
          </>
        )}
      </div>
      <FieldProblem text={problem} />
      <label className="check">
        <input
          type="checkbox"
          checked={draft.urgent}
          onChange={(event) => set({ urgent: event.target.checked })}
        />
        Urgent: also in people’s quiet hours
      </label>
    </div>
  )
}

/** Reminders, and those who are told where nobody acknowledges. */
export function IfNobody(
  props: Part & {
    recipients: readonly { value: string; label: string }[]
    channels: readonly { value: string; label: string }[]
    words: (one: string) => string
    mistake: string | undefined
  },
) {
  const { draft, set, recipients, channels, words, mistake } = props
  const { remind, escalate } = draft
  const number = (text: string, least: number) => Math.max(least, Number(text) || least)
  return (
    <Section title="If nobody acknowledges">
      <div className="stack">
        <div className="row" style={{ alignItems: 'center' }}>
          <label className="check">
            <input
              type="checkbox"
              checked={remind !== null}
              onChange={() => set({ remind: remind ? null : { everyMinutes: 10, atMost: 3 } })}
            />
            Remind
          </label>
          {remind && (
            <>
              <label className="check">
                every
                <input
                  className="field narrow"
                  type="number"
                  min={1}
                  max={10_080}
                  value={remind.everyMinutes}
                  onChange={(event) =>
                    set({ remind: { ...remind, everyMinutes: number(event.target.value, 1) } })
                  }
                />
                min
              </label>
              <label className="check">
                at most
                <input
                  className="field narrow"
                  type="number"
                  min={1}
                  max={100}
                  value={remind.atMost}
                  onChange={(event) => set({ remind: { ...remind, atMost: number(event.target.value, 1) } })}
                />
                times
              </label>
            </>
          )}
        </div>
        <div className="row" style={{ alignItems: 'center' }}>
          <label className="check">
            <input
              type="checkbox"
              checked={escalate !== null}
              onChange={() =>
                set({ escalate: escalate ? null : { afterMinutes: 20, to: [], through: null } })
              }
            />
            Tell others
          </label>
          {escalate && (
            <label className="check">
              after
              <input
                className="field narrow"
                type="number"
                min={1}
                max={10_080}
                value={escalate.afterMinutes}
                onChange={(event) =>
                  set({ escalate: { ...escalate, afterMinutes: number(event.target.value, 1) } })
                }
              />
              min
            </label>
          )}
        </div>
        {escalate && (
          <>
            <Chips
              label="Others"
              values={escalate.to}
              onChange={(to) => set({ escalate: { ...escalate, to } })}
              options={recipients}
              words={words}
              placeholder="add somebody…"
            />
            <Chips
              label="Channels for the others"
              values={escalate.through ?? []}
              onChange={(through) =>
                set({ escalate: { ...escalate, through: through.length > 0 ? through : null } })
              }
              options={channels}
              placeholder="by the same channels; or add one…"
            />
          </>
        )}
        <FieldProblem text={mistake} />
      </div>
    </Section>
  )
}
