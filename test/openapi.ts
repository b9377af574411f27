import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { openApiDocument } from '#interface/api/openapi.ts'
import type { Router } from '#platform/http/router.ts'

type Request = Router['request']

/**
 * `app.request` which also holds every answer under `/api/v1` against the OpenAPI document: the route, its status and
 * the body have to be in it. Use it instead of `app.request` in the tests of a room's routes.
 */
export function documentedRequest(app: Router): Request {
  const document = openApiDocument(app)
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema(document, 'urania')
  const routes = Object.keys(document.paths ?? {})
    // A fixed word goes before a parameter: /events/search before /events/{id}.
    .toSorted((a, b) => a.split('{').length - b.split('{').length)
    .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`) }))

  return async (...args) => {
    const [input, init] = args
    const response = await app.request(...args)
    const url = new URL(input instanceof Request ? input.url : String(input), 'http://localhost')
    if (!url.pathname.startsWith('/api/v1/') || url.pathname.endsWith('/openapi.json')) return response
    const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toLowerCase()
    const route = routes.find(({ pattern }) => pattern.test(url.pathname))
    if (!route) {
      if (response.status < 400) throw new Error(`${url.pathname} is not in the OpenAPI document`)
      return response
    }
    check(ajv, route.path, method === 'head' ? 'get' : method, response, await bodyOf(response))
    return response
  }

  function check(validator: Ajv2020, path: string, method: string, response: Response, body: unknown): void {
    const at = `${method.toUpperCase()} ${path} → ${response.status}`
    const operation = (document.paths?.[path] as Record<string, Operation | undefined> | undefined)?.[method]
    // What every route may answer: 304, a body that can't be read, something broken.
    if (!operation || [304, 400, 413, 415, 500].includes(response.status)) return
    const documented = operation.responses[response.status]
    if (!documented)
      throw new Error(
        `${at} is not documented; the document has ${Object.keys(operation.responses).join(', ')}`,
      )
    const type = response.headers.get('content-type')?.split(';')[0] ?? ''
    if (response.status === 204 || !documented.content) return
    if (!documented.content[type]) {
      throw new Error(`${at} came as "${type}"; documented are ${Object.keys(documented.content).join(', ')}`)
    }
    if (!type.endsWith('json')) return
    const steps = ['paths', path, method, 'responses', String(response.status), 'content', type, 'schema']
    const pointer = steps
      .map((step) => encodeURIComponent(step.replace(/~/g, '~0').replace(/\//g, '~1')))
      .join('/')
    const validate = validator.compile({ $ref: `urania#/${pointer}` })
    if (!validate(body)) {
      throw new Error(
        `${at} does not fit its schema: ${validator.errorsText(validate.errors)}\n${JSON.stringify(body)}`,
      )
    }
  }
}

interface Operation {
  responses: Record<string, { content?: Record<string, unknown> } | undefined>
}

async function bodyOf(response: Response): Promise<unknown> {
  if (!response.headers.get('content-type')?.includes('json')) return undefined
  const copy = response.clone()
  if (response.headers.get('content-encoding') !== 'gzip') return copy.json()
  return new Response(copy.body?.pipeThrough(new DecompressionStream('gzip'))).json()
}
