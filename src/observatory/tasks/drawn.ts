import { Problem } from '#problem.ts'
import { DrawnMask } from './task.ts'

/** A mask as it was drawn, from its JSON. @throws Problem `task.unusable` for what is no such mask */
export function readDrawn(text: string, name: string): DrawnMask {
  const read = DrawnMask.safeParse(parsed(text))
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new Problem(
    'task.unusable',
    `${name} is no drawn mask: ${issue ? `${issue.path.join('.') || 'it'}: ${issue.message}` : 'it is not as expected'}; it has to be {"mode": "masked" or "usable", "shapes": […]}.`,
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
