import { createHash } from 'node:crypto'
import { problemMeanings, type ProblemStatus } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'

/** Version of the interface, not of the program: additions do not change it. */
const version = '1.0'

/** The OpenAPI 3.1 document of everything mounted on the router. */
export function openApiDocument(app: Router) {
  const { openAPIRegistry: registry } = app
  const known = new Set(
    registry.definitions.flatMap((definition) =>
      definition.type === 'component' && definition.componentType === 'securitySchemes'
        ? [definition.name]
        : [],
    ),
  )
  if (!known.has('token')) {
    registry.registerComponent('securitySchemes', 'token', {
      type: 'http',
      scheme: 'bearer',
      description: 'A personal token, ura_…, made under Settings or with "urania tokens create".',
    })
    registry.registerComponent('securitySchemes', 'basic', {
      type: 'http',
      scheme: 'basic',
      description: 'For programs that know nothing else: the token as user or as password.',
    })
    registry.registerComponent('securitySchemes', 'session', {
      type: 'apiKey',
      in: 'cookie',
      name: 'urania.session_token',
      description: 'The session of the page.',
    })
  }
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Urania',
      version,
      description:
        'Lists are `{ items, next }` with `?cursor=&limit=` and a `Link` header. Errors are problem documents (RFC 9457) with a stable `code`. Times are ISO 8601 in UTC with `Z`; angles are ICRS degrees.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { basic: [] }, { session: [] }],
  })
  for (const operations of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(operations as Record<string, Operation>)) addCommon(operation)
  }
  nameTuples(document)
  return document
}

/** JSON Schema 2020-12, which OpenAPI 3.1 is, has the places of a tuple in `prefixItems`; a list in `items` is of old. */
function nameTuples(part: unknown): void {
  if (typeof part !== 'object' || part === null) return
  const schema = part as { type?: unknown; items?: unknown; prefixItems?: unknown }
  if (schema.type === 'array' && Array.isArray(schema.items)) {
    schema.prefixItems = schema.items
    delete schema.items
  }
  for (const value of Object.values(part)) nameTuples(value)
}

interface Operation {
  requestBody?: unknown
  responses: Record<string, { content?: Record<string, unknown> } | undefined>
}

/** What the gates in front of every route may answer, which no route says itself. */
function addCommon({ requestBody, responses }: Operation): void {
  const like = responses['422'] ?? responses['401']
  if (!like) return
  const statuses = requestBody === undefined ? ['400', '429'] : ['400', '413', '415', '429']
  for (const status of statuses) {
    responses[status] ??= {
      ...like,
      description: problemMeanings[Number(status) as ProblemStatus],
    } as typeof like
  }
}

/** The document as JSON text with its entity tag, made at the first call. */
export function openApiText(app: Router): () => { text: string; etag: string } {
  let made: { text: string; etag: string } | undefined
  return () => {
    if (!made) {
      const text = JSON.stringify(openApiDocument(app))
      made = { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"` }
    }
    return made
  }
}

/** Path of a route as a pattern that matches addresses of it. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`)
}

/** Methods under which an address is answered, in the order of the document; none where there is nothing. */
export function methodsAt(app: Router, path: string): string[] {
  const methods = app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === 'route' && patternOf(definition.route.path).test(path)
      ? [definition.route.method.toUpperCase()]
      : [],
  )
  return [...new Set(methods.flatMap((m) => (m === 'GET' ? ['GET', 'HEAD'] : [m])))]
}

/** Whether a route says in the document that it needs no sign-in (`security: []`). */
export function openRoutes(app: Router): (method: string, path: string) => boolean {
  const open = app.openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== 'route' || definition.route.security?.length !== 0) return []
    return [{ method: definition.route.method.toUpperCase(), pattern: patternOf(definition.route.path) }]
  })
  return (method, path) =>
    open.some(
      (route) =>
        (route.method === method || (method === 'HEAD' && route.method === 'GET')) &&
        route.pattern.test(path),
    )
}
