import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '#problem.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { dateFlag, numberFlag, textFlag } from '#platform/terminal/flags.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { acknowledgeThread } from './acknowledge.ts'
import { threadOfValue } from './acknowledgement.ts'
import { changeChannel, createChannel, readChannels, removeChannel, testChannel } from './channel-service.ts'
import { deliveryStates } from './delivery.ts'
import { readDeliveries, retryDelivery, shownDelivery } from './delivery-service.ts'
import { deliveriesById } from './delivery-store.ts'
import type { Kinds, Needs } from './kinds.ts'
import { replayNotifications } from './replay.ts'
import { exportRules, importRules, readNotificationRules, removeRule } from './rule-service.ts'
import { importCalendar, readShifts, readTurns } from './shift-service.ts'

/** `urania notify …` as the operator at the machine. */
export function notificationCommands(kinds: Kinds): Command[] {
  const open = async (invocation: Invocation): Promise<Needs> => ({ ...(await invocation.platform()), kinds })

  const test: Command = {
    words: ['notify', 'test'],
    usage: 'CHANNEL [ADDRESS…]',
    summary: 'Put a test message on a channel and say what came of it',
    examples: ['urania notify test slack', 'urania notify test mail ada@example.org'],
    async run(invocation) {
      const [name, ...to] = invocation.args
      if (name === undefined)
        throw new Problem('command.usage', 'Name a channel: "urania notify channels" lists them.')
      const result = await testChannel(await open(invocation), localOperator, name, to, invocation.signal)
      invocation.document(result, () => {
        if (result.delivered)
          invocation.out(`${name}: ${result.receipt} (${result.seconds} s) ${result.url ?? ''}`.trim())
        else invocation.out(`${name}: ${result.problem?.message}`)
      })
      return result.delivered ? 0 : 1
    },
  }

  const channels: Command = {
    words: ['notify', 'channels'],
    usage: '[add NAME KIND | set NAME | on NAME | off NAME | remove NAME]',
    summary: 'List, set up, switch and remove channels; settings as JSON on standard input or in a file',
    examples: [
      'urania notify channels',
      'urania notify channels add slack slack --settings slack.json',
      'urania notify channels off slack',
    ],
    options: { settings: { type: 'string', doc: 'JSON file of settings; - for standard input' } },
    async run(invocation) {
      const [what, name, key] = invocation.args
      const needs = await open(invocation)
      if (what !== undefined) {
        if (name === undefined)
          throw new Problem('command.usage', `Name the channel: notify channels ${what} NAME.`)
        if (what === 'add') {
          if (key === undefined)
            throw new Problem('command.usage', `Name a kind: ${[...kinds.keys()].join(', ')}.`)
          const settings = await settingsOf(invocation)
          await createChannel(needs, localOperator, {
            name,
            kind: key,
            settings: settings ?? {},
            enabled: true,
          })
        } else if (what === 'set') {
          const settings = await settingsOf(invocation)
          if (!settings)
            throw new Problem('command.usage', 'Give the settings: --settings FILE, or - for standard input.')
          await changeChannel(needs, localOperator, name, { settings })
        } else if (what === 'on' || what === 'off')
          await changeChannel(needs, localOperator, name, { enabled: what === 'on' })
        else if (what === 'remove') await removeChannel(needs, localOperator, name)
        else
          throw new Problem(
            'command.usage',
            `There is no "notify channels ${what}"; there are add, set, on, off, remove.`,
          )
      }
      const items = await readChannels(needs, localOperator)
      invocation.document({ items, next: null }, () => {
        for (const line of table(
          ['channel', 'kind', 'state', 'last sent', ''],
          items.map((each) => [
            each.name,
            each.kind,
            each.state,
            each.lastSentAt ?? '',
            each.failingWhy ?? '',
          ]),
        ))
          invocation.out(line)
      })
    },
  }

  const rules: Command = {
    words: ['notify', 'rules'],
    usage: '[import FILE | export | remove NAME]',
    summary: 'List rules, take those of a TOML file, write them as one',
    examples: ['urania notify rules import rules.toml', 'urania notify rules export > rules.toml'],
    async run(invocation) {
      const [what, name] = invocation.args
      const needs = await open(invocation)
      if (what === 'export') {
        invocation.out((await exportRules(needs, localOperator)).trimEnd())
        return
      }
      if (what !== undefined && name === undefined)
        throw new Problem('command.usage', 'Say "notify rules import FILE" or "notify rules remove NAME".')
      if (what === 'import') {
        const saved = await importRules(needs, localOperator, await textOf(name!), basename(name!))
        invocation.note(`${saved.length} ${saved.length === 1 ? 'rule' : 'rules'} taken.`)
      } else if (what === 'remove') await removeRule(needs, localOperator, name!)
      else if (what !== undefined)
        throw new Problem(
          'command.usage',
          `There is no "notify rules ${what}"; there are import, export, remove.`,
        )
      const items = await readNotificationRules(needs, localOperator)
      invocation.document({ items, next: null }, () => {
        for (const line of table(
          ['rule', 'on', 'kinds', 'to', 'through', ''],
          items.map((each) => [
            each.name,
            each.enabled ? 'yes' : 'no',
            each.kinds.join(' '),
            each.to.join(', '),
            each.through.join(', '),
            each.problem ?? '',
          ]),
        ))
          invocation.out(line)
      })
    },
  }

  const replay: Command = {
    words: ['notify', 'replay'],
    usage: '[RULE…]',
    summary: 'What rules would have sent over past bulletins; nothing is sent',
    examples: ['urania notify replay --since 2026-10-01', 'urania notify replay gw-to-slack --json'],
    options: {
      since: { type: 'string', doc: 'UTC date or time; default: 30 days ago' },
      until: { type: 'string', doc: 'UTC date or time; default: now' },
    },
    async run(invocation) {
      const { args, flags, out, document, signal } = invocation
      const request = { rules: args, since: dateFlag(flags, 'since'), until: dateFlag(flags, 'until') }
      const report = await replayNotifications(await open(invocation), localOperator, request, signal)
      document(report, () => {
        out(`${report.bulletins} bulletins from ${report.since} to ${report.until}`)
        for (const line of table(
          ['rule', 'bulletins', 'messages', 'per week', 'busiest hour'],
          report.byRule.map((each) => [
            each.rule,
            each.bulletins,
            each.messages,
            each.perWeek,
            each.busiestHour,
          ]),
        ))
          out(line)
        if (report.messages.length > 0) out()
        for (const each of report.messages.slice(-40))
          out(`${each.at.slice(0, 19)}Z  ${each.channels.join(', ')}  ${each.thread}: ${each.headline}`)
      })
    },
  }

  const deliveries: Command = {
    words: ['notify', 'deliveries'],
    usage: '[retry ID…]',
    summary: 'The delivery log, and dead letters once more',
    examples: ['urania notify deliveries --state dead', 'urania notify deliveries retry 42'],
    options: {
      state: { type: 'string', doc: deliveryStates.join(', ') },
      channel: { type: 'string', doc: 'Of one channel' },
      limit: { type: 'string', doc: 'Lines, default 50' },
    },
    async run(invocation) {
      const { args, flags, out, document } = invocation
      const needs = await open(invocation)
      if (args[0] === 'retry') {
        for (const id of args.slice(1)) await retryDelivery(needs, localOperator, id)
        await until(invocation.signal, async () =>
          (await deliveriesById(needs.db, args.slice(1))).every(
            ({ state, attempts }) => state !== 'sending' && (state !== 'waiting' || attempts > 0),
          ),
        )
      } else if (args.length > 0)
        throw new Problem('command.usage', `There is no "notify deliveries ${args[0]}"; there is retry ID.`)
      const wanted = textFlag(flags, 'state')
      const state = deliveryStates.find((each) => each === wanted)
      if (wanted !== undefined && state === undefined)
        throw new Problem('command.usage', `--state is one of ${deliveryStates.join(', ')}, not "${wanted}".`)
      const rows = await readDeliveries(needs, localOperator, {
        state,
        channel: textFlag(flags, 'channel'),
        limit: Math.min(numberFlag(flags, 'limit') ?? 50, 1_000),
      })
      const items = rows.map(shownDelivery)
      document({ items, next: null }, () => {
        for (const line of table(
          ['id', 'state', 'channel', 'to', 'thread', 'headline', ''],
          items.map((each) => [
            each.id,
            each.state,
            each.channel,
            each.target.name ?? each.target.kind,
            each.thread.name,
            each.headline,
            each.problem?.message ?? each.receipt ?? '',
          ]),
        ))
          out(line)
      })
    },
  }

  const shifts: Command = {
    words: ['notify', 'shifts'],
    usage: '[now | import FILE]',
    summary: 'Shifts, who is on now, and those of an iCalendar file',
    examples: ['urania notify shifts now', 'urania notify shifts import watch.ics --calendar "Night watch"'],
    options: { calendar: { type: 'string', doc: 'Name under which the calendar is imported again' } },
    async run(invocation) {
      const { args, flags, out, note, document } = invocation
      const needs = await open(invocation)
      const [what, file] = args
      if (what === 'now') {
        const now = new Date()
        const items = await readTurns(needs, localOperator, now, new Date(now.getTime() + 1))
        document({ items, next: null }, () => {
          if (items.length === 0) out('Nobody is on shift.')
          for (const each of items)
            out(`${each.people.map(({ name }) => name).join(', ') || '?'}: ${each.title}, until ${each.end}`)
        })
        return
      }
      if (what === 'import') {
        if (file === undefined)
          throw new Problem('command.usage', 'Name the file: notify shifts import FILE.')
        const report = await importCalendar(
          needs,
          localOperator,
          await textOf(file),
          textFlag(flags, 'calendar'),
        )
        document(report, () => {
          out(
            `${report.shifts} shifts of ${report.people} people in "${report.calendar}"; ${report.replaced} replaced`,
          )
          for (const { address, shifts: count } of report.unmatched)
            note(`${address} belongs to nobody here (${count} shifts).`)
          for (const { line, title, reason } of report.refused)
            note(`${file}:${line}: "${title}" is left out: ${reason}`)
        })
        return
      }
      if (what !== undefined)
        throw new Problem('command.usage', `There is no "notify shifts ${what}"; there are now, import FILE.`)
      const items = await readShifts(needs, localOperator)
      document({ items, next: null }, () => {
        for (const line of table(
          ['shift', 'people', 'next', 'hours', 'recurrence'],
          items.map((each) => [
            each.title,
            [...each.people.map(({ name }) => name), ...each.unmatched].join(', '),
            each.nextStart ?? '',
            Number((each.minutes / 60).toFixed(2)),
            each.recurrence ?? '',
          ]),
        ))
          out(line)
      })
    },
  }

  const ack: Command = {
    words: ['notify', 'ack'],
    usage: 'SUBJECT',
    summary: 'Acknowledge what people were told of: reminders and escalations stop',
    examples: ['urania notify ack event:0b6c…'],
    async run(invocation) {
      const thread = threadOfValue(invocation.args[0] ?? '')
      if (!thread) throw new Problem('command.usage', 'Name the subject as kind:id, as in event:<id>.')
      const done = await acknowledgeThread(await open(invocation), localOperator, thread, 'cli')
      invocation.document(done, () => {
        invocation.out(`${done.thread.name} is acknowledged by ${done.by.name} since ${done.at}.`)
      })
    },
  }
  return [test, channels, rules, replay, deliveries, shifts, ack]
}

/** Asks until it is so, for at most a minute: a channel that hangs is not waited for. */
async function until(signal: AbortSignal, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await isSo()) && performance.now() < deadline) await sleep(100, undefined, { signal })
}

async function settingsOf(invocation: Invocation): Promise<Record<string, unknown> | undefined> {
  const file = textFlag(invocation.flags, 'settings')
  if (file === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(await textOf(file))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    // The parser's own sentence would print what stands there, which may be a secret.
    throw new Problem(
      'command.usage',
      `The settings in ${file === '-' ? 'standard input' : file} are no JSON.`,
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new Problem('command.usage', 'Settings are one JSON object.')
}

async function textOf(file: string): Promise<string> {
  if (file === '-') {
    let text = ''
    process.stdin.setEncoding('utf8')
    for await (const chunk of process.stdin) text += String(chunk)
    return text
  }
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new Problem('command.usage', `There is no file ${file} that can be read.`, { file }, error)
  }
}
