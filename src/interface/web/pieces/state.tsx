import type { ReactNode } from 'react'

export type Tone = 'waiting' | 'running' | 'done' | 'needs' | 'failed' | 'none'

/** A state: its colour always together with a shape and a word. */
export function State({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`state ${tone}`}>
      <Shape tone={tone} />
      {children}
    </span>
  )
}

function Shape({ tone }: { tone: Tone }) {
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {tone === 'waiting' && (
        <circle cx="5" cy="5" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.4" />
      )}
      {tone === 'running' && (
        <>
          <circle cx="5" cy="5" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.4" />
          <path d="M5 1.4a3.6 3.6 0 0 1 0 7.2z" fill="currentColor" />
        </>
      )}
      {tone === 'done' && (
        <path d="M1.5 5.4l2.4 2.5 4.7-5.6" fill="none" stroke="currentColor" strokeWidth="1.7" />
      )}
      {tone === 'needs' && <path d="M5 1l4.4 8H.6z" fill="currentColor" />}
      {tone === 'failed' && (
        <path d="M1.8 1.8l6.4 6.4m0-6.4L1.8 8.2" stroke="currentColor" strokeWidth="1.8" />
      )}
      {tone === 'none' && <path d="M2 5h6" stroke="currentColor" strokeWidth="1.5" />}
    </svg>
  )
}
