import { OperationError } from '@meterbridge/operations';
import { Analytics } from '@segment/analytics-node';

export type Sent = {
  /** Events handed to the client, by call type. */
  byType: Record<string, number>;
  /** Events that were wrong on purpose, by what is wrong. */
  wrong: Record<string, number>;
  /** Events sent a second time with the same messageId. */
  repeated: number;
};

const ACCOUNTS = 20;
const MODELS = ['small', 'medium', 'large'];

/**
 * Sends a small company's day through Segment's own Node client, all six call types, and beside it a few
 * events that are wrong in the ways real ones are. @param count well-formed events
 */
export async function sendEvents(
  receiverUrl: string,
  writeKey: string,
  count: number,
  onProgress: (sent: number) => void,
): Promise<Sent> {
  const client = new Analytics({
    writeKey,
    host: receiverUrl,
    path: '/v1/batch',
    flushAt: 100,
    flushInterval: 200,
  });
  const failures: unknown[] = [];
  client.on('error', (error) => failures.push(error.code));
  const sent: Sent = { byType: {}, wrong: {}, repeated: 0 };
  const seed = Date.now().toString(36);
  const count1 = (bag: Record<string, number>, name: string) => {
    bag[name] = (bag[name] ?? 0) + 1;
  };

  for (let n = 1; n <= count; n += 1) {
    const now = Date.now();
    count1(sent.byType, sendOne(client, n, `${seed}-${n}`, now));
    if (n % 50 === 0) {
      // A client that is not sure whether its request arrived sends it again, with the same messageId and time.
      sendOne(client, n, `${seed}-${n}`, now);
      sent.repeated += 1;
    }
    if (n % 100 === 0) {
      onProgress(n);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  for (let n = 1; n <= 20; n += 1) count1(sent.wrong, sendUnmappable(client, n, `${seed}-wrong-${n}`));
  await client.closeAndFlush({ timeout: 30_000 });
  for (const wrong of await sendInvalid(receiverUrl, writeKey, seed)) count1(sent.wrong, wrong);
  if (failures.length > 0)
    throw new OperationError('not_possible', `the Segment client gave up on ${failures.length} requests`);
  return sent;
}

function sendOne(client: Analytics, n: number, messageId: string, now: number): string {
  const account = `acct_${(n % ACCOUNTS) + 1}`;
  const userId = `user_${(n % 200) + 1}`;
  const context = { groupId: account, ip: '203.0.113.7' };
  const timestamp = new Date(now - (n % 3_600) * 1_000);
  const common = { userId, messageId, timestamp, context };
  if (n % 40 === 1) {
    const traits = {
      email: `lea.${userId}@example.com`,
      plan: n % 80 === 1 ? 'pro' : 'free',
      phone: '+1 555 0100',
    };
    client.identify({ ...common, traits });
    return 'identify';
  }
  if (n % 40 === 2) {
    client.group({ ...common, groupId: account, traits: { name: `Account ${account}` } });
    return 'group';
  }
  if (n % 40 === 3) {
    client.page({ ...common, name: 'Pricing' });
    return 'page';
  }
  if (n % 40 === 4) {
    client.screen({ ...common, name: 'Usage' });
    return 'screen';
  }
  if (n % 40 === 5) {
    client.alias({ userId, previousId: `anonymous_${n}`, messageId, timestamp, context });
    return 'alias';
  }
  const properties = { tokens: 10 + (n % 990), model: MODELS[n % 3], subscription_id: `sub_${account}` };
  client.track({ ...common, event: n % 4 === 0 ? 'File Stored' : 'API Call', properties });
  return 'track';
}

/** Segment events all of them, but not what the demonstration's first rule needs. */
function sendUnmappable(client: Analytics, n: number, messageId: string): string {
  const common = { userId: 'user_1', messageId, context: { groupId: 'acct_1' }, event: 'API Call' };
  if (n % 2 === 0) {
    client.track({ ...common, properties: { model: 'small', subscription_id: 'sub_acct_1' } });
    return 'API Call without tokens';
  }
  client.track({ ...common, properties: { tokens: '1,000', model: 'small', subscription_id: 'sub_acct_1' } });
  return 'tokens written as "1,000"';
}

/** Things that are no Segment events, each among good ones; the good ones are not touched. */
async function sendInvalid(receiverUrl: string, writeKey: string, seed: string): Promise<string[]> {
  const timestamp = new Date().toISOString();
  const good = (n: number) => ({
    type: 'page',
    userId: 'user_1',
    messageId: `${seed}-good-${n}`,
    timestamp,
    name: 'Docs',
  });
  const wrong: [string, object][] = [
    ['no type', { userId: 'user_1', messageId: `${seed}-a`, timestamp }],
    ['track without event', { type: 'track', userId: 'user_1', messageId: `${seed}-b`, timestamp }],
    ['no user', { type: 'track', event: 'API Call', messageId: `${seed}-c`, timestamp }],
    [
      'over 32 KB',
      {
        type: 'track',
        event: 'API Call',
        userId: 'user_1',
        messageId: `${seed}-d`,
        timestamp,
        properties: { blob: 'x'.repeat(40_000) },
      },
    ],
    [
      'a timestamp in 2049',
      {
        type: 'track',
        event: 'API Call',
        userId: 'user_1',
        messageId: `${seed}-e`,
        timestamp: '2049-01-01T00:00:00Z',
      },
    ],
  ];
  const batch = wrong.flatMap(([, event], index) => [good(2 * index), event, good(2 * index + 1)]);
  const answer = await fetch(`${receiverUrl}/v1/batch`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`,
    },
    body: JSON.stringify({ batch, sentAt: timestamp }),
  });
  if (answer.status !== 200)
    throw new OperationError('not_possible', `the receiver answered HTTP ${answer.status}`);
  return wrong.map(([what]) => what);
}
