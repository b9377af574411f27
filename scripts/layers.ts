// Makes .oxlintrc.json from layers.json; `--check` compares instead of writing.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

interface Layers {
  storeys: string[]
  rooms: Record<string, string[]>
}
const layers = JSON.parse(readFileSync('layers.json', 'utf8')) as Layers
const target = '.oxlintrc.json'

/** An allow-list: everything behind `#` is refused but what is named; parents are never climbed with `../`. */
function allow(files: string[], allowed: string[], message: string, extra: object[] = []) {
  return {
    files,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['../*', '../**'], message: 'Across folders import by #storey/…; ../ is never used.' },
            { group: ['#*', '#*/**', ...allowed.map((path) => `!${path}`)], message },
            ...extra,
          ],
        },
      ],
    },
  }
}

// A room that layers.json does not name would be bound by no rule at all.
const unnamed = readdirSync('src/observatory').filter((room) => room !== 'schema' && !(room in layers.rooms))
if (unnamed.length > 0) {
  console.error(
    `layers.json does not say which rooms src/observatory/${unnamed[0]} may import; add it there.`,
  )
  process.exit(1)
}

const overrides: object[] = [
  allow(['src/**'], ['#*', '#*/**'], ''),
  allow(['src/science/**'], ['#problem.ts', '#science/**'], 'science imports science and problem only.', [
    {
      group: ['node:*', 'node:**', 'react', 'kysely', 'pg', 'hono', 'pino'],
      message: 'science is pure: no I/O, no Node, no DOM.',
    },
  ]),
  allow(
    ['src/platform/**'],
    ['#problem.ts', '#science/**', '#platform/**'],
    'platform never imports observatory or interface.',
  ),
]
for (const [room, friends] of Object.entries(layers.rooms)) {
  const rooms = [...new Set(['people', room, ...friends])]
  overrides.push(
    allow(
      [`src/observatory/${room}/**`],
      ['#problem.ts', '#science/**', '#platform/**', ...rooms.map((name) => `#observatory/${name}/**`)],
      `${room} may import ${rooms.join(', ')} (layers.json); to reach another room, listen to its events.`,
    ),
  )
}
overrides.push(
  allow(
    ['src/interface/web/**'],
    ['#problem.ts', '#science/**', '#interface/web/**', '#observatory/**'],
    'The page imports science and the <noun>.ts of rooms.',
    [
      {
        group: [
          ...['store', 'service', 'routes', 'jobs', 'commands'].flatMap((part) => [
            `#observatory/*/${part}.ts`,
            `#observatory/*/*-${part}.ts`,
          ]),
          '#observatory/*/module.ts',
          '#observatory/*/tables.ts',
          'node:*',
        ],
        message: 'The page imports only <noun>.ts of a room.',
      },
    ],
  ),
  allow(
    ['src/**/*.test.ts', 'src/**/*.test.tsx', 'test/**', 'scripts/**', 'bench/**'],
    ['#**', '#*/**', '#problem.ts'],
    '',
  ),
)

const config = {
  $schema: './node_modules/oxlint/configuration_schema.json',
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'react'],
  categories: { correctness: 'error' },
  options: { typeAware: true },
  rules: {
    'import/no-cycle': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': ['error', { checksVoidReturn: false }],
    'typescript/await-thenable': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/consistent-type-imports': 'error',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    'no-console': 'error',
    eqeqeq: 'error',
  },
  overrides: [
    ...overrides,
    {
      files: ['scripts/**', 'bench/**', 'bin/**', 'src/interface/cli/**', 'src/platform/terminal/**'],
      rules: { 'no-console': 'off' },
    },
  ],
  ignorePatterns: ['dist', 'node_modules', 'src/science/kernels/assembly', '**/*.gen.ts'],
}
let text = JSON.stringify(config, null, 2) + '\n'
writeFileSync(`${target}.new`, text)
execFileSync('node_modules/.bin/prettier', [
  '--write',
  '--log-level',
  'warn',
  '--parser',
  'json',
  `${target}.new`,
])
text = readFileSync(`${target}.new`, 'utf8')
rmSync(`${target}.new`)
if (process.argv.includes('--check')) {
  if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
    console.error(`${target} is not what layers.json makes: run \`npm run layers\` and commit it.`)
    process.exit(1)
  }
} else writeFileSync(target, text)
