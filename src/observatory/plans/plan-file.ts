import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Problem } from '#problem.ts'
import { createCompute } from '#platform/compute/pool.ts'
import type { Invocation } from '#platform/terminal/command.ts'
import { textFlag } from '#platform/terminal/flags.ts'
import { readDefinition, refusal } from '#observatory/telescopes/definition.ts'
import { doubtsOf } from '#observatory/telescopes/doubts.ts'
import { fieldsByRule } from '#observatory/telescopes/grid-rule.ts'
import { modelOf } from '#observatory/telescopes/model.ts'
import { shippedTelescopes } from '#observatory/telescopes/shipped.ts'
import type { Telescope, TelescopeDefinition } from '#observatory/telescopes/telescope.ts'
import { mjdUtcOf } from '#science/sky/time.ts'
import { telescopeMistakes } from './check.ts'
import { exposuresCsv, exposuresEcsv } from './export-tables.ts'
import { ds9Regions, planJson, planMoc, tilesText } from './export-text.ts'
import { mocToFits } from '#science/sky/moc-fits.ts'
import type { PlannedExposure, PlanRequest, PlanResult, PlanSummary } from './plan.ts'
import type { SolveInput, SolveOutput, SolveTelescope } from './solve-input.ts'
import { createProgressMemory, readProgress } from './solve-progress.ts'
import { solveTask } from './solve.ts'
import { telescopeFor } from './solve-telescope.ts'
import { planVoevent } from './voevent.ts'

/** A plan for a map in a file: no database, no server; telescopes are those shipped, or definition files. */
export async function planFile(
  invocation: Invocation,
  file: string,
  request: PlanRequest,
  show: (
    invocation: Pick<Invocation, 'out'>,
    title: string,
    result: PlanResult,
    exposures: readonly PlannedExposure[],
  ) => void,
): Promise<void> {
  if (request.strategy === 'galaxies' || request.catalogue !== undefined || request.without.length > 0)
    throw new Problem(
      'command.usage',
      'Catalogues and other plans are in the observatory; for a file leave them out.',
    )
  const to = textFlag(invocation.flags, 'to')
  if (to !== undefined) requireEnding(to)
  const memory = createProgressMemory()
  const start = request.start === undefined ? new Date() : new Date(request.start)
  const end = new Date(start.getTime() + request.hours * 3_600_000)
  const telescopes: SolveTelescope[] = []
  for (const asked of request.telescopes) {
    const telescope = await telescopeNamed(asked.telescope)
    const [mistake] = telescopeMistakes({ ...asked, telescope: telescope.slug }, telescope)
    if (mistake) throw new Problem('plan.invalid', mistake)
    const { pointing } = telescope
    const fields =
      pointing.how === 'grid' && pointing.rule ? fieldsByRule(pointing.rule, telescope.footprint) : []
    telescopes.push(telescopeFor(telescope, modelOf(telescope), asked, fields))
  }
  const input: SolveInput = {
    map: { bytes: await readFile(file) },
    telescopes,
    start: mjdUtcOf(start),
    end: mjdUtcOf(end),
    strategy: request.strategy,
    level: request.level,
    visibility: request.visibility,
    galaxies: null,
    taken: request.observed.map(({ ra, dec, radiusDeg }, i) => ({
      footprint: { shape: 'circle', radiusDeg: radiusDeg ?? 0 },
      field: { id: `observed ${i + 1}`, ra, dec },
    })),
    edits: { drop: [], pin: [], locked: [], fields: [] },
    method: request.method,
    seconds: request.seconds,
    progress: memory,
  }
  const output = await solved(invocation, input, memory)
  const summary = summaryOf(file, request, output, { start, end })
  if (to !== undefined) {
    await writeFile(to, bytesFor(to, summary, request, output))
    invocation.note(`written   ${to}`)
  }
  const { result, exposures, telescopes: used } = output
  invocation.document({ plan: summary, request, result, telescopes: used, exposures }, () =>
    show(invocation, summary.title, result, exposures),
  )
}

