const key = 'urania.list'

/** Remembers the list one leaves, so that j and k go on in its order from the pages of its things. */
export function rememberList(paths: readonly string[]): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(paths.slice(0, 2000)))
  } catch {
    // Without storage j and k work in lists only.
  }
}

/** Path of the thing after (1) or before (−1) this one in the list one came from. */
export function neighbour(path: string, step: 1 | -1): string | undefined {
  try {
    const paths = JSON.parse(sessionStorage.getItem(key) ?? '[]') as string[]
    const at = paths.indexOf(path)
    return at < 0 ? undefined : paths[at + step]
  } catch {
    return undefined
  }
}
