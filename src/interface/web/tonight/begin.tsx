import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { sendBytes } from '#interface/web/api/client.ts'
import { useDropped } from '#interface/web/pieces/dropped.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'

/** An empty installation: three ways to begin, each one act. */
export function Begin() {
  return (
    <section aria-label="Three ways to begin">
      <div className="begin">
        <div>
          <h3>Look at one notice</h3>
          <p className="dim">A GCN or LVK notice from your disk: JSON, VOEvent, Avro.</p>
          <DropNotice />
        </div>
        <div>
          <h3>Fetch a known event</h3>
          <p className="dim">Every notice and map that GraceDB has of it.</p>
          <code>urania alerts fetch S241102br</code>
        </div>
        <div>
          <h3>Listen to GCN</h3>
          <p className="dim">
            With a client id and secret from gcn.nasa.gov in the configuration, notices come by themselves.
          </p>
          <code>urania alerts listen</code>
        </div>
      </div>
      <p className="dim" style={{ marginTop: 10 }}>
        What then comes is told in the <Link to="/inbox">inbox</Link>. Slack, mail or a cloud folder hear it
        too once they are set up as{' '}
        <Link to="/notifications" search={{ tab: 'channels' }}>
          channels
        </Link>
        .
      </p>
    </section>
  )
}

function DropNotice() {
  const post = useMutation({ mutationFn: (file: File) => sendBytes('/notices', { topic: 'post' }, file) })
  const take = (files: Iterable<File>) => {
    for (const file of files) post.mutate(file)
  }
  const over = useDropped(take)
  return (
    <>
      <label className={over ? 'drop over' : 'drop'}>
        <input
          type="file"
          className="visually-hidden"
          multiple
          onChange={(event) => take(event.target.files ?? [])}
        />
        {post.isPending
          ? 'Storing…'
          : post.isSuccess
            ? 'Stored; it is being read'
            : 'Drop a file here, or choose one'}
      </label>
      {post.isError && <Problem error={post.error} />}
    </>
  )
}
