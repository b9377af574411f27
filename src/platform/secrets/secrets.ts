/** AES-256-GCM with a key outside the database (`$URANIA_HOME/secret.key`, 0600, or `URANIA_SECRET_KEY`). */
export interface Secrets {
  /** Text → `v1.<nonce>.<cipher+tag>`; `context` (what it belongs to) is authenticated, so a value can't be moved. */
  seal(text: string, context: string): string
  open(sealed: string, context: string): string
  /** A key derived for one purpose (sessions, link signatures), base64url. */
  derive(purpose: string): string
}
