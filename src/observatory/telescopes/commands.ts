import { readFile, stat, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { convertConfig, isKeyValueConfig } from './convert.ts'
import { maxDefinitionBytes, problemLine } from './definition.ts'
import { putGrid, removeGrid } from './grid-service.ts'
import { gridText, maxGridBytes } from './grid.ts'
import {
  checkFile,
  gridFields,
  listTelescopes,
  putTelescope,
  removeTelescope,
  sourceOf,
  telescopeBySlug,
} from './service.ts'
import type { DefinitionCheck, Telescope } from './telescope.ts'

function argument({ args }: Invocation, at: number, what: string): string {
  const value = args[at]
  if (value !== undefined) return value
  throw new Problem('command.usage', `Say ${what}; see --help.`)
}

/** Bytes of a file, or of standard input for `-`. */
async function bytesOf(path: string, most: number): Promise<Uint8Array> {
  if (path === '-') {
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of process.stdin) {
      const bytes = chunk as Uint8Array
      length += bytes.length
      if (length > most)
        throw new Problem('telescope.invalid', `Standard input holds more than ${most} bytes.`)
      chunks.push(bytes)
    }
    return Buffer.concat(chunks)
  }
  try {
    const { size } = await stat(path)
    if (size > most)
      throw new Problem('telescope.invalid', `${path} has ${size} bytes; at most ${most} are read.`, {
        file: path,
      })
    return await readFile(path)
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('telescope.invalid', `There is no readable file ${path}.`, { file: path }, error)
  }
}

const list: Command = {
  words: ['telescopes', 'list'],
  usage: '',
  summary: 'Telescopes: shipped and own',
  examples: ['urania telescopes list', 'urania telescopes list --json'],
  async run({ platform, document, out }) {
    const items = await listTelescopes(await platform(), localOperator)
    document({ items, next: null }, () => {
      const headings = ['slug', 'lat', 'lon', 'field (deg²)', 'filters', 'depth', 'pointing', '', 'doubts']
      for (const line of table(headings, items.map(rowOf))) out(line)
    })
  },
}

function rowOf(t: Telescope): (string | number | null)[] {
  const depth = t.filters[0]?.depthMag ?? null
  return [
    t.slug,
    t.ground ? t.site.latitude.toFixed(2) : 'space',
    t.ground ? t.site.longitude.toFixed(2) : '',
    Number(t.fieldAreaDeg2.toPrecision(3)),
    t.filters.map((filter) => filter.name).join(''),
    depth,
    pointingText(t),
    t.origin === 'own' ? `own, version ${t.version}` : '',
    t.doubts.length === 0 ? '' : t.doubts.length,
  ]
}

function pointingText({ pointing }: Telescope): string {
  if (pointing.how === 'grid') return `${pointing.grid}, ${pointing.fields} fields`
  return pointing.wants === undefined ? 'free' : `free (no grid ${pointing.wants})`
}

const show: Command = {
  words: ['telescopes', 'show'],
  usage: 'TELESCOPE',
  summary: 'One telescope, with what is doubtful about it and where its numbers come from',
  examples: ['urania telescopes show TCH', 'urania telescopes show ztf --json'],
  async run(invocation) {
    const name = argument(invocation, 0, 'which telescope')
    const found = await telescopeBySlug(await invocation.platform(), localOperator, name)
    invocation.document(found, () => describe(found, invocation.out))
  },
}

function describe(t: Telescope, out: Invocation['out']): void {
  const row = (label: string, text: string): void => out(`${label.padEnd(11)}${text}`)
  out(`${t.name}  (${t.slug}, ${t.origin}, version ${t.version})`)
  if (t.note) out(t.note)
  const place = `${t.site.latitude}, ${t.site.longitude}, ${t.site.elevationM} m`
  row('site', t.ground ? `${t.observatory ? `${t.observatory}: ` : ''}${place}` : 'in space')
  if (t.ground) row('limits', limitsText(t))
  row('field', `${t.footprint.shape}, ${Number(t.fieldAreaDeg2.toPrecision(4))} deg²`)
  for (const { name, depthMag, exposureS } of t.filters)
    row('filter', `${name}: ${depthMag === null ? 'depth not known' : `${depthMag} mag`} in ${exposureS} s`)
  row('slew', `${slewText(t)}, settling ${t.slew.settleS} s`)
  row('timing', `readout ${t.readoutS} s, overhead ${t.overheadS} s, filter change ${t.filterChangeS} s`)
  row('pointing', pointingText(t))
  for (const source of t.sources) row('source', source)
  for (const { key, text } of t.doubts) row('doubtful', `${key} ${text}`)
}

