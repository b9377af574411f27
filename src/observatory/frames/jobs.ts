import { isProblem } from '#problem.ts'
import { failure } from '#platform/jobs/failure.ts'
import type { JobHandler } from '#platform/jobs/job.ts'
import type { Platform } from '#platform/platform.ts'
import type { Service } from '#platform/room.ts'
import { runFolder, runUrl } from './folder-service.ts'
import { folderKind, productsKind, urlKind } from './job-kinds.ts'
import { makeProducts } from './products.ts'
import { sweepUploads } from './upload-service.ts'

/** Handlers of the room's background work. */
export function frameJobs(platform: Platform): JobHandler[] {
  const products: JobHandler<typeof productsKind.input> = {
    kind: productsKind,
    async run({ sha256 }, { signal }) {
      try {
        return await makeProducts(platform, sha256, signal)
      } catch (error) {
        // Pixels that cannot be read are no better at the second try.
        throw isProblem(error) && /^(fits|frame)\./.test(error.code) ? failure(error, 'never') : error
      }
    },
  }
  const folder: JobHandler<typeof folderKind.input> = {
    kind: folderKind,
    run: (input, job) => runFolder(platform, input, job),
  }
  const url: JobHandler<typeof urlKind.input> = {
    kind: urlKind,
    run: (input, job) => runUrl(platform, input, job),
  }
  return [products, folder, url] as JobHandler[]
}

/** Puts right what processes left that were killed while they received a file. */
export function frameServices(platform: Platform): Service[] {
  return [
    {
      name: 'frames.uploads',
      role: 'worker',
      async start() {
        await sweepUploads(platform).catch((error: unknown) =>
          platform.log.warn({ err: error }, 'Files of broken-off uploads could not be removed.'),
        )
      },
      stop: () => Promise.resolve(),
    },
  ]
}
