import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

/** True where Debian's kcat is installed; its library carries a mock cluster (consumer groups, no SASL, no disk). */
export const kcatInstalled = spawnSync('kcat', ['-V']).status === 0

/** A mock cluster of one broker on loopback; forgets everything when stopped. */
export interface MockCluster {
  /** Port of the broker; another one after each `restart`. */
  readonly port: number
  /** Everything it knew is gone. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startMockCluster(): Promise<MockCluster> {
  let child: ChildProcess
  let port = 0

  async function start(): Promise<void> {
    // The consumer itself reads a topic nobody writes to; it only keeps the cluster inside its process alive.
    const args = [
      '-C',
      '-q',
      '-b',
      '127.0.0.1:1',
      '-X',
      'test.mock.num.brokers=1',
      '-d',
      'mock',
      '-t',
      'urania.idle',
    ]
    child = spawn('kcat', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    port = await new Promise<number>((resolve, reject) => {
      let text = ''
      child.stderr?.on('data', (chunk: Buffer) => {
        if (text.length < 100_000) text += chunk.toString()
        const found = /bootstrap\.servers=127\.0\.0\.1:(\d+)/.exec(text)
        if (found) resolve(Number(found[1]))
      })
      child.once('exit', () => reject(new Error(`kcat ended: ${text.slice(-500)}`)))
    })
  }

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  await start()
  return {
    get port() {
      return port
    },
    async restart() {
      await stop()
      await start()
    },
    stop,
  }
}
