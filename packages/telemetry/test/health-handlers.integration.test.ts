import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHealthHandlers, type HealthDeps } from '../src/index.js';

let readiness: Awaited<ReturnType<HealthDeps['ready']>>;
const handlers = createHealthHandlers({
  ready: () => readiness,
  config: () => '0123456789ab',
  metrics: { render: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }) },
});
let server: Server;

beforeAll(async () => {
  server = createServer((req, res) => void handlers[req.url!]!(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const JSON_TYPE = 'application/json; charset=utf-8';

test.each([
  ['/healthz', { ready: false }, 200, JSON_TYPE, '{"status":"ok","config":"0123456789ab"}'],
  ['/readyz', { ready: true }, 200, JSON_TYPE, '{"status":"ready"}'],
  [
    '/readyz',
    { ready: false, reason: 'draining' },
    503,
    JSON_TYPE,
    '{"success":false,"code":"not_ready","message":"draining","error":"draining"}',
  ],
  ['/metrics', { ready: true }, 200, 'text/plain; version=0.0.4', 'up 1\n'],
])('%s of a process that is %p is %s', async (path, state, status, contentType, body) => {
  readiness = state;
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    status,
    contentType,
    body,
  ]);
});
