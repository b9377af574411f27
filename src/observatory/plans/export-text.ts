import { footprintOutlines, footprintRanges } from '#science/planning/footprint.ts'
import { mocFromRanges, type Moc } from '#science/sky/moc.ts'
import { unionOf } from '#science/sky/ranges.ts'
import { footprintRadiusDeg } from '#science/planning/footprint.ts'
import type { PlanDocument, PlannedField, PlannedTelescope } from './document.ts'
import { fieldsOf } from './document.ts'
import { figure, listed, percent } from './figures.ts'
import type { PlanResult, PlanShare, PlanSummary } from './plan.ts'

/** Plans as text that other programs and people read. */

/** `2026-03-01 00:00:20.000`. */
function timeText(iso: string): string {
  return new Date(iso).toISOString().replace('T', ' ').replace('Z', '')
}

/**
 * The tile table of one telescope: rank in time, field, RA, Dec (deg), probability of the field, begin of its first
 * exposure. One row per distinct field; repeat visits are in the other formats.
 */
export function tilesText(document: PlanDocument, slug: string): string {
  const fields = fieldsOf(document).filter(({ telescope }) => telescope.slug === slug)
  const name = document.telescopes.find((t) => t.slug === slug)?.name ?? slug
  const lines = [`# ${name}`]
  if (fields.length === 0) lines.push('# No tiles to observe')
  else {
    lines.push('rank_id tile_id RA DEC Prob Timeobs')
    fields.forEach(({ field, probability, exposures }, i) =>
      lines.push(
        [
          i + 1,
          field.id.replace(/\s+/g, '_'),
          field.ra.toFixed(4),
          field.dec.toFixed(4),
          probability.toFixed(4),
          timeText(exposures[0]!.start),
        ].join(' '),
      ),
    )
  }
  return `${lines.join('\n')}\n`
}

/** DS9 regions: outlines of every field, numbered in the order of the plan. */
export function ds9Regions(document: PlanDocument): string {
  const colours = ['green', 'cyan', 'magenta', 'yellow', 'red', 'blue', 'white']
  const slugs = document.telescopes.map((t) => t.slug)
  const lines = ['# Region file format: DS9 version 4.1', 'global width=1', 'icrs']
  for (const { telescope, footprint, field, order } of fieldsOf(document)) {
    const colour = colours[slugs.indexOf(telescope.slug) % colours.length]
    const text = `${order} ${telescope.slug} ${field.id}`.replace(/[{}]/g, '')
    const about = `# color=${colour} tag={${telescope.slug}}`
    if (footprint.shape === 'circle') {
      const { ra, dec } = field
      lines.push(
        `circle(${ra.toFixed(6)},${dec.toFixed(6)},${footprint.radiusDeg.toFixed(6)}d) ${about} text={${text}}`,
      )
      continue
    }
    footprintOutlines(footprint, field, 1).forEach((ring, i) => {
      const corners = open(ring).map(([ra, dec]) => `${ra.toFixed(6)},${dec.toFixed(6)}`)
      lines.push(`polygon(${corners.join(',')}) ${about}${i === 0 ? ` text={${text}}` : ''}`)
    })
  }
  return `${lines.join('\n')}\n`
}

/** A ring without the repetition of its first point. */
function open(ring: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const [first, last] = [ring[0], ring.at(-1)]
  return ring.length > 1 && first && last && first[0] === last[0] && first[1] === last[1]
    ? ring.slice(0, -1)
    : ring
}

/** All fields together as a MOC; cells of about a fiftieth of the smallest field. */
export function planMoc(document: PlanDocument): Moc {
  const fields = fieldsOf(document)
  const smallest = Math.min(...fields.map((f) => footprintRadiusDeg(f.footprint)), 10)
  const order = Math.min(18, Math.max(6, Math.ceil(Math.log2((58.6 * 50) / Math.max(1e-4, 2 * smallest)))))
  return mocFromRanges(unionOf(fields.map((f) => footprintRanges(f.footprint, f.field, order))), order)
}

/** Everything about a plan as JSON: what programs, scripts/check-plan.py among them, read. */
export function planJson(
  plan: PlanSummary,
  result: PlanResult | null,
  document: PlanDocument,
  request: unknown,
): string {
  return `${JSON.stringify({ format: 'urania-plan-export', version: 1, plan, request, result, ...document }, null, 1)}\n`
}