function limitsText({ limits }: Telescope): string {
  const { altitudeMaxDeg, airmassMax, decMinDeg, decMaxDeg, hourAngleMinHours, hourAngleMaxHours } = limits
  return [
    `Sun below ${limits.sunAltitudeMaxDeg}°`,
    `altitude ${limits.altitudeMinDeg}${altitudeMaxDeg === undefined ? '° and up' : ` to ${altitudeMaxDeg}°`}`,
    airmassMax !== undefined && `airmass up to ${airmassMax}`,
    (decMinDeg ?? decMaxDeg) !== undefined && `Dec ${decMinDeg ?? -90} to ${decMaxDeg ?? 90}°`,
    (hourAngleMinHours ?? hourAngleMaxHours) !== undefined &&
      `hour angle ${hourAngleMinHours ?? -12} to ${hourAngleMaxHours ?? 12} h`,
    limits.moonSeparationMinDeg !== undefined && `${limits.moonSeparationMinDeg}° from the Moon`,
    limits.horizon && `horizon of ${limits.horizon.length} points`,
  ]
    .filter((text) => typeof text === 'string')
    .join(', ')
}

function slewText({ slew }: Telescope): string {
  if (slew.mount === 'direct') return `${slew.axis.rateDegPerS} deg/s`
  const [a, b] =
    slew.mount === 'equatorial' ? [slew.hourAngle, slew.declination] : [slew.azimuth, slew.altitude]
  return `${slew.mount}, ${a.rateDegPerS} and ${b.rateDegPerS} deg/s`
}

async function checkOne(file: string): Promise<DefinitionCheck> {
  const mistake = (text: string): DefinitionCheck => ({
    ok: false,
    telescope: null,
    problems: [{ line: null, key: null, text }],
  })
  let bytes: Uint8Array
  try {
    bytes = await bytesOf(file, maxDefinitionBytes)
  } catch (error) {
    if (isProblem(error)) return mistake(error.message)
    throw error
  }
  const result = checkFile(bytes)
  if (result.ok || !isKeyValueConfig(new TextDecoder().decode(bytes))) return result
  return mistake(
    `This is a key-value file of another program; "urania telescopes convert ${file}" makes a definition of it`,
  )
}

const check: Command = {
  words: ['telescopes', 'check'],
  usage: 'FILE…',
  summary: 'Check definitions: all that is wrong, by line, and what is doubtful; nothing is written',
  examples: ['urania telescopes check mine.toml', 'urania telescopes check *.toml --json'],
  async run(invocation) {
    argument(invocation, 0, 'which file')
    const results: (DefinitionCheck & { file: string })[] = []
    for (const file of invocation.args) results.push({ file, ...(await checkOne(file)) })
    invocation.document({ items: results, next: null }, () => {
      for (const { file, telescope, problems } of results) {
        for (const problem of problems) invocation.out(problemLine(problem, file))
        if (!telescope) continue
        invocation.out(
          `${file}: good: ${telescope.name} (${telescope.slug}), ${Number(telescope.fieldAreaDeg2.toPrecision(4))} deg²`,
        )
        for (const { key, text } of telescope.doubts) invocation.out(`${file}: doubtful: ${key} ${text}`)
      }
    })
    return results.every((result) => result.ok) ? 0 : 1
  },
}

const add: Command = {
  words: ['telescopes', 'add'],
  usage: 'FILE',
  summary: 'Add a telescope, or make the next version of one, from its definition in TOML',
  examples: ['urania telescopes add mine.toml'],
  async run(invocation) {
    const file = argument(invocation, 0, 'which file')
    const source = await bytesOf(file, maxDefinitionBytes)
    const checked = checkFile(source)
    if (!checked.ok) {
      for (const problem of checked.problems.slice(1)) invocation.note(problemLine(problem, file))
    }
    const { telescope, created } = await putTelescope(await invocation.platform(), localOperator, source, {
      file,
    })
    invocation.document(telescope, () => {
      invocation.out(
        created
          ? `${telescope.name} (${telescope.slug}) is added.`
          : `${telescope.name} (${telescope.slug}) is at version ${telescope.version}.`,
      )
      for (const { key, text } of telescope.doubts) invocation.out(`doubtful: ${key} ${text}`)
    })
  },
}

