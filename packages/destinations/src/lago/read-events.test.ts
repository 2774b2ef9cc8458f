import { expect, test } from '@jest/globals';
import { canBeAskedFor, eventPath, eventsPath, readEvent, readEvents } from './read-events.js';

const READ = { subscription: 'sub 1&é', window: { fromMs: 1_000, toMs: 3_000 }, of: [] };
const event = (changes: object = {}) => ({
  transaction_id: 'm-1',
  external_subscription_id: READ.subscription,
  timestamp: '1970-01-01T00:00:02.000Z',
  ...changes,
});
const meta = (changes: object = {}) => ({ current_page: 2, total_pages: 3, total_count: 2_500, ...changes });
const ok = (body: unknown, status = 200) => ({
  status,
  headers: {},
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

test('a page of a window is asked for in ISO 8601, since a list takes no seconds', () => {
  expect(decodeURIComponent(eventsPath(READ, 2).replaceAll('+', ' '))).toBe(
    '/api/v1/events?external_subscription_id=sub 1&é&timestamp_from=1970-01-01T00:00:01.000Z&timestamp_to=1970-01-01T00:00:03.000Z&page=2&per_page=1000',
  );
  expect(eventsPath(READ, 1)).toContain('external_subscription_id=sub+1%26%C3%A9&');
  expect(eventsPath({}, 1)).toBe('/api/v1/events?page=1&per_page=1000');
  expect(eventPath('a b?c')).toBe('/api/v1/events/a%20b%3Fc');
  expect([canBeAskedFor('m-1'), canBeAskedFor('m/1')]).toEqual([true, false]);
});

test.each([
  ['as asked', { events: [event()], meta: meta() }, { pages: 3, total: 2_500 }],
  [
    'of a time at the end of the window',
    { events: [event({ timestamp: '1970-01-01T00:00:03Z' })], meta: meta() },
    { pages: 3 },
  ],
  [
    'an empty list, whose page is 0',
    { events: [], meta: meta({ current_page: 0, total_pages: 0, total_count: 0 }) },
    { events: [] },
  ],
  ['of another page', { events: [event()], meta: meta({ current_page: 1 }) }, null],
  [
    'of another subscription',
    { events: [event(), event({ external_subscription_id: 'sub-2' })], meta: meta() },
    null,
  ],
  [
    'of a time before the window',
    { events: [event({ timestamp: '1970-01-01T00:00:00.999Z' })], meta: meta() },
    null,
  ],
  ['of a time behind it', { events: [event({ timestamp: '1970-01-01T00:00:03.001Z' })], meta: meta() }, null],
  ['of no time', { events: [event({ timestamp: null })], meta: meta() }, null],
  ['without an id', { events: [event({ transaction_id: undefined })], meta: meta() }, null],
  ['with more than it counts', { events: [event(), event()], meta: meta({ total_count: 1 }) }, null],
  ['without events', { meta: meta() }, null],
  ['without meta', { events: [event()] }, null],
  ['without a count', { events: [event()], meta: meta({ total_count: undefined }) }, null],
  ['with something else for an event', { events: ['m-1'], meta: meta() }, null],
  ['a web page', '<html>', null],
])('a page %s', (_what, body, read) => {
  const page = readEvents(ok(body), READ, 2);
  if (read) expect(page).toMatchObject(read);
  else expect(page).toBeNull();
});

test.each([
  ['no answer', { error: 'timeout' as const, detail: '' }],
  ['403', ok({ events: [event()], meta: meta() }, 403)],
  ['429', ok('', 429)],
  ['500', ok('', 500)],
])('%s is no page', (_what, answer) => {
  expect(readEvents(answer, READ, 2)).toBeNull();
  expect(readEvent(answer).is).toBe('problem');
});

test.each([
  ['an event', ok({ event: event() }), 'event'],
  ['an event that is none', ok({ event: 'm-1' }), 'problem'],
  ['not there, by its own word', ok({ status: 404, code: 'event_not_found' }, 404), 'absent'],
  ['a wrong URL', ok({ status: 404, code: 'resource_not_found' }, 404), 'problem'],
  ['a proxy that knows no such page', ok('<html>', 404), 'problem'],
])('asked for one: %s', (_what, answer, is) => {
  expect(readEvent(answer).is).toBe(is);
});
