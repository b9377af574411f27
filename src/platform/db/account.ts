import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Problem } from '#problem.ts'

/** The unprivileged account that the embedded server runs under when we are root. */
export interface Account {
  name: string
  uid: number
  gid: number
}

/**
 * The account for the server: undefined where we are an ordinary user (it then runs as ourselves), else `name` or
 * `nobody`. PostgreSQL refuses to run as root.
 */
export function serverAccount(name: string | null): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const wanted = name ?? 'nobody'
  const account = lookUp(wanted)
  if (!account) {
    throw new Problem(
      'database.account_unknown',
      `There is no account "${wanted}" on this machine to run the database under; set URANIA_DB_USER to one that ` +
        `exists and is not root.`,
      { account: wanted },
    )
  }
  if (account.uid === 0) {
    throw new Problem(
      'database.account_unknown',
      `PostgreSQL does not run as root, and "${wanted}" is root; set URANIA_DB_USER to an ordinary account.`,
      { account: wanted },
    )
  }
  return account
}

function lookUp(name: string): Account | undefined {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [login, , uid, gid] = line.split(':')
      if (login === name) return { name, uid: Number(uid), gid: Number(gid) }
    }
  } catch {
    // No such file on this system; `id` knows.
  }
  try {
    const ask = (flag: string) =>
      Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
    return { name, uid: ask('-u'), gid: ask('-g') }
  } catch {
    return name === 'nobody' && process.platform === 'linux' ? { name, uid: 65534, gid: 65534 } : undefined
  }
}

/** True when the account may enter every folder down to and including `path`, judged by owner, group and mode. */
export function passable(path: string, account: Account | undefined): boolean {
  if (!account) return true
  for (let folder = path; ; folder = dirname(folder)) {
    const { uid, gid, mode } = statSync(folder)
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    if (!(mode & bit)) return false
    if (folder === dirname(folder)) return true
  }
}
