import { expect, test } from '@jest/globals';
import { parseFaults } from './parse-faults.js';

test('every field of a fault may come as JSON', () => {
  const faults = [
    { times: 'always', everyNth: 3, match: { method: 'POST', path: '/v1/events', containsKey: 'x' } },
    { rate: 0.5, seed: 3, delayMs: 10, afterStoring: true, hang: true },
    { times: 2, cut: 'mid-response', respond: { status: 500, headers: { 'X-A': 'b' }, body: [] } },
  ];
  expect(parseFaults('lago', faults)).toEqual({ ok: true, faults });
});

test.each<[unknown, string]>([
  [{}, 'lago: expected an array of faults'],
  [['x'], 'lago[0]: expected an object'],
  [[{ statsu: 500 }], 'lago[0].statsu: no such field'],
  [[{ times: 0 }], "lago[0].times: expected a positive whole number or 'always'"],
  [[{ everyNth: 1.5 }], 'lago[0].everyNth: expected a positive whole number'],
  [[{ rate: 2 }], 'lago[0].rate: expected a number from 0 to 1'],
  [[{ seed: 'x' }], 'lago[0].seed: expected a whole number'],
  [
    [{ match: { url: 'x' } }],
    'lago[0].match: expected an object of the strings method, path, containsKey and containsText',
  ],
  [
    [{ respond: { status: 99 } }],
    'lago[0].respond: expected an object: status from 200 to 599, headers of strings, body a string or JSON',
  ],
  [[{ delayMs: -1 }], 'lago[0].delayMs: expected a number, not negative'],
  [[{ hang: 1 }], 'lago[0].hang: expected true or false'],
  [[{ cut: 'after' }], "lago[0].cut: expected 'before' or 'mid-response'"],
])('%j is refused', (value, problem) => {
  expect(parseFaults('lago', value)).toEqual({ ok: false, problems: [problem] });
});
