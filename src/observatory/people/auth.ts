import { AsyncLocalStorage } from 'node:async_hooks'
import { betterAuth } from 'better-auth'
import type { BetterAuthOptions } from 'better-auth'
import { APIError, createAuthEndpoint, createAuthMiddleware } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import { genericOAuth } from 'better-auth/plugins/generic-oauth'
import { twoFactor } from 'better-auth/plugins/two-factor'
import { z } from 'zod'
import type { Platform } from '#platform/platform.ts'
import { httpSection } from '#platform/http/section.ts'
import { audit } from './audit.ts'
import { anonymous } from './actor.ts'
import { findPerson, standingOf, updatePerson } from './person-store.ts'
import { configuredProviders } from './providers.ts'
import { grantedBy } from './rules.ts'
import type { Claims } from './rules.ts'
import { applyGrant } from './grant.ts'
import { peopleSection } from './sections.ts'

/** Sessions and ways to sign in, by better-auth on our own tables. */
export interface Auth {
  /**
   * Answers `/api/auth/*`. The URL of the request carries the origin that the client sees; `providerId` names the
   * sign-in provider that it is about, whose own addresses are then looked up.
   */
  handle(request: Request, about: { address: string | null; providerId?: string }): Promise<Response>
  /** Whose session the cookies carry, and cookies to send back when it was prolonged. */
  sessionOf(headers: Headers): Promise<{ userId: string; sessionId: string; setCookies: string[] } | null>
  /** Cookies of a new session, without any proof: for the demonstration alone. */
  startSession(userId: string, headers: Headers): Promise<string[]>
  readonly providers: readonly { id: string; name: string }[]
}

export type AuthPlatform = Pick<Platform, 'config' | 'db' | 'log' | 'net' | 'secrets'>

/** Header by which the address, found with the trusted proxies in mind, reaches better-auth. Never taken from outside. */
const addressHeader = 'x-urania-client-address'

/** Paths of better-auth for which Urania has its own way, or none. */
const disabledPaths = [
  '/error',
  '/ok',
  '/get-session',
  '/sign-up/email',
  '/delete-user',
  '/delete-user/callback',
  '/change-email',
  '/update-user',
  '/update-session',
  '/request-password-reset',
  '/reset-password',
  '/send-verification-email',
  '/verify-email',
  '/list-sessions',
  '/refresh-token',
  '/get-access-token',
  '/account-info',
  '/sign-in/social',
  '/link-social',
]

/** What happened at which path, for the audit log. */
const audited: Record<string, string> = {
  '/change-password': 'people.password_changed',
  '/set-password': 'people.password_changed',
  '/two-factor/enable': 'people.two_factor_prepared',
  '/two-factor/verify-totp': 'people.two_factor_used',
  '/two-factor/disable': 'people.two_factor_disabled',
  '/two-factor/generate-backup-codes': 'people.backup_codes_made',
  '/unlink-account': 'people.provider_unlinked',
  '/revoke-sessions': 'people.sessions_ended',
  '/revoke-other-sessions': 'people.sessions_ended',
  '/sign-out': 'people.signed_out',
}

/** What one request through `handle` learns on its way. */
interface Passage {
  claims: Claims | null
  address: string | null
}

/** @param secure cookies for https only, under a name of their own; for servers that are reached by https */
export function createAuth(platform: AuthPlatform, { secure }: { secure: boolean }): Auth {
  const passages = new AsyncLocalStorage<Passage>()
  const providers = configuredProviders(platform, (claims) => {
    const passage = passages.getStore()
    if (passage) passage.claims = claims
  })
  const auth = betterAuth({
    ...schemaOptions(platform),
    ...hooks(platform, passages),
    secret: platform.secrets.derive('sessions'),
    baseURL: platform.config.section(httpSection).publicUrl ?? undefined,
    basePath: '/api/auth',
    trustedOrigins: (request) => (request ? [new URL(request.url).origin] : []),
    telemetry: { enabled: false },
    logger: {
      level: 'error',
      log: (_level, message, ...rest) =>
        platform.log.warn({ detail: rest.map(plain) }, `sign-in: ${message}`),
    },
    // Ours counts before better-auth is asked, and announces itself.
    rateLimit: { enabled: false },
    disabledPaths,
    // What is no answer of its own is thrown, so that it is logged and told like everything else.
    onAPIError: { errorURL: '/sign-in', throw: true },
    plugins: [
      genericOAuth({ config: providers.map((provider) => provider.config) }),
      twoFactor({ issuer: 'Urania', schema: twoFactorSchema }),
      unproven,
    ],
    advanced: {
      cookiePrefix: 'urania',
      useSecureCookies: secure,
      // Otherwise it would be off wherever NODE_ENV is "test".
      disableOriginCheck: false,
      disableCSRFCheck: false,
      ipAddress: { ipAddressHeaders: [addressHeader] },
    },
  })

  return {
    async handle(request, { address, providerId }) {
      await providers.find((provider) => provider.id === providerId)?.prepare()
      const headers = new Headers(request.headers)
      headers.delete(addressHeader)
      if (address !== null) headers.set(addressHeader, address)
      const passage: Passage = { claims: null, address }
      return passages.run(passage, () => auth.handler(new Request(request, { headers })))
    },
    async sessionOf(headers) {
      const { response, headers: sent } = await auth.api.getSession({ headers, returnHeaders: true })
      if (!response) return null
      return {
        userId: response.user.id,
        sessionId: response.session.id,
        setCookies: sent.getSetCookie(),
      }
    },
    async startSession(userId, headers) {
      const { headers: sent } = await auth.api.startUnprovenSession({
        body: { userId },
        headers,
        returnHeaders: true,
      })
      return sent.getSetCookie()
    },
    providers: providers.map(({ id, name }) => ({ id, name })),
  }
}