/** What a circular of the observations could say. A draft: nothing sends it. */
export function circularDraft(
  plan: PlanSummary,
  result: PlanResult,
  document: PlanDocument,
  authors = 'AUTHORS, on behalf of COLLABORATION',
): string {
  const fields = fieldsOf(document)
  const name = plan.eventName ?? plan.title
  const lines = [
    `SUBJECT: ${name}: ${document.telescopes.map((t) => t.name).join(', ')} planned observations`,
    '',
    `${authors} report:`,
    '',
    ...wrapped(
      `We plan to observe the localization of ${name} with ${listed(document.telescopes.map((t) => t.name))} ` +
        `between ${dayTime(first(fields, plan))} and ${dayTime(last(fields, plan))} UTC. ` +
        coverSentence(fields.length, result),
    ),
    '',
  ]
  for (const telescope of document.telescopes) {
    const own = fields.filter((f) => f.telescope.slug === telescope.slug)
    if (own.length === 0) continue
    const share = result.shares.find((s) => s.telescope === telescope.slug)
    lines.push(
      ...wrapped(
        `${telescope.name}: ${own.length} ${own.length === 1 ? 'field' : 'fields'}, ${stepsText(telescope)}${
          telescope.visits > 1 ? `, ${telescope.visits} visits` : ''
        }, ${share ? shareText(share, result) : 'nothing'}${depthText(telescope)}.`,
      ),
    )
  }
  lines.push('', 'Field centres (ICRS, degrees) and begin of the first exposure (UTC):', '')
  const column = result.aim === 'galaxies' ? "Galaxies' weight" : 'Probability'
  lines.push(`| Telescope | RA | Dec | Begin | ${column} |`)
  for (const { telescope, field, exposures, probability } of fields.slice(0, 60))
    lines.push(
      `| ${telescope.slug} | ${field.ra.toFixed(4)} | ${field.dec.toFixed(4)} | ${timeText(exposures[0]!.start).slice(0, 16)} | ${percent(probability)} |`,
    )
  if (fields.length > 60) lines.push(`and ${fields.length - 60} more fields.`)
  lines.push(
    '',
    '[This is a draft made from a plan. State what was observed, and the limits reached, before sending.]',
  )
  return `${lines.join('\n')}\n`
}

/** A share of galaxies' weight is none of the localization's probability: both are said. */
function coverSentence(
  count: number,
  { aim, probability, skyProbability, galaxies, areaDeg2 }: PlanResult,
): string {
  const one = count === 1
  const subject = one ? 'One field' : `${count} fields`
  const cover = one ? 'covers' : 'cover'
  const sky =
    `${percent(skyProbability)} of the localization probability (each part of the sky counted once) ` +
    `over ${figure(areaDeg2)} square degrees.`
  if (aim !== 'galaxies') return `${subject} ${cover} ${sky}`
  const hold = one ? 'holds' : 'hold'
  return (
    `${subject} ${hold} ${percent(probability)} of the weight of the ${galaxies} catalogued galaxies ` +
    `that fit the localization, and ${cover} ${sky}`
  )
}

function shareText(share: PlanShare, { aim }: PlanResult): string {
  const sky = `${percent(share.skyProbability)} of the probability`
  return aim === 'galaxies' ? `${percent(share.probability)} of the galaxies' weight, ${sky}` : sky
}

function first(fields: readonly PlannedField[], plan: PlanSummary): string {
  return fields[0]?.exposures[0]?.start ?? plan.start
}

function last(fields: readonly PlannedField[], plan: PlanSummary): string {
  const ends = fields.flatMap((f) => f.exposures.map((e) => Date.parse(e.start) + e.exposureS * 1000))
  return ends.length > 0 ? new Date(Math.max(...ends)).toISOString() : plan.end
}

function stepsText({ steps }: PlannedTelescope): string {
  return steps.map((s) => `${s.count > 1 ? `${s.count} × ` : ''}${s.exposureS} s in ${s.filter}`).join(', ')
}

function depthText({ filters, steps }: PlannedTelescope): string {
  const known = steps.flatMap((step) => {
    const filter = filters.find((f) => f.name === step.filter)
    return filter && filter.depthMag !== null
      ? [`${filter.name} ${filter.depthMag} in ${filter.exposureS} s`]
      : []
  })
  return known.length > 0 ? ` (typical 5-sigma depth ${known.join(', ')})` : ''
}

function dayTime(iso: string): string {
  return timeText(iso).slice(0, 16)
}

/** Lines of at most 72 characters, as circulars are read. */
function wrapped(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > 72) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}
