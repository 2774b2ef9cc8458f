export type CallType = 'track' | 'identify' | 'page' | 'screen' | 'group' | 'alias';

/** A Segment call as a client sends it, before anybody has looked at it. */
export type SegmentPayload = { type: CallType; messageId: string; timestamp: string } & Record<
  string,
  unknown
>;

type Make = (overrides?: Record<string, unknown>) => SegmentPayload;

const FIRST_TIMESTAMP_MS = Date.UTC(2026, 7, 1);

/**
 * Makers of valid payloads of all six types. The nth payload of a seed is always the same: its ids come
 * from the seed and a counter, its timestamp is n seconds into August 2026. Overrides replace whole
 * top-level fields; `undefined` leaves a field out of the JSON.
 */
export function makePayloads(
  seed: string,
): Record<'aTrack' | 'anIdentify' | 'aPage' | 'aScreen' | 'aGroup' | 'anAlias', Make> {
  let count = 0;
  function maker(type: CallType, fields: (n: number) => Record<string, unknown>): Make {
    return (overrides = {}) => {
      count += 1;
      return {
        type,
        messageId: `${seed}-${type}-${count}`,
        timestamp: new Date(FIRST_TIMESTAMP_MS + count * 1_000).toISOString(),
        userId: `${seed}-user`,
        ...fields(count),
        ...overrides,
      };
    };
  }
  return {
    aTrack: maker('track', (n) => ({
      event: 'API Call',
      properties: { tokens: n, model: 'small', subscription_id: `${seed}-subscription` },
      context: { groupId: `${seed}-account` },
    })),
    anIdentify: maker('identify', () => ({ traits: { email: 'someone@example.com', plan: 'pro' } })),
    aPage: maker('page', () => ({ name: 'Pricing', properties: { url: 'https://example.com/pricing' } })),
    aScreen: maker('screen', () => ({ name: 'Settings', properties: {} })),
    aGroup: maker('group', () => ({ groupId: `${seed}-account`, traits: { name: 'Example', seats: 3 } })),
    anAlias: maker('alias', () => ({ previousId: `${seed}-before` })),
  };
}

export const { aTrack, anIdentify, aPage, aScreen, aGroup, anAlias } = makePayloads('test');
