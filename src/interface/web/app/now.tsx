import { createContext, useContext, useEffect, useState } from 'react'
import type { ReactNode } from 'react'

const Second = createContext(0)
const Minute = createContext(0)

/** One clock for the page: everything that says "ago" ticks together, and only what shows seconds ticks by seconds. */
export function NowProvider({ children }: { children: ReactNode }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const tick = () => {
      setNow(Date.now())
      timer = setTimeout(tick, 1000 - (Date.now() % 1000))
    }
    timer = setTimeout(tick, 1000 - (Date.now() % 1000))
    return () => clearTimeout(timer)
  }, [])
  return (
    <Minute value={Math.floor(now / 15_000) * 15_000}>
      <Second value={now}>{children}</Second>
    </Minute>
  )
}

/** Milliseconds since 1970, every second. */
export function useSecond(): number {
  return useContext(Second)
}

/** Milliseconds since 1970, in steps of a quarter of a minute. */
export function useMinute(): number {
  return useContext(Minute)
}
