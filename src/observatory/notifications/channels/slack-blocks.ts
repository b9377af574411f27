import type { Button, KnownBlock } from '@slack/web-api'
import type { ChannelMessage } from '#observatory/notifications/channel.ts'
import { cut, headlineOf, oneLine, shownTime } from './wording.ts'

// https://docs.slack.dev/reference/block-kit/blocks: what is longer is refused, so it is cut here.
const longest = {
  header: 150,
  section: 3_000,
  field: 2_000,
  fieldsPerSection: 10,
  button: 75,
  buttonsPerRow: 25,
  url: 3_000,
  value: 2_000,
  actionId: 255,
}
/** Of the 50 blocks; the rest are header, context, divider and the rows of buttons. */
const mostText = 8
const mostFacts = 30 * longest.fieldsPerSection

/** Marks a button that opens an address; Slack reports a click on it too, and nothing is to be done. */
const linkMark = 'link#'

/** `&`, `<` and `>` are the only signs that Slack reads in text (mentions, links); unasked-for mentions stay text. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** The line that notifications of the operating system show, and readers without blocks. */
export function fallbackText(message: ChannelMessage): string {
  return cut(escapeSlack([headlineOf(message), oneLine(message.text)].filter(Boolean).join(' — ')), 3_000)
}

/** The message as blocks, within all limits; what does not fit is cut and said to be. */
export function slackBlocks(message: ChannelMessage): KnownBlock[] {
  const { actions, links } = message
  return [
    {
      type: 'header',
      text: {
        type: 'plain_text',
        text: cut(headlineOf(message) || message.thread.name, longest.header),
        emoji: true,
      },
    },
    ...textBlocks(message.text),
    ...factBlocks(message.facts),
    ...rows(actions.map((action, i) => actionButton(action, i, actions))),
    ...rows(links.filter(({ url }) => isWebAddress(url)).map(linkButton)),
    {
      type: 'context',
      elements: [
        {
          type: 'mrkdwn',
          text: cut(escapeSlack(`${oneLine(message.thread.name)} · ${shownTime(message.at)}`), longest.field),
        },
      ],
    },
    { type: 'divider' },
  ]
}

/** The action's name from a button's id; null for a button that only opened an address. */
export function actionOf(actionId: string): string | null {
  return actionId.startsWith(linkMark) ? null : actionId.replace(/#\d+$/, '')
}

function textBlocks(text: string): KnownBlock[] {
  const parts = splitText(text.trim(), longest.section - 1)
  const kept = parts.slice(0, mostText)
  if (parts.length > kept.length) kept[mostText - 1] += '…'
  return kept.map((part) => ({ type: 'section', text: { type: 'mrkdwn', text: part } }))
}

/** Escaped pieces of at most `length`, cut at line ends or spaces where there are some. */
function splitText(text: string, length: number): string[] {
  const pieces: string[] = []
  let piece = ''
  for (const word of text.toWellFormed().split(/(?<=\s)/u)) {
    // A word longer than a block is taken apart by code points, so that no entity is cut.
    for (const part of escapeSlack(word).length > length ? Array.from(word) : [word]) {
      const escaped = escapeSlack(part)
      if (piece.length + escaped.length > length) {
        pieces.push(piece)
        piece = ''
      }
      piece += escaped
    }
  }
  return [...pieces, piece].filter((each) => each.trim() !== '')
}

function factBlocks(facts: ChannelMessage['facts']): KnownBlock[] {
  const shown = facts.length > mostFacts ? facts.slice(0, mostFacts - 1) : facts
  const fields = shown.map(({ label, value }) => {
    const [head = ''] = splitText(oneLine(label), 200)
    const [body = ''] = splitText(value, longest.field - head.length - 10)
    return { type: 'mrkdwn' as const, text: `*${head}*\n${body || '–'}` }
  })
  if (shown.length < facts.length)
    fields.push({ type: 'mrkdwn', text: `… and ${facts.length - shown.length} more` })
  const blocks: KnownBlock[] = []
  for (let i = 0; i < fields.length; i += longest.fieldsPerSection)
    blocks.push({ type: 'section', fields: fields.slice(i, i + longest.fieldsPerSection) })
  return blocks
}

function actionButton(
  { action, label, value, primary }: ChannelMessage['actions'][number],
  i: number,
  all: ChannelMessage['actions'],
): Button {
  const again = all.findIndex((other) => other.action === action) < i
  return {
    type: 'button',
    text: buttonText(label),
    // Ids are unique within a row; two buttons may well do the same thing with different values.
    action_id: cut(again ? `${action}#${i}` : action, longest.actionId),
    value: value.slice(0, longest.value),
    ...(primary ? { style: 'primary' as const } : {}),
  }
}

function linkButton({ label, url }: ChannelMessage['links'][number], i: number): Button {
  return { type: 'button', text: buttonText(label), action_id: `${linkMark}${i}`, url }
}

function buttonText(label: string) {
  return { type: 'plain_text' as const, text: cut(oneLine(label) || '…', longest.button), emoji: true }
}

function rows(buttons: Button[]): KnownBlock[] {
  // Two rows of each kind are more than anyone reads.
  const blocks: KnownBlock[] = []
  for (let i = 0; i < Math.min(buttons.length, 2 * longest.buttonsPerRow); i += longest.buttonsPerRow)
    blocks.push({ type: 'actions', elements: buttons.slice(i, i + longest.buttonsPerRow) })
  return blocks
}

function isWebAddress(url: string): boolean {
  return url.length <= longest.url && ['http:', 'https:'].includes(URL.parse(url)?.protocol ?? '')
}
