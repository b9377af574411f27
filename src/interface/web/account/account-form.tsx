import { useState } from 'react'
import { Problem } from '#interface/web/pieces/problem.tsx'

export interface AccountInput {
  name: string
  email: string
  password: string
}

/** Name, e-mail, password; the shortest password is said before it is refused. */
export function AccountForm(props: {
  label: string
  pending: boolean
  error: unknown
  submit: (input: AccountInput) => void
  passwordOnly?: boolean
}) {
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        props.submit({ name: name.trim(), email: email.trim(), password })
      }}
    >
      {!props.passwordOnly && (
        <>
          <label className="labelled">
            Name
            <input
              className="field tall"
              autoComplete="name"
              autoFocus
              required
              maxLength={120}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </label>
          <label className="labelled">
            E-mail
            <input
              className="field tall"
              type="email"
              autoComplete="username"
              required
              maxLength={254}
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          </label>
        </>
      )}
      <label className="labelled">
        Password, at least 10 characters
        <input
          className="field tall"
          type="password"
          autoComplete="new-password"
          required
          minLength={10}
          maxLength={256}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </label>
      {props.error !== null && props.error !== undefined && <Problem error={props.error} />}
      <button type="submit" className="button main tall" disabled={props.pending}>
        {props.pending ? 'One moment…' : props.label}
      </button>
    </form>
  )
}
