import { expect, test } from '@jest/globals';
import { readTrouble } from './trouble.js';

const log = (fields: object) => JSON.stringify({ time: 't', name: 'worker', ...fields });

test.each([
  ['what is as usual', log({ level: 'info', msg: 'worker.ready' }), null],
  ['no words', '', null],
  [
    'a warning',
    log({ level: 'warn', msg: 'event.dead_lettered', destination: 'lago', reason: 'unmapped', count: 7 }),
    {
      level: 'warn',
      words: 'worker: event.dead_lettered, lago unmapped',
      kind: 'event.dead_lettered lago unmapped',
    },
  ],
  [
    'an error',
    log({ level: 'error', msg: 'worker.problem', code: 'x', err: { message: 'Redis is away' } }),
    { level: 'error', words: 'worker: worker.problem, x, Redis is away', kind: 'worker.problem x' },
  ],
  [
    'words of its own',
    'config has one problem:',
    { level: 'error', words: 'config has one problem:', kind: 'config has one problem:' },
  ],
])('%s', (_, line, expected) => {
  expect(readTrouble('worker', line)).toEqual(expected);
});
