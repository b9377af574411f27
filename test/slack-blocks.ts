type Block = Record<string, unknown>

/** What Slack's documentation forbids about these blocks, in words; empty for good ones. */
export function blockFaults(blocks: unknown): string[] {
  if (!Array.isArray(blocks)) return ['blocks are no list']
  if (blocks.length > 50) return [`${blocks.length} blocks, more than 50`]
  return blocks.flatMap((block: Block, i) => faultsOf(block).map((fault) => `block ${i}: ${fault}`))
}

function faultsOf(block: Block): string[] {
  const faults: string[] = []
  const blockId = block['block_id']
  if (typeof blockId === 'string' && blockId.length > 255) faults.push('block_id too long')
  switch (block['type']) {
    case 'header':
      return [...faults, ...textFaults(block['text'], 'plain_text', 150)]
    case 'divider':
      return faults
    case 'section': {
      if (block['text'] === undefined && block['fields'] === undefined) faults.push('neither text nor fields')
      if (block['text'] !== undefined) faults.push(...textFaults(block['text'], 'mrkdwn', 3000))
      const fields = (block['fields'] ?? []) as unknown[]
      if (fields.length > 10 || (block['fields'] !== undefined && fields.length === 0))
        faults.push(`${fields.length} fields`)
      return [...faults, ...fields.flatMap((field) => textFaults(field, 'mrkdwn', 2000))]
    }
    case 'context': {
      const elements = (block['elements'] ?? []) as Block[]
      if (elements.length === 0 || elements.length > 10) faults.push(`${elements.length} context elements`)
      return [...faults, ...elements.flatMap((element) => textFaults(element, 'mrkdwn', 2000))]
    }
    case 'actions': {
      const elements = (block['elements'] ?? []) as Block[]
      if (elements.length === 0 || elements.length > 25) faults.push(`${elements.length} action elements`)
      const ids = elements.map((element) => element['action_id'])
      if (new Set(ids).size !== ids.length) faults.push('an action_id twice in one block')
      return [...faults, ...elements.flatMap(buttonFaults)]
    }
    default:
      return [...faults, `unknown type ${JSON.stringify(block['type'])}`]
  }
}

function buttonFaults(button: Block): string[] {
  const faults = textFaults(button['text'], 'plain_text', 75)
  const { action_id: id, url, value, style } = button
  if (button['type'] !== 'button') faults.push('no button')
  if (typeof id !== 'string' || id.length === 0 || id.length > 255) faults.push('action_id of a wrong length')
  if (url !== undefined && (typeof url !== 'string' || url.length > 3000 || !/^https?:\/\//.test(url)))
    faults.push('bad url')
  if (value !== undefined && (typeof value !== 'string' || value.length > 2000)) faults.push('value too long')
  if (style !== undefined && style !== 'primary' && style !== 'danger') faults.push('unknown style')
  return faults
}

function textFaults(text: unknown, type: string, longest: number): string[] {
  const { type: given, text: content } = (text ?? {}) as Block
  if (given !== type) return [`text is ${JSON.stringify(given)}, not ${type}`]
  if (typeof content !== 'string' || content.length === 0) return ['empty text']
  const faults: string[] = []
  if (content.length > longest) faults.push(`text of ${content.length} characters, more than ${longest}`)
  if (!content.isWellFormed()) faults.push('half a character')
  if (type === 'mrkdwn') {
    if (/[<>]/.test(content)) faults.push('< or > that is not escaped')
    if (/&(?!(?:amp|lt|gt);)/.test(content)) faults.push('& that is not escaped')
  }
  return faults
}
