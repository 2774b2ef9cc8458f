import { expect, test } from '@jest/globals';
import { call, start } from './fixture.js';
import { LAGO_ANSWERS, LAGO_BODIES, type LagoAnswer } from './lago-answers.js';

test('each batch is answered as Lago 1.51.0 answered it', async () => {
  const sandbox = await start();
  for (const expected of LAGO_ANSWERS) {
    const { name, body, status, headers } = expected;
    const reply = await call('POST', `${sandbox.lago.url}/api/v1/events/batch`, body, headers);
    expect({ name, status: reply.status, json: reply.json }).toEqual({
      name,
      status,
      json: bodyOf(expected),
    });
    if (status === 400) expect(reply.text).toBe('');
  }
});

test('what crashed Lago is counted, and nothing of it is stored', async () => {
  const sandbox = await start();
  const crashes = LAGO_ANSWERS.filter(({ status }) => status === 500);
  for (const { body } of crashes) await call('POST', `${sandbox.lago.url}/api/v1/events/batch`, body);
  expect(sandbox.lago.inspect().events).toMatchObject({ received: 9, crashed: 9, stored: 0 });
});

test('a repeat is named even where its content could not be stored', async () => {
  const sandbox = await start();
  const url = `${sandbox.lago.url}/api/v1/events`;
  const event = { transaction_id: 't', external_subscription_id: 's', code: 'c' };
  expect((await call('POST', url, { event })).status).toBe(200);
  const properties = { s: 'z'.repeat(1_000_000) };
  expect((await call('POST', url, { event: { ...event, properties } })).status).toBe(422);
  expect((await call('POST', url, { event: { ...event, transaction_id: 'u', properties } })).status).toBe(
    500,
  );
});

test('ClickHouse has no such limits', async () => {
  const sandbox = await start({ lago: { store: 'clickhouse' } });
  const event = { transaction_id: 'a\0b', code: 'c', properties: { s: 'z'.repeat(1_000_000) } };
  expect((await call('POST', `${sandbox.lago.url}/api/v1/events`, { event })).status).toBe(200);
});

function bodyOf({ status, details, events }: LagoAnswer): unknown {
  if (events !== undefined) return { events: events.map((event) => expect.objectContaining(event)) };
  if (details === undefined) return LAGO_BODIES[status];
  return { status, error: 'Unprocessable Entity', code: 'validation_errors', error_details: details };
}
