import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for what comes by itself: asks until the answer is truthy, and returns it. */
export async function until<T>(
  look: () => T | Promise<T>,
  what: string,
  ms = 30_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + ms
  for (;;) {
    const value = await look()
    if (value) return value as Exclude<T, false | null | undefined>
    if (performance.now() > deadline) throw new Error(`Waited ${ms / 1000} s in vain for: ${what}`)
    await sleep(20)
  }
}
