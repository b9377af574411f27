import { useQuery } from '@tanstack/react-query'
import { presetsOptions } from './queries.ts'

/** Takes the keys of a preset into what is being edited. */
export function PresetChoice({ apply }: { apply: (config: Record<string, unknown>) => void }) {
  const presets = useQuery(presetsOptions).data?.items ?? []
  if (presets.length === 0) return null
  return (
    <select
      className="select"
      aria-label="Apply a preset"
      value=""
      onChange={(event) => {
        const preset = presets.find((one) => one.id === event.target.value)
        if (preset) apply(preset.config)
      }}
    >
      <option value="">apply a preset…</option>
      {presets.map((preset) => (
        <option key={preset.id} value={preset.id}>
          {preset.name}
        </option>
      ))}
    </select>
  )
}
