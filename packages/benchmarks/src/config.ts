/** A destination's limit, as in the product's own configuration. */
export type Limit = { requestsPerSecond: number | 'unlimited'; concurrency: number; batchSize: number };

/** As fast as the sandbox answers. */
export const UNLIMITED: Limit = { requestsPerSecond: 'unlimited', concurrency: 8, batchSize: 100 };

export const WRITE_KEY = 'bench-write-key';

/** Read from the environment by the product. */
const variable = (name: string) => `$\{${name}}`;

/** JSON, which YAML reads. */
function configOf(...destinations: object[]): string {
  return JSON.stringify({
    sources: [{ name: 'bench', writeKey: WRITE_KEY, privacy: { mask: ['properties.email'] } }],
    destinations,
  });
}

/**
 * A configuration with every feature at work: a filter, a path of several, typed values, and one field masked
 * before anything is stored.
 */
export function lagoConfig(limit: Limit): string {
  return configOf(lago(limit, [apiCalls]));
}

/** The same events to Hyperline, every flat property of them. */
export function hyperlineConfig(limit: Limit): string {
  return configOf(hyperline(limit));
}

/** Both take each event. */
export function twoDestinationsConfig(limit: Limit): string {
  return configOf(lago(limit, [apiCalls]), hyperline(limit));
}

/** Rules for a mixed load: by event name and by call type, and some that no event of it meets. */
export function mixedConfig(limit: Limit): string {
  const others = ['Seat Added', 'Export Finished', 'Message Sent', 'Minutes Used'].map((event, index) => ({
    ...apiCalls,
    name: `other-${index + 1}`,
    when: `type = "track" and event = "${event}"`,
  }));
  const pages = { ...apiCalls, name: 'pages', when: 'type = "page"', code: 'page_view' };
  return configOf(lago(limit, [apiCalls, ...others, pages]));
}

const apiCalls = {
  name: 'api-calls',
  when: 'type = "track" and event = "API Call"',
  code: 'api_call',
  subscription: ['properties.subscription_id', 'context.groupId'],
  properties: {
    tokens: { path: 'properties.tokens', as: 'number' },
    model: 'properties.model',
    email: 'properties.email',
  },
};

function lago(limit: Limit, rules: object[]): object {
  return {
    name: 'lago',
    type: 'lago',
    url: variable('LAGO_API_URL'),
    apiKey: variable('LAGO_API_KEY'),
    limit,
    rules,
  };
}

function hyperline(limit: Limit): object {
  return {
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
  };
}
