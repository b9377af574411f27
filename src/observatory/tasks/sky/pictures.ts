import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import { openFits } from '#science/fits/file.ts'
import { isGzip } from '#science/fits/gzip.ts'
import type { TemplateBand, TemplateSource } from '#observatory/tasks/template-sources.ts'
import type { PictureRequest } from './sources.ts'

/** What a survey is asked for. */
export interface SurveyRequest extends PictureRequest {
  readonly source: TemplateSource
  readonly band: TemplateBand
}

/** Writes a file that came into the folder of the templates; its path. */
export async function put(folder: string, name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

/** Checks that an answer is a whole FITS file with an image. @throws Problem `task.no_template` that shows what came instead */
export function wholeFits(who: string): (bytes: Uint8Array) => void {
  return (bytes) => {
    const start = new TextDecoder('latin1').decode(bytes.subarray(0, 400))
    const instead = 'try again later, or choose another template.'
    if (bytes.length === 0) throw new Problem('task.no_template', `${who} answered with nothing; ${instead}`)
    if (!start.startsWith('SIMPLE') && !isGzip(bytes)) {
      const line = start
        .replaceAll(/<[^>]*>?/g, ' ')
        .replaceAll(/[^\x20-\x7e]+|\s+/g, ' ')
        .trim()
      throw new Problem(
        'task.no_template',
        `${who} answered with something that is no picture${line === '' ? '' : ` ("${line.slice(0, 100)}")`}; ${instead}`,
      )
    }
    try {
      if (openFits(bytes).hdus.some(({ kind, shape }) => kind === 'image' && shape.length >= 2)) return
    } catch (error) {
      if (!isProblem(error)) throw error
      throw new Problem(
        'task.no_template',
        `${who} answered with a damaged picture (${error.message}); ${instead}`,
      )
    }
    throw new Problem('task.no_template', `${who} answered with a FITS file without an image; ${instead}`)
  }
}
