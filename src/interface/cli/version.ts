import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Folder that holds package.json: of the clone, or of the installed package. */
export const packageFolder = join(import.meta.dirname, '../../..')

/** Folder of the numbered migrations; the packed library carries it beside its code. */
export const schemaFolder = join(import.meta.dirname, '../../observatory/schema')

export function programVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    version: string
  }
  return version
}
