import { join } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import type { Table } from '#science/table/table.ts'
import type { Columns } from '#platform/columns/columns.ts'
import type { SectionValues } from '#platform/config/config.ts'
import type { Net } from '#platform/net/net.ts'
import { findReferenceCatalogue } from '#observatory/tasks/reference-catalogues.ts'
import type { tasksSection } from '#observatory/tasks/sections.ts'
import type { Asking } from './asking.ts'
import { roundedCone } from './cone.ts'
import { surveyFinder } from './finder.ts'
import { localStars, type LocalCatalogue } from './local-stars.ts'
import { mpchecker } from './mpchecker.ts'
import { finkTns, sesame } from './names.ts'
import { skybot } from './skybot.ts'
import type { SkySources } from './sources.ts'
import { surveyPictures } from './surveys.ts'
import { vizierStars } from './vizier.ts'

export type SkySettings = SectionValues<(typeof tasksSection)['settings']>

/** The sky as the steps ask for it: catalogues of this observatory first, then the services of astronomy. */
export function createSky(options: {
  net: Net
  settings: SkySettings
  /** Folder in which answers are kept. */
  cache: string
  columns: Columns
  /** Catalogues that are here. */
  catalogues: () => Promise<readonly LocalCatalogue[]>
  task?: SkySources['task']
  /** A table given by a person goes before every catalogue. */
  given?: { name: string; table: Table } | undefined
}): SkySources {
  const { net, settings, columns, given } = options
  const asking: Asking = {
    net,
    cache: join(options.cache, 'sky'),
    offline: settings.offline,
    mostPictures: settings.skyGigabytes * 1e9,
  }
  return {
    given,
    async stars(catalogue, cone, { limit, signal, log }) {
      if (given) return { table: given.table, from: given.name, bands: [], given: true }
      const known = findReferenceCatalogue(catalogue)
      const here = await options.catalogues()
      const names = new Set(
        [catalogue, known?.key, ...(known?.aliases ?? [])].map((name) => name?.toLowerCase()),
      )
      const local = here.find(({ name }) => names.has(name.toLowerCase()))
      if (local)
        return {
          table: await localStars(columns, local, cone, signal),
          from: `${local.name} of this observatory`,
          bands: [],
        }
      const source = known?.vizier ?? (/^[IVXBJ]+\/[\w/.+]+$/.test(catalogue) ? catalogue : undefined)
      if (source === undefined)
        throw new Problem(
          'catalogue.unknown',
          `There is no catalogue ${JSON.stringify(catalogue)} here, and VizieR is not known to have one of that name; import it ("urania catalogues import"), or name another${here.length > 0 ? ` (here: ${here.map(({ name }) => name).join(', ')})` : ''}.`,
        )
      log(`${known?.title ?? catalogue} is not imported here; asking VizieR (${source}).`)
      const grid = roundedCone(cone)
      try {
        const depth = limit !== null && known ? { column: known.depth, limit } : null
        return {
          table: await vizierStars(asking, settings.vizierUrl, source, grid, depth, signal),
          from: `${source} of VizieR`,
          bands: [],
        }
      } catch (error) {
        if (!isProblem(error) || !error.code.startsWith('net.') || signal.aborted) throw error
        throw new Problem(
          error.code,
          `${error.message} The catalogue ${catalogue} is not imported here either: "urania catalogues import FILE --name ${known?.key ?? catalogue}" makes the step independent of the network.`,
          error.details,
          error,
        )
      }
    },
    async resolve(name, { signal }) {
      let failure: unknown
      for (const one of [
        () => sesame(asking, settings.sesameUrl, name, signal),
        () => finkTns(asking, settings.finkUrl, name, signal),
      ]) {
        try {
          const found = await one()
          if (found) return found
        } catch (error) {
          if (signal.aborted || !isProblem(error)) throw error
          failure = error
        }
      }
      // One that could not be asked may have known it.
      if (failure !== undefined) throw failure
      return null
    },
    async movers(cone, mjd, { signal, log }) {
      try {
        return { movers: await skybot(asking, settings.skybotUrl, cone, mjd, signal), from: 'SkyBoT' }
      } catch (error) {
        if (signal.aborted || !isProblem(error)) throw error
        log(`SkyBoT gave no answer (${error.message}) Asking the Minor Planet Center.`)
        try {
          const movers = await mpchecker(asking, settings.mpcUrl, cone, mjd, signal)
          return { movers, from: 'the Minor Planet Center' }
        } catch (second) {
          if (signal.aborted || !isProblem(second)) throw second
          throw new Problem(error.code, `${error.message} ${second.message}`, error.details, second)
        }
      }
    },
    template: (survey, request) => surveyPictures(asking, settings, survey, request),
    finder: (request) => surveyFinder(asking, settings.hipsUrls, request),
    task: options.task ?? (() => Promise.resolve(null)),
  }
}
