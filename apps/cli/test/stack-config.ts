/** Long enough that the logger's scrubber takes them for secrets, and that they are in no other text. */
export const WRITE_KEY = 'wk-stack-5d0c1f2e';
export const LAGO_KEY = 'lago-stack-77aa31';
export const HYPERLINE_KEY = 'test_hyperline-stack-90be';
export const SECRETS = [WRITE_KEY, LAGO_KEY, HYPERLINE_KEY, Buffer.from(`${WRITE_KEY}:`).toString('base64')];

/** What the source's privacy takes, and what the mapping masks: no log and no output may show it. */
export const PHONE = '+33 6 12 34 56 78';
export const IP_ADDRESS = '203.0.113.77';
export const EMAIL = 'leonard.cohen@yourcompany.com';

/** Two destinations: usage in both, an entity in Hyperline. */
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
    limit: { requestsPerSecond: 200, concurrency: 4, batchSize: 100 }
    rules:
      - name: api-calls
        when: type = "track" and event = "API Call"
        code: api_call
        subscription: [properties.subscription_id, context.groupId, userId]
        properties: { tokens: { path: properties.tokens, as: number }, model: properties.model }
  - name: hyperline
    type: hyperline
    url: \${HYPERLINE_API_URL}
    apiKey: \${HYPERLINE_API_KEY}
    limit: { requestsPerSecond: 50, concurrency: 4, batchSize: 500 }
    rules:
      - name: usage
        when: type = "track"
        customer: [context.groupId, userId]
        eventType: event
        record: { "*": properties }
      - name: users
        when: type = "identify"
        customer: [context.groupId, userId]
        eventType: { value: users }
        record: { id: userId, plan: traits.plan, work_email: { path: traits.email, mask: true } }
`;
