import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { send } from '#interface/web/api/client.ts'
import type { Setup as SetupInput } from '#observatory/people/person.ts'
import { AccountForm } from './account-form.tsx'
import { NoAccountYet, Plain } from './sign-in.tsx'
import { useToken } from './one-time.ts'

const route = getRouteApi('/setup')

/** The first administrator, made from the one-time link that the program printed. */
export function Setup() {
  const token = useToken(route.useSearch().token)
  const client = useQueryClient()
  const make = useMutation({
    mutationFn: async (input: Omit<SetupInput, 'token'>) => {
      await send('POST', '/setup', { token, ...input })
      await send('POST', '/api/auth/sign-in/email', { email: input.email, password: input.password })
    },
    onSuccess: () => {
      client.clear()
      location.assign('/')
    },
  })
  if (token === undefined) return <NoAccountYet />
  return (
    <Plain title="Make the first administrator">
      <p className="dim">
        This link works once. Whoever makes this account may do everything, and lets others in.
      </p>
      <AccountForm
        label="Make the account"
        pending={make.isPending}
        error={make.error}
        submit={(input) => make.mutate(input)}
      />
    </Plain>
  )
}
