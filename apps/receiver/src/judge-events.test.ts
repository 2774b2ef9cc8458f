import { expect, test } from '@jest/globals';
import { judgeEvents } from './judge-events.js';
import type { ReceiverSource } from './ports.js';

const receivedAtMs = Date.parse('2026-08-01T12:00:00.000Z');
const source = (name: string, clock?: 'device' | 'server'): ReceiverSource => {
  return { name, writeKeys: [name], clock, integrationNames: [] };
};

test('whose clock an event goes by is its own source’s to say', () => {
  const sources = [source('app', 'device'), source('api', 'server'), source('mixed'), source('mixed')];
  const phone = { os: { name: 'iOS' } };
  const events = [{}, phone, {}, phone].map((context, index) => ({
    ...{ type: 'track', event: 'Call', userId: 'u1', messageId: `m${index}`, context },
    timestamp: '2026-08-01T12:00:00.000Z',
    sentAt: '2026-08-01T12:01:00.000Z',
  }));
  const { received } = judgeEvents(events, sources, sources[0]!, {
    receivedAtMs,
    via: 'tracking',
    maxAgeMs: 86_400_000,
    maxFutureMs: 300_000,
    maxEventBytes: 32_768,
  });
  const [said, corrected] = ['2026-08-01T12:00:00.000Z', '2026-08-01T11:59:00.000Z'];
  expect(received.map(({ event }) => event.timestamp)).toEqual([corrected, said, said, corrected]);
});
