import { expect, it } from 'vitest'
import { sql } from 'kysely'
import { testApi } from '#test/api.ts'
import { urlKind } from './job-kinds.ts'
import { room } from './module.ts'

const { platform, person, lines } = await testApi({ rooms: [room], work: true })
const owner = await person('member', 'Olga')

it('a password in an address is kept nowhere: not in the queue, the failures, the messages, the log', async () => {
  const response = await owner.send('POST', '/api/v1/frames/urls', {
    urls: ['https://archive.example.org/a.fits', 'https://olga:hunter2@archive.example.org/b.fits'],
  })
  const said = await response.text()
  expect(response.status).toBe(422)
  expect(said).toContain('https://archive.example.org/b.fits is refused')
  expect(said).not.toContain('hunter2')

  // One that was queued before this was refused.
  await platform.db.transaction().execute((tx) =>
    platform.jobs.send(tx, urlKind, {
      url: 'http://olga:hunter2@127.0.0.1:9/frame.fits',
      rights: { groups: [], publicAt: null },
      note: null,
      by: { userId: owner.id, name: owner.name, groups: [], administrator: false },
    }),
  )
  await platform.jobs.idle(['frames.url'])
  const failures = await (await owner.get('/api/v1/frames/failures')).text()
  expect(failures).toContain('http://127.0.0.1:9/frame.fits')
  const { rows } = await sql<{ text: string }>`
    select row_to_json(f)::text as text from frame_failure f
    union all select row_to_json(a)::text from audit a`.execute(platform.db)
  expect(rows.length).toBeGreaterThan(0)
  expect(failures + rows.map(({ text }) => text).join() + lines.join()).not.toContain('hunter2')
})
