import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Prints what was skipped and why, then the closing line `N passed, N failed, N skipped`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]) {
    const count = { passed: 0, failed: errors.length, skipped: 0 }
    const skipped = new Map<string, number>()
    const take = (test: TestCase) => {
      const { state, ...rest } = test.result()
      if (state === 'passed' || state === 'failed') count[state]++
      else if (state === 'skipped') {
        count.skipped++
        const reason = ('note' in rest && rest.note) || reasonIn(test)
        skipped.set(reason, (skipped.get(reason) ?? 0) + 1)
      }
    }
    for (const module of modules) {
      if (module.state() === 'failed' && module.children.size === 0) count.failed++
      for (const test of module.children.allTests()) take(test)
    }
    for (const [reason, n] of skipped) process.stdout.write(`skipped ${n}: ${reason}\n`)
    const tail = count.skipped ? `, ${count.skipped} skipped` : ''
    process.stdout.write(`${count.passed} passed, ${count.failed} failed${tail}\n`)
  }
}

/** Suites that need something name it in their title: `describe.skipIf(!kcat)('Kafka (needs kcat)', …)`. */
function reasonIn(test: TestCase): string {
  return /\(needs [^)]*\)/.exec(test.fullName)?.[0].slice(1, -1) ?? test.fullName
}
