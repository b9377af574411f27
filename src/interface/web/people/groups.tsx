import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { groupsOptions } from '#interface/web/api/queries.ts'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'

/** Groups: rows of data belong to them, people are in them. */
export function Groups() {
  const list = useInfiniteQuery(groupsOptions())
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const refresh = () => client.invalidateQueries({ queryKey: ['groups'] })
  const make = useMutation({
    mutationFn: () => send('POST', '/groups', { name: name.trim(), description: description.trim() }),
    onSuccess: async () => {
      setName('')
      setDescription('')
      await refresh()
    },
  })
  const remove = useMutation({
    mutationFn: (id: string) => send('DELETE', `/groups/${id}`),
    onSuccess: refresh,
  })
  const groups = list.data?.pages.flatMap((page) => page.items) ?? []
  if (list.isError) return <Problem error={list.error} retry={() => void list.refetch()} what="the groups" />
  return (
    <>
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          make.mutate()
        }}
      >
        <label className="labelled">
          Name
          <input
            className="field"
            required
            maxLength={80}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label className="labelled">
          What it is for
          <input
            className="field"
            maxLength={500}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </label>
        <button type="submit" className="button main" disabled={make.isPending || name.trim() === ''}>
          Make a group
        </button>
      </form>
      {make.isError && <Problem error={make.error} />}
      {remove.isError && <Problem error={remove.error} />}
      {list.isPending ? (
        <Loading lines={3} />
      ) : groups.length === 0 ? (
        <p className="dim">No groups yet. Everybody signed in is in “everyone” without being asked.</p>
      ) : (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">Group</th>
              <th scope="col">For</th>
              <th scope="col" className="right">
                Members
              </th>
              <th scope="col">
                <span className="visually-hidden">Acts</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <tr key={group.id}>
                <td>{group.name}</td>
                <td className="dim">{group.description}</td>
                <td className="right">{group.members}</td>
                <td className="right">
                  <button
                    type="button"
                    className="link-button"
                    disabled={remove.isPending}
                    onClick={() => remove.mutate(group.id)}
                  >
                    Remove
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}
