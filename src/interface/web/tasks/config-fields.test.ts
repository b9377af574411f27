import { describe, expect, it } from 'vitest'
import { configSchema, describeConfig } from '#observatory/tasks/config.ts'
import { changesOf, configText, fieldsOf, placeholderOf, readField, written } from './config-fields.ts'
import type { KeySchema } from './queries.ts'

const fields = fieldsOf(describeConfig(), configSchema() as KeySchema)
const field = (key: string) => fields.find((one) => one.key === key)!

describe('the form of a configuration', () => {
  it('has a fitting field for every key of the schema', () => {
    expect(fields.map(({ key }) => key)).toEqual(describeConfig().map(({ key }) => key))
    expect(
      [
        'sn',
        'use_color',
        'subtraction_method',
        'gain',
        'target',
        'stack_filenames',
        'hotpants_extra',
        'cat_name',
      ].map((key) => field(key).kind),
    ).toEqual(['number', 'flag', 'choice', 'number', 'lines', 'list', 'pairs', 'text'])
    expect(field('subtraction_method').choices).toContain('sfft')
    expect([field('gain').optional, field('sn').optional]).toEqual([true, false])
  })

  it('says what an empty field stands for', () => {
    expect(placeholderOf(field('sn'))).toBe('5')
    expect(placeholderOf(field('gain'))).toBe('auto: from the header, else 1')
    expect(placeholderOf(field('hotpants_extra'))).toBe('ko=0 bgo=0')
  })

  it('reads what was typed as the key has it', () => {
    expect(readField(field('sn'), ' 7.5 ')).toBe(7.5)
    expect(readField(field('cat_mag_upper'), '−1,5')).toBe(-1.5)
    expect(readField(field('sn'), 'many')).toBe('many')
    expect(readField(field('cat_limit'), 'none')).toBeNull()
    expect(readField(field('hotpants_extra'), 'ko=2 r=10')).toEqual({ ko: 2, r: 10 })
    expect(readField(field('target'), 'SN 2026abc\nx=1 y=2')).toBe('SN 2026abc\nx=1 y=2')
  })

  it('changes only what differs, and lets go of what is as usual again', () => {
    const config = { sn: 7, gain: 1.5 }
    expect(changesOf(fields, config, { sn: '7', gain: '', use_color: 'false', minarea: '5' })).toEqual({
      config: { use_color: false },
      reset: ['gain'],
    })
    expect(changesOf(fields, config, { sn: '5' })).toEqual({ config: {}, reset: ['sn'] })
    expect(written(field('sn'), config.sn)).toBe('7')
    expect(configText({ sn: 7, target: 'M 31' })).toBe('sn=7 target=M 31')
  })
})
