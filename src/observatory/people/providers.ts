import type { GenericOAuthConfig } from 'better-auth/plugins/generic-oauth'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import type { Net } from '#platform/net/net.ts'
import type { Platform } from '#platform/platform.ts'
import { noEmail } from './person-store.ts'
import type { Claims } from './rules.ts'
import { githubSection, oidcSection, orcidSection, peopleSection } from './sections.ts'

/** A way to sign in elsewhere: name for the page, and what better-auth needs. */
export interface Provider {
  id: string
  name: string
  config: GenericOAuthConfig
  /** Finds out what has to be known before better-auth looks at the configuration. */
  prepare(): Promise<void>
}

type ProfileSink = (claims: Claims) => void
type Tokens = { accessToken?: string; idToken?: string }
type Client = { id: string; secret: string }

/** The configured providers. `onClaims` is told what a provider says before better-auth acts on it. */
export function configuredProviders(
  { config, net, log }: Pick<Platform, 'config' | 'log' | 'net'>,
  onClaims: ProfileSink,
): Provider[] {
  const providers: Provider[] = []
  const github = config.section(githubSection)
  if (github.clientId && github.clientSecret) {
    const wantsTeams = config
      .section(peopleSection)
      .rules.some((rule) => rule.provider === 'github' && rule.claim === 'teams')
    providers.push(
      githubProvider(net, github, { id: github.clientId, secret: github.clientSecret }, wantsTeams, onClaims),
    )
  }
  const orcid = config.section(orcidSection)
  if (orcid.clientId && orcid.clientSecret) {
    const client = { id: orcid.clientId, secret: orcid.clientSecret }
    providers.push(oidcProvider(net, 'orcid', 'ORCID', orcid.issuer, client, ['openid'], onClaims))
  }
  const oidc = config.section(oidcSection)
  if (oidc.issuer && oidc.clientId && oidc.clientSecret) {
    const client = { id: oidc.clientId, secret: oidc.clientSecret }
    providers.push(oidcProvider(net, 'oidc', oidc.name, oidc.issuer, client, [...oidc.scopes], onClaims))
  }
  return providers.map((provider) => withFailuresLogged(provider, log))
}

/** Without a profile better-auth sends the browser back to the sign-in page with `error=user_info_is_missing`. */
function withFailuresLogged(provider: Provider, log: Platform['log']): Provider {
  const { getUserInfo } = provider.config
  provider.config.getUserInfo = async (tokens) => {
    try {
      return (await getUserInfo?.(tokens)) ?? null
    } catch (error) {
      log.warn({ err: error, provider: provider.id }, 'a sign-in provider gave no usable profile')
      return null
    }
  }
  return provider
}

const TokenAnswer = z.looseObject({ access_token: z.string(), id_token: z.string().optional() })

/** Redeems the code (RFC 6749 §4.1.3, RFC 7636); the tokens are used once and not kept. */
async function redeem(
  net: Net,
  tokenUrl: string,
  client: Client,
  exchange: { code: string; redirectURI: string; codeVerifier?: string },
): Promise<Tokens> {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: exchange.code,
    redirect_uri: exchange.redirectURI,
    client_id: client.id,
    client_secret: client.secret,
  })
  if (exchange.codeVerifier) form.set('code_verifier', exchange.codeVerifier)
  const answer = await net.fetch(tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
    timeoutMs: 15_000,
    maxBytes: 1 << 20,
  })
  const parsed = TokenAnswer.safeParse(answer.status < 300 ? answer.json() : undefined)
  if (!parsed.success) throw refused(new URL(tokenUrl).host, 'did not redeem the sign-in code')
  return { accessToken: parsed.data.access_token, idToken: parsed.data.id_token }
}

async function getJson(net: Net, url: string, accessToken?: string): Promise<unknown> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (accessToken) headers['authorization'] = `Bearer ${accessToken}`
  const answer = await net.fetch(url, { headers, timeoutMs: 15_000, maxBytes: 1 << 20 })
  if (answer.status >= 300)
    throw refused(new URL(url).host, `answered ${answer.status} at ${new URL(url).pathname}`)
  return answer.json()
}

function refused(host: string, what: string): Problem {
  return new Problem(
    'access.forbidden',
    `The sign-in provider ${host} ${what}; try again, or ask your administrator.`,
  )
}

const GithubUser = z.looseObject({ id: z.number(), login: z.string(), name: z.string().nullish() })
const GithubEmails = z.array(
  z.looseObject({ email: z.string(), primary: z.boolean(), verified: z.boolean() }),
)
const GithubTeams = z.array(
  z.looseObject({ slug: z.string(), organization: z.looseObject({ login: z.string() }) }),
)

