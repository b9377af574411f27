import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, it } from 'vitest'
import { testApi } from '#test/api.ts'
import { rooms } from '#interface/rooms.ts'
import { createApi } from './app.ts'
import { openApiDocument } from './openapi.ts'

const others = rooms.filter((room) => room.name !== 'people')
const { app, platform } = await testApi({ rooms: others })
const document = openApiDocument(app)

interface Operation {
  summary?: string
  tags?: string[]
  security?: unknown[]
  parameters?: { name: string; in: string }[]
  responses: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>
}
const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
  Object.entries(methods as Record<string, Operation>).map(
    ([method, operation]) => [`${method.toUpperCase()} ${path}`, path, operation] as const,
  ),
)

it.each(operations)('%s says what it is, what it wants and what goes wrong', (_, path, operation) => {
  expect(path).toMatch(/^\/api\/v1\//)
  expect(operation.summary).toBeTruthy()
  expect(operation.tags).toHaveLength(1)
  const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
  const described = (operation.parameters ?? []).filter((one) => one.in === 'path').map((one) => one.name)
  expect(described.toSorted()).toEqual(named.toSorted())
  expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true)
  if (path.endsWith('/openapi.json')) return
  for (const status of ['400', '401', '403', '429']) {
    expect(Object.keys(operation.responses[status]?.content ?? {})).toEqual(['application/problem+json'])
  }
})

it('every schema of the document compiles, and every reference leads somewhere', () => {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  ajv.addSchema(document, 'urania')
  for (const name of Object.keys(document.components?.schemas ?? {})) {
    expect(() => ajv.compile({ $ref: `urania#/components/schemas/${name}` })).not.toThrow()
  }
  for (const [text] of JSON.stringify(document).matchAll(/"\$ref":"#[^"]+"/g)) {
    const name = /\/components\/schemas\/([^"]+)"/.exec(text)?.[1] ?? ''
    expect(Object.keys(document.components?.schemas ?? {})).toContain(name)
  }
})

it('tuples are written as JSON Schema 2020-12 has them', () => {
  const text = JSON.stringify(document)
  expect(text).toContain('"prefixItems":[{"type":"number"},{"type":"number"}]')
  expect(text).not.toMatch(/"type":"array","items":\[/)
})

it('every list has a cursor and a limit, and gives items and next', () => {
  const lists = operations.filter(([, , operation]) =>
    (operation.parameters ?? []).some((one) => one.in === 'query' && one.name === 'cursor'),
  )
  expect(lists.length).toBeGreaterThan(4)
  for (const [name, , operation] of lists) {
    expect([name, (operation.parameters ?? []).map((one) => one.name).includes('limit')]).toEqual([
      name,
      true,
    ])
    const schema = operation.responses['200']?.content?.['application/json']?.schema as {
      $ref?: string
      required?: string[]
    }
    // Rows of a table come with their columns as well.
    const named = document.components?.schemas?.[schema.$ref?.split('/').at(-1) ?? ''] as
      typeof schema | undefined
    expect([name, (named ?? schema).required]).toEqual([name, expect.arrayContaining(['items', 'next'])])
  }
})

it('readiness tells which part does not answer, and nothing about why', async () => {
  expect(await (await app.request('/health/ready')).json()).toMatchObject({ status: 'ready' })
  const broken = {
    ...platform,
    storage: {
      ...platform.storage,
      size: async () => {
        throw new Error('disk /secret is gone')
      },
    },
  }
  const response = await createApi(broken, rooms).request('/health/ready')
  expect(response.status).toBe(503)
  const text = await response.text()
  expect(JSON.parse(text)).toMatchObject({
    status: 'not ready',
    checks: { database: { ok: true }, storage: { ok: false }, queue: { ok: true } },
  })
  expect(text).not.toContain('secret')
})
