import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '#problem.ts'
import type { Command } from '#platform/terminal/command.ts'
import { dateFlag, numberFlag, textFlag } from '#platform/terminal/flags.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { distanceText, figure, rate } from './changes.ts'
import type { EventSummary } from './event.ts'
import { aliasesOfEvents, listEvents } from './event-store.ts'
import { EventKind, eventKinds } from './notice.ts'
import { localizationProduct } from './products.ts'
import { localizationRow, readEvent } from './queries.ts'
import { eventSummary } from './view.ts'

export const eventList: Command = {
  words: ['events', 'list'],
  usage: '',
  summary: 'Events, the last heard of first',
  examples: ['urania events list', 'urania events list --kind gw --since 2024-11-01 --json'],
  options: {
    kind: { type: 'string', doc: 'gw, grb, xray, gamma, neutrino, frb, optical' },
    since: { type: 'string', doc: 'Heard of since this UTC date or time' },
    until: { type: 'string', doc: 'Heard of before it' },
    q: { type: 'string', doc: 'Part of a name' },
    test: { type: 'boolean', doc: 'With tests and mocks' },
    limit: { type: 'string', doc: 'At most so many (default 50)' },
  },
  async run({ flags, out, document, platform: open }) {
    const platform = await open()
    const kind = flags['kind'] === undefined ? undefined : EventKind.safeParse(flags['kind'])
    if (kind?.success === false)
      throw new Problem(
        'command.usage',
        `There is no kind ${String(flags['kind'])}; kinds are ${eventKinds.join(', ')}.`,
      )
    const rows = await listEvents(platform.db, {
      kinds: kind && [kind.data],
      since: dateFlag(flags, 'since'),
      until: dateFlag(flags, 'until'),
      q: textFlag(flags, 'q'),
      test: flags['test'] ? 'all' : 'false',
      limit: numberFlag(flags, 'limit') ?? 50,
    })
    const names = await aliasesOfEvents(
      platform.db,
      rows.map((row) => row.id),
    )
    const items = rows.map((row) => eventSummary(row, names))
    document({ items, next: null }, () => {
      for (const line of table(
        ['name', 'kind', 'time (UTC)', 'notices', 'A90 (deg²)', 'distance', 'score', ''],
        items.map(rowOf),
      ))
        out(line)
    })
  },
}

function rowOf(e: EventSummary): (string | number | null)[] {
  const { area90Deg2, distanceMeanMpc, distanceStdMpc } = e.place
  return [
    e.role === 'observation' ? e.name : `${e.name} (${e.role})`,
    e.kind,
    e.eventTime,
    e.noticeCount,
    area90Deg2 === null ? null : figure(area90Deg2),
    distanceMeanMpc === null ? null : distanceText(distanceMeanMpc, distanceStdMpc),
    e.verdict?.score ?? null,
    e.status === 'retracted' ? 'RETRACTED' : (e.verdict?.decision ?? ''),
  ]
}

export const eventShow: Command = {
  words: ['events', 'show'],
  usage: 'EVENT',
  summary: 'One event by id or name: notices with their differences, place, assessment',
  examples: ['urania events show S241102br', 'urania events show "GRB 230410A" --json'],
  async run({ args, out, document, platform: open }) {
    const name = args.join(' ')
    if (name === '') throw new Problem('command.usage', 'Name an event, by id or by any of its names.')
    const platform = await open()
    const { detail } = await readEvent(platform, localOperator, name)
    document(detail, () => {
      const { place, verdict } = detail
      out(`${detail.name}  ${detail.kind}  ${detail.role}  ${detail.status}`)
      out(`names     ${detail.aliases.join(', ')}`)
      out(`time      ${detail.eventTime ?? 'not given'}`)
      if (detail.farHz !== null) out(`FAR       ${rate(detail.farHz)} (${detail.farHz} Hz)`)
      for (const [group, p] of Object.entries(detail.classification))
        out(`P(${group})`.padEnd(16) + `${(100 * p).toFixed(2)} %`)
      if (place.ra !== null && place.dec !== null)
        out(`position  RA ${place.ra.toFixed(4)}  Dec ${place.dec.toFixed(4)} deg (${place.state})`)
      if (place.area90Deg2 !== null)
        out(`area      50 % ${figure(place.area50Deg2!)}  90 % ${figure(place.area90Deg2)} deg²`)
      if (place.distanceMeanMpc !== null)
        out(`distance  ${distanceText(place.distanceMeanMpc, place.distanceStdMpc)}`)
      if (verdict)
        out(
          `verdict   ${verdict.decision}, score ${verdict.score} (${verdict.rules} ${verdict.version}): ${verdict.reason}`,
        )
      out()
      for (const notice of detail.notices) {
        out(`${notice.createdAt ?? notice.receivedAt}  ${notice.title}`)
        for (const change of notice.changes) out(`    ${change.text}`)
      }
    })
  },
}

export const eventExport: Command = {
  words: ['events', 'export'],
  usage: 'EVENT',
  summary: 'Write an event into a folder: JSON, notices as they came, sky map, MOC, contours',
  examples: ['urania events export S241102br --to S241102br/'],
  options: { to: { type: 'string', doc: 'Folder (default: the name of the event)' } },
  async run({ args, flags, out, document, platform: open }) {
    const name = args.join(' ')
    if (name === '') throw new Problem('command.usage', 'Name an event, by id or by any of its names.')
    const platform = await open()
    const { detail } = await readEvent(platform, localOperator, name)
    const folder = textFlag(flags, 'to') ?? detail.name.replace(/[^\w.-]+/g, '_')
    await mkdir(join(folder, 'notices'), { recursive: true })
    const files: string[] = []
    const write = async (file: string, bytes: Uint8Array | string): Promise<void> => {
      await writeFile(join(folder, file), bytes)
      files.push(join(folder, file))
    }
    await write('event.json', `${JSON.stringify(detail, null, 2)}\n`)
    for (const [i, notice] of detail.notices.entries()) {
      const ending = notice.format === 'voevent' ? 'xml' : notice.format === 'igwn.avro' ? 'avro' : 'json'
      const number = String(i + 1).padStart(3, '0')
      await write(
        join('notices', `${number}-${notice.type ?? 'notice'}.${ending}`),
        await platform.storage.get(notice.sha256),
      )
    }
    const id = detail.place.localizationId
    if (id !== null) {
      const row = await localizationRow(platform, localOperator, id)
      const map = row.map_sha256
        ? await platform.storage.get(row.map_sha256)
        : await localizationProduct(platform, row, { product: 'fits' })
      await write(map[0] === 31 ? 'map.fits.gz' : 'map.fits', map)
      await write(
        'moc-0.9.fits',
        await localizationProduct(platform, row, { product: 'moc', level: 0.9, format: 'fits' }),
      )
      await write(
        'contours.geojson',
        await localizationProduct(platform, row, { product: 'contours', levels: [0.5, 0.9] }),
      )
    }
    document({ event: detail.id, name: detail.name, files }, () => files.forEach((file) => out(file)))
  },
}
