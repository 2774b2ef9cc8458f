import { expect, test } from '@jest/globals';
import type { PlacedFinding } from '@meterbridge/operations';
import { renderFindings } from './render.js';

const AT = Date.UTC(2026, 11, 1, 8, 5);
const finding = (more: Partial<PlacedFinding> = {}): PlacedFinding => ({
  destination: 'lago',
  id: '9f86d081884c7d65',
  kind: 'missing_aggregation_property',
  usageId: '7d1f3c52-93f0-4a52-8d1e-0a5d5f0d1c11:tokens',
  detail: "the metric's field is missing in it or no number",
  at: AT,
  seen: AT,
  ...more,
});

test('a table in 80 columns, with what each kind means, who waived and why', () => {
  const waived = { by: 'ops@host', because: 'an event of a load test that nobody is billed for', at: AT };
  const found = [finding(), finding({ waived }), finding({ kind: 'invalid_code', usageId: 'm1' })];
  const text = renderFindings(found, 20, 80);
  expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(text).toContain('2 missing_aggregation_property: the');
  expect(text).toContain('9f86d081884c7d65');
  expect(text.replace(/\s+/g, ' ')).toContain('open');
  expect(renderFindings(found, 20, Number.POSITIVE_INFINITY)).toContain(
    'waived by ops@host, 2026-12-01 08:05:00: an event of a load test that nobody is billed for',
  );
});

test('an id that would command a terminal is shown as what it is', () => {
  const text = renderFindings([finding({ usageId: '\u001b[2J\u0007\u202eabc', kind: '\u009b31m' })], 20, 80);
  for (const command of ['\u0007', '\u009b', '\u202e', '\u001b[2J']) expect(text).not.toContain(command);
});

test('what does not fit is counted, and what was not kept is told with its number', () => {
  const more = finding({ id: 'more-invalid_code', kind: 'invalid_code', usageId: '', more: 1_234 });
  const text = renderFindings([finding({ kind: 'invalid_code', detail: 'no metric' }), more], 1, 200);
  expect(text).toContain('… and 1 more (--limit)');
  expect(text).toContain('1,235 invalid_code: no metric');
  expect(renderFindings([more], 20, 200)).toContain('1,234 more');
  expect(renderFindings([], 20, 80)).toBe('No findings.');
});
