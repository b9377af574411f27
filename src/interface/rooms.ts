import type { Room } from '#platform/room.ts'
import { room as alerts } from '#observatory/alerts/module.ts'
import { room as frames } from '#observatory/frames/module.ts'
import { room as notifications } from '#observatory/notifications/module.ts'
import { room as people } from '#observatory/people/module.ts'
import { room as plans } from '#observatory/plans/module.ts'
import { room as references } from '#observatory/references/module.ts'
import { room as tasks } from '#observatory/tasks/module.ts'
import { room as telescopes } from '#observatory/telescopes/module.ts'

/** Every room of the observatory, in the order in which they are built up. A new room is added here, and only here. */
export const rooms: readonly Room[] = [
  people,
  alerts,
  telescopes,
  references,
  frames,
  tasks,
  plans,
  notifications,
]