const remove: Command = {
  words: ['telescopes', 'remove'],
  usage: 'TELESCOPE',
  summary: 'Remove an own telescope; a shipped one of that slug comes back',
  examples: ['urania telescopes remove mine'],
  async run(invocation) {
    const name = argument(invocation, 0, 'which telescope')
    const what = await removeTelescope(await invocation.platform(), localOperator, name)
    invocation.document({ slug: name.toLowerCase(), what }, () =>
      invocation.out(
        what === 'removed' ? `${name} is removed.` : `${name} is again as it comes with the program.`,
      ),
    )
  },
}

const grid: Command = {
  words: ['telescopes', 'grid'],
  usage: 'TELESCOPE [FILE]',
  summary:
    'Give a telescope a fixed grid (id, RA, Dec in degrees by line); without a file print the one it has',
  examples: ['urania telescopes grid ztf ZTF_Fields.txt', 'urania telescopes grid tch > tch.csv'],
  options: { remove: { type: 'boolean', doc: 'Take the uploaded grid away' } },
  async run(invocation) {
    const name = argument(invocation, 0, 'which telescope')
    const platform = await invocation.platform()
    const file = invocation.args[1]
    if (file === undefined && invocation.flags['remove'] !== true) {
      const found = await telescopeBySlug(platform, localOperator, name)
      const fields = await gridFields(platform, found)
      if (found.pointing.how === 'free')
        throw new Problem('resource.not_found', `${found.slug} has no grid: its fields are laid freely.`)
      invocation.document({ items: fields, next: null }, () => invocation.out(gridText(fields).trimEnd()))
      return
    }
    const found =
      file === undefined
        ? await removeGrid(platform, localOperator, name)
        : await putGrid(platform, localOperator, name, {
            bytes: await bytesOf(file, maxGridBytes),
            file: basename(file),
          })
    invocation.document(found, () => invocation.out(`${found.slug}: ${pointingText(found)}`))
  },
}

const exportCommand: Command = {
  words: ['telescopes', 'export'],
  usage: 'TELESCOPE',
  summary: 'Print the definition in TOML, to edit it and add it again',
  examples: ['urania telescopes export tch > tch.toml', 'urania telescopes export tch --to tch.toml'],
  options: {
    to: { type: 'string', doc: 'Write into this file' },
    version: { type: 'string', doc: 'An earlier version' },
  },
  async run({ args, flags, out, document, platform }) {
    if (args[0] === undefined) throw new Problem('command.usage', 'Say which telescope; see --help.')
    const version = flags['version'] === undefined ? undefined : Number(flags['version'])
    if (version !== undefined && !Number.isInteger(version))
      throw new Problem('command.usage', `--version takes a whole number, not ${String(flags['version'])}.`)
    const found = await sourceOf(await platform(), localOperator, args[0], version)
    const to = flags['to']
    if (typeof to === 'string') await writeFile(to, found.source)
    document(typeof to === 'string' ? { slug: found.slug, file: to } : found, () =>
      out(typeof to === 'string' ? to : found.source.trimEnd()),
    )
  },
}

const convert: Command = {
  words: ['telescopes', 'convert'],
  usage: 'FILE',
  summary: 'Turn a key-value telescope file of gwemopt into a definition; says what it could not know',
  examples: ['urania telescopes convert TCH.config > tch.toml'],
  async run(invocation) {
    const file = argument(invocation, 0, 'which file')
    const text = new TextDecoder().decode(await bytesOf(file, maxDefinitionBytes))
    if (!isKeyValueConfig(text))
      throw new Problem(
        'telescope.invalid',
        `${file} is no key-value telescope file: it has no lines "latitude …" and "FOV …".`,
      )
    const name = file === '-' ? 'telescope' : basename(file).replace(/\.\w+$/, '')
    const { source, notes } = convertConfig(text, name)
    const { problems } = checkFile(source)
    invocation.document({ source, notes, problems }, () => {
      invocation.out(source.trimEnd())
      for (const each of notes) invocation.note(problemLine(each, file))
      for (const each of problems) invocation.note(`still to be mended: ${problemLine(each, 'definition')}`)
    })
    return problems.length === 0 ? 0 : 1
  },
}

/** All commands of the room. */
export const telescopeCommands: Command[] = [list, show, check, add, remove, grid, exportCommand, convert]
