import { join } from 'node:path'
import { Problem } from '#problem.ts'
import type { LoadedConfig } from '#platform/config/load.ts'
import type { Net } from '#platform/net/net.ts'
import { createLocalStorage } from './local.ts'
import type { Objects } from './objects.ts'
import { createRemoteStorage } from './remote.ts'
import { createS3Objects } from './s3-objects.ts'
import { remoteStorageSection } from './section.ts'
import type { Storage } from './storage.ts'
import { createWebdavObjects } from './webdav-objects.ts'

/** The storage that the configuration names: a folder, `s3://bucket/prefix`, or the `https://` address of a WebDAV folder. */
export async function openStorage(config: LoadedConfig, net: Net): Promise<Storage> {
  if (config.storageAddress === null) return createLocalStorage(config.storageFolder)
  const { cacheGb } = config.section(remoteStorageSection)
  return createRemoteStorage(objectsOf(config, config.storageAddress, net), {
    cacheFolder: join(config.home, 'cache', 'storage'),
    cacheBytes: cacheGb * 1e9,
  })
}

function objectsOf(config: LoadedConfig, address: string, net: Net): Objects {
  const settings = config.section(remoteStorageSection)
  if (!address.startsWith('s3:')) {
    const { user, password } = settings
    return createWebdavObjects(net, {
      url: address,
      ...(user === null ? {} : { user }),
      ...(password === null ? {} : { password }),
    })
  }
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(address) ?? []
  const { endpoint, region, accessKeyId, secretAccessKey } = settings
  if (bucket === '' || accessKeyId === null || secretAccessKey === null) {
    throw new Problem(
      'config.invalid',
      `storage = "${address}" needs ${bucket === '' ? 'a bucket: s3://bucket/prefix' : 'access_key_id and secret_access_key in [remote_storage], or URANIA_REMOTE_STORAGE_ACCESS_KEY_ID and URANIA_REMOTE_STORAGE_SECRET_ACCESS_KEY'}.`,
      { storage: address },
    )
  }
  return createS3Objects(net, { endpoint, region, accessKeyId, secretAccessKey, bucket, prefix })
}
