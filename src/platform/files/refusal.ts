import { isProblem, Problem } from '#problem.ts'

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'may not be written or read by you; change its rights, or name another place',
  EPERM: 'may not be written or read by you; change its rights, or name another place',
  EROFS: 'lies on a disk that is read only; name another place',
  ENOTDIR: 'is no folder, or leads through something that is none; name another place',
  EEXIST: 'is there already and is no folder; name another place',
  EISDIR: 'is a folder where a file is wanted; name another place',
  ENOENT: 'is not there, nor can it be made there; check the name',
  ENAMETOOLONG: 'has too long a name; name another place',
  EMFILE: 'cannot be opened, as too many files are open; raise the limit (ulimit -n)',
  ENFILE: 'cannot be opened, as too many files are open; raise the limit (ulimit -n)',
  EIO: 'cannot be read or written: the disk answers with an error',
}

const missing = 'is not there; check the name'

/**
 * What the operating system refused, as one sentence: a Problem `storage.full` or `file.refused`; undefined for an error that
 * does not come from there.
 * @param path named where the error names none, as errors on an open file do
 */
export function refusalOf(error: unknown, path?: string): Problem | undefined {
  if (!(error instanceof Error) || isProblem(error)) return undefined
  const { code, path: named, dest, syscall } = error as NodeJS.ErrnoException & { dest?: string }
  // Who asked for a file knows its name, not the one under which it is written.
  const where = (dest ?? named ?? path)?.replace(/(^|[/\\])\.([^/\\]+)\.part$/, '$1$2')
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Problem(
      'storage.full',
      `There is no room left on the disk${where === undefined ? '' : ` for ${where}`}; make room, or name another place.`,
      { path: where ?? null },
      error,
    )
  // Where one file is to be made, another that is missing was to be read.
  const toRead = dest === undefined && (named === undefined ? path === undefined : where !== path)
  const reason =
    code === 'ENOENT' && toRead && syscall === 'open'
      ? missing
      : code === undefined
        ? undefined
        : reasons[code]
  if (reason === undefined || where === undefined) return undefined
  return new Problem('file.refused', `${where} ${reason}.`, { path: where, code }, error)
}
