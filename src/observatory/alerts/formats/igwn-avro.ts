import { Problem } from '#problem.ts'
import { isAvroContainer, readAvroContainer, readAvroMessage } from './avro.ts'
import type { Format, Message } from './format.ts'
import { igwnNotice, isIgwn } from './igwn.ts'

/** The Avro form of LVK alerts (SCiMMA Hopskotch): a container with its schema, or one message of the schema below. */

const map = (values: string) => ({ type: 'map', values })

/** Alert schema 1.0 of the LVK user guide, for messages that come without their schema. */
export const igwnSchema = {
  type: 'record',
  name: 'igwn.alerts.v1_0.Alert',
  fields: [
    {
      name: 'alert_type',
      type: {
        type: 'enum',
        name: 'igwn.alerts.v1_0.AlertType',
        symbols: ['EARLYWARNING', 'PRELIMINARY', 'INITIAL', 'UPDATE', 'RETRACTION'],
      },
    },
    { name: 'time_created', type: 'string' },
    { name: 'superevent_id', type: 'string' },
    {
      name: 'event',
      type: [
        'null',
        {
          type: 'record',
          name: 'igwn.alerts.v1_0.EventInfo',
          fields: [
            { name: 'time', type: 'string' },
            { name: 'far', type: 'double' },
            { name: 'significant', type: 'boolean' },
            { name: 'instruments', type: { type: 'array', items: 'string' } },
            { name: 'group', type: 'string' },
            { name: 'pipeline', type: 'string' },
            { name: 'search', type: 'string' },
            { name: 'classification', type: map('double') },
            { name: 'properties', type: map('double') },
            { name: 'duration', type: ['null', 'double'] },
            { name: 'central_frequency', type: ['null', 'double'] },
            { name: 'skymap', type: ['null', 'bytes'] },
          ],
        },
      ],
    },
    {
      name: 'external_coinc',
      type: [
        'null',
        {
          type: 'record',
          name: 'igwn.alerts.v1_0.ExternalCoincInfo',
          fields: [
            { name: 'gcn_notice_id', type: 'int' },
            { name: 'ivorn', type: 'string' },
            { name: 'observatory', type: 'string' },
            { name: 'search', type: 'string' },
            { name: 'time_difference', type: 'double' },
            { name: 'time_coincidence_far', type: ['null', 'double'] },
            { name: 'time_sky_position_coincidence_far', type: ['null', 'double'] },
            { name: 'combined_skymap', type: ['null', 'bytes'] },
          ],
        },
      ],
    },
    { name: 'urls', type: map('string') },
  ],
}

export const igwnAvro: Format = {
  key: 'igwn.avro',
  title: 'LVK alert (IGWN Avro)',
  sniff: ({ bytes }) => isAvroContainer(bytes) || looksSingle(bytes),
  parse(message) {
    const record = recordOf(message)
    if (!record || !isIgwn(record)) {
      throw new Problem(
        'notice.unreadable',
        'The Avro message holds no LVK alert (no superevent_id with alert_type).',
      )
    }
    return igwnNotice('igwn.avro', record)
  },
}

function looksSingle(bytes: Uint8Array): boolean {
  if (bytes[0] === 0xc3 && bytes[1] === 0x01) return true
  // Registry header and bare messages begin with the enum of the alert type, then the length of an ISO time.
  const at = bytes[0] === 0 && bytes[1] === 0 ? 5 : 0
  return (
    bytes[at]! <= 8 &&
    bytes[at + 1]! >= 38 &&
    bytes[at + 1]! <= 60 &&
    bytes[at + 2] === 0x32 &&
    bytes[at + 3] === 0x30
  )
}

function recordOf({ bytes }: Message): Record<string, unknown> | undefined {
  if (!isAvroContainer(bytes)) return readAvroMessage(bytes, igwnSchema)
  const records = readAvroContainer(bytes)
  if (records.length > 1) {
    throw new Problem(
      'notice.unreadable',
      'The Avro file holds more than one alert; send one message per alert.',
    )
  }
  return records[0]
}
