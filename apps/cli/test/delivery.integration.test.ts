import { expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import { Analytics } from '@segment/analytics-node';
import { useStack } from './run-stack.js';
import { EMAIL, IP_ADDRESS, PHONE, WRITE_KEY } from './stack-config.js';

const stacks = useStack(useRedis());

/** A rule a call type in both destinations, so that every event goes to both. */
const ALL_SIX = `
sources:
  - name: backend
    writeKey: \${SEGMENT_WRITE_KEY}
    privacy: { drop: [context.ip], mask: [traits.phone] }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    rules:
      - name: usage
        when: type = "track"
        subscription: [properties.subscription_id, context.groupId]
        properties: { tokens: { path: properties.tokens, as: number }, model: properties.model }
      - name: others
        when: type != "track"
        code: { path: type }
        subscription: context.groupId
        properties: { who: userId, phone: { path: traits.phone, default: none } }
  - name: hyperline
    type: hyperline
    url: \${HYPERLINE_API_URL}
    apiKey: \${HYPERLINE_API_KEY}
    rules:
      - name: usage
        when: type = "track"
        customer: context.groupId
        eventType: event
        record: { "*": properties }
      - name: users
        when: type = "identify"
        customer: context.groupId
        eventType: { value: users }
        record: { id: { template: "\${context.groupId}:\${userId}" }, plan: traits.plan, phone: traits.phone, work_email: { path: traits.email, mask: true } }
      - name: others
        when: type != "track" and type != "identify"
        customer: context.groupId
        eventType: type
        record: { who: userId, ip: { path: context.ip, default: none } }
`;

const EVENTS = 1_200;

type Expected = { lago: object; hyperline: object };

/** Sends the nth event and says what each API must hold of it. */
function sendEvent(client: Analytics, n: number): Expected {
  const messageId = `sdk-${n}`;
  const timestamp = new Date(Date.now() - n * 1_000 - 7);
  const groupId = `acct-${n % 5}`;
  const userId = `user-${n}`;
  const common = { userId, messageId, timestamp, context: { groupId, ip: IP_ADDRESS } };
  const at = timestamp.toISOString();
  const inLago = (code: string, subscription: string, properties: object) => ({
    transaction_id: messageId,
    code,
    timestamp: at,
    external_subscription_id: subscription,
    properties,
  });
  const inHyperline = (eventType: string, recordId: string, record: object) => ({
    event_type: eventType,
    timestamp: at,
    customer_id: groupId,
    record_id: recordId,
    record: { ...record, id: recordId },
  });
  switch (n % 6) {
    case 0: {
      const properties = { tokens: n / 4, model: 'é😀"\\', subscription_id: `sub-${n % 3}` };
      client.track({ ...common, event: 'API Call', properties });
      const { tokens, model } = properties;
      return {
        lago: inLago('API Call', properties.subscription_id, { tokens, model }),
        hyperline: inHyperline('API Call', messageId, properties),
      };
    }
    case 1:
      client.identify({
        ...common,
        traits: { plan: n % 12 === 1 ? 'pro' : null, email: EMAIL, phone: PHONE },
      });
      return {
        lago: inLago('identify', groupId, { who: userId, phone: '+***' }),
        hyperline: inHyperline('users', `${groupId}:${userId}`, {
          plan: n % 12 === 1 ? 'pro' : null,
          phone: '+***',
          work_email: 'l***.c***@yourcompany.com',
        }),
      };
    case 2:
      client.page({ ...common, name: 'Pricing' });
      break;
    case 3:
      client.screen({ ...common, name: 'Usage' });
      break;
    case 4:
      client.group({ ...common, groupId, traits: { name: 'Example' } });
      break;
    default:
      client.alias({ ...common, previousId: `before-${n}` });
  }
  const type = ['page', 'screen', 'group', 'alias'][(n % 6) - 2]!;
  return {
    lago: inLago(type, groupId, { who: userId, phone: 'none' }),
    hyperline: inHyperline(type, messageId, { who: userId, ip: 'none' }),
  };
}

test('events of all six types from the real client reach both APIs, field by field, and the account adds up', async () => {
  const stack = await stacks.open({ config: ALL_SIX });
  const [receiver] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  const client = new Analytics({ writeKey: WRITE_KEY, host: receiver.url, flushAt: 50, flushInterval: 100 });
  const failures: unknown[] = [];
  client.on('error', (error) => failures.push(error));
  const expected = Array.from({ length: EVENTS }, (_, n) => sendEvent(client, n));
  await client.closeAndFlush({ timeout: 20_000 });
  expect(failures).toEqual([]);

  const accounts = await stack.settled(EVENTS);
  for (const account of [accounts.lago, accounts.hyperline]) {
    expect(account).toMatchObject({ accepted: EVENTS, delivered: EVENTS, dead: 0, difference: 0 });
  }
  const byId = <T>(items: T[], idOf: (item: T) => unknown) =>
    new Map(items.map((item) => [idOf(item), item]));
  const inLago = byId(stack.sandbox.lago.events(), (event) => event.transaction_id);
  const inHyperline = byId(stack.sandbox.hyperline.events(), (event) => event.record_id);
  expect([inLago.size, inHyperline.size]).toEqual([EVENTS, EVENTS]);
  for (const { lago, hyperline } of expected) {
    expect(inLago.get((lago as { transaction_id: string }).transaction_id)).toMatchObject(lago);
    const found = inHyperline.get((hyperline as { record_id: string }).record_id);
    expect(found).toEqual({ ...hyperline, id: found?.id });
  }
  expect(stack.sandbox.lago.inspect().events.unbillable).toEqual({});
});
