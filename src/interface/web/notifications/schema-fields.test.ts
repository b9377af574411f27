import { expect, it } from 'vitest'
import { z } from 'zod'
import { channelKinds } from '#observatory/notifications/channels/registry.ts'
import { fieldsOf, settingsFrom, written } from './schema-fields.ts'

const schemaOf = (schema: z.ZodObject) =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>

it('draws fields of every kind of setting, required ones first', () => {
  const fields = fieldsOf(
    schemaOf(
      z.strictObject({
        port: z.int().default(587).describe('Of the server.'),
        people: z.array(z.string()).default([]),
        names: z.record(z.string(), z.string()).default({ A: 'b' }),
        loud: z.boolean().default(false),
        place: z.enum(['here', 'there']),
        signingSecret: z.string().optional(),
      }),
    ),
    ['signingSecret'],
  )
  expect(fields.map(({ name, type, preset }) => [name, type, preset])).toEqual([
    ['place', 'choice', ''],
    ['port', 'number', '587'],
    ['people', 'list', ''],
    ['names', 'pairs', 'A = b'],
    ['loud', 'flag', 'false'],
    ['signingSecret', 'text', ''],
  ])
  expect(fields.at(-1)).toMatchObject({ label: 'Signing secret', secret: true, required: false })
  expect(
    settingsFrom(fields, {
      place: 'here',
      port: '25',
      people: 'a@x, b@x\nc@x',
      names: 'A=b=c',
      loud: 'true',
    }),
  ).toEqual({ place: 'here', port: 25, people: ['a@x', 'b@x', 'c@x'], names: { A: 'b=c' }, loud: true })
  expect(settingsFrom(fields, { port: 'many' })).toEqual({ port: 'many', loud: false })
})

it.each(channelKinds.map((kind) => [kind.key, kind] as const))(
  'settings of %s come back from their form as they were',
  (_key, kind) => {
    const fields = fieldsOf(schemaOf(kind.settings), kind.secret)
    const texts = Object.fromEntries(fields.map((field) => [field.name, field.preset]))
    const settings = settingsFrom(fields, texts)
    const again = settingsFrom(
      fields,
      Object.fromEntries(fields.map((field) => [field.name, written(field.type, settings[field.name])])),
    )
    expect(again).toEqual(settings)
    expect(fields.every((field) => field.description !== '')).toBe(true)
  },
)
