import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { readEventAt, readEvents } from './read-events.js';

function input(text: string | Buffer): Readable {
  return Readable.from([Buffer.from(text)], { objectMode: false });
}

async function messageIds(text: string | Buffer): Promise<unknown[]> {
  const events = await Readable.from(readEvents(input(text))).toArray();
  return events.map(({ raw }) => (raw as { messageId?: unknown }).messageId);
}

const event = (messageId: string) => ({ type: 'track', event: 'A', messageId, context: { a: {} } });

test.each<[string, string | Buffer, string[]]>([
  ['an event', JSON.stringify(event('a')), ['a']],
  ['an event over several lines', JSON.stringify(event('a'), null, 2), ['a']],
  ['a batch', JSON.stringify({ batch: [event('a'), event('b')] }), ['a', 'b']],
  ['a list over several lines', JSON.stringify([event('a'), event('b')], null, 2), ['a', 'b']],
  [
    'a list, an event a line',
    `[\n${JSON.stringify(event('a'))},\n${JSON.stringify(event('b'))}\n]`,
    ['a', 'b'],
  ],
  ["the extensible webhook's list", JSON.stringify([{ json: event('a') }]), ['a']],
  ['NDJSON', `${JSON.stringify(event('a'))}\n\n${JSON.stringify(event('b'))}\n`, ['a', 'b']],
  [
    'NDJSON of batches',
    `${JSON.stringify({ batch: [event('a'), event('b')] })}\n${JSON.stringify(event('c'))}`,
    ['a', 'b', 'c'],
  ],
  ['gzip', gzipSync(JSON.stringify(event('a'), null, 2)), ['a']],
  ['a byte order mark', `\ufeff${JSON.stringify(event('a'))}`, ['a']],
])('%s', async (_, text, ids) => {
  expect(await messageIds(text)).toEqual(ids);
});

test("a batch's own context and time of sending go with its events", async () => {
  const text = JSON.stringify({ batch: [event('a')], context: { ip: '1' }, sentAt: 'then' });
  expect(await readEventAt(1, input(text))).toEqual({
    raw: { ...event('a'), context: { ip: '1', a: {} } },
    sentAt: 'then',
  });
});

test.each([
  ['', 'it is empty'],
  ['hello', 'it is not JSON'],
  ['{\n"a": 1', 'it is not JSON'],
  ['5', 'it is not JSON'],
  [`${JSON.stringify(event('a'))}\n{"cut":`, 'line 2 is not JSON'],
])('%p holds no events, and says why', async (text, message) => {
  await expect(messageIds(text)).rejects.toThrow(message);
});

test('an event is found by its number, and no more is read than is asked for', async () => {
  const ndjson = ['a', 'b', 'c'].map((id) => JSON.stringify(event(id))).join('\n');
  expect(await readEventAt(2, input(`${ndjson}\nnot JSON`))).toMatchObject({ raw: { messageId: 'b' } });
  await expect(readEventAt(4, input(ndjson))).rejects.toThrow('it holds 3 events, no 4');
});

test('a list of more events than a request may hold is read', async () => {
  const text = JSON.stringify(Array.from({ length: 10_001 }, (_, n) => ({ messageId: `m${n}` })));
  expect(await messageIds(text)).toHaveLength(10_001);
});
