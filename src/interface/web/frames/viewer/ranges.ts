import type { ByteSource } from '#science/fits/source.ts'

/** A file behind HTTP as a source of bytes: whole blocks are fetched by range and the last of them are kept. */

const block = 2 ** 20
const mostBlocks = 48

export function inMemory(bytes: Uint8Array): ByteSource {
  return { byteLength: bytes.length, slice: (start, end) => bytes.subarray(start, end) }
}

/** @throws Error where the server does not send it */
export async function fetchRanges(url: string): Promise<ByteSource> {
  const ask = async (start: number, end: number): Promise<Response> => {
    const response = await fetch(url, {
      credentials: 'same-origin',
      headers: { Range: `bytes=${start}-${end - 1}` },
    })
    if (response.ok) return response
    const problem = (await response.json().catch(() => ({}))) as { detail?: string }
    throw new Error(problem.detail ?? `The server answered ${response.status}; the file cannot be read.`)
  }
  const first = await ask(0, block)
  const bytes = new Uint8Array(await first.arrayBuffer())
  const total = Number(/\/(\d+)$/.exec(first.headers.get('Content-Range') ?? '')?.[1])
  // Without ranges the whole file has come.
  if (first.status !== 206 || !Number.isFinite(total)) return inMemory(bytes)
  const blocks = new Map<number, Promise<Uint8Array>>([[0, Promise.resolve(bytes)]])
  const blockAt = (index: number): Promise<Uint8Array> => {
    const there = blocks.get(index)
    if (there) {
      blocks.delete(index)
      blocks.set(index, there)
      return there
    }
    const made = ask(index * block, Math.min(total, (index + 1) * block)).then(
      async (response) => new Uint8Array(await response.arrayBuffer()),
    )
    blocks.set(index, made)
    made.catch(() => blocks.delete(index))
    while (blocks.size > mostBlocks) blocks.delete(blocks.keys().next().value!)
    return made
  }
  return {
    byteLength: total,
    async slice(start, end) {
      const stop = Math.min(end, total)
      const [from, to] = [Math.floor(start / block), Math.ceil(stop / block)]
      // What is longer than all that is kept goes past it.
      if (to - from > mostBlocks / 2) return new Uint8Array(await (await ask(start, stop)).arrayBuffer())
      const parts = await Promise.all(Array.from({ length: to - from }, (_, i) => blockAt(from + i)))
      const out = new Uint8Array(stop - start)
      for (const [i, part] of parts.entries()) {
        const at = (from + i) * block
        const piece = part.subarray(Math.max(0, start - at), Math.max(0, Math.min(part.length, stop - at)))
        out.set(piece, Math.max(0, at - start))
      }
      return out
    },
  }
}
