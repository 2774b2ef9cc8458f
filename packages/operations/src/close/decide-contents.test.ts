import { expect, test } from '@jest/globals';
import type { ReportedFinding } from '../reconcile/report.js';
import { type Contents, decideContents } from './decide-contents.js';

const line = { code: 'api_call', booked: 1_200, held: 1_200, others: 0, findings: 0 };
const finding = {
  finding: 'missing_there',
  usageId: 'm-1',
  code: 'api_call',
  time: '2026-10-05T14:00:00.000Z',
};
const report = { lines: [line], findings: [] as ReportedFinding[], notCompared: 0 };

test.each<[string, Contents, string | null]>([
  ['equal', { asked: true, report }, null],
  [
    'one is missing',
    { asked: true, report: { ...report, findings: [finding as ReportedFinding] } },
    'missing_there: m-1 of 2026-10-05T14:00:00.000Z, api_call',
  ],
  [
    'some could not be compared',
    { asked: true, report: { ...report, notCompared: 3 } },
    'of 3 usage events nobody knows whether their content is what was sent',
  ],
  ['the API did not say', { asked: false, why: 'Lago: no rights.' }, 'Lago: no rights.'],
])('contents: %s', (_name, contents, against) => {
  const { ok, words } = decideContents(contents, 0);
  expect(ok).toBe(against === null);
  expect(words.join('\n')).toContain(against ?? 'the API holds all 1,200 usage events');
});

test('what is waived is not said to be held', () => {
  expect(decideContents({ asked: true, report }, 1)).toEqual({
    ok: true,
    words: ['the API holds all 1,200 usage events as they were sent, but for 1 finding that somebody waived'],
  });
});
