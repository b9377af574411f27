import { canonicalName } from '#observatory/alerts/aliases.ts'
import { blankNotice, type Format } from './format.ts'
import { gwRole } from './igwn.ts'
import { isRecord, stringOf, trimmed } from './text.ts'

/** Messages that are recognised, kept, and make no event: they are other systems talking to themselves. */

/** GraceDB's own messages (LVAlert: new superevent, new external trigger, label, log) and its superevent records. */
export const gracedbInternal: Format = {
  key: 'gracedb.internal',
  title: 'Message internal to GraceDB',
  sniff: (_message, json) =>
    json !== null &&
    (('uid' in json && 'alert_type' in json && 'object' in json) ||
      ('superevent_id' in json && 'preferred_event' in json) ||
      ('graceid' in json && 'gpstime' in json)),
  parse(_message, json) {
    const id =
      stringOf(json!['uid']) ?? stringOf(json!['superevent_id']) ?? stringOf(json!['graceid']) ?? 'unnamed'
    const notice = blankNotice('gracedb.internal', 'GraceDB', `GraceDB message about ${id}`)
    notice.makes = 'nothing'
    notice.type = 'other'
    notice.kind = /^E\d/.test(id) ? 'grb' : 'gw'
    notice.role = gwRole(id)
    notice.names = [{ name: canonicalName(id).name, source: 'GraceDB', key: false }]
    notice.unknownFields = trimmed(json) as Record<string, unknown>
    return notice
  },
}

/** `gcn.heartbeat`: one a second, only to show that the stream lives. */
export const heartbeat: Format = {
  key: 'gcn.heartbeat',
  title: 'Heartbeat of GCN',
  sniff: ({ topic }, json) =>
    json !== null && (topic === 'gcn.heartbeat' || /heartbeat\.schema/.test(stringOf(json['$schema']) ?? '')),
  parse(_message, json) {
    const notice = blankNotice('gcn.heartbeat', 'GCN', 'Heartbeat')
    notice.makes = 'nothing'
    notice.type = 'other'
    notice.unknownFields = trimmed(json) as Record<string, unknown>
    return notice
  },
}

/** A JSON Schema sent by mistake in place of a notice, as in a folder that holds both. */
export const schemaDocument: Format = {
  key: 'json.schema',
  title: 'JSON Schema document',
  sniff: (_message, json) =>
    json !== null &&
    /json-schema\.org/.test(stringOf(json['$schema']) ?? '') &&
    (isRecord(json['properties']) || '$id' in json),
  parse(_message, json) {
    const notice = blankNotice('json.schema', 'GCN', `JSON Schema ${stringOf(json!['title']) ?? ''}`.trim())
    notice.makes = 'nothing'
    notice.type = 'other'
    return notice
  },
}
