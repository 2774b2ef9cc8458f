/** Long enough for the logger's scrubber, and in no other text: the logs are searched for them. */
export const WRITE_KEY = 'wk-chaos-5d0c1f2e77';
export const LAGO_KEY = 'lago-chaos-77aa31b2';
export const HYPERLINE_KEY = 'test_hyperline-chaos-90be';

/** What privacy rules take and a mapping masks: no log may show it. */
export const PHONE = '+33 6 12 34 56 78';
export const IP_ADDRESS = '203.0.113.77';
export const EMAIL = 'leonard.cohen@yourcompany.com';

/** What no line of any log may hold. */
export const NEVER_LOGGED = [
  WRITE_KEY,
  Buffer.from(`${WRITE_KEY}:`).toString('base64'),
  LAGO_KEY,
  HYPERLINE_KEY,
  PHONE,
  IP_ADDRESS,
  EMAIL,
];

/** Requests a second, over both workers together. */
export const LIMITS = { lago: 100, hyperline: 50 };

/** A request that is not answered for this long is given up, and may have been stored. */
export const TIMEOUT_MS = 2_000;

/** Usage in both destinations, an entity in Hyperline. */
export const CONFIG = `
sources:
  - name: backend
    writeKey: \${SEGMENT_WRITE_KEY}
    privacy: { drop: [context.ip], mask: [traits.phone] }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    timeoutMs: ${TIMEOUT_MS}
    limit: { requestsPerSecond: ${LIMITS.lago}, concurrency: 4, batchSize: 100 }
    rules:
      - name: api-calls
        when: type = "track" and event = "API Call"
        code: api_call
        subscription: properties.subscription_id
        properties: { tokens: { path: properties.tokens, as: number }, model: properties.model }
  - name: hyperline
    type: hyperline
    url: \${HYPERLINE_API_URL}
    apiKey: \${HYPERLINE_API_KEY}
    timeoutMs: ${TIMEOUT_MS}
    limit: { requestsPerSecond: ${LIMITS.hyperline}, concurrency: 4, batchSize: 500 }
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
        record: { id: userId, plan: traits.plan, work_email: { path: traits.email, mask: true } }
`;
