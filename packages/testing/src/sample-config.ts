/** Long enough that the logger's scrubber takes them for secrets, and in no other text: logs are searched for them. */
export const WRITE_KEY = 'wk-sample-5d0c1f2e77';
export const LAGO_KEY = 'lago-sample-77aa31b2';
export const HYPERLINE_KEY = 'test_hyperline-sample-90be';

/** What the sample's privacy takes, and what its mapping masks. */
export const PHONE = '+33 6 12 34 56 78';
export const IP_ADDRESS = '203.0.113.77';
export const EMAIL = 'leonard.cohen@yourcompany.com';

/** What no log and no output may show. */
export const NEVER_SHOWN = [
  WRITE_KEY,
  Buffer.from(`${WRITE_KEY}:`).toString('base64'),
  LAGO_KEY,
  HYPERLINE_KEY,
  PHONE,
  IP_ADDRESS,
  EMAIL,
];

/** Requests a second at each API, and how long an answer is waited for: the product's defaults where left out. */
export type SampleLimits = {
  lago?: number;
  hyperline?: number;
  /** Of reads beside events; the product's default where left out. */
  reads?: 'unlimited';
  timeoutMs?: number;
  /** Lago is asked which subscription a customer has, where events else name theirs. */
  looksUp?: boolean;
  /** An event without a model is sent to Lago without one, where it else has no meaning. */
  allowsNoModel?: boolean;
};

/** A configuration as its file: usage in both destinations, an entity in Hyperline. Keys and URLs are the environment's. */
export function sampleConfig({
  lago,
  hyperline,
  reads,
  timeoutMs,
  looksUp = false,
  allowsNoModel = false,
}: SampleLimits): string {
  const timeout = timeoutMs === undefined ? '' : `\n    timeoutMs: ${timeoutMs}`;
  const ofReads = reads === undefined ? '' : `, readsPerSecond: ${reads}`;
  const limit = (requestsPerSecond: number | undefined, batchSize: number) =>
    requestsPerSecond === undefined
      ? ''
      : `\n    limit: { requestsPerSecond: ${requestsPerSecond}${ofReads}, concurrency: 4, batchSize: ${batchSize} }`;
  const subscription = looksUp
    ? '{ lookup: customer, customer: [context.groupId, userId] }'
    : '[properties.subscription_id, context.groupId, userId]';
  const model = allowsNoModel ? '{ path: properties.model, default: null }' : 'properties.model';
  return `
sources:
  - name: backend
    writeKey: \${SEGMENT_WRITE_KEY}
    privacy: { drop: [context.ip], mask: [traits.phone] }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}${timeout}${limit(lago, 100)}
    rules:
      - name: api-calls
        when: type = "track" and event = "API Call"
        code: api_call
        subscription: ${subscription}
        properties: { tokens: { path: properties.tokens, as: number }, model: ${model} }
  - name: hyperline
    type: hyperline
    url: \${HYPERLINE_API_URL}
    apiKey: \${HYPERLINE_API_KEY}${timeout}${limit(hyperline, 500)}
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
        uniqueIds: true
`;
}
