import { useState } from 'react'
import { CopyButton } from './copy.tsx'
import { Section } from './facts.tsx'

/** The same answer from a shell and from Python, ready to paste. */
export function SameFrom({
  path,
  also = [],
  cli,
}: {
  path: string
  also?: { label: string; path: string; file?: string }[]
  /** Lines for the program's own command line. */
  cli?: readonly string[]
}) {
  const [language, setLanguage] = useState<'curl' | 'python' | 'cli'>('curl')
  const base = location.origin
  const curl = [
    `# URANIA_TOKEN: Settings, Tokens`,
    `API=${base}/api/v1; AUTH="Authorization: Bearer $URANIA_TOKEN"`,
    `curl -H "$AUTH" "$API${path}"`,
    ...also.flatMap((item) => [
      `# ${item.label}`,
      `curl -H "$AUTH" ${item.file ? `-o ${item.file} ` : ''}"$API${item.path}"`,
    ]),
  ].join('\n')
  const python = [
    '# URANIA_TOKEN: Settings, Tokens; pip install requests',
    'import os, requests',
    `api = "${base}/api/v1"`,
    'session = requests.Session()',
    'session.headers["Authorization"] = "Bearer " + os.environ["URANIA_TOKEN"]',
    `answer = session.get(api + "${path}").json()`,
    ...also.flatMap((item) => [
      `# ${item.label}`,
      item.file
        ? `open("${item.file}", "wb").write(session.get(api + "${item.path}").content)`
        : `print(session.get(api + "${item.path}").json())`,
    ]),
  ].join('\n')
  const text = { curl, python, cli: cli?.join('\n') ?? '' }[language]
  return (
    <Section
      title="The same from"
      aside={
        <span className="segments">
          <button type="button" aria-pressed={language === 'curl'} onClick={() => setLanguage('curl')}>
            curl
          </button>
          <button type="button" aria-pressed={language === 'python'} onClick={() => setLanguage('python')}>
            Python
          </button>
          {cli && (
            <button type="button" aria-pressed={language === 'cli'} onClick={() => setLanguage('cli')}>
              CLI
            </button>
          )}
        </span>
      }
    >
      <div className="same">
        <CopyButton text={text} />
        <pre tabIndex={0}>
          <code>{text}</code>
        </pre>
      </div>
    </Section>
  )
}
