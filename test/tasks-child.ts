import { loadConfig } from '#platform/config/load.ts'
import { createPlatform } from '#platform/create.ts'
import type { JobHandler } from '#platform/jobs/job.ts'
import type { Room } from '#platform/room.ts'
import { room as frames } from '#observatory/frames/module.ts'
import { room as references } from '#observatory/references/module.ts'
import { room as tasks } from '#observatory/tasks/module.ts'
import { schemaFolder } from './database.ts'

// A worker of tasks in a process of its own. With the name of a step it kills itself in the middle of that step, when
// something was written already. Arguments: address of the database, home folder, step or "live"; settings by environment.

const [, , url, home, what] = process.argv

const dying: Room = {
  ...tasks,
  jobs: (platform) =>
    (tasks.jobs?.(platform) ?? []).map((handler): JobHandler => ({
      ...handler,
      // One at a time, so that a worker dies of its own task and not of one that it takes over.
      kind: { ...handler.kind, concurrency: 1 },
      run(input, job) {
        let lines = 0
        return handler.run(input, {
          ...job,
          log(line) {
            job.log(line)
            if (line.startsWith(`[${what}] `) && ++lines === 3) process.kill(process.pid, 'SIGKILL')
          },
        })
      },
    })),
}
const rooms = [frames, references, dying]
const config = loadConfig({
  sections: rooms.flatMap((room) => room.sections ?? []),
  env: { ...process.env, URANIA_HOME: home, DATABASE_URL: url, URANIA_LOG_LEVEL: 'silent' },
})
const platform = await createPlatform(config, { rooms, roles: ['worker'], schema: schemaFolder })
process.stdout.write('ready\n')
process.on('SIGTERM', () => void platform.stop().then(() => process.exit(0)))
