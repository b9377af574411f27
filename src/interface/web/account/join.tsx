import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { AccountForm } from './account-form.tsx'
import type { AccountInput } from './account-form.tsx'
import { useToken } from './one-time.ts'
import { Plain } from './sign-in.tsx'

const route = getRouteApi('/join')

/** A one-time link from an administrator: makes an account, or sets the password of one. */
export function JoinPage() {
  const token = useToken(route.useSearch().token)
  const client = useQueryClient()
  const [existing, setExisting] = useState(false)
  const join = useMutation({
    mutationFn: async (input: AccountInput) => {
      const body = existing ? { token, password: input.password } : { token, ...input }
      const person = await send<{ email: string | null }>('POST', '/join', body)
      const email = person.email ?? input.email
      if (email) await send('POST', '/api/auth/sign-in/email', { email, password: input.password })
    },
    onSuccess: () => {
      client.clear()
      location.assign('/')
    },
  })
  if (token === undefined) {
    return (
      <Plain title="Urania">
        <p>
          This address needs the one-time link that an administrator gave you, whole. Open it again from where
          you got it.
        </p>
      </Plain>
    )
  }
  return (
    <Plain title={existing ? 'Set a new password' : 'Join Urania'}>
      <AccountForm
        label={existing ? 'Set the password' : 'Make my account'}
        passwordOnly={existing}
        pending={join.isPending}
        error={join.error}
        submit={(input) => join.mutate(input)}
      />
      <button
        type="button"
        className="link-button"
        style={{ justifySelf: 'start' }}
        onClick={() => setExisting(!existing)}
      >
        {existing ? 'The link is for a new account' : 'I have an account; the link sets its password'}
      </button>
    </Plain>
  )
}