function githubProvider(
  net: Net,
  urls: { url: string; apiUrl: string },
  client: Client,
  wantsTeams: boolean,
  onClaims: ProfileSink,
): Provider {
  const api = urls.apiUrl.replace(/\/$/, '')
  const login = `${urls.url.replace(/\/$/, '')}/login/oauth`
  return {
    id: 'github',
    name: 'GitHub',
    prepare: async () => {},
    config: {
      providerId: 'github',
      authorizationUrl: `${login}/authorize`,
      tokenUrl: `${login}/access_token`,
      clientId: client.id,
      clientSecret: client.secret,
      scopes: ['read:user', 'user:email', ...(wantsTeams ? ['read:org'] : [])],
      pkce: true,
      getToken: (exchange) => redeem(net, `${login}/access_token`, client, exchange),
      async getUserInfo({ accessToken }) {
        const user = GithubUser.parse(await getJson(net, `${api}/user`, accessToken))
        const emails = GithubEmails.parse(await getJson(net, `${api}/user/emails`, accessToken))
        const teams = wantsTeams
          ? GithubTeams.parse(await getJson(net, `${api}/user/teams?per_page=100`, accessToken))
          : []
        const email = emails.find((candidate) => candidate.primary && candidate.verified)
        const subject = String(user.id)
        onClaims({
          provider: 'github',
          subject,
          values: {
            login: user.login,
            teams: teams.map((team) => `${team.organization.login}/${team.slug}`),
          },
        })
        return {
          id: subject,
          name: user.name || user.login,
          email: email?.email ?? `${subject}@github${noEmail}`,
          emailVerified: email !== undefined,
        }
      },
    },
  }
}

/** For how long what an issuer says about itself is believed. */
const discoveryMs = 3_600_000

const Discovery = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  userinfo_endpoint: z.url(),
})
const UserInfo = z.looseObject({
  sub: z.string().min(1),
  name: z.string().nullish(),
  given_name: z.string().nullish(),
  family_name: z.string().nullish(),
  preferred_username: z.string().nullish(),
  email: z.string().nullish(),
  email_verified: z.union([z.boolean(), z.string()]).nullish(),
})
const IdToken = z.looseObject({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
})

function oidcProvider(
  net: Net,
  id: string,
  name: string,
  issuer: string,
  client: Client,
  scopes: string[],
  onClaims: ProfileSink,
): Provider {
  const discoveryUrl = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  let known: { found: z.output<typeof Discovery>; at: number } | undefined
  const discover = async () => {
    if (known && Date.now() - known.at < discoveryMs) return known.found
    const found = Discovery.parse(await getJson(net, discoveryUrl))
    if (found.issuer.replace(/\/$/, '') !== issuer.replace(/\/$/, '')) {
      throw refused(new URL(issuer).host, `calls itself ${found.issuer}, which is not the issuer configured`)
    }
    known = { found, at: Date.now() }
    return found
  }
  return {
    id,
    name,
    async prepare() {
      await discover()
    },
    config: {
      providerId: id,
      // Read at each request, after `prepare`.
      get authorizationUrl() {
        return known?.found.authorization_endpoint
      },
      get tokenUrl() {
        return known?.found.token_endpoint
      },
      get issuer() {
        return known?.found.issuer
      },
      clientId: client.id,
      clientSecret: client.secret,
      scopes,
      pkce: true,
      async getToken(exchange) {
        return redeem(net, (await discover()).token_endpoint, client, exchange)
      },
      async getUserInfo({ accessToken, idToken }) {
        const { userinfo_endpoint: url, issuer: announced } = await discover()
        const proven = checkIdToken(idToken, announced, client.id)
        const user = UserInfo.parse(await getJson(net, url, accessToken))
        // OpenID Connect Core §5.3.2: else one person's token could carry another's profile.
        if (user.sub !== proven.sub) throw refused(new URL(url).host, 'named two different people')
        onClaims({ provider: id, subject: user.sub, values: { ...proven, ...user } })
        const spelled = [user.given_name, user.family_name].filter(Boolean).join(' ')
        return {
          id: user.sub,
          name: user.name || spelled || user.preferred_username || user.sub,
          email: user.email ?? `${user.sub.replace(/[^\w.-]/g, '_')}@${id}${noEmail}`,
          emailVerified: Boolean(user.email) && String(user.email_verified) === 'true',
        }
      },
    },
  }
}

/**
 * Claims of an ID token that came straight from the token endpoint over TLS, where OpenID Connect Core §3.1.3.7 (6)
 * lets the signature go unchecked: issuer, audience and time are checked.
 */
export function checkIdToken(
  idToken: string | undefined,
  issuer: string,
  clientId: string,
  now = Date.now(),
): z.output<typeof IdToken> {
  const host = new URL(issuer).host
  let claims: z.output<typeof IdToken>
  try {
    const part = (idToken ?? '').split('.')[1]
    claims = IdToken.parse(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))
  } catch {
    throw refused(host, 'sent no readable ID token')
  }
  const audience = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  if (claims.iss !== issuer) throw refused(host, `sent an ID token of ${claims.iss}`)
  if (!audience.includes(clientId)) throw refused(host, 'sent an ID token made for another program')
  if (claims.exp * 1000 < now - 60_000) throw refused(host, 'sent an ID token that has expired')
  return claims
}
