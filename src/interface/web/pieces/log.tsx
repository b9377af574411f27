import { useEffect, useRef } from 'react'

export interface LogLine {
  line: number
  /** Null where no time was kept. */
  at: string | null
  text: string
}

/** Lines of a log; follows the end unless one has scrolled up. */
export function Log({ lines }: { lines: readonly LogLine[] }) {
  const box = useRef<HTMLPreElement>(null)
  const atEnd = useRef(true)
  useEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight
  }, [lines.length])
  return (
    <pre
      ref={box}
      className="log"
      tabIndex={0}
      aria-label="Log"
      onScroll={(event) => {
        const el = event.currentTarget
        atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < 24
      }}
    >
      {lines.map((line) => (
        <div key={line.line} className={toneOf(line.text)}>
          {line.at !== null && <time dateTime={line.at}>{line.at.slice(11, 19)}</time>}
          {line.text}
        </div>
      ))}
    </pre>
  )
}

/** Warnings and errors stand out; their own word says what they are. */
function toneOf(text: string): string | undefined {
  const word = /^(?:\[\w+\] )?\s*(?:\d+\.\d+ )?(Warning|Error): /.exec(text)?.[1]
  return word === 'Warning' ? 'warning' : word === 'Error' ? 'error' : undefined
}
