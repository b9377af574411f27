import { z } from 'zod'

/** Somebody has taken charge of what a thread is about. */

export const Acknowledgement = z
  .object({
    thread: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    at: z.iso.datetime(),
    by: z.object({ id: z.string().nullable(), name: z.string() }),
    through: z.string().describe('page, api, slack or cli'),
  })
  .meta({ id: 'Acknowledgement' })
export type Acknowledgement = z.output<typeof Acknowledgement>

export const NewAcknowledgement = z
  .strictObject({
    kind: z.string().min(1).max(60).describe('Kind of the thread’s subject, as event'),
    id: z.string().min(1).max(300),
  })
  .meta({ id: 'NewAcknowledgement' })

/** Name of the button that acknowledges. */
export const acknowledge = 'notifications.acknowledge'

/** The button of a message that somebody is to acknowledge. */
export function acknowledgeAction(thread: { kind: string; id: string }) {
  return { action: acknowledge, label: 'Acknowledge', value: `${thread.kind}:${thread.id}`, primary: true }
}

/** The thread in a button's value; undefined for other texts. */
export function threadOfValue(value: string): { kind: string; id: string } | undefined {
  const colon = value.indexOf(':')
  return colon > 0 ? { kind: value.slice(0, colon), id: value.slice(colon + 1) } : undefined
}
