import { expect, test } from '@jest/globals';
import type { HttpAnswer } from '../http-answer.js';
import { readLagoEventsStore } from './read-events-store.js';

const answering = (answer: HttpAnswer) => ({ get: async () => answer });
const json = (status: number, body: unknown): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

test.each([
  ['postgres', /^a 200 means stored/],
  ['clickhouse', /billed twice.*never told/],
])('%s, and what follows', async (name, follows) => {
  const told = await readLagoEventsStore(answering(json(200, { organization: { events_store: name } })));
  expect(told).toEqual({ told: true, store: { name, follows: expect.stringMatching(follows) } });
});

test.each<[string, HttpAnswer, RegExp]>([
  ['an older Lago', json(200, { organization: { name: 'Acme' } }), /before 1\.47\.0 does not say/],
  [
    'another word',
    json(200, { organization: { events_store: 'secret\u001b[2J' } }),
    /^events_store is neither postgres nor clickhouse$/,
  ],
  ['a name that every object has', json(200, { organization: { events_store: 'constructor' } }), /neither/],
  ['no word', json(200, { organization: { events_store: null } }), /neither/],
  ['no organization', json(200, ['x']), /no organization/],
  ['a web page', { status: 200, headers: {}, body: '<html>' }, /no organization/],
  ['a key that may not read it', json(403, { status: 403 }), /lacks a permission \(HTTP 403\)/],
  ['no answer', { error: 'timeout', detail: 'no answer within 15000 ms' }, /no answer within 15000 ms/],
])('%s: not told, and why', async (_what, answer, problem) => {
  expect(await readLagoEventsStore(answering(answer))).toEqual({
    told: false,
    problem: expect.stringMatching(problem),
  });
});
