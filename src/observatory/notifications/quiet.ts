import { Problem } from '#problem.ts'
import { localOfWallMs, minutesOf, wallMs, zoneNamed } from './zone.ts'

/** Hours of a person's night (or day) in which only what is urgent arrives. */
export interface QuietHours {
  /** `22:00`; equal to `to`: the whole day. */
  from: string
  to: string
  /** IANA name. */
  zone: string
}

/** End of the quiet hours that `at` lies in; null outside them. Clock times, so that a change of the clock moves them. */
export function quietUntil({ from, to, zone: name }: QuietHours, at: Date): Date | null {
  const [start, end] = [minutesOf(from), minutesOf(to)]
  if (start === undefined || end === undefined)
    throw new Problem('notification.invalid', `Quiet hours are two times like 22:00, not ${from} and ${to}.`)
  const zone = zoneNamed(name)
  const local = zone.localOf(at)
  const now = local.hour * 60 + local.minute
  const overMidnight = start >= end
  const inside = overMidnight ? now >= start || now < end : now >= start && now < end
  if (!inside) return null
  const midnight = wallMs({ ...local, hour: 0, minute: 0, second: 0 })
  const nextDay = overMidnight && now >= start ? 86_400_000 : 0
  return zone.instantOf(localOfWallMs(midnight + nextDay + end * 60_000))
}

/** When a digest is due: `hourly`, or `daily 08:00 Europe/Paris` (UTC where no zone is named). */
export interface DigestTime {
  every: 'hour' | 'day'
  /** Minutes since midnight. */
  minutes: number
  zone: string
}

/** @throws Problem `notification.invalid` saying how to write it. */
export function parseDigest(text: string): DigestTime {
  if (text.trim() === 'hourly') return { every: 'hour', minutes: 0, zone: 'UTC' }
  const match = /^\s*daily(?:\s+at)?\s+(\d{2}:\d{2})(?:\s+(\S+))?\s*$/.exec(text)
  const minutes = minutesOf(match?.[1] ?? '')
  if (!match || minutes === undefined)
    throw new Problem(
      'notification.invalid',
      `${JSON.stringify(text.slice(0, 60))} is no digest; write "hourly" or "daily 08:00 Europe/Paris".`,
    )
  return { every: 'day', minutes, zone: zoneNamed(match[2] ?? 'UTC').name }
}

/** The first time strictly after `at`. */
export function nextDigest(text: string, at: Date): Date {
  const { every, minutes, zone: name } = parseDigest(text)
  if (every === 'hour') return new Date((Math.floor(at.getTime() / 3_600_000) + 1) * 3_600_000)
  const zone = zoneNamed(name)
  const midnight = wallMs({ ...zone.localOf(at), hour: 0, minute: 0, second: 0 })
  for (let day = 0; ; day++) {
    const due = zone.instantOf(localOfWallMs(midnight + day * 86_400_000 + minutes * 60_000))
    if (due > at) return due
  }
}
