import type { Source } from '@meterbridge/config';
import type { DeletionCall, RefusalCount, RejectedEvent } from '@meterbridge/segment-events';
import { compilePrivacy } from '@meterbridge/segment-events';
import type { WebhookReceived } from '@meterbridge/telemetry';
import { createIntake, createReceiverApp } from '../src/http/app.js';
import { type RunningServer, type ServerOptions, startServer } from '../src/http/server.js';
import type { IntakeDeps, ReceivedEvent, ReceiverDeps } from '../src/ports.js';

/** A receiver on a free port of loopback, over a store that is two arrays. */
export type RunningReceiver = {
  url: string;
  port: number;
  received: ReceivedEvent[];
  rejected: RejectedEvent[];
  /** Refused events that are only counted. */
  notKept: RefusalCount[];
  /** Calls that have a person forgotten. */
  deletions: (DeletionCall & { source: string })[];
  /** What the receiver told of its work, one line each. */
  told: string[];
  post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answered>;
  server: RunningServer;
};

export type Answered = { status: number; headers: Headers; json: Record<string, unknown>; text: string };

export const BACKEND_KEY = 'wk_backend';
export const BROWSER_KEY = 'wk_browser';

export const sources: Source[] = [
  {
    name: 'backend',
    writeKeys: [BACKEND_KEY, 'wk_backend_next'],
    webhook: { secrets: ['secret', 'secret_next'], acceptFirstEventSignature: false },
    integrationNames: [],
  },
  {
    name: 'browser',
    writeKeys: [BROWSER_KEY],
    integrationNames: ['Meterbridge'],
    applyPrivacy: compilePrivacy({ drop: ['context.ip'], mask: ['traits.email', 'traits.phone'] }),
  },
  {
    name: 'lenient',
    writeKeys: [],
    webhook: { secrets: ['secret'], acceptFirstEventSignature: true },
    integrationNames: [],
  },
  {
    name: 'two-factor',
    writeKeys: [],
    webhook: {
      secrets: ['secret'],
      header: { name: 'X-Webhook-Token', values: ['token', 'token_next'] },
      acceptFirstEventSignature: false,
    },
    integrationNames: [],
  },
];

const open = new Set<RunningServer>();

export async function startReceiver(
  overrides: Partial<IntakeDeps & Omit<ReceiverDeps, 'intake'>> = {},
  options: Partial<ServerOptions> = {},
): Promise<RunningReceiver> {
  const received: ReceivedEvent[] = [];
  const rejected: RejectedEvent[] = [];
  const notKept: RefusalCount[] = [];
  const deletions: (DeletionCall & { source: string })[] = [];
  const told: string[] = [];
  const deps = {
    sources,
    commit: async (good: ReceivedEvent[], bad: RejectedEvent[], counted: readonly RefusalCount[]) => {
      received.push(...good);
      rejected.push(...bad);
      notKept.push(...counted);
    },
    requestForget: async (calls: ReadonlyMap<string, readonly DeletionCall[]>) => {
      for (const [source, each] of calls) deletions.push(...each.map((call) => ({ source, ...call })));
    },
    findWebhooks: () => null,
    keepReport: async () => ({ added: 0, notKept: 0 }),
    pressure: () => null,
    refusals: () => ({ people: null, isCurrent: () => true, leave: () => {} }),
    now: Date.now,
    limits: {
      bodyBytes: 200_000,
      inflatedBytes: 400_000,
      eventBytes: 32_768,
      maxEventAgeMs: 35 * 86_400_000,
      maxEventFutureMs: 300_000,
    },
    record: {
      eventsAccepted: (source: string, count: number) => told.push(`accepted ${source} ${count}`),
      eventsRejected: (source: string, reason: string, count: number) =>
        told.push(`rejected ${source} ${reason} ${count}`),
      eventsIgnored: (source: string, count: number) => told.push(`ignored ${source} ${count}`),
      forgetRequested: (source: string, count: number) => told.push(`forget ${source} ${count}`),
      webhookReceived: ({ destination, outcome, problem = '' }: WebhookReceived) =>
        told.push(`webhook ${destination} ${outcome} ${problem}`.trim()),
      requestAnswered: ({ route, status }: { route: string; status: number }) =>
        told.push(`answered ${route} ${status}`),
      requestFailed: (route: string) => told.push(`failed ${route}`),
    },
    ready: async () => ({ ready: true }),
    metrics: { render: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }) },
    config: () => 'a-test',
    ...overrides,
  };
  const intake = createIntake(deps);
  const app = createReceiverApp({ ...deps, intake: () => intake });
  const server = await startServer(app, { host: '127.0.0.1', port: 0, ...options });
  open.add(server);
  const url = `http://127.0.0.1:${server.port}`;
  const post: RunningReceiver['post'] = (path, body, headers = {}) => {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    // As bytes, so that fetch adds no Content-Type of its own.
    const bytes = isRaw ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
    return request(url + path, { method: 'POST', body: bytes, headers });
  };
  return { url, port: server.port, received, rejected, notKept, deletions, told, post, server };
}

/** For afterEach: nothing stays open. */
export async function stopReceivers(): Promise<void> {
  await Promise.all([...open].map((server) => server.drain(0)));
  open.clear();
}

export async function request(url: string, init: RequestInit): Promise<Answered> {
  const response = await fetch(url, { redirect: 'error', ...init });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : {}, text };
}

export function basic(writeKey: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}` };
}

let count = 0;

export function track(fields: Record<string, unknown> = {}): Record<string, unknown> {
  const messageId = `m${++count}`;
  return {
    type: 'track',
    event: 'API Call',
    userId: 'u1',
    messageId,
    timestamp: new Date().toISOString(),
    ...fields,
  };
}
