import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import type { Storage, StoredBytes } from '#platform/storage/storage.ts'

/** What every storage back end must do; `make` gives an empty one. */
export function storageContract(name: string, make: () => Promise<Storage>) {
  const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const absent = sha(new Uint8Array([1, 2, 3, 4]))

  describe(`${name}: storage contract`, () => {
    it('gives back what was put, under its SHA-256', async () => {
      const storage = await make()
      for (const length of [0, 1, 65_536, 1_000_003]) {
        const bytes = new Uint8Array(randomBytes(length))
        const stored = await storage.put(bytes)
        expect(stored).toEqual({ sha256: sha(bytes), byteLength: length })
        expect(sha(await storage.get(stored.sha256))).toBe(stored.sha256)
        expect(await storage.size(stored.sha256)).toBe(length)
      }
    })

    it('takes a stream and gives a stream', async () => {
      const storage = await make()
      const parts = Array.from({ length: 20 }, () => new Uint8Array(randomBytes(50_000)))
      async function* source() {
        yield* parts
      }
      const whole = Buffer.concat(parts)
      const { sha256, byteLength } = await storage.put(source())
      expect([sha256, byteLength]).toEqual([sha(whole), whole.length])
      const got: Uint8Array[] = []
      for await (const chunk of storage.stream(sha256)) got.push(chunk)
      expect(sha(Buffer.concat(got))).toBe(sha256)
    })

    it('keeps the same bytes once, also when put at the same time', async () => {
      const storage = await make()
      const bytes = new Uint8Array(randomBytes(10_000))
      const results = await Promise.all(Array.from({ length: 8 }, () => storage.put(bytes)))
      expect(new Set(results.map((result) => result.sha256)).size).toBe(1)
      expect(await all(storage)).toEqual([{ sha256: sha(bytes), byteLength: 10_000 }])
    })

    it('a slice is clamped to the content, as of an array', async () => {
      const storage = await make()
      const { sha256 } = await storage.put(new Uint8Array([0, 1, 2, 3, 4, 5]))
      expect(await storage.slice(sha256, 1, 3)).toEqual(new Uint8Array([1, 2]))
      expect(await storage.slice(sha256, 4, 100)).toEqual(new Uint8Array([4, 5]))
      expect(await storage.slice(sha256, 7, 9)).toEqual(new Uint8Array([]))
      expect(await storage.slice(sha256, 3, 2)).toEqual(new Uint8Array([]))
    })

    it('what is absent is a Problem storage.missing, and undefined as size', async () => {
      const storage = await make()
      const stream = async () => {
        for await (const chunk of storage.stream(absent)) void chunk
      }
      const attempts = [
        () => storage.get(absent),
        () => storage.slice(absent, 0, 1),
        stream,
        () => storage.get('../../etc/passwd'),
      ]
      for (const attempt of attempts) {
        const error = await attempt().catch((thrown: unknown) => thrown)
        expect(isProblem(error, 'storage.missing')).toBe(true)
      }
      expect(await storage.size(absent)).toBeUndefined()
      await expect(storage.remove(absent)).resolves.toBeUndefined()
    })

    it('refuses more than the limit and keeps nothing of it', async () => {
      const storage = await make()
      async function* endless() {
        for (;;) yield new Uint8Array(1000)
      }
      for (const bytes of [new Uint8Array(2001), endless()]) {
        const error = await storage.put(bytes, { maxBytes: 2000 }).catch((thrown: unknown) => thrown)
        expect(isProblem(error, 'storage.too_large')).toBe(true)
      }
      expect(await all(storage)).toEqual([])
      expect((await storage.put(new Uint8Array(2000), { maxBytes: 2000 })).byteLength).toBe(2000)
    })

    it('a source that fails leaves nothing', async () => {
      const storage = await make()
      async function* failing() {
        yield new Uint8Array(1000)
        throw new Error('cut off')
      }
      await expect(storage.put(failing())).rejects.toThrow('cut off')
      expect(await all(storage)).toEqual([])
    })

    it('does not remove what was put again since', async () => {
      const storage = await make()
      const bytes = new Uint8Array(randomBytes(100))
      const { sha256 } = await storage.put(bytes)
      await storage.put(bytes)
      await storage.remove(sha256, { unlessPutSince: new Date(Date.now() - 60_000) })
      expect(await storage.get(sha256)).toEqual(bytes)
      await storage.remove(sha256, { unlessPutSince: new Date(Date.now() + 60_000) })
      expect(await storage.size(sha256)).toBeUndefined()
    })

    it('removes, and lists what is left', async () => {
      const storage = await make()
      const kept = await storage.put(new Uint8Array([1]))
      const gone = await storage.put(new Uint8Array([2]))
      await storage.remove(gone.sha256)
      expect(await all(storage)).toEqual([kept])
      expect(await storage.size(gone.sha256)).toBeUndefined()
    })
  })

  async function all(storage: Storage) {
    const found: StoredBytes[] = []
    for await (const object of storage.list()) found.push(object)
    return found
  }
}
