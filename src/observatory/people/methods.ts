import type { Platform } from '#platform/platform.ts'
import type { SignInMethods } from './person.ts'
import { githubSection, oidcSection, orcidSection } from './sections.ts'

/** How one may sign in here, by what is configured. */
export function signInMethods({ config }: Pick<Platform, 'config'>): SignInMethods {
  const providers: SignInMethods['providers'] = []
  const github = config.section(githubSection)
  const orcid = config.section(orcidSection)
  const oidc = config.section(oidcSection)
  if (github.clientId && github.clientSecret) providers.push({ id: 'github', name: 'GitHub' })
  if (orcid.clientId && orcid.clientSecret) providers.push({ id: 'orcid', name: 'ORCID' })
  if (oidc.issuer && oidc.clientId && oidc.clientSecret) providers.push({ id: 'oidc', name: oidc.name })
  return { password: true, providers }
}
