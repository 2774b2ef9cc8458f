/** A destination's limit, as in the product's own configuration. */
export type Limit = { requestsPerSecond: number | 'unlimited'; concurrency: number; batchSize: number };

/** As fast as the sandbox answers. */
export const UNLIMITED: Limit = { requestsPerSecond: 'unlimited', concurrency: 8, batchSize: 100 };

export const WRITE_KEY = 'bench-write-key';

/** Read from the environment by the product. */
const variable = (name: string) => `$\{${name}}`;

/** Of one destination. JSON, which YAML reads. */
function configOf(destination: object): string {
  return JSON.stringify({
    sources: [{ name: 'bench', writeKey: WRITE_KEY, privacy: { mask: ['properties.email'] } }],
    destinations: [destination],
  });
}

/**
 * A configuration with every feature at work: a filter, a path of several, typed values, and one field masked
 * before anything is stored.
 */
export function lagoConfig(limit: Limit): string {
  return configOf({
    name: 'lago',
    type: 'lago',
    url: variable('LAGO_API_URL'),
    apiKey: variable('LAGO_API_KEY'),
    limit,
    rules: [
      {
        name: 'api-calls',
        when: 'type = "track" and event = "API Call"',
        code: 'api_call',
        subscription: ['properties.subscription_id', 'context.groupId'],
        properties: {
          tokens: { path: 'properties.tokens', as: 'number' },
          model: 'properties.model',
          email: 'properties.email',
        },
      },
    ],
  });
}

/** The same events to Hyperline, every flat property of them. */
export function hyperlineConfig(limit: Limit): string {
  return configOf({
    name: 'hyperline',
    type: 'hyperline',
    url: variable('HYPERLINE_API_URL'),
    apiKey: variable('HYPERLINE_API_KEY'),
    limit,
    rules: [
      {
        name: 'usage',
        when: 'type = "track"',
        customer: ['context.groupId', 'userId'],
        eventType: 'event',
        record: { '*': 'properties' },
      },
    ],
  });
}
