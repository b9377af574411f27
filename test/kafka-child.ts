import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { createNet } from '#platform/net/client.ts'
import { createKafkaStream } from '#platform/streams/kafka.ts'

// A consumer in a process of its own, to be killed: stores each message as a file, then perhaps hangs before it may
// commit. Argument: JSON of `port`, `group`, `topic`, `tokenUrl`, `folder`, `hang`.

const { port, group, topic, tokenUrl, folder, hang } = JSON.parse(process.argv[2]) as {
  port: number
  group: string
  topic: string
  tokenUrl: string
  folder: string
  hang: boolean
}

await createKafkaStream(
  {
    name: 'child',
    brokers: [`127.0.0.1:${port}`],
    groupId: group,
    topics: [topic],
    tls: false,
    oauth: { url: tokenUrl, clientId: 'me', clientSecret: 'se:cret' },
    sessionSeconds: 4,
    batchMessages: 7,
    async handle(messages) {
      for (const { partition, offset, value } of messages) {
        try {
          await writeFile(join(folder, `${partition}-${offset}`), value, { flag: 'wx' })
          process.stdout.write('stored\n')
        } catch {
          process.stdout.write('again\n')
        }
      }
      if (hang) await new Promise(() => {})
    },
  },
  { net: createNet(), log: pino({ level: 'silent' }) },
).start()
