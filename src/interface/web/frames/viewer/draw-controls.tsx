import { tools, type Tool } from './draw-tools.ts'
import type { Drawing } from './model.ts'

/** Tools for a mask. */
export function DrawControls({
  drawing: { mask, onChange },
  tool,
  choose,
}: {
  drawing: Drawing
  tool: Tool | null
  choose: (tool: Tool | null) => void
}) {
  return (
    <div className="viewer-look" role="group" aria-label="Mask">
      <span className="segments">
        <button type="button" aria-pressed={tool === null} onClick={() => choose(null)}>
          move
        </button>
        {tools.map((name) => (
          <button key={name} type="button" aria-pressed={tool === name} onClick={() => choose(name)}>
            {name}
          </button>
        ))}
      </span>
      <label>
        Inside is
        <select
          className="select"
          value={mask.mode}
          onChange={(event) => onChange({ ...mask, mode: event.target.value as 'masked' | 'usable' })}
        >
          <option value="masked">masked</option>
          <option value="usable">usable, all else masked</option>
        </select>
      </label>
      <button
        type="button"
        className="link-button"
        disabled={mask.shapes.length === 0}
        onClick={() => onChange({ ...mask, shapes: mask.shapes.slice(0, -1) })}
      >
        Undo the last
      </button>
      <button
        type="button"
        className="link-button"
        disabled={mask.shapes.length === 0}
        onClick={() => onChange({ ...mask, shapes: [] })}
      >
        Clear
      </button>
      <span className="dim">
        {mask.shapes.length} {mask.shapes.length === 1 ? 'shape' : 'shapes'}
        {tool === 'polygon'
          ? ' · click corners; double click, Enter or the first corner closes, Escape gives up'
          : ''}
      </span>
    </div>
  )
}
