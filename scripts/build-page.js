// Builds the page into dist/web; `--if-stale` only when a source is newer than what is there. Plain JavaScript, because
// npm runs it under whatever Node it has. Where the sources or the bundler are absent (an installed package brings its
// page along) there is nothing to do.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const page = join(root, 'src/interface/web')
const built = join(root, 'dist/web/index.html')
const ifStale = process.argv.includes('--if-stale')

/** Newest modification time under a path (ms), tests left out. */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  let latest = 0
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true }))
    if (entry.isFile() && /\.(tsx?|css|html|js|svg)$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
      latest = Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs)
  return latest
}

function isStale() {
  if (!existsSync(built)) return true
  const sources = [
    page,
    join(root, 'src/science'),
    join(root, 'src/problem.ts'),
    join(root, 'package-lock.json'),
  ]
  return Math.max(...sources.map(newest)) > statSync(built).mtimeMs
}

async function bundler() {
  try {
    return await import('vite')
  } catch (error) {
    if (error?.code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

if (existsSync(page) && !(ifStale && !isStale())) {
  const vite = await bundler()
  if (vite) {
    const begun = Date.now()
    await vite.build({ configFile: join(page, 'vite.config.ts'), logLevel: 'warn' })
    console.error(`page built in ${((Date.now() - begun) / 1000).toFixed(1)} s`)
  } else if (!existsSync(built)) {
    console.error(
      'The page is not built: the bundler is a development dependency; run npm ci without --omit=dev.',
    )
  }
}
