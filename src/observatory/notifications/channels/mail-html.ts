import type { ChannelMessage } from '#observatory/notifications/channel.ts'
import { headlineOf, oneLine, shownTime } from './wording.ts'

/** A picture inside a mail. */
export interface InlinePicture {
  cid: string
  name: string
}

/** The message as HTML that mail readers show alike: tables, styles on the elements, no scripts, nothing fetched. */
export function mailHtml(message: ChannelMessage, pictures: readonly InlinePicture[]): string {
  const facts = message.facts.map(
    ({ label, value }) =>
      `<tr><td style="padding:2px 16px 2px 0;color:#555;vertical-align:top">${escapeHtml(oneLine(label))}</td><td style="padding:2px 0">${lines(value)}</td></tr>`,
  )
  const links = message.links
    .filter(({ url }) => ['http:', 'https:'].includes(URL.parse(url)?.protocol ?? ''))
    .map(({ label, url }) => `<a href="${escapeHtml(url)}">${escapeHtml(oneLine(label))}</a>`)
  const images = pictures.map(
    ({ cid, name }) =>
      `<p><img src="cid:${escapeHtml(cid)}" alt="${escapeHtml(name)}" style="max-width:100%"></p>`,
  )
  const parts = [
    `<h2 style="font-size:18px;margin:0 0 12px">${escapeHtml(headlineOf(message))}</h2>`,
    message.text === '' ? '' : `<p>${lines(message.text)}</p>`,
    facts.length > 0
      ? `<table style="border-collapse:collapse;font-size:14px">${facts.join('')}</table>`
      : '',
    links.length > 0 ? `<p>${links.join(' · ')}</p>` : '',
    ...images,
    `<p style="color:#777;font-size:12px">${escapeHtml(oneLine(message.thread.name))} · ${shownTime(message.at)}</p>`,
  ]
  return `<!doctype html><html><head><meta charset="utf-8"></head><body style="font-family:sans-serif;font-size:14px">${parts.filter((part) => part !== '').join('\n')}</body></html>`
}

function lines(text: string): string {
  return escapeHtml(text).replace(/\r\n?|\n/g, '<br>')
}

function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
