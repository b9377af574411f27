/** Time zones for fields with `list="zones"`. */
export function Zones() {
  return (
    <datalist id="zones">
      {['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => (
        <option key={zone} value={zone} />
      ))}
    </datalist>
  )
}
