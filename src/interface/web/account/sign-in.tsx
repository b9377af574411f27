import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { ReactNode } from 'react'
import { ApiProblem, send } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import './account.css'

const route = getRouteApi('/sign-in')

/** Name at the top, one form in the middle. */
export function Plain({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Urania`
  }, [title])
  return (
    <main className="plain">
      <div className="plain-inner">
        <h1 className="plain-name">
          <img src="/icon.svg" alt="" width="28" height="28" />
          <span>{title}</span>
        </h1>
        {children}
      </div>
    </main>
  )
}

/** Only addresses of this very page are gone to after signing in. */
function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : '/'
}

/** Sign-in by password and by whatever else is configured. */
export function SignIn() {
  const { next } = route.useSearch()
  const client = useQueryClient()
  const me = useQuery(meOptions)
  const needsSetup = me.error instanceof ApiProblem && me.error.code === 'access.setup_needed'
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [second, setSecond] = useState(false)
  const enter = () => {
    client.clear()
    location.assign(safeNext(next))
  }
  const signIn = useMutation({
    mutationFn: () =>
      send<{ twoFactorRedirect?: boolean }>('POST', '/api/auth/sign-in/email', { email, password }),
    onSuccess: (answer) => (answer.twoFactorRedirect ? setSecond(true) : enter()),
  })
  const verify = useMutation({
    mutationFn: () => send('POST', '/api/auth/two-factor/verify-totp', { code: code.trim() }),
    onSuccess: enter,
  })
  const elsewhere = useMutation({
    mutationFn: (providerId: string) =>
      send<{ url?: string }>('POST', '/api/auth/sign-in/oauth2', { providerId, callbackURL: safeNext(next) }),
    onSuccess: (answer) => {
      if (answer.url) location.assign(answer.url)
    },
  })
  const methods = me.data?.signIn

  if (me.data?.person) {
    return (
      <Plain title="Urania">
        <p>
          You are signed in as <b>{me.data.person.name}</b>.
        </p>
        <p>
          <a href={safeNext(next)}>Go on</a> · <Link to="/settings">Settings</Link>
        </p>
      </Plain>
    )
  }
  if (needsSetup) return <NoAccountYet />
  if (second) {
    return (
      <Plain title="Second step">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            verify.mutate()
          }}
        >
          <label className="labelled">
            Code of your authenticator
            <input
              className="field tall"
              inputMode="numeric"
              autoComplete="one-time-code"
              autoFocus
              required
              value={code}
              onChange={(event) => setCode(event.target.value)}
            />
          </label>
          {verify.isError && <Problem error={verify.error} />}
          <button type="submit" className="button main tall" disabled={verify.isPending}>
            Go on
          </button>
        </form>
      </Plain>
    )
  }
  return (
    <Plain title="Sign in to Urania">
      {me.isError && <Problem error={me.error} retry={() => void me.refetch()} />}
      {me.isPending && <Skeleton height={150} />}
      {methods?.password !== false && !me.isPending && (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            signIn.mutate()
          }}
        >
          <label className="labelled">
            E-mail
            <input
              className="field tall"
              type="email"
              autoComplete="username"
              autoFocus
              required
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          </label>
          <label className="labelled">
            Password
            <input
              className="field tall"
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          </label>
          {signIn.isError && <Problem error={signIn.error} />}
          <button type="submit" className="button main tall" disabled={signIn.isPending}>
            {signIn.isPending ? 'Signing in…' : 'Sign in'}
          </button>
        </form>
      )}
      {methods && methods.providers.length > 0 && (
        <div className="stack" style={{ gap: 8 }}>
          {methods.password && <span className="dim">or by</span>}
          {methods.providers.map((provider) => (
            <button
              key={provider.id}
              type="button"
              className="button tall"
              disabled={elsewhere.isPending}
              onClick={() => elsewhere.mutate(provider.id)}
            >
              {provider.name}
            </button>
          ))}
          {elsewhere.isError && <Problem error={elsewhere.error} />}
        </div>
      )}
      <p className="dim">No account? An administrator of this installation gives you a link.</p>
    </Plain>
  )
}

/** The very first visit, before anyone has an account. */
export function NoAccountYet() {
  return (
    <Plain title="Urania">
      <p>
        <b>No account exists yet.</b>
      </p>
      <p className="dim">
        When it started, the program printed a one-time link that makes the first administrator. Open that
        link here, or print a new one on its machine:
      </p>
      <code className="block">urania people link</code>
    </Plain>
  )
}
