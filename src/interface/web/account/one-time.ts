import { useEffect, useState } from 'react'

/** The secret of a one-time link, from after `#` or `?token=`; it leaves the address bar and the history at once. */
export function useToken(fromSearch: string | undefined): string | undefined {
  const [token] = useState(() => {
    const hash = location.hash.replace(/^#/, '')
    const fromHash =
      new URLSearchParams(hash).get('token') ??
      (hash && !hash.includes('=') ? decodeURIComponent(hash) : undefined)
    return fromHash || fromSearch
  })
  useEffect(() => {
    if (token !== undefined) history.replaceState(history.state, '', location.pathname)
  }, [token])
  return token
}
