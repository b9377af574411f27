import { defineConfig } from 'vitest/config'

// One project per kind of test. `npm test -- --project science` runs one; a file name runs one file.
export default defineConfig({
  test: {
    reporters: ['default', './test/reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'science', include: ['src/science/**/*.test.ts', 'src/*.test.ts'], pool: 'threads' },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: ['src/{platform,observatory}/**/*.test.ts', 'src/interface/{api,cli,vo}/**/*.test.ts'],
          globalSetup: ['test/database.ts'],
        },
      },
      { extends: true, test: { name: 'page', include: ['src/interface/web/**/*.test.{ts,tsx}'] } },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          globalSetup: ['test/database.ts'],
          testTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
