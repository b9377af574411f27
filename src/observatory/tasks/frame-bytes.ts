import { createReadStream } from 'node:fs'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { system } from '#observatory/people/actor.ts'
import { frameBySha256, frameFile } from '#observatory/frames/service.ts'

/** The frame that a task is made of, where the actor may see it. @throws Problem `frame.unknown` */
export async function frameFor(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  sha256: string,
): Promise<{ sha256: string; name: string; byteLength: number }> {
  const frame = await frameBySha256(platform, actor, sha256)
  return { sha256, name: frame.name, byteLength: frame.byteLength }
}

/** Bytes that a task names: those of the storage, or of a frame that lies elsewhere. Rights were looked at when they were named. */
export async function namedBytes(
  platform: Pick<Platform, 'db' | 'storage' | 'config'>,
  sha256: string,
): Promise<AsyncIterable<Uint8Array>> {
  if ((await platform.storage.size(sha256)) !== undefined) return platform.storage.stream(sha256)
  const { raw } = await frameFile(platform, system, sha256)
  return raw.at === 'place'
    ? (createReadStream(raw.file.path) as AsyncIterable<Uint8Array>)
    : platform.storage.stream(sha256)
}
