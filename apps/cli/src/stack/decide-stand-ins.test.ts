import { expect, test } from '@jest/globals';
import { DEMO_WRITE_KEY, decideStandIns, type StandIns } from './decide-stand-ins.js';

test.each<[string, Record<string, string>, StandIns]>([
  ['nothing is set', {}, { sandbox: ['lago', 'hyperline'], held: [], writeKey: DEMO_WRITE_KEY }],
  [
    'variables are empty',
    { LAGO_API_KEY: '', SEGMENT_WRITE_KEY: '' },
    { sandbox: ['lago', 'hyperline'], held: [], writeKey: DEMO_WRITE_KEY },
  ],
  [
    'they are as in .env.example',
    { LAGO_API_KEY: 'change-me', HYPERLINE_API_KEY: 'change-me', SEGMENT_WRITE_KEY: 'change-me' },
    { sandbox: ['lago', 'hyperline'], held: [], writeKey: DEMO_WRITE_KEY },
  ],
  [
    'one is real, the others are left for the configuration to refuse',
    { LAGO_API_KEY: 'k', HYPERLINE_API_KEY: 'change-me', SEGMENT_WRITE_KEY: 'change-me' },
    { sandbox: [], held: [], writeKey: undefined },
  ],
  [
    'a write key is set, and no API key',
    { SEGMENT_WRITE_KEY: 'wk' },
    { sandbox: ['lago', 'hyperline'], held: [], writeKey: undefined },
  ],
  ['one API is real', { LAGO_API_KEY: 'k' }, { sandbox: [], held: ['hyperline'], writeKey: undefined }],
  ['the other is', { HYPERLINE_API_KEY: 'k' }, { sandbox: [], held: ['lago'], writeKey: undefined }],
  [
    'both are real, and no write key is set',
    { LAGO_API_KEY: 'k', HYPERLINE_API_KEY: 'k' },
    { sandbox: [], held: [], writeKey: undefined },
  ],
  [
    'one is a sandbox by its key',
    { LAGO_API_KEY: 'sandbox' },
    { sandbox: ['hyperline'], held: [], writeKey: DEMO_WRITE_KEY },
  ],
  [
    'one is a sandbox and the other real',
    { LAGO_API_KEY: 'sandbox', HYPERLINE_API_KEY: 'k' },
    { sandbox: [], held: [], writeKey: undefined },
  ],
])('where %s', (_, env, decided) => {
  expect(decideStandIns(env)).toEqual(decided);
});
