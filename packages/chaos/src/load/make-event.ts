import { EMAIL, IP_ADDRESS, PHONE } from '@meterbridge/testing/sample-config';

/** What an event is, and with that what has to become of it. */
export type Kind =
  | 'usage'
  | 'entity'
  | 'device'
  | 'timeless'
  | 'unmapped'
  | 'refused'
  | 'poisoned'
  | 'no-event';

/** What has to become of one event at one place. `once`: in effect once, and dead nowhere. `dead:a|b`: of either. */
export type Expected = 'once' | 'nothing' | `dead:${string}`;

export type Expectation = { lago: Expected; hyperline: Expected; receiver: Expected };

export const EXPECTED: Record<Kind, Expectation> = {
  usage: { lago: 'once', hyperline: 'once', receiver: 'nothing' },
  entity: { lago: 'nothing', hyperline: 'once', receiver: 'nothing' },
  device: { lago: 'once', hyperline: 'once', receiver: 'nothing' },
  timeless: { lago: 'once', hyperline: 'once', receiver: 'nothing' },
  unmapped: { lago: 'dead:unmapped', hyperline: 'once', receiver: 'nothing' },
  refused: { lago: 'dead:refused', hyperline: 'once', receiver: 'nothing' },
  // As good as any, for whoever has no firewall.
  poisoned: { lago: 'once', hyperline: 'once', receiver: 'nothing' },
  'no-event': { lago: 'nothing', hyperline: 'nothing', receiver: 'dead:unsupported_type' },
};

/** What a firewall takes for an attack. */
export const MARKER = '<script>';

/** How far the clock of a device is from the truth. */
export const DEVICE_CLOCK_MS = -3_600_000;

/** Of a hundred events: five are wrong, and of some thousand a few are refused. */
const SHARES: [Kind, number][] = [
  ['entity', 2],
  ['device', 2],
  ['timeless', 2],
  ['unmapped', 3],
  ['no-event', 2],
  // Lago refuses a whole batch for one of them.
  ['refused', 0.2],
];

/** Customers, each with a subscription. */
const ACCOUNTS = 50;
export const accountOf = (n: number) => `account-${n % ACCOUNTS}`;
export const subscriptionOf = (n: number) => `subscription-${n % ACCOUNTS}`;

/** What Lago has to know, so that each subscription is found, and that an event without a model is refused. */
export const LAGO_KNOWS = {
  knownSubscriptions: Array.from({ length: ACCOUNTS }, (_, n) => ({
    external_id: subscriptionOf(n),
    external_customer_id: accountOf(n),
  })),
  metrics: {
    api_call: { aggregation: 'sum_agg', field: 'tokens', expression: 'event.properties.model' },
  },
} as const;

/** The kinds of a scenario's events, by number. */
export function chooseKinds(
  count: number,
  random: () => number,
  {
    without = [],
    poisonedEvery,
  }: { without?: readonly Kind[] | undefined; poisonedEvery?: number | undefined },
): Kind[] {
  const choose = () => {
    let at = random() * 100;
    for (const [kind, share] of SHARES) {
      at -= share;
      if (at < 0) return without.includes(kind) ? 'usage' : kind;
    }
    return 'usage';
  };
  const kinds = Array.from({ length: count }, choose);
  if (poisonedEvery !== undefined) {
    for (let n = Math.floor(poisonedEvery / 2); n < count; n += poisonedEvery) kinds[n] = 'poisoned';
  }
  return kinds;
}

export type MadeEvent = Record<string, unknown> & { messageId: string };

/** The same number makes the same event, so that what arrived can be held against it. */
export function makeEvent(id: string, n: number, kind: Kind, baseMs: number): MadeEvent {
  const common = {
    messageId: id,
    userId: id,
    context: { groupId: accountOf(n), ip: IP_ADDRESS },
  };
  const timestamp = new Date(timestampMsOf(n, baseMs)).toISOString();
  const usage = { ...common, type: 'track', event: 'API Call', properties: propertiesOf(n, kind) };
  switch (kind) {
    case 'usage':
    case 'unmapped':
    case 'refused':
    case 'poisoned':
      return { ...usage, timestamp };
    case 'timeless':
      return usage;
    case 'device':
      // Segment's formula sets the device's clock right by the time of receipt: another one each time it is sent.
      return {
        ...usage,
        context: { ...common.context, os: { name: 'iOS' }, library: { name: 'analytics-ios' } },
        timestamp: new Date(timestampMsOf(n, baseMs) + DEVICE_CLOCK_MS).toISOString(),
      };
    case 'entity':
      return { ...common, type: 'identify', timestamp, traits: { plan: 'pro', email: EMAIL, phone: PHONE } };
    case 'no-event':
      return { ...usage, type: 'trakc', timestamp };
  }
}

/** What is to be billed; a number written as people do is no number to Lago's rule. */
export function propertiesOf(n: number, kind: Kind) {
  const tokens = kind === 'unmapped' ? '1,000' : 1 + (n % 997);
  return {
    tokens,
    ...(kind === 'refused' ? {} : { model: kind === 'poisoned' ? `${MARKER}alert(1)</script>` : 'small' }),
    subscription_id: subscriptionOf(n),
  };
}

/** In the hour before the run began. */
export function timestampMsOf(n: number, baseMs: number): number {
  return baseMs - (n % 3_600) * 1_000;
}
