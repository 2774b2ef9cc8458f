import { afterEach } from '@jest/globals';
import { type Sandbox, startSandbox } from '../src/index.js';
import type { SandboxOptions } from '../src/options.js';

export type Reply = { status: number; headers: Headers; text: string; json: unknown };

/** What a test may leave out. */
export type Changes = Omit<Partial<SandboxOptions>, 'lago' | 'hyperline'> & {
  lago?: Partial<SandboxOptions['lago']>;
  hyperline?: Partial<SandboxOptions['hyperline']>;
};

const open: Sandbox[] = [];

afterEach(async () => {
  for (const sandbox of open.splice(0)) await sandbox.close();
});

/** A sandbox that ends with its test. Both keys are `key`. */
export async function start({ lago, hyperline, ...rest }: Changes = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({
    lago: { apiKey: 'key', store: 'postgres', ...lago },
    hyperline: { apiKey: 'key', ...hyperline },
    ...rest,
  });
  open.push(sandbox);
  return sandbox;
}

/** One request with the right key, unless told otherwise; JSON where the body is not text already. */
export async function call(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: { authorization: 'Bearer key', 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: toJson(text) };
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A good Lago event; `change` replaces fields. */
export function lagoEvent(transactionId: string, change: Record<string, unknown> = {}) {
  return {
    transaction_id: transactionId,
    external_subscription_id: 'sub_1',
    code: 'api_call',
    timestamp: '1717236000.123',
    properties: { tokens: 5, model: 'small' },
    ...change,
  };
}

/** A good Hyperline event; `change` replaces fields. */
export function hyperlineEvent(recordId: string, change: Record<string, unknown> = {}) {
  return {
    customer_id: 'cus_1',
    event_type: 'usage',
    timestamp: '2024-06-01T10:00:00.123Z',
    record: { id: recordId, tokens: 5 },
    ...change,
  };
}

export function postLago(sandbox: Sandbox, events: unknown): Promise<Reply> {
  return call('POST', `${sandbox.lago.url}/api/v1/events/batch`, { events });
}

export function postHyperline(sandbox: Sandbox, events: unknown): Promise<Reply> {
  return call('POST', `${sandbox.hyperline.url}/v1/events/batch`, events);
}
