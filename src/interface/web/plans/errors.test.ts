import { expect, it } from 'vitest'
import { ApiProblem } from '#interface/web/api/client.ts'
import { fieldErrors } from './errors.ts'

it('mistakes go to the telescope that they name, by place or by words, the others stay above', () => {
  const problem = new ApiProblem(400, 'plan.invalid', 'Cannot be planned', 'tca has no filter "z".', {
    errors: [
      { path: 'body', message: 'tca has no filter "z"; it has r.' },
      { path: 'body.telescopes.1.maxFields', message: 'Too small: expected number to be >=1' },
      { path: 'body', message: 'Galaxy targeting needs a catalogue; name one that was imported.' },
    ],
  })
  expect(fieldErrors(problem, ['tca', 'tch'])).toEqual({
    telescopes: {
      tca: ['tca has no filter "z"; it has r.'],
      tch: ['Too small: expected number to be >=1'],
    },
    rest: ['Galaxy targeting needs a catalogue; name one that was imported.'],
  })
  expect(fieldErrors(new Error('no answer'), ['tca'])).toEqual({ telescopes: {}, rest: [] })
})
