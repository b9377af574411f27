import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { InboxEntry } from '#observatory/notifications/inbox.ts'
import { ownPath, plain, toneOf, withoutName } from './threads.ts'

const whom = { me: 'to you', group: 'to your group', everybody: 'to everybody' } as const
const factsAtFirst = 6

/** One message of a thread, as a chat shows it. */
export function Message({ entry, fresh, wide }: { entry: InboxEntry; fresh: boolean; wide: boolean }) {
  return (
    <li className={`message ${entry.role}`} data-fresh={fresh || undefined}>
      <div className="message-line">
        <b className="message-head">
          {entry.role === 'start' ? (
            plain(entry.headline)
          ) : (
            <State tone={toneOf(entry)}>
              <span className="message-words">{withoutName(entry.headline, entry.thread.name)}</span>
            </State>
          )}
        </b>
        {entry.form !== 'news' && <State tone="needs">{entry.form}</State>}
        {entry.rehearsal && <span className="tag needs">test</span>}
        <span className="dim message-when">
          {fresh && <span className="message-new">new</span>}
          <span title={entry.rule ? `rule ${entry.rule}` : undefined}>{whom[entry.for]}</span> ·{' '}
          <Time at={entry.at} show={wide ? 'utc' : 'ago'} />
        </span>
      </div>
      {entry.text && <p className="message-text">{plain(entry.text)}</p>}
      <MessageFacts facts={entry.facts} />
      {entry.pictures.map((picture) => (
        <a key={picture.url} href={picture.url} target="_blank" rel="noreferrer" className="message-picture">
          <img src={picture.url} alt={`${picture.name}, of ${entry.headline}`} loading="lazy" />
        </a>
      ))}
      {entry.links.length > 0 && (
        <div className="row">
          {entry.links.map((link) => (
            <MessageLink key={link.url} link={link} />
          ))}
        </div>
      )}
    </li>
  )
}

function MessageLink({ link }: { link: InboxEntry['links'][number] }) {
  const path = ownPath(link.url, location.origin)
  return path === null ? (
    <a href={link.url} target="_blank" rel="noreferrer">
      {link.label}
    </a>
  ) : (
    <Link to={path}>{link.label}</Link>
  )
}

function MessageFacts({ facts }: { facts: InboxEntry['facts'] }) {
  const [all, setAll] = useState(false)
  if (facts.length === 0) return null
  // One more line than the button that hides it is no gain.
  const some = all || facts.length <= factsAtFirst + 1 ? facts : facts.slice(0, factsAtFirst)
  return (
    <>
      <dl className="message-facts">
        {some.map((fact) => (
          <div key={fact.label}>
            <dt>{fact.label}</dt>
            <dd>{plain(fact.value)}</dd>
          </div>
        ))}
      </dl>
      {(all || some.length < facts.length) && (
        <button type="button" className="link-button" onClick={() => setAll(!all)}>
          {all ? 'Fewer facts' : `${facts.length - some.length} more facts`}
        </button>
      )}
    </>
  )
}
