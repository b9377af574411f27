import { ApiProblem, address, get, send } from '#interface/web/api/client.ts'
import type { Page } from '#interface/web/api/client.ts'
import type { Frame } from '#observatory/frames/frame.ts'
import type { Upload } from '#observatory/frames/upload.ts'

/** Files are sent in parts of so many bytes, so that a broken connection costs little. */
const partBytes = 8 * 2 ** 20
const retries = 6

export interface Sent {
  readonly done: number
  readonly perSecond: number | null
  /** The connection is broken, and is tried again. */
  readonly waiting?: boolean
}

export interface Uploaded {
  readonly sha256: string
  /** The same bytes were a frame already. */
  readonly known: boolean
}

/**
 * Sends a file as a frame. It goes on where an earlier attempt of the same name and length ended, and tries again when
 * the connection breaks. What is no FITS file is refused before anything is sent. @throws ApiProblem
 */
export async function uploadFrame(
  file: File,
  groups: readonly string[],
  onProgress: (sent: Sent) => void,
  signal: AbortSignal,
): Promise<Uploaded> {
  await refuseOther(file)
  const open = (await get<Page<Upload>>('/uploads', {}, signal)).items.find(
    (one) => one.state === 'receiving' && one.name === file.name && one.byteLength === file.size,
  )
  let upload =
    open ?? (await send<Upload>('POST', '/uploads', { name: file.name, byteLength: file.size, groups }))
  const begun = performance.now()
  const from = upload.offset
  const report = (done: number) => {
    const seconds = (performance.now() - begun) / 1000
    onProgress({ done, perSecond: seconds > 0.5 ? (done - from) / seconds : null })
  }
  let failures = 0
  let last: { answeredAt: number; tookMs: number } | null = null
  while (upload.state === 'receiving') {
    signal.throwIfAborted()
    report(upload.offset)
    try {
      const sent = await sendPart(
        upload,
        file.slice(upload.offset, upload.offset + partBytes),
        report,
        signal,
      )
      upload = sent.upload
      last = sent
      failures = 0
    } catch (error) {
      if (
        signal.aborted ||
        !(error instanceof ApiProblem) ||
        (error.status > 0 && error.status < 500 && error.code !== 'upload.offset')
      )
        throw error
      upload = await again(upload, error)
    }
  }
  if (upload.problem) throw new ApiProblem(422, upload.problem.code, 'Not a frame', upload.problem.message)
  report(file.size)
  const frame = await get<Frame>(`/frames/${upload.sha256}`, {}, signal)
  // By the clock of the server: what was added before the last part was sent was there before.
  const known = last !== null && Date.parse(frame.addedAt) < last.answeredAt - last.tookMs - 2_000
  return { sha256: upload.sha256!, known }

  /** Waits, and asks how far the server has it; as often as a line takes to come back. */
  async function again(asked: Upload, why: ApiProblem): Promise<Upload> {
    for (;;) {
      if (++failures > retries && navigator.onLine) throw why
      onProgress({ done: asked.offset, perSecond: null, waiting: true })
      await pause(Math.min(10_000, 500 * 2 ** failures), signal)
      try {
        return await get<Upload>(`/uploads/${asked.id}`, {}, signal)
      } catch (error) {
        if (signal.aborted || !(error instanceof ApiProblem) || (error.status > 0 && error.status < 500))
          throw error
      }
    }
  }
}

/** Until the time is over, the line is back, or it is given up. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    addEventListener('online', done)
    signal.addEventListener('abort', done)
    function done() {
      clearTimeout(timer)
      removeEventListener('online', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}

/** FITS begins with SIMPLE, also tile-compressed; a gzip stream is looked into by the server. */
async function refuseOther(file: File): Promise<void> {
  if (file.size === 0) throw new ApiProblem(0, 'upload.empty', 'Empty', `${file.name} is empty (0 bytes).`)
  const head = new Uint8Array(await file.slice(0, 6).arrayBuffer())
  const text = String.fromCharCode(...head)
  if (text === 'SIMPLE' || (head[0] === 0x1f && head[1] === 0x8b)) return
  const shown = /^[\x20-\x7e]+$/.test(text) ? `"${text}"` : 'other bytes'
  throw new ApiProblem(
    0,
    'upload.not_fits',
    'Not FITS',
    `${file.name} is not a FITS file: it begins with ${shown}, not with SIMPLE. Nothing was sent.`,
  )
}

/** XMLHttpRequest, since fetch does not tell how much has been sent. */
function sendPart(
  upload: Upload,
  part: Blob,
  report: (done: number) => void,
  signal: AbortSignal,
): Promise<{ upload: Upload; answeredAt: number; tookMs: number }> {
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    const request = new XMLHttpRequest()
    request.open('PATCH', address(`/uploads/${upload.id}`))
    request.setRequestHeader('Content-Type', 'application/offset+octet-stream')
    request.setRequestHeader('Upload-Offset', String(upload.offset))
    request.setRequestHeader('Accept', 'application/json')
    const abort = () => request.abort()
    signal.addEventListener('abort', abort, { once: true })
    request.upload.onprogress = (event) => report(upload.offset + event.loaded)
    request.onloadend = () => {
      signal.removeEventListener('abort', abort)
      if (request.status >= 200 && request.status < 300)
        resolve({
          upload: JSON.parse(request.responseText) as Upload,
          answeredAt: Date.parse(request.getResponseHeader('Date') ?? '') || Date.now(),
          tookMs: performance.now() - begun,
        })
      else reject(problemOf(request))
    }
    request.send(part)
  })
}

function problemOf(request: XMLHttpRequest): ApiProblem {
  if (request.status === 0)
    return new ApiProblem(
      0,
      'network.unreachable',
      'No answer',
      'The connection broke while the file was sent.',
    )
  try {
    const body = JSON.parse(request.responseText) as Record<string, unknown>
    const text = (key: string, fallback: string) => (typeof body[key] === 'string' ? body[key] : fallback)
    return new ApiProblem(
      request.status,
      text('code', `http.${request.status}`),
      text('title', 'Problem'),
      text('detail', `The server answered ${request.status}.`),
      body,
    )
  } catch {
    return new ApiProblem(
      request.status,
      `http.${request.status}`,
      'Problem',
      `The server answered ${request.status}.`,
    )
  }
}
