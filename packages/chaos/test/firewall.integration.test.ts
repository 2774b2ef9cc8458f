import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Sandbox, startSandbox } from '@meterbridge/sandbox';
import { type Firewall, openFirewall } from '../src/firewall/firewall.js';
import { BROKEN, CUT, FORBIDDEN } from '../src/firewall/refusals.js';

const KEYS = { lago: 'lago-key', hyperline: 'hyperline-key' };
const POISON = '<script>alert(1)</script>';
const TIME = '2026-08-01T12:00:00.000Z';
let sandbox: Sandbox;
let firewall: Firewall;

beforeEach(async () => {
  sandbox = await startSandbox({
    lago: { apiKey: KEYS.lago, store: 'postgres' },
    hyperline: { apiKey: KEYS.hyperline },
  });
  firewall = await openFirewall(sandbox.port);
});
afterEach(async () => {
  await firewall.close();
  await sandbox.close();
});

/** Sends usage events by their ids; one called `X…` holds what a firewall takes for an attack. */
async function send(api: 'lago' | 'hyperline', ...ids: string[]) {
  const modelOf = (id: string) => (id.startsWith('X') ? POISON : 'small');
  const toLago = (id: string) => ({
    transaction_id: id,
    external_subscription_id: 'sub',
    code: 'api_call',
    timestamp: Date.parse(TIME) / 1_000,
    properties: { model: modelOf(id) },
  });
  const toHyperline = (id: string) => ({
    customer_id: 'acme',
    event_type: 'API Call',
    timestamp: TIME,
    record: { model: modelOf(id), id },
  });
  const [path, body] =
    api === 'lago'
      ? ['/lago/api/v1/events/batch', { events: ids.map(toLago) }]
      : ['/hyperline/v1/events/batch', ids.map(toHyperline)];
  const answer = await fetch(`http://127.0.0.1:${firewall.port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEYS[api]}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => undefined);
  return answer && { status: answer.status, text: await answer.text() };
}

test.each(['lago', 'hyperline'] as const)(
  '%s: what holds the marker is refused and not stored',
  async (api) => {
    firewall.guard(FORBIDDEN);
    const refused = await send(api, 'a', 'X');
    expect(refused?.status).toBe(403);
    expect(refused?.text).toMatch(/^<html>\r\n<head><title>403 Forbidden/);
    expect(sandbox[api].ledger.size).toBe(0);

    expect([200, 201]).toContain((await send(api, 'a', 'b'))?.status);
    expect(sandbox[api].ledger.size).toBe(2);
    expect(firewall.comparisons[api]).toMatchObject({ refused: 1, again: 1, alone: 0 });
  },
);

test('a cut connection is no answer, and nothing reaches the API', async () => {
  firewall.guard(CUT);
  expect(await send('lago', 'X')).toBeUndefined();
  expect(sandbox.lago.inspect().requests).toBe(0);
});

test('without a refusal everything is passed on, and a new guard counts anew', async () => {
  firewall.guard(FORBIDDEN);
  await send('lago', 'X');
  firewall.guard();
  expect((await send('lago', 'X'))?.status).toBe(200);
  expect(firewall.comparisons.lago).toMatchObject({ refused: 0, alone: 0, again: 0 });
});

test('an outage may begin with the very request in which a refused event comes again', async () => {
  firewall.guard(FORBIDDEN);
  firewall.atNextComparison(() => firewall.refuseAll(BROKEN));
  expect((await send('lago', 'a'))?.status).toBe(200);
  expect((await send('lago', 'b', 'X'))?.status).toBe(403);
  expect((await send('lago', 'b'))?.status).toBe(500);
  expect((await send('hyperline', 'c'))?.status).toBe(500);
  expect(sandbox.lago.ledger.find('b')).toEqual([]);
  firewall.refuseAll(undefined);
  expect((await send('lago', 'b'))?.status).toBe(200);
});

test('a read is passed on, whatever it is about', async () => {
  firewall.guard(FORBIDDEN);
  const answer = await fetch(`http://127.0.0.1:${firewall.port}/lago/api/v1/events?code=x`, {
    headers: { authorization: `Bearer ${KEYS.lago}` },
  });
  expect(answer.status).toBe(200);
  await answer.text();
});
