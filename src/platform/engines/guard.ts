/**
 * A process of its own that outlives us just long enough to tidy up. It holds the end of a pipe; when whoever made it is gone, however
 * that came about (`kill -9`, a thread that was ended), the pipe closes, and it ends the process groups it was told of and removes the
 * scratch folder.
 */
import { spawn } from 'node:child_process'

export interface Guard {
  /** Resolves when the guard knows of the process group. */
  watch(group: number): Promise<void>
  /** The group is over. */
  forget(group: number): void
  /** All is tidy: the guard goes without doing anything. */
  dismiss(): Promise<void>
}

/** Tenths of a second between SIGTERM and SIGKILL. */
const patience = 15

const script = `
trap '' TERM INT HUP PIPE
groups=
while IFS=' ' read -r word group; do
  case $word in
    watch) groups="$groups $group"; echo watching;;
    forget)
      left=
      for each in $groups; do [ "$each" = "$group" ] || left="$left $each"; done
      groups=$left;;
    dismiss) exit 0;;
  esac
done
for each in $groups; do kill -s TERM -- "-$each"; done 2>/dev/null
turn=0
while [ $turn -lt ${patience} ]; do
  alive=
  for each in $groups; do kill -s 0 -- "-$each" && alive=1; done 2>/dev/null
  [ -n "$alive" ] || break
  turn=$((turn + 1))
  sleep 0.1
done
for each in $groups; do kill -s KILL -- "-$each"; done 2>/dev/null
rm -rf -- "$1"
rmdir -- "\${1%/*}" 2>/dev/null
`

/** Starts a guard of a scratch folder. */
export function startGuard(folder: string): Guard {
  const child = spawn('sh', ['-c', script, 'urania-guard', folder], {
    detached: true,
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const waiting: PromiseWithResolvers<void>[] = []
  let lost: Error | undefined
  const over = Promise.withResolvers<void>()
  const lose = (error: Error): void => {
    lost ??= error
    for (const each of waiting.splice(0)) each.reject(lost)
    over.resolve()
  }
  child.on('error', lose)
  child.on('exit', () => lose(new Error('The guard of the engine has ended.')))
  child.stdin.on('error', () => {})
  child.stdout.on('data', (bytes: Buffer) => {
    for (const line of bytes.toString('latin1').split('\n')) if (line !== '') waiting.shift()?.resolve()
  })
  return {
    watch(group) {
      if (lost) return Promise.reject(lost)
      const known = Promise.withResolvers<void>()
      waiting.push(known)
      child.stdin.write(`watch ${group}\n`)
      return known.promise
    },
    forget(group) {
      child.stdin.write(`forget ${group}\n`)
    },
    async dismiss() {
      child.stdin.end('dismiss\n')
      await over.promise
    },
  }
}
