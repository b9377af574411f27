import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A cluster of one broker on loopback, without SASL; forgets everything when stopped. */
export interface TestCluster {
  /** Port of the broker; another one after each `restart`. */
  readonly port: number
  /** Everything it knew is gone. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Folder with the jars of Apache Kafka and its dependencies; with it the suite runs against the real thing. */
const jars = process.env['URANIA_KAFKA_JARS']

/** What the suite runs against, as its title says, and whether it is here. */
export const clusterTitle = jars ? 'Apache Kafka (needs java)' : 'mock cluster (needs kcat)'
export const clusterInstalled = spawnSync(jars ? 'java' : 'kcat', [jars ? '-version' : '-V']).status === 0

export async function startCluster(): Promise<TestCluster> {
  let broker = await startBroker()
  return {
    get port() {
      return broker.port
    },
    async restart() {
      await broker.stop()
      broker = await startBroker()
    },
    stop: () => broker.stop(),
  }
}

interface Broker {
  port: number
  stop(): Promise<void>
}

function startBroker(): Promise<Broker> {
  return jars ? startApacheKafka(jars) : startMock()
}

/** The mock cluster in the library of Debian's kcat. */
async function startMock(): Promise<Broker> {
  // The consumer itself reads a topic nobody writes to; it only keeps the cluster inside its process alive.
  const args = '-C -q -b 127.0.0.1:1 -X test.mock.num.brokers=1 -d mock -t urania.idle'.split(' ')
  const child = spawn('kcat', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const [, port] = await printed(child, child.stderr, /bootstrap\.servers=127\.0\.0\.1:(\d+)/)
  return { port: Number(port), stop: () => kill(child) }
}

/** One node of Apache Kafka in KRaft mode, from jars. */
async function startApacheKafka(folder: string): Promise<Broker> {
  const data = await mkdtemp(join(tmpdir(), 'urania-kafka-broker-'))
  const [port, controller] = await freePorts(2)
  const settings = join(data, 'server.properties')
  await writeFile(
    settings,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.partitions=4
message.max.bytes=20000000
log.dirs=${join(data, 'log')}
`,
  )
  const java = ['-Xmx400m', '-cp', join(folder, '*')]
  const id = Buffer.alloc(16, 7).toString('base64url')
  const formatted = spawnSync('java', [
    ...java,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    id,
    '-c',
    settings,
  ])
  if (formatted.status !== 0) throw new Error(`Apache Kafka: ${formatted.stderr.toString()}`)
  const child = spawn('java', [...java, 'kafka.Kafka', settings], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.resume()
  await printed(child, child.stderr, /Kafka Server started/)
  return {
    port,
    async stop() {
      await kill(child)
      await rm(data, { recursive: true, force: true })
    },
  }
}

/** Waits for a line of the child's output. */
function printed(child: ChildProcess, output: NodeJS.ReadableStream, line: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = ''
    output.on('data', (chunk: Buffer) => {
      if (text.length < 1_000_000) text += chunk.toString()
      const found = line.exec(text)
      if (found) resolve(found)
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`The broker ended: ${text.slice(-500)}`)))
  })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => new Promise((done) => server.once('listening', done))))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}
