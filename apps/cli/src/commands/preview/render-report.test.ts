import { expect, test } from '@jest/globals';
import { VERDICTS, type Verdict } from '@meterbridge/operations';
import { renderReport } from './render-report.js';

test('JSON is copied from it: no line is broken within one of its strings', () => {
  const none = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
  const total = { ...none, 'newly delivered': 1 };
  const usage = {
    code: 'api_call',
    properties: { note: 'a sentence of several words that is longer than a line is' },
  };
  const text = renderReport(
    'dead letters',
    {
      events: 1,
      total,
      byDestination: { lago: total },
      reasons: {},
      samples: { 'newly delivered': [{ id: 'lago/1-0', destination: 'lago', rule: 'calls', usage }] },
      unreadable: { count: 0, first: [] },
    },
    60,
  );
  const lines = text.split('\n').map((line) => line.trim());
  expect(lines).toContain(JSON.stringify(usage));
});
