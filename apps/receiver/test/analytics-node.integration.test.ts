import { afterEach, expect, test } from '@jest/globals';
import { Analytics } from '@segment/analytics-node';
import { BACKEND_KEY, startReceiver, stopReceivers } from './running-receiver.js';

afterEach(stopReceivers);

test('the real analytics-node client delivers 1,000 events of all call types, field by field', async () => {
  const { url, received, rejected, told } = await startReceiver();
  const analytics = new Analytics({ writeKey: BACKEND_KEY, host: url, flushAt: 50, flushInterval: 100 });
  const failures: unknown[] = [];
  analytics.on('error', (error) => failures.push(error));
  const sent = new Map<string, Record<string, unknown>>();
  for (let index = 0; index < 1_000; index++) {
    const timestamp = new Date(Date.now() - index * 1_000);
    const common = {
      userId: `u${index % 7}`,
      messageId: `sdk-${index}`,
      timestamp,
      context: { groupId: `acct_${index % 3}` },
    };
    const properties = { units: index, nested: { cost: index / 3 }, text: 'é😀"\\' };
    const { event, fields } = callSomething(analytics, index % 6, common, properties);
    sent.set(common.messageId, {
      type: event,
      userId: common.userId,
      timestamp: timestamp.toISOString(),
      ...fields,
    });
  }
  await analytics.closeAndFlush({ timeout: 20_000 });

  expect(failures).toEqual([]);
  expect(rejected).toEqual([]);
  expect(received).toHaveLength(1_000);
  expect(
    told.filter((line) => line.startsWith('answered')).every((line) => line === 'answered /v1/batch 200'),
  ).toBe(true);
  for (const { source, event } of received) {
    expect(source).toBe('backend');
    expect(event).toMatchObject(sent.get(event.messageId)!);
    expect(event.context).toMatchObject({
      groupId: expect.any(String),
      library: { name: '@segment/analytics-node' },
    });
    sent.delete(event.messageId);
  }
  expect(sent.size).toBe(0);
});

type Common = { userId: string; messageId: string; timestamp: Date; context: { groupId: string } };

function callSomething(
  analytics: Analytics,
  kind: number,
  common: Common,
  properties: Record<string, unknown>,
) {
  switch (kind) {
    case 0:
      analytics.track({ ...common, event: 'API Call', properties });
      return { event: 'track', fields: { event: 'API Call', properties } };
    case 1:
      analytics.identify({ ...common, traits: properties });
      return { event: 'identify', fields: { traits: properties } };
    case 2:
      analytics.page({ ...common, name: 'Home', properties });
      return { event: 'page', fields: { name: 'Home', properties } };
    case 3:
      analytics.screen({ ...common, name: 'Main', properties });
      return { event: 'screen', fields: { name: 'Main', properties } };
    case 4:
      analytics.group({ ...common, groupId: 'g1', traits: properties });
      return { event: 'group', fields: { groupId: 'g1', traits: properties } };
    default:
      analytics.alias({ ...common, previousId: 'before' });
      return { event: 'alias', fields: { previousId: 'before' } };
  }
}
