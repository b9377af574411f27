import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { groupsOptions, meOptions, peopleOptions } from '#interface/web/api/queries.ts'
import { CopyButton } from '#interface/web/pieces/copy.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { Role } from '#observatory/people/actor.ts'
import type { Group, OneTimeLink, Person, PersonChange } from '#observatory/people/person.ts'

const roles: readonly Role[] = ['viewer', 'member', 'operator', 'administrator']

/** Everybody with role and groups; new people come by one-time links. */
export function PeopleList() {
  const list = useInfiniteQuery(peopleOptions())
  const groups = useInfiniteQuery(groupsOptions()).data?.pages.flatMap((page) => page.items) ?? []
  const me = useQuery(meOptions).data
  const people = list.data?.pages.flatMap((page) => page.items) ?? []
  if (list.isError) return <Problem error={list.error} retry={() => void list.refetch()} what="the people" />
  return (
    <>
      <Invite />
      {list.isPending ? (
        <Loading />
      ) : (
        <div className="scroll-x">
          <table className="list">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Role</th>
                <th scope="col">Groups</th>
                <th scope="col">Signs in by</th>
                <th scope="col">Since</th>
                <th scope="col">
                  <span className="visually-hidden">Acts</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {people.map((person) => (
                <PersonRow
                  key={person.id}
                  person={person}
                  groups={groups}
                  self={person.id === me?.person?.id}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.hasNextPage && (
        <button
          type="button"
          className="button"
          style={{ marginTop: 10 }}
          onClick={() => void list.fetchNextPage()}
        >
          Show more
        </button>
      )}
    </>
  )
}

function PersonRow({ person, groups, self }: { person: Person; groups: readonly Group[]; self: boolean }) {
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: (part: PersonChange) => send('PATCH', `/people/${person.id}`, part),
    onSettled: () => client.invalidateQueries({ queryKey: ['people'] }),
  })
  const link = useMutation({ mutationFn: () => send<OneTimeLink>('POST', `/people/${person.id}/link`) })
  const inGroups = person.groups.map((group) => group.id)
  return (
    <>
      <tr>
        <td>
          {person.name} {self && <span className="dim">(you)</span>}
          <div className="dim">{person.email ?? person.orcid}</div>
        </td>
        <td>
          {person.disabledAt ? (
            <State tone="none">disabled</State>
          ) : (
            <select
              className="select"
              aria-label={`Role of ${person.name}`}
              value={person.role}
              disabled={change.isPending || self}
              title={person.roleBy === 'rule' ? 'Given by a rule of the sign-in provider' : undefined}
              onChange={(event) => change.mutate({ role: event.target.value as Role })}
            >
              {roles.map((role) => (
                <option key={role}>{role}</option>
              ))}
            </select>
          )}
        </td>
        <td>
          {groups.length === 0 ? (
            <span className="dim">–</span>
          ) : (
            <span className="row">
              {groups.map((group) => (
                <label key={group.id} className="check">
                  <input
                    type="checkbox"
                    checked={inGroups.includes(group.id)}
                    disabled={change.isPending}
                    onChange={() =>
                      change.mutate({
                        groups: inGroups.includes(group.id)
                          ? inGroups.filter((id) => id !== group.id)
                          : [...inGroups, group.id],
                      })
                    }
                  />
                  {group.name}
                </label>
              ))}
            </span>
          )}
        </td>
        <td className="dim">{person.signsInBy.join(', ') || 'needs a link'}</td>
        <td className="dim">
          <Time at={person.createdAt} show="ago" />
        </td>
        <td className="right">
          <span className="row" style={{ justifyContent: 'flex-end' }}>
            <button
              type="button"
              className="link-button"
              disabled={link.isPending}
              onClick={() => link.mutate()}
            >
              Password link
            </button>
            {!self && (
              <button
                type="button"
                className="link-button"
                disabled={change.isPending}
                onClick={() => change.mutate({ disabled: !person.disabledAt })}
              >
                {person.disabledAt ? 'Enable' : 'Disable'}
              </button>
            )}
          </span>
        </td>
      </tr>
      {(link.data || change.isError || link.isError) && (
        <tr>
          <td colSpan={6}>
            {change.isError && <Problem error={change.error} />}
            {link.isError && <Problem error={link.error} />}
            {link.data && <ShownOnce link={link.data} text={`Sets the password of ${person.name}, once.`} />}
          </td>
        </tr>
      )}
    </>
  )
}

/** A one-time link, shown once. */
function ShownOnce({ link, text }: { link: OneTimeLink; text: string }) {
  return (
    <div className="once" role="status">
      <b>Give this link to them now: it is not shown again.</b>
      <code className="block">{link.url}</code>
      <span className="row">
        <CopyButton text={link.url} label="Copy the link" />
        <span className="dim">
          {text} Expires <Time at={link.expiresAt} show="ago" />.
        </span>
      </span>
    </div>
  )
}

function Invite() {
  const [role, setRole] = useState<Role>('viewer')
  const [note, setNote] = useState('')
  const invite = useMutation({
    mutationFn: () => send<OneTimeLink>('POST', '/invitations', { role, note: note.trim() }),
  })
  return (
    <>
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          invite.mutate()
        }}
      >
        <label className="labelled">
          Invite as
          <select className="select" value={role} onChange={(event) => setRole(event.target.value as Role)}>
            {roles.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label className="labelled">
          For whom, for your memory
          <input
            className="field"
            maxLength={200}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        </label>
        <button type="submit" className="button main" disabled={invite.isPending}>
          Make a link
        </button>
      </form>
      {invite.isError && <Problem error={invite.error} />}
      {invite.data && <ShownOnce link={invite.data} text={`Makes one account as ${role}.`} />}
    </>
  )
}
