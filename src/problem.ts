/**
 * The one error class. A Problem is one sentence that names the offender and the remedy, with a stable code that
 * programs may rely on; everything else that is thrown is a bug.
 */

/** Stable code → HTTP status. A code is `<subject>.<what is wrong>`; add yours here, never reuse or rename one. */
export const problemCodes = {
  'request.malformed': 400,
  'request.invalid': 422,
  'request.unsupported_type': 415,
  'request.range': 416,
  'request.too_large': 413,
  'request.conflict': 409,
  'request.changed': 412,
  'request.rate_limited': 429,
  'resource.not_found': 404,
  'request.method_not_allowed': 405,
  'access.unauthenticated': 401,
  'access.forbidden': 403,
  'access.setup_needed': 403,
  'access.cross_site': 403,
  'access.token_in_url': 400,
  'access.last_administrator': 409,
  'fits.invalid': 422,
  'fits.truncated': 422,
  'fits.unsupported': 422,
  'fits.too_large': 413,
  'fits.not_found': 422,
  'skymap.invalid': 422,
  'skymap.not_a_map': 422,
  'skymap.bad_density': 422,
  'skymap.bad_sum': 422,
  'skymap.overlap': 422,
  'skymap.incomplete': 422,
  'skymap.too_large': 413,
  'skymap.no_distance': 422,
  'skymap.no_overlap': 422,
  'healpix.order': 422,
  'healpix.pixel': 422,
  'healpix.direction': 422,
  'healpix.step': 422,
  'region.invalid': 422,
  'moc.invalid': 422,
  'moc.dimension': 422,
  'kernel.out_of_memory': 413,
  'moc.too_large': 413,
  'job.duplicate_kind': 500,
  'job.invalid_input': 422,
  'job.too_large': 422,
  'job.no_handler': 500,
  'job.cancelled': 409,
  'job.timed_out': 504,
  'job.worker_lost': 500,
  'job.predecessor_failed': 409,
  'job.stopping': 503,
  'job.wrong_state': 409,
  'compute.failed': 500,
  'compute.aborted': 499,
  'net.unreachable': 502,
  'net.timeout': 504,
  'net.status': 502,
  'net.too_large': 502,
  'net.host_refused': 422,
  'net.not_json': 502,
  'net.aborted': 499,
  'stream.unreachable': 502,
  'stream.refused': 502,
  'stream.token_refused': 502,
  'stream.offset_lost': 502,
  'stream.silent': 502,
  'columns.query_failed': 422,
  'server.cannot_listen': 500,
  'internal.error': 500,
  'database.unavailable': 503,
  'database.locked': 503,
  'database.start_failed': 500,
  'database.no_binaries': 500,
  'database.too_old': 500,
  'database.other_major': 500,
  'database.account_unknown': 500,
  'database.home_closed': 500,
  'database.password_lost': 500,
  'database.newer': 500,
  'database.migration_failed': 500,
  'database.migration_changed': 500,
  'database.loses_data': 409,
  'database.not_empty': 409,
  'database.query_failed': 422,
  'archive.invalid': 422,
  'config.invalid': 422,
  'storage.missing': 404,
  'storage.too_large': 413,
  'storage.corrupt': 500,
  'storage.full': 507,
  'secrets.invalid': 500,
  'command.usage': 422,
  'angle.unreadable': 422,
  'angle.ambiguous': 422,
  'angle.out_of_range': 422,
  'time.unreadable': 422,
  'time.out_of_range': 422,
  'site.unknown': 404,
  'site.invalid': 422,
  'table.invalid': 422,
  'table.unsupported': 422,
  'table.too_large': 413,
  'table.no_column': 422,
  'unit.unreadable': 422,
  'unit.incompatible': 422,
  'adql.syntax': 422,
  'adql.too_large': 413,
  'adql.unknown_name': 422,
  'adql.type': 422,
  'adql.unit': 422,
  'adql.unsupported': 422,
  'notice.unreadable': 422,
  'notice.unknown_format': 422,
  'notice.map_unreadable': 422,
  'notice.map_unfetchable': 422,
  'notice.too_large': 413,
  'notice.no_map': 422,
  'event.not_mergeable': 409,
  'rules.invalid': 422,
  'rules.unknown': 404,
  'telescope.invalid': 422,
  'telescope.unknown': 404,
  'telescope.in_use': 409,
  'catalogue.invalid': 422,
  'catalogue.unknown': 404,
  'plan.invalid': 422,
  'plan.nothing_to_plan': 422,
  'plan.wrong_state': 409,
  'planning.invalid': 422,
  'planning.unsolved': 500,
  'channel.refused': 502,
  'channel.invalid': 422,
  'channel.unknown': 404,
  'channel.bad_signature': 401,
  'notification.invalid': 422,
  'calendar.invalid': 422,
} as const satisfies Record<string, number>

export type ProblemCode = keyof typeof problemCodes

export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  /** Facts a program may want (offending value, limit, line); JSON-serialisable, never secrets. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ProblemCode, sentence: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }

  /** HTTP status that goes with the code. */
  get status(): number {
    return problemCodes[this.code]
  }
}

/** True when `error` is a Problem (of the given code, if one is given). */
export function isProblem(error: unknown, code?: ProblemCode): error is Problem {
  return error instanceof Problem && (code === undefined || error.code === code)
}
