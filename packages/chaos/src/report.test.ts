import { expect, test } from '@jest/globals';
import { newTally } from './check.js';
import type { Played } from './play.js';
import { renderHands } from './report.js';

const played = (name: string, changes: Partial<Played> = {}): Played => ({
  name,
  what: '',
  tally: { ...newTally(), answered: 999_999 },
  requests: 0,
  kills: ['receiver, at any time'],
  handsChanged: 40,
  failovers: 0,
  difference: 0,
  acknowledgedP99Ms: 1,
  seconds: 1,
  figures: [],
  notes: [],
  problems: [],
  ...changes,
});

test('a million events fit into 80 columns', () => {
  const tally = { ...newTally(), answered: 1_000_000, dead: { 'lago refused': 52_000 } };
  const text = renderHands([
    played('standing-still', { difference: 1_234 }),
    played('power-failure', { tally, failovers: 38, kills: new Array(120).fill('worker, at any time') }),
  ]);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).toMatch(/^all +1,999,999 +121 +80 +38 +0 +0 +1,234 +52,000$/m);
});

test('hands are told apart where each one lived on', () => {
  const text = renderHands([
    played('redis-away', { handsChanged: 30 }),
    played('cluster', { handsChanged: 7, kills: ['worker, at any time'] }),
  ]);
  expect(text).toContain('no worker was killed and both lived on: 30');
});

test('what a power failure may have taken stands apart', () => {
  const tally = { ...newTally(), answered: 10, mayBeLost: { events: 5, missing: 2 } };
  const text = renderHands([played('power-failure', { tally })]);
  expect(text).toContain('took: 5,\nof which are missing: 2');
});