async function solved(
  invocation: Invocation,
  input: SolveInput,
  memory: SharedArrayBuffer,
): Promise<SolveOutput> {
  const compute = createCompute({ threads: 1 })
  const progress = invocation.progress('planning', '%')
  const watch = setInterval(() => progress.update(Math.round(100 * readProgress(memory).done), 100), 200)
  try {
    return await compute.run(solveTask, input, { signal: invocation.signal })
  } finally {
    clearInterval(watch)
    progress.finish()
    await compute.stop()
  }
}

async function telescopeNamed(name: string): Promise<Telescope> {
  const shipped = shippedTelescopes()
  let definition: TelescopeDefinition | undefined
  if (/\.toml$/i.test(name) && existsSync(name)) {
    const read = readDefinition(await readFile(name))
    if (!read.definition) throw refusal(read.problems, name)
    definition = read.definition
  } else {
    const wanted = name.toLowerCase()
    definition =
      shipped.get(wanted)?.definition ??
      [...shipped.values()].find((s) => s.definition.name.toLowerCase() === wanted)?.definition
  }
  if (!definition)
    throw new Problem(
      'telescope.unknown',
      `There is no telescope ${JSON.stringify(name.slice(0, 60))} among those shipped; name one of them or a definition file (.toml).`,
    )
  const neighbours = [...shipped.values()]
    .map((s) => ({ ...s.definition, origin: 'shipped' as const }))
    .filter((other) => other.slug < definition.slug)
  return {
    ...definition,
    doubts: doubtsOf(definition, neighbours),
    origin: shipped.has(definition.slug) ? 'shipped' : 'own',
    version: 1,
    changedAt: null,
    changedBy: null,
  }
}

function summaryOf(
  file: string,
  request: PlanRequest,
  { result, telescopes }: SolveOutput,
  { start, end }: { start: Date; end: Date },
): PlanSummary {
  const now = new Date().toISOString()
  return {
    id: '00000000-0000-0000-0000-000000000000',
    title: request.title ?? `${basename(file)}: ${telescopes.map((t) => t.slug).join(', ')}`,
    state: 'ready',
    series: '00000000-0000-0000-0000-000000000000',
    version: 1,
    parent: null,
    eventId: null,
    eventName: null,
    role: 'observation',
    localizationId: '',
    strategy: request.strategy,
    telescopes: telescopes.map((t) => t.slug),
    start: start.toISOString(),
    end: end.toISOString(),
    aim: result.aim,
    probability: result.probability,
    skyProbability: result.skyProbability,
    bound: result.bound,
    gap: result.gap,
    fields: result.fields,
    requestedBy: 'local operator',
    proposed: false,
    createdAt: now,
    finishedAt: now,
    jobId: null,
    problem: null,
    closedBecause: null,
  }
}

function bytesFor(
  to: string,
  plan: PlanSummary,
  request: PlanRequest,
  { result, exposures, telescopes, galaxies }: SolveOutput,
): Uint8Array | string {
  const document = { telescopes, exposures, galaxies }
  const [first] = plan.telescopes
  if (/\.csv$/i.test(to)) return exposuresCsv(plan, document)
  if (/\.ecsv$/i.test(to)) return exposuresEcsv(plan, document)
  if (/\.reg$/i.test(to)) return ds9Regions(document)
  if (/\.fits$/i.test(to)) return mocToFits(planMoc(document))
  if (/\.xml$/i.test(to)) return planVoevent(plan, document, first!, null, new Date())
  if (/\.txt$/i.test(to)) return plan.telescopes.map((slug) => tilesText(document, slug)).join('')
  return planJson(plan, result, document, request)
}

/** Before minutes of solving, not after. */
function requireEnding(to: string): void {
  if (/\.(csv|ecsv|reg|fits|xml|txt|json)$/i.test(to)) return
  throw new Problem(
    'command.usage',
    `The name ${to} ends in none of .json .csv .ecsv .reg .moc.fits .xml .txt.`,
  )
}
