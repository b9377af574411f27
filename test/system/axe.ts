import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds serious or critical on the page as it stands: the rule, and the first element that breaks it. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    interface Violation {
      id: string
      impact: string
      nodes: { target: string[] }[]
    }
    const tool = (
      globalThis as unknown as {
        axe: { run(on: Document, options: object): Promise<{ violations: Violation[] }> }
      }
    ).axe
    const { violations } = await tool.run(document, { resultTypes: ['violations'] })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0].target.join(' ')}`)
  })
}
