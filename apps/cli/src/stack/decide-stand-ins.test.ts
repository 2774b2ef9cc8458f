import { expect, test } from '@jest/globals';
import { DEMO_WRITE_KEY, decideStandIns, type StandIns } from './decide-stand-ins.js';

test.each<[string, Record<string, string>, StandIns]>([
  [
    'nothing is set',
    {},
    { sandbox: ['lago', 'hyperline'], held: [], writeKeys: { SEGMENT_WRITE_KEY: DEMO_WRITE_KEY } },
  ],
  [
    'variables are empty',
    { LAGO_API_KEY: '', SEGMENT_WRITE_KEY: '' },
    { sandbox: ['lago', 'hyperline'], held: [], writeKeys: { SEGMENT_WRITE_KEY: DEMO_WRITE_KEY } },
  ],
  [
    'they are as in .env.example',
    { LAGO_API_KEY: 'change-me', HYPERLINE_API_KEY: 'change-me', SEGMENT_WRITE_KEY: 'change-me' },
    { sandbox: ['lago', 'hyperline'], held: [], writeKeys: { SEGMENT_WRITE_KEY: DEMO_WRITE_KEY } },
  ],
  [
    'one is real, the others are left for the configuration to refuse',
    { LAGO_API_KEY: 'k', HYPERLINE_API_KEY: 'change-me', SEGMENT_WRITE_KEY: 'change-me' },
    { sandbox: [], held: [], writeKeys: {} },
  ],
  [
    'a write key is set, and no API key',
    { SEGMENT_WRITE_KEY: 'wk' },
    { sandbox: ['lago', 'hyperline'], held: [], writeKeys: {} },
  ],
  ['one API is real', { LAGO_API_KEY: 'k' }, { sandbox: [], held: ['hyperline'], writeKeys: {} }],
  ['the other is', { HYPERLINE_API_KEY: 'k' }, { sandbox: [], held: ['lago'], writeKeys: {} }],
  [
    'both are real, and no write key is set',
    { LAGO_API_KEY: 'k', HYPERLINE_API_KEY: 'k' },
    { sandbox: [], held: [], writeKeys: {} },
  ],
  [
    'one is a sandbox by its key',
    { LAGO_API_KEY: 'sandbox' },
    { sandbox: ['hyperline'], held: [], writeKeys: { SEGMENT_WRITE_KEY: DEMO_WRITE_KEY } },
  ],
  [
    'one is a sandbox and the other real',
    { LAGO_API_KEY: 'sandbox', HYPERLINE_API_KEY: 'k' },
    { sandbox: [], held: [], writeKeys: {} },
  ],
])('where %s', (_, env, decided) => {
  expect(decideStandIns(env, ['SEGMENT_WRITE_KEY'])).toEqual(decided);
});

test('each source gets a key of its own, where it has none', () => {
  const variables = ['SEGMENT_WRITE_KEY', 'BROWSER_WRITE_KEY', 'MOBILE_WRITE_KEY'];
  const env = { BROWSER_WRITE_KEY: 'change-me', SEGMENT_WRITE_KEY: 'wk' };
  expect(decideStandIns(env, variables).writeKeys).toEqual({
    BROWSER_WRITE_KEY: 'demo-write-key-2',
    MOBILE_WRITE_KEY: 'demo-write-key-3',
  });
});