/** Not reachable over HTTP: an endpoint without a path is for calls from our own code. */
const unproven = {
  id: 'urania-unproven',
  endpoints: {
    startUnprovenSession: createAuthEndpoint(
      { method: 'POST', body: z.object({ userId: z.string() }) },
      async (ctx) => {
        const user = await ctx.context.internalAdapter.findUserById(ctx.body.userId)
        const session = user && (await ctx.context.internalAdapter.createSession(user.id))
        if (!user || !session) throw new APIError('UNAUTHORIZED', { message: 'There is no such person.' })
        await setSessionCookie(ctx, { session, user })
        return ctx.json({ ok: true })
      },
    ),
  },
} satisfies NonNullable<BetterAuthOptions['plugins']>[number]

const times = { createdAt: 'created_at', updatedAt: 'updated_at' }

const twoFactorSchema = {
  user: { fields: { twoFactorEnabled: 'two_factor_enabled' } },
  twoFactor: {
    modelName: 'person_two_factor',
    fields: {
      backupCodes: 'backup_codes',
      userId: 'user_id',
      failedVerificationCount: 'failed_verification_count',
      lockedUntil: 'locked_until',
    },
  },
} as const

/** Names of our tables and columns for what better-auth keeps; `getMigrations` of these finds nothing to do. */
export function schemaOptions({ db, config }: Pick<Platform, 'config' | 'db'>) {
  return {
    database: { db: db.withoutPlugins(), type: 'postgres', transaction: true },
    user: {
      modelName: 'person',
      fields: { emailVerified: 'email_verified', ...times },
      additionalFields: {
        role: { type: 'string', input: false, defaultValue: 'viewer' },
        roleBy: { type: 'string', input: false, defaultValue: 'person', fieldName: 'role_by' },
        disabledAt: { type: 'date', input: false, required: false, fieldName: 'disabled_at' },
        orcid: { type: 'string', input: false, required: false },
      },
    },
    session: {
      modelName: 'person_session',
      fields: {
        userId: 'user_id',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        ...times,
      },
      expiresIn: Math.round(config.section(peopleSection).sessionDays * 86_400),
      updateAge: 3600,
    },
    account: {
      modelName: 'person_account',
      fields: {
        accountId: 'account_id',
        providerId: 'provider_id',
        userId: 'user_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        ...times,
      },
      updateAccountOnSignIn: false,
      // Who is signed in may join a second identity whatever its address; strangers are joined by proven address only.
      accountLinking: { enabled: true, allowDifferentEmails: true },
    },
    verification: { modelName: 'person_verification', fields: { expiresAt: 'expires_at', ...times } },
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 10, maxPasswordLength: 256 },
    plugins: [twoFactor({ schema: twoFactorSchema })],
  } satisfies BetterAuthOptions
}

function hooks(platform: AuthPlatform, passages: AsyncLocalStorage<Passage>) {
  const { db, config } = platform
  const { rules } = config.section(peopleSection)
  const here = (userId: string | null, name: string) => ({
    ...anonymous(passages.getStore()?.address ?? null),
    kind: 'person' as const,
    userId,
    name,
  })
  return {
    databaseHooks: {
      user: {
        create: {
          // Only a sign-in provider comes here, and only for somebody it is the first time of.
          async before(user) {
            const claims = passages.getStore()?.claims
            const granted = claims ? grantedBy(rules, claims) : null
            if (!granted?.role) throw new APIError('FORBIDDEN', { message: 'no account' })
            return { data: { ...user, role: granted.role, roleBy: claims?.provider } }
          },
        },
      },
      account: {
        create: {
          // They have served: a copy of the database must not open somebody's GitHub.
          async before(account) {
            return { data: { ...account, accessToken: null, refreshToken: null, idToken: null } }
          },
          async after(account) {
            const { userId, providerId } = account
            if (providerId === 'orcid') await updatePerson(db, userId, { orcid: account.accountId })
            const person = await standingOf(db, userId)
            const subject = { kind: 'person', id: userId }
            const after = { provider: providerId }
            await audit(
              db,
              here(userId, person?.name ?? 'new person'),
              'people.provider_joined',
              subject,
              null,
              after,
            )
          },
        },
      },
      session: {
        create: {
          async before(session) {
            const person = await standingOf(db, session.userId)
            if (!person || person.disabled_at) {
              throw new APIError('FORBIDDEN', {
                message: 'This account is disabled; ask an administrator.',
                code: 'ACCOUNT_DISABLED',
              })
            }
          },
          async after(session) {
            const passage = passages.getStore()
            const claims = passage?.claims
            const person = await findPerson(db, session.userId)
            if (!person) return
            const actor = here(session.userId, person.name)
            await db.transaction().execute(async (tx) => {
              if (claims) await applyGrant(tx, actor, person.id, claims, grantedBy(rules, claims))
              await audit(tx, actor, 'people.signed_in', { kind: 'person', id: person.id }, null, {
                by: passage ? (claims?.provider ?? 'password') : 'demonstration',
                userAgent: session.userAgent ?? null,
              })
            })
          },
        },
      },
    },
    hooks: {
      after: createAuthMiddleware(async (ctx) => {
        const action = audited[ctx.path]
        const { returned } = ctx.context
        if (!action || returned instanceof Error) return
        const user = ctx.context.newSession?.user ?? ctx.context.session?.user
        if (!user) return
        await audit(db, here(user.id, user.name), action, { kind: 'person', id: user.id }, null, null)
      }),
    },
  } satisfies Pick<BetterAuthOptions, 'databaseHooks' | 'hooks'>
}

function plain(value: unknown): unknown {
  return value instanceof Error ? { name: value.name, message: value.message } : String(value)
}
