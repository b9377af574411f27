/** Numbers, times and sizes as people read them. Pure; the same value is written the same way everywhere. */

const minus = '−'

/** A number with so many significant digits, never as float noise: 44.88, 2176, 1.2 × 10⁻¹². */
export function significant(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–'
  if (value === 0) return '0'
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))))
  if (exponent < -4 || exponent > 6) {
    const mantissa = (value / 10 ** exponent).toFixed(Math.max(0, digits - 1))
    return `${signed(mantissa)} × 10${superscript(exponent)}`
  }
  return signed(value.toFixed(Math.min(12, Math.max(0, digits - 1 - exponent))))
}

/** A value rounded where its error has two digits: `354 ± 63`, `17.842 ± 0.031`. */
export function withError(value: number, error: number): { value: string; error: string } {
  if (!(error > 0) || !Number.isFinite(error)) return { value: significant(value, 4), error: '' }
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(Number(error.toPrecision(2)))))
  return {
    value: signed(value.toFixed(Math.min(12, decimals))),
    error: error.toFixed(Math.min(12, decimals)),
  }
}

function signed(text: string): string {
  return text.startsWith('-') ? minus + text.slice(1) : text
}

function superscript(exponent: number): string {
  const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹'
  return String(exponent).replace(/-|\d/g, (c) => (c === '-' ? '⁻' : digits[Number(c)]))
}

/** A probability as a percentage that never rounds to a certainty it is not: 99.3 %, > 99.9 %, < 0.1 %. */
export function percent(probability: number): string {
  const value = probability * 100
  if (value > 0 && value < 0.1) return '< 0.1 %'
  if (value < 100 && value > 99.9) return '> 99.9 %'
  return `${value.toFixed(value >= 10 && value < 99 ? 0 : 1).replace(/\.0$/, '')} %`
}

const secondsPerYear = 365.25 * 86_400

/** A false-alarm rate (Hz) as a waiting time: `1 per 1,520 yr`, `1 per 3.2 d`. */
export function waitingTime(hertz: number): string {
  if (!(hertz > 0)) return '–'
  const seconds = 1 / hertz
  const units: [string, number][] = [
    ['yr', secondsPerYear],
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ]
  const [unit, size] = units.find(([, length]) => seconds >= length) ?? ['s', 1]
  const count = seconds / size
  const text =
    count >= 1e6
      ? significant(count, 2)
      : count >= 100
        ? thousands(Math.round(Number(count.toPrecision(3))))
        : significant(count, 2)
  return `1 per ${text} ${unit}`
}

/** A unit as a page shows it: `deg2` → `deg²`. */
export function unitText(unit: string): string {
  return unit.replace(/(?<=[A-Za-z])2\b/g, '²').replace(/(?<=[A-Za-z])3\b/g, '³')
}

/** Whole numbers with thin spaces every three digits. */
export function thousands(value: number): string {
  return signed(String(Math.trunc(value))).replace(/\B(?=(\d{3})+$)/g, '\u2009')
}

/** 812 B, 1.4 MB (powers of ten). */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = count / 1000
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toPrecision(value < 10 ? 2 : 3).replace(/\.0+$/, '')} ${units[unit]}`
}

/** A span in its two largest units: `2 h 14 min`, `3 d 4 h`, `41 s`. */
export function duration(milliseconds: number): string {
  const s = Math.round(Math.abs(milliseconds) / 1000)
  if (s < 60) return `${s} s`
  const m = Math.floor(s / 60)
  if (m < 60) return `${m} min`
  const h = Math.floor(m / 60)
  if (h < 24) return m % 60 ? `${h} h ${m % 60} min` : `${h} h`
  const d = Math.floor(h / 24)
  if (d < 60) return h % 24 && d < 10 ? `${d} d ${h % 24} h` : `${d} d`
  return d < 730 ? `${Math.round(d / 30.44)} months` : `${significant(d / 365.25, 2)} yr`
}

/** `2 h 14 min ago`, `in 41 s`, `just now`. */
export function ago(at: number, now: number): string {
  const past = now - at
  if (Math.abs(past) < 2000) return 'just now'
  return past > 0 ? `${duration(past)} ago` : `in ${duration(past)}`
}

/** `2024-11-02 14:41:12`, with as many decimals of the second as asked for. */
export function utc(at: number, decimals = 0): string {
  const text = new Date(at).toISOString()
  return `${text.slice(0, 10)} ${text.slice(11, 19 + (decimals ? decimals + 1 : 0))}`
}

/** Modified Julian Date of a UTC moment; 1e-5 d is 0.9 s. */
export function mjd(at: number, digits = 5): string {
  return (at / 86_400_000 + 40_587).toFixed(digits)
}

/** An error radius with a fitting unit: `12.3°`, `4.5′`, `1.4″`. */
export function radius(degrees: number): string {
  if (degrees >= 1) return `${significant(degrees, 3)}°`
  if (degrees * 60 >= 1) return `${significant(degrees * 60, 2)}′`
  return `${significant(degrees * 3600, 2)}″`
}
