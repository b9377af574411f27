import type { Db } from '#platform/db/database.ts'
import { listChannels } from './channel-store.ts'
import type { Needs } from './kinds.ts'
import type { PlanWorld } from './plan-deliveries.ts'
import { peopleByName, readDirectory } from './recipients.ts'
import { readyRule, type ReadyRule, type RuleWorld } from './rule-check.ts'
import { listRules } from './rule-store.ts'

/** Everything that decides who is told, as it is now. */
export interface World extends PlanWorld {
  forRules: RuleWorld
}

export async function readWorld(needs: Pick<Needs, 'bulletins' | 'kinds'>, db: Db): Promise<World> {
  const rows = await listChannels(db)
  const directory = await readDirectory(db)
  return {
    // A kind that this version does not have: kept, not used.
    channels: rows.flatMap((row) => {
      const kind = needs.kinds.get(row.kind)
      return kind ? [{ row, kind }] : []
    }),
    directory,
    forRules: {
      sources: needs.bulletins,
      kinds: needs.kinds,
      channels: new Map(rows.map((row) => [row.name, row.kind])),
      groups: directory.groups,
      people: peopleByName(directory),
    },
  }
}

/** The stored rules, read; those that are broken say so and hold for nothing. */
export async function readRules(db: Db, world: World): Promise<ReadyRule[]> {
  return (await listRules(db)).map(({ rule }) => readyRule(rule, world.forRules))
}
