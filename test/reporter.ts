import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Prints what was skipped and why, what failed, then the closing line `N passed, N failed, N skipped`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]) {
    const count = { passed: 0, failed: errors.length, skipped: 0 }
    const skipped = new Map<string, number>()
    const failed = errors.map((error) => `outside any test: ${firstLine(error)}`)
    const take = (test: TestCase) => {
      const { state, ...rest } = test.result()
      if (state === 'passed' || state === 'failed') count[state]++
      if (state === 'failed')
        failed.push(
          `${test.module.relativeModuleId} > ${test.fullName}: ${firstLine(test.result().errors?.[0])}`,
        )
      else if (state === 'skipped') {
        count.skipped++
        const reason = ('note' in rest && rest.note) || reasonIn(test)
        skipped.set(reason, (skipped.get(reason) ?? 0) + 1)
      }
    }
    for (const module of modules) {
      if (module.state() === 'failed' && module.children.size === 0) {
        count.failed++
        failed.push(`${module.relativeModuleId}: ${firstLine(module.errors()[0])}`)
      }
      for (const test of module.children.allTests()) take(test)
    }
    for (const [reason, n] of skipped) process.stdout.write(`skipped ${n}: ${reason}\n`)
    for (const each of failed) process.stdout.write(`failed: ${each}\n`)
    const tail = count.skipped ? `, ${count.skipped} skipped` : ''
    process.stdout.write(`${count.passed} passed, ${count.failed} failed${tail}\n`)
  }
}

function firstLine(error: unknown): string {
  const message = (error as { message?: unknown } | undefined)?.message
  return String(message ?? error).split('\n')[0]
}

/** Suites that need something name it in their title: `describe.skipIf(!kcat)('Kafka (needs kcat)', …)`. */
function reasonIn(test: TestCase): string {
  return /\(needs [^)]*\)/.exec(test.fullName)?.[0].slice(1, -1) ?? test.fullName
}
