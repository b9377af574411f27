import type { Actor } from './actor.ts'

/** What this room adds to every request. */
declare module '#platform/http/router.ts' {
  interface RequestVariables {
    /** Who asks. */
    actor: Actor
    /** The session by which a person asks; null for tokens and strangers. */
    sessionId: string | null
  }
}
