import { expect, test } from '@jest/globals';
import { call, lagoEvent, postLago, start } from './fixture.js';

type Page = { events: { transaction_id: string }[]; meta: Record<string, number | null> };

async function list(url: string): Promise<[string[], Page['meta']]> {
  const page = (await call('GET', `${url}/api/v1/events`)).json as Page;
  return [page.events.map((event) => event.transaction_id), page.meta];
}

test('an event is found by its id, the first where several share it', async () => {
  const sandbox = await start();
  const id = 'a b:api-calls';
  await postLago(sandbox, [lagoEvent(id)]);
  await postLago(sandbox, [lagoEvent(id, { external_subscription_id: 'sub_2' })]);
  const url = `${sandbox.lago.url}/api/v1/events`;
  expect(await call('GET', `${url}/${encodeURIComponent(id)}`)).toMatchObject({
    status: 200,
    json: { event: { transaction_id: id, external_subscription_id: 'sub_1' } },
  });
  expect(await call('GET', `${url}/other`)).toMatchObject({
    status: 404,
    json: { status: 404, error: 'Not Found', code: 'event_not_found' },
  });
});

test('events are listed newest first, in pages, under filters', async () => {
  const sandbox = await start({
    lago: { knownSubscriptions: [{ external_id: 'sub_1', started_at: '1970-01-01T00:00:02Z' }] },
  });
  const changes = [{ timestamp: 1 }, { timestamp: 3 }, { timestamp: 2, code: 'other' }];
  await postLago(
    sandbox,
    changes.map((change, i) => lagoEvent(`t${i}`, change)),
  );
  await postLago(sandbox, [lagoEvent('t9', { timestamp: 9, external_subscription_id: 'sub_2' })]);
  const query = async (text: string) => {
    const { json } = await call('GET', `${sandbox.lago.url}/api/v1/events?${text}`);
    return (json as Page).events.map((event) => event.transaction_id);
  };
  expect(await list(sandbox.lago.url)).toEqual([
    ['t9', 't1', 't2', 't0'],
    { current_page: 1, next_page: null, prev_page: null, total_pages: 1, total_count: 4 },
  ]);
  expect(await query('external_subscription_id=sub_1')).toEqual(['t1', 't2', 't0']);
  expect(await query('code=other')).toEqual(['t2']);
  expect(await query('code=nothing')).toEqual([]);
  expect(await query('timestamp_from=1970-01-01T00:00:02Z&timestamp_to=1970-01-01T00:00:03Z')).toEqual([
    't1',
    't2',
  ]);
  expect(await query('external_subscription_id=sub_1&timestamp_from_started_at=true')).toEqual(['t1', 't2']);
  expect(await query('per_page=3&page=2')).toEqual(['t0']);
  await postLago(sandbox, [lagoEvent('t10', { timestamp: 10 })]);
  expect(await query('per_page=3&page=2')).toEqual(['t2', 't0']);
});

test('a date that is none is refused', async () => {
  const sandbox = await start();
  expect(await call('GET', `${sandbox.lago.url}/api/v1/events?timestamp_from=123`)).toMatchObject({
    status: 422,
    json: { error_details: { timestamp_from: ['invalid_date'] } },
  });
});

test('subscriptions are the active ones unless others are asked for', async () => {
  const sandbox = await start({
    lago: {
      knownSubscriptions: [
        'sub_1',
        { external_id: 'sub_2', external_customer_id: 'acme', plan_code: 'gold' },
        { external_id: 'sub_3', status: 'terminated', terminated_at: '2024-01-01T00:00:00Z' },
      ],
    },
  });
  const url = `${sandbox.lago.url}/api/v1/subscriptions`;
  const ids = async (query: string) => {
    const { json } = await call('GET', `${url}?${query}`);
    return (json as { subscriptions: { external_id: string }[] }).subscriptions.map((s) => s.external_id);
  };
  expect(await ids('')).toEqual(['sub_1', 'sub_2']);
  expect(await ids('external_customer_id=acme')).toEqual(['sub_2']);
  expect(await ids('plan_code=gold')).toEqual(['sub_2']);
  expect(await ids('external_id=sub_1')).toEqual(['sub_1']);
  expect(await ids('status[]=terminated&status[]=active')).toEqual(['sub_1', 'sub_2', 'sub_3']);
  expect((await call('GET', `${url}/sub_2`)).json).toMatchObject({ subscription: { plan_code: 'gold' } });
  expect((await call('GET', `${url}/sub_3`)).json).toMatchObject({ code: 'subscription_not_found' });
  expect((await call('GET', `${url}/sub_3?status=terminated`)).status).toBe(200);
});

test('metrics are listed and found by code', async () => {
  const sandbox = await start({
    lago: { metrics: { api_call: { aggregation: 'sum_agg', field: 'tokens' } } },
  });
  const url = `${sandbox.lago.url}/api/v1/billable_metrics`;
  const metric = { code: 'api_call', aggregation_type: 'sum_agg', field_name: 'tokens' };
  expect((await call('GET', url)).json).toMatchObject({
    billable_metrics: [metric],
    meta: { total_count: 1 },
  });
  expect((await call('GET', `${url}/api_call`)).json).toMatchObject({ billable_metric: metric });
  expect(await call('GET', `${url}/x`)).toMatchObject({
    status: 404,
    json: { code: 'billable_metric_not_found' },
  });
});
