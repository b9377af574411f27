import { ApiProblem, address, get, send } from '#interface/web/api/client.ts'
import type { Page } from '#interface/web/api/client.ts'
import type { Upload } from '#observatory/frames/upload.ts'

/** Files are sent in parts of so many bytes, so that a broken connection costs little. */
const partBytes = 8 * 2 ** 20
const retries = 6

export interface Sent {
  readonly done: number
  readonly perSecond: number | null
}

/**
 * Sends a file as a frame. It goes on where an earlier attempt of the same name and length ended, and tries again when
 * the connection breaks. @returns SHA-256 of the frame. @throws ApiProblem
 */
export async function uploadFrame(
  file: File,
  groups: readonly string[],
  onProgress: (sent: Sent) => void,
  signal: AbortSignal,
): Promise<string> {
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
  while (upload.state === 'receiving') {
    report(upload.offset)
    try {
      upload = await sendPart(upload, file.slice(upload.offset, upload.offset + partBytes), report, signal)
      failures = 0
    } catch (error) {
      if (
        signal.aborted ||
        !(error instanceof ApiProblem) ||
        (error.status > 0 && error.status < 500 && error.code !== 'upload.offset')
      )
        throw error
      if (++failures > retries) throw error
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** failures))
      upload = await get<Upload>(`/uploads/${upload.id}`, {}, signal)
    }
  }
  if (upload.problem) throw new ApiProblem(422, upload.problem.code, 'Not a frame', upload.problem.message)
  report(file.size)
  return upload.sha256!
}

/** XMLHttpRequest, since fetch does not tell how much has been sent. */
function sendPart(
  upload: Upload,
  part: Blob,
  report: (done: number) => void,
  signal: AbortSignal,
): Promise<Upload> {
  return new Promise((resolve, reject) => {
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
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as Upload)
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
