/** A program that runs an engine with a child of its own until somebody ends it: `node engine-child.ts ROOT`. */
import { withScratch } from '#platform/engines/scratch.ts'
import { stubborn } from './engine-tasks.ts'

await withScratch({ root: process.argv[2] }, ({ run }) => run(stubborn))
