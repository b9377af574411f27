import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { dataFile } from '#test/data.ts'
import { parseNotice } from './registry.ts'

/** Examples of the unified schema: each fits its schema, maps to our notice, and loses no field. */
const folder = dataFile('gw', 'gcn-schema')
const files = folder
  ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
  : []
const read = (name: string) =>
  JSON.parse(readFileSync(join(folder!, name), 'utf8')) as Record<string, unknown>
const address = 'https://gcn.nasa.gov/schema/main/gcn/'

describe.skipIf(!folder)('unified schema (needs shared test data)', () => {
  const ajv = new Ajv2020.default({ strict: false, validateFormats: false })
  addFormats.default(ajv)
  for (const name of files.filter((f) => f.endsWith('.schema.json')))
    ajv.addSchema(read(name), `${address}${name}`)

  it.each(files.filter((f) => f.endsWith('.example.json')))('%s', (name) => {
    const example = read(name)
    const schema = (example['$schema'] as string) ?? ''
    const validate = ajv.getSchema(schema)
    if (validate) {
      void validate(example)
      expect(validate.errors ?? []).toEqual([])
    }
    const notice = parseNotice(new TextEncoder().encode(JSON.stringify(example)))
    expect(notice.format).toBe(name.startsWith('circulars') ? 'gcn.circular' : 'gcn.unified')
    if (typeof example['ra'] === 'number')
      expect(notice.position).toMatchObject({ ra: example['ra'], dec: example['dec'] })
    if (typeof example['far'] === 'number') expect(notice.farHz).toBe(example['far'])
    if (example['classification']) expect(notice.classification).toEqual(example['classification'])
  })
})
