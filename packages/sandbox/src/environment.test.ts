import { expect, test } from '@jest/globals';
import { parseEnvironment } from './environment.js';

test('an empty environment is a sandbox without limits on port 4003', () => {
  expect(parseEnvironment({})).toEqual({
    ok: true,
    options: {
      port: 4003,
      lago: { apiKey: 'sandbox', store: 'postgres' },
      hyperline: { apiKey: 'sandbox' },
    },
  });
});

test('every variable is read', () => {
  const parsed = parseEnvironment({
    SANDBOX_PORT: '0',
    LAGO_API_KEY: 'l',
    HYPERLINE_API_KEY: 'h',
    SANDBOX_LAGO_STORE: 'clickhouse',
    SANDBOX_LAGO_REQUESTS_PER_SECOND: '5',
    SANDBOX_HYPERLINE_REQUESTS_PER_SECOND: '7',
    SANDBOX_LATENCY_MS: '20',
  });
  expect(parsed).toEqual({
    ok: true,
    options: {
      port: 0,
      lago: { apiKey: 'l', store: 'clickhouse', requestsPerSecond: 5 },
      hyperline: { apiKey: 'h', requestsPer10Seconds: 70 },
      latencyMs: 20,
    },
  });
});

test('all problems are said at once', () => {
  expect(parseEnvironment({ SANDBOX_PORT: 'x', SANDBOX_LAGO_STORE: 'mysql' })).toEqual({
    ok: false,
    problems: [
      'SANDBOX_PORT: expected a whole number',
      "SANDBOX_LAGO_STORE: expected 'postgres' or 'clickhouse'",
    ],
  });
});
