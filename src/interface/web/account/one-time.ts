import { useEffect, useState } from 'react'

function fromHash(): string | undefined {
  const hash = location.hash.replace(/^#/, '')
  return (
    new URLSearchParams(hash).get('token') ??
    (hash && !hash.includes('=') ? decodeURIComponent(hash) : undefined)
  )
}

/** The secret of a one-time link, from after `#` or `?token=`; it leaves the address bar and the history at once. */
export function useToken(fromSearch: string | undefined): string | undefined {
  const [token, setToken] = useState(() => fromHash() || fromSearch)
  useEffect(() => {
    // A link opened where its page stands already changes only the hash: nothing is loaded anew.
    const read = () => setToken((before) => fromHash() || before)
    window.addEventListener('hashchange', read)
    return () => window.removeEventListener('hashchange', read)
  }, [])
  useEffect(() => {
    if (token !== undefined) history.replaceState(history.state, '', location.pathname)
  }, [token])
  return token
}
