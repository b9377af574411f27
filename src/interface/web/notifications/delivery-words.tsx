import { State } from '#interface/web/pieces/state.tsx'
import type { Tone } from '#interface/web/pieces/state.tsx'
import type { Delivery, DeliveryState as StateName } from '#observatory/notifications/delivery.ts'

export const stateWords: Record<StateName, string> = {
  waiting: 'waiting',
  collecting: 'being collected',
  sending: 'on its way',
  sent: 'sent',
  digested: 'in a collection',
  dead: 'given up',
  dropped: 'nobody to send to',
}
const tones: Record<StateName, Tone> = {
  waiting: 'waiting',
  collecting: 'waiting',
  sending: 'running',
  sent: 'done',
  digested: 'done',
  dead: 'failed',
  dropped: 'none',
}

export function DeliveryState({ delivery }: { delivery: Delivery }) {
  return <State tone={tones[delivery.state]}>{stateWords[delivery.state]}</State>
}

/** To whom, without the channel. */
export function targetWords({ target }: Delivery): string {
  if (target.kind === 'channel') return 'its readers'
  if (target.kind === 'everyone') return 'everybody'
  const name = target.name ?? target.id ?? 'somebody who is gone'
  return target.kind === 'group' ? `group ${name}` : name
}
