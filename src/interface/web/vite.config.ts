// oxlint-disable-next-line no-restricted-imports -- this file runs while building, in Node, and is no part of the page
import { readdir, readFile, writeFile } from 'node:fs/promises'
// oxlint-disable-next-line no-restricted-imports -- as above
import { join, resolve } from 'node:path'
// oxlint-disable-next-line no-restricted-imports -- as above
import { promisify } from 'node:util'
// oxlint-disable-next-line no-restricted-imports -- as above
import { brotliCompress, constants, gzip } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import type { Plugin } from 'vite'

const root = import.meta.dirname
const output = resolve(root, '..', '..', '..', 'dist', 'web')

/** Writes `.gz` and `.br` beside every text file, so that the server sends them as they are. */
function precompress(): Plugin {
  const [squeeze, brotli] = [promisify(gzip), promisify(brotliCompress)]
  return {
    name: 'precompress',
    apply: 'build',
    async closeBundle() {
      const names = await readdir(output, { recursive: true })
      await Promise.all(
        names
          .filter((name) => /\.(html|js|css|svg|json|txt)$/.test(name))
          .map(async (name) => {
            const path = join(output, name)
            const bytes = await readFile(path)
            if (bytes.length < 1024) return
            // The two-megabyte sky viewer at full strength would cost more time than all the rest of the build.
            const quality = bytes.length > 1_000_000 ? 6 : 11
            await writeFile(`${path}.gz`, await squeeze(bytes, { level: 9 }))
            await writeFile(
              `${path}.br`,
              await brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
            )
          }),
      )
    },
  }
}

/**
 * The page shows sidereal time to the minute and altitudes to the degree: it needs Earth orientation of these years
 * only. Leaves out the days before, which are most of the largest table.
 */
function recentEarthOrientation(): Plugin {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const unpack = (packed: string) => {
    const values: number[] = []
    let [value, step, zigzag, shift] = [0, 0, 0, 0]
    for (const character of packed) {
      const bits = alphabet.indexOf(character)
      zigzag |= (bits & 31) << shift
      shift += 5
      if (bits & 32) continue
      step += (zigzag >>> 1) ^ -(zigzag & 1)
      value += step
      values.push(value)
      zigzag = shift = 0
    }
    return values
  }
  const pack = (values: readonly number[]) => {
    let [text, value, step] = ['', 0, 0]
    for (const next of values) {
      const change = next - value - step
      let zigzag = (change << 1) ^ (change >> 31)
      do {
        text += alphabet[(zigzag & 31) | (zigzag > 31 ? 32 : 0)]
        zigzag >>>= 5
      } while (zigzag > 0)
      step = next - value
      value = next
    }
    return text
  }
  return {
    name: 'recent-earth-orientation',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('earth-orientation-table.gen.ts')) return undefined
      const first = Number(/firstMjd: (\d+)/.exec(code)?.[1])
      const last = Number(/lastMjd: (\d+)/.exec(code)?.[1])
      const from = last - 3 * 365
      if (!(from > first)) return undefined
      return code
        .replace(/firstMjd: \d+/, `firstMjd: ${from}`)
        .replace(/(ut1MinusTai|poleX|poleY):\s*'([^']*)'/g, (_, name: string, packed: string) => {
          const values = unpack(packed)
          if (values.length !== last - first + 1)
            throw new Error(
              `${name} has ${values.length} days, not ${last - first + 1}: the packing has changed.`,
            )
          return `${name}: '${pack(values.slice(from - first))}'`
        })
    },
  }
}

export default defineConfig({
  root,
  plugins: [react(), recentEarthOrientation(), precompress()],
  build: {
    outDir: output,
    emptyOutDir: true,
    target: 'es2023',
    chunkSizeWarningLimit: 3000,
    // Vite's own table of compressed sizes compresses everything a second time.
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/health', '/metrics'].map((path) => [
        path,
        { target: process.env['URANIA_URL'] ?? 'http://127.0.0.1:4848', changeOrigin: true },
      ]),
    ),
  },
})
