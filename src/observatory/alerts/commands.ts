import type { Command } from '#platform/terminal/command.ts'
import { alertIngest, alertDead, alertFetch, alertListen } from './alert-commands.ts'
import { eventExport, eventList, eventShow } from './event-commands.ts'
import { ruleList, ruleReplay, ruleShow } from './rule-commands.ts'
import { skymapCombine, skymapContours, skymapInfo, skymapLevel, skymapMoc } from './skymap-commands.ts'

/** All commands of the room. */
export const alertCommands: Command[] = [
  alertIngest,
  alertListen,
  alertDead,
  alertFetch,
  eventList,
  eventShow,
  eventExport,
  ruleList,
  ruleShow,
  ruleReplay,
  skymapInfo,
  skymapLevel,
  skymapMoc,
  skymapContours,
  skymapCombine,
]
