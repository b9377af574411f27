import { collected, insertDeliveries, setDigested, type NewDelivery } from './delivery-store.ts'
import type { Needs } from './kinds.ts'
import { insertMessage } from './message-store.ts'
import { wakeChannel } from './outbox.ts'
import { planLane } from './plan-deliveries.ts'
import { readWorld } from './world.ts'

/** Lines that a digest lists; how many more there are is said. */
const mostLines = 60

/** Makes one message of all that a rule collected for each channel and target. How many digests. */
export async function makeDigests(
  needs: Pick<Needs, 'db' | 'jobs' | 'bulletins' | 'kinds'>,
  rule: string,
  until: Date,
): Promise<number> {
  const world = await readWorld(needs, needs.db)
  return needs.db.transaction().execute(async (tx) => {
    const rows = await collected(tx, rule, until)
    const lanes = Map.groupBy(rows, (row) => `${row.channel_id ?? ''} ${row.target}`)
    let made = 0
    for (const items of lanes.values()) {
      const { channel_id: channelId, target } = items[0]!
      await setDigested(
        tx,
        items.map((item) => item.id),
      )
      if (channelId === null) continue
      const now = new Date()
      const id = `${rule} ${until.toISOString()}`
      const threads = new Set(items.map((item) => item.thread_name)).size
      const message = await insertMessage(tx, {
        eventId: null,
        item: null,
        form: 'digest',
        kind: 'notifications.digest',
        role: 'start',
        thread: { kind: 'digest', id, name: `Digest of ${rule}`, group: 'Digests' },
        headline: `${items.length} ${items.length === 1 ? 'message' : 'messages'} about ${threads} ${threads === 1 ? 'subject' : 'subjects'}`,
        text:
          items.length > mostLines
            ? `The last ${mostLines} of them; the others are in the delivery log.`
            : '',
        facts: items
          .slice(-mostLines)
          .map((item) => ({ label: item.thread_name, value: item.override ?? item.headline })),
        links: [
          ...new Map(
            items.flatMap((item) => item.links.slice(0, 1)).map((link) => [link.url, link]),
          ).values(),
        ],
        folders: [],
        actions: [],
        rehearsal: items.every((item) => item.rehearsal),
        pictures: [],
        files: [],
        values: {},
        audience: [...new Set(items.flatMap((item) => item.audience))],
        at: now,
      })
      const urgent = items.some((item) => item.urgent)
      const planned = planLane({ channelId, target, rule, urgent }, world, now)
      const deliveries = await insertDeliveries(
        tx,
        planned.map((each): NewDelivery => ({
          ...each,
          watched: false,
          messageId: message!.id,
          thread: { kind: 'digest', id },
        })),
      )
      for (const each of deliveries)
        if (each.state === 'waiting')
          await wakeChannel(needs, tx, channelId, each.held ? each.not_before : null)
      made += deliveries.length
    }
    return made
  })
}
