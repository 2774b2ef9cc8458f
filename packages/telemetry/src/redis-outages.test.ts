import { expect, test } from '@jest/globals';
import { RedisOutages } from './redis-outages.js';

function open() {
  let now = 0;
  const lines: unknown[][] = [];
  const logger = {
    warn: (fields: object, event: string) => lines.push([event, fields]),
    info: (event: string) => lines.push([event]),
  };
  const outages = new RedisOutages({ logger: logger as never, server: 'r:1', now: () => now });
  return { outages, lines, pass: (ms: number) => (now += ms) };
}

test('an outage is told once with its reason, once a minute while it lasts, and anew when it comes again', () => {
  const { outages, lines, pass } = open();
  outages.onError('connect ECONNREFUSED');
  for (let second = 0; second < 61; second += 1) {
    outages.onLost();
    pass(1_000);
  }
  outages.onReady();
  outages.onLost();
  expect(lines).toEqual([
    ['redis.lost', { server: 'r:1', reason: 'connect ECONNREFUSED' }],
    ['redis.lost', { server: 'r:1', reason: 'connect ECONNREFUSED' }],
    ['redis.ready'],
    ['redis.lost', { server: 'r:1', reason: 'the connection was closed' }],
  ]);
});

test('a replica that is connected to again and again is told of once', () => {
  const { outages, lines } = open();
  for (let tries = 0; tries < 3; tries += 1) {
    outages.onAnswer('READONLY');
    outages.onLost();
    outages.onReady();
  }
  expect(lines.map(([event]) => event)).toEqual(['redis.refused', 'redis.lost']);
});

test('a refusal lasts until a write is taken', () => {
  const { outages, lines } = open();
  for (const refusal of [null, 'MISCONF', 'MISCONF', null, null, 'MISCONF']) outages.onAnswer(refusal);
  expect(lines).toEqual([
    ['redis.refused', { server: 'r:1', reason: 'MISCONF' }],
    ['redis.ready'],
    ['redis.refused', { server: 'r:1', reason: 'MISCONF' }],
  ]);
  expect(outages.refusal).toBe('MISCONF');
});
