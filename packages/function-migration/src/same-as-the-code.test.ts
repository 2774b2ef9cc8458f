import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseConfig } from '@meterbridge/config';
import { writeDraft } from '@meterbridge/config-draft';
import { compileDestination, type MappedUsage } from '@meterbridge/destinations';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { runPasted } from '../test/run-pasted.js';
import { type FunctionReading, readFunction } from './read-function.js';

/** What was sent for one event, without what Meterbridge does better: the time, and Lago's numbers as text. */
type Sent = Record<string, unknown>;
type Event = Record<string, unknown>;

const full = {
  type: 'track',
  event: 'API Call',
  messageId: 'm-1',
  userId: 'user-1',
  timestamp: '2026-08-01T10:00:00.000Z',
  receivedAt: '2026-08-01T10:00:01.000Z',
  context: { groupId: 'acct-1', plan: 'team' },
  properties: {
    subscription_id: 'sub-1',
    tokens: 12,
    duration_s: '30',
    plan: 'pro',
    region: 'eu',
    isTest: false,
    'a.b': 'dotted',
    'two words': 3,
    customProperty: 'x',
    invoice_id: 'inv-1',
    cost: { amount: 2 },
  },
};
const { subscription_id: _s, tokens: _t, ...poor } = full.properties;

/** Events that the conditions of functions tell apart. */
const EVENTS: Event[] = [
  full,
  {
    ...full,
    messageId: 'm-2',
    event: 'Export',
    properties: { ...full.properties, plan: 'free', tokens: 2.5 },
  },
  { ...full, messageId: 'm-3', event: 'API Ping', userId: 'user-2', context: {} },
  { ...full, messageId: 'm-4', event: 'Signed Up', properties: poor },
  { ...full, messageId: 'm-5', properties: { ...poor, tokens: '7', isTest: true, plan: null } },
  {
    ...full,
    messageId: 'm-6',
    properties: { ...full.properties, tokens: 0 },
    context: { groupId: 'acct-2' },
  },
  { ...full, messageId: 'm-7', userId: undefined, anonymousId: 'a-1', context: { groupId: 'acct-3' } },
  { ...full, messageId: 'm-8', event: 'Export Started', properties: { ...full.properties, region: 'us' } },
  {
    type: 'identify',
    messageId: 'm-9',
    userId: 'user-9',
    timestamp: '2026-08-02T10:00:00.000Z',
    receivedAt: '2026-08-02T10:00:01.000Z',
    context: { groupId: 'acct-1' },
    properties: {},
    traits: { email: 'leonard.cohen@yourcompany.com', first_name: 'Jane', plan: 'pro', deleted_at: null },
  },
  {
    type: 'identify',
    messageId: 'm-10',
    userId: 'user-10',
    timestamp: '2026-08-02T10:00:00.000Z',
    receivedAt: '2026-08-02T10:00:01.000Z',
    context: {},
    properties: {},
    traits: { email: 'ann@b.c', first_name: 'Xu', deleted_at: '2026-08-01' },
  },
];

const HANDLER: Record<string, string> = { track: 'onTrack', identify: 'onIdentify' };

/** What the function itself sends for an event, under the names that the API reads. */
async function sentByCode(source: string, handlers: readonly string[], event: Event): Promise<Sent[]> {
  const handler = handlers.every((name) => name === 'onBatch') ? 'onBatch' : HANDLER[String(event.type)]!;
  if (!handlers.includes(handler)) return [];
  const bodies = await runPasted(source, handler, event);
  return bodies.flatMap((body) =>
    [body.events ?? body.event ?? body].flat().map((each) => comparable(each as Sent)),
  );
}

/** What the configuration sends for an event; null where it becomes a dead letter. */
function compileRules({ destinations }: FunctionReading): (event: Event) => (Sent | null)[] {
  const text = writeDraft({ about: [], sources: [{ name: 'backend', writeKeyVariable: 'K' }], destinations });
  const loaded = parseConfig(text, { K: 'k', LAGO_API_KEY: 'l', HYPERLINE_API_KEY: 'h' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { config } = loaded;
  const compiled = new Map(config.destinations.map((each) => [each.name, compileDestination(each)]));
  return (event) => {
    const given = JSON.parse(JSON.stringify(event)) as SegmentEvent;
    return config.route(given, 'backend').flatMap(({ destination, rules }) =>
      rules.map((rule) => {
        const mapped = compiled.get(destination)!.map(rule, given);
        return mapped.ok ? comparable(bodyOf(mapped)) : null;
      }),
    );
  };
}

/** Where Lago is asked for the subscription, a customer's is called like the customer here. */
function bodyOf(mapped: MappedUsage & { ok: true }): Sent {
  const { body } = mapped.usage ?? mapped.pending.complete(mapped.pending.customer);
  return JSON.parse(body) as Sent;
}

const SAME_NAMES: Record<string, string> = {
  transactionId: 'transaction_id',
  externalCustomerId: 'external_subscription_id',
  external_customer_id: 'external_subscription_id',
  externalSubscriptionId: 'external_subscription_id',
};

function comparable(body: Sent): Sent {
  const { timestamp: _, ...named } = Object.fromEntries(
    Object.entries(body).map(([name, value]) => [SAME_NAMES[name] ?? name, value]),
  );
  for (const name of ['properties', 'record']) {
    if (!named[name]) continue;
    const values = Object.entries(named[name] as Sent).filter(
      ([, value]) => value !== null && typeof value !== 'object',
    );
    named[name] = Object.fromEntries(
      values.map(([key, value]) => [key, name === 'properties' ? String(value) : value]),
    );
  }
  if (named.properties === undefined && named.record === undefined) named.properties = {};
  return named;
}

/** What no rule sends, since somebody has to be billed, and a named value has to be there. */
function isIncomplete(sent: Sent, names: readonly string[]): boolean {
  const inner = (sent.properties ?? sent.record ?? {}) as Sent;
  const billed = sent.external_subscription_id ?? sent.customer_id;
  return !billed || names.some((name) => inner[name] === undefined || inner[name] === 'NaN');
}

/** Holds what the rules send against what the code sends, event for event. Returns how many were sent. */
async function expectSame(source: string, needed: readonly string[] = []): Promise<number> {
  const reading = readFunction(source);
  expect(reading.open).toEqual([]);
  const sentByRules = compileRules(reading);
  const handlers = reading.handlers.map(({ name }) => name);
  let count = 0;
  for (const event of EVENTS) {
    const byCode = await sentByCode(source, handlers, event);
    const byRules = sentByRules(event);
    const said = `${event.messageId}: ${JSON.stringify(byCode)}`;
    const complete = byCode.filter((sent) => !isIncomplete(sent, needed));
    expect({ said, sent: byRules.filter((sent) => sent !== null) }).toEqual({ said, sent: complete });
    // An event that cannot be mapped is a dead letter, and none that the code sent is filtered without a word.
    expect({ said, rules: byRules.length }).toEqual({ said, rules: byCode.length });
    count += complete.length;
  }
  return count;
}

const pasted = (name: string) =>
  readFileSync(new URL(`../test/pasted-functions/${name}.txt`, import.meta.url), 'utf8');

test.each([
  ["Lago's recipe", pasted('lago-recipe'), ['invoiceId']],
  // As its author meant it: the name that is taken gets another.
  [
    "Hyperline's recipe",
    pasted('hyperline-recipe')
      .replace('const event', 'const usage')
      .replace('stringify(event)', 'stringify(usage)'),
    [],
  ],
  ['users with masks', pasted('hyperline-users'), []],
  [
    'two metrics by a table',
    pasted('lago-metrics').replace('parseInt(event.properties.duration_s, 10) || 1', '1'),
    [],
  ],
])('%s is billed as it was meant', async (_, source, needed) => {
  expect(await expectSame(source, needed)).toBeGreaterThan(0);
});

test('the recipe that JavaScript refuses is read like the one that its author meant', () => {
  const refused = pasted('hyperline-recipe');
  const meant = refused.replace('const event', 'const usage').replace('stringify(event)', 'stringify(usage)');
  expect(readFunction(refused).destinations).toEqual(readFunction(meant).destinations);
});

const SEND = `
async function send(event, settings) {
  const response = await fetch('https://api.getlago.com/api/v1/events', {
    method: 'POST',
    headers: { Authorization: \`Bearer \${settings.apiKey}\`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ event }),
  });
  if (!response.ok) throw new RetryError(String(response.status));
}
`;
const WHO =
  'transaction_id: event.messageId, external_subscription_id: event.userId, timestamp: Date.parse(event.timestamp) / 1000';

/** A handler for Lago, of a few lines. */
const onTrack = (body: string, before = '') => `${before}${SEND}
async function onTrack(event, settings) {
${body}
}`;

test.each<[string, string]>([
  [
    'a condition that returns early',
    onTrack(`if (event.event !== 'API Call') return; await send({ ${WHO}, code: 'api_call' }, settings);`),
  ],
  [
    'a condition that throws',
    onTrack(
      `if (event.event !== 'API Call') throw new EventNotSupported('no'); await send({ ${WHO}, code: 'api_call' }, settings);`,
    ),
  ],
  [
    'either of two events',
    onTrack(
      `if (event.event === 'API Call' || event.event == 'Export') { await send({ ${WHO}, code: event.event }, settings); }`,
    ),
  ],
  [
    'else',
    onTrack(
      `if (event.event === 'Export') await send({ ${WHO}, code: 'export' }, settings); else await send({ ${WHO}, code: 'other' }, settings);`,
    ),
  ],
  [
    'a switch that falls through',
    onTrack(`switch (event.event) {
    case 'API Call': case 'API Ping': await send({ ${WHO}, code: 'api' }, settings); break;
    case 'Export': { await send({ ${WHO}, code: 'export' }, settings); return; }
    default: return;
  }`),
  ],
  [
    'a switch over true',
    onTrack(
      `switch (true) { case event.event.startsWith('API'): await send({ ${WHO}, code: 'api' }, settings); break; }`,
    ),
  ],
  [
    'a list of names',
    onTrack(
      `if (!NAMES.includes(event.event)) return; await send({ ${WHO}, code: event.event }, settings);`,
      "const NAMES = ['API Call', 'Export', 'Nothing'];",
    ),
  ],
  [
    'a set of names',
    onTrack(
      `if (NAMES.has(event.event)) await send({ ${WHO}, code: event.event }, settings);`,
      "const NAMES = new Set(['API Call', 'Export']);",
    ),
  ],
  [
    'a table with a default',
    onTrack(
      `await send({ ${WHO}, code: CODES[event.event] ?? 'other' }, settings);`,
      "const CODES = { 'API Call': 'api_call', 'Export': 'export' };",
    ),
  ],
  [
    'a table that is looked at first',
    onTrack(
      `const code = CODES[event.event]; if (!code) return; await send({ ${WHO}, code }, settings);`,
      "const CODES = { 'API Call': 'api_call', 'Export': 'export' };",
    ),
  ],
  [
    'a choice of two codes',
    onTrack(`await send({ ${WHO}, code: event.properties.plan === 'pro' ? 'pro_call' : 'call' }, settings);`),
  ],
  [
    'names that begin, end and go on',
    onTrack(`
    if (event.event.startsWith('API ')) await send({ ${WHO}, code: 'a' }, settings);
    else if (event.event.endsWith('Up')) await send({ ${WHO}, code: 'b' }, settings);
    else if (event.event.includes('port S')) await send({ ${WHO}, code: 'c' }, settings);`),
  ],
  [
    'numbers',
    onTrack(
      `if (event.properties.tokens > 5 && !(event.properties.tokens >= 13)) await send({ ${WHO}, code: 'x' }, settings);`,
    ),
  ],
  [
    'numbers the other way round',
    onTrack(`if (5 < Number(event.properties.tokens)) await send({ ${WHO}, code: 'x' }, settings);`),
  ],
  [
    'what is there',
    onTrack(`if (event.userId && event.context?.groupId) await send({ ${WHO}, code: 'x' }, settings);`),
  ],
  [
    'what is not there',
    onTrack(`if (!event.properties.tokens) await send({ ${WHO}, code: 'x' }, settings);`),
  ],
  [
    'null',
    onTrack(
      `if (event.properties.plan != null && event.properties.tokens !== undefined) await send({ ${WHO}, code: 'x' }, settings);`,
    ),
  ],
  [
    'nothing but true',
    onTrack(`if (event.properties.isTest === true) return; await send({ ${WHO}, code: 'x' }, settings);`),
  ],
  [
    'and within or',
    onTrack(
      `if ((event.event === 'API Call' && event.properties.plan === 'pro') || (event.event === 'Export' && event.properties.region !== 'us')) await send({ ${WHO}, code: 'x' }, settings);`,
    ),
  ],
  [
    'paths with || and ??',
    onTrack(
      `await send({ ...({ ${WHO} }), external_subscription_id: event.properties.subscription_id || (event.context.groupId ?? event.userId), code: 'x' }, settings);`,
    ),
  ],
  [
    'paths with a condition',
    onTrack(
      `let who = event.userId; if (event.context.groupId) { who = event.context.groupId; } await send({ ${WHO}, external_subscription_id: who, code: 'x' }, settings);`,
    ),
  ],
  [
    'a helper that tries one after the other',
    onTrack(
      `await send({ ${WHO}, external_subscription_id: who(event), code: 'x' }, settings);`,
      'function who({ properties, context, userId }) { if (properties.subscription_id) return properties.subscription_id; if (context && context.groupId) { return context.groupId; } return userId; }',
    ),
  ],
  [
    'a default that every property may take the place of',
    onTrack(
      `await send({ ${WHO}, code: 'x', properties: { tokens: 1, region: event.context.plan, ...event.properties, fixed: 2 } }, settings);`,
    ),
  ],
  [
    'Object.assign to what is there',
    onTrack(
      `const usage = { ${WHO}, code: 'x', properties: {} }; Object.assign(usage.properties, { region: event.properties.region }); let sent = 0; sent++; await send(usage, settings);`,
    ),
  ],
  ['every property', onTrack(`await send({ ${WHO}, code: 'x', properties: event.properties }, settings);`)],
  [
    'every property and one more',
    onTrack(
      `await send({ ${WHO}, code: 'x', properties: { ...event.properties, tokens: Number(event.properties.tokens ?? 1) } }, settings);`,
    ),
  ],
  [
    'Object.assign',
    onTrack(
      `await send(Object.assign({}, { ${WHO} }, { code: 'x', properties: Object.assign({}, event.properties, { kind: 'k' }) }), settings);`,
    ),
  ],
  [
    'properties that are put in later',
    onTrack(
      `const usage = { ${WHO}, code: 'x', properties: { a: 1, b: 2 } }; delete usage.properties.a; usage.properties.region = event.properties.region; usage['code'] = 'y'; await send(usage, settings);`,
    ),
  ],
  [
    'properties that may be put in',
    onTrack(
      `const properties = { region: event.properties.region }; if (event.properties.plan) properties.plan = event.properties.plan; if (event.context.groupId) { properties.account = event.context.groupId; } await send({ ${WHO}, code: 'x', properties }, settings);`,
    ),
  ],
  [
    'a property for some plans',
    onTrack(
      `const properties = {}; if (event.properties.plan === 'pro') properties.tier = 'high'; await send({ ${WHO}, code: 'x', properties }, settings);`,
    ),
  ],
  [
    'two metrics of one event',
    onTrack(
      `await send({ ${WHO}, code: 'calls' }, settings); if (event.event === 'Export') await send({ ${WHO}, transaction_id: event.messageId + ':export', code: 'exports' }, settings);`,
    ),
  ],
  [
    'a hash',
    onTrack(
      `await send({ ${WHO}, code: 'x', properties: { who: crypto.createHash('sha256').update(event.messageId).digest('hex') } }, settings);`,
    ),
  ],
  [
    'destructured from the start',
    `${SEND} const onTrack = async ({ messageId, userId = 'nobody', event: name, properties: { region } = {}, timestamp }, settings) => { await send({ transaction_id: messageId, external_subscription_id: userId, code: name, timestamp: new Date(timestamp).getTime() / 1000, properties: { region } }, settings); };`,
  ],
  [
    'a chain of promises',
    `function onTrack(event, settings) { return fetch('https://api.getlago.com/api/v1/events', { method: 'POST', body: JSON.stringify({ event: { ${WHO}, code: 'x' } }) }).then((response) => { if (!response.ok) throw new RetryError('no'); return response.json(); }).catch((error) => { throw new RetryError(error.message); }); }`,
  ],
  [
    'tried, caught, and ended',
    onTrack(
      `try { if (event.event === 'Export') throw new Error('no'); await send({ ${WHO}, code: 'x' }, settings); } catch (error) { console.log(error); return; } finally { console.log('done'); }`,
    ),
  ],
  [
    'a batch, mapped',
    `async function onBatch(events, settings) { const list = events.filter((each) => each.type === 'track' && each.event !== 'Export').map((event) => ({ ${WHO}, code: event.event })); await fetch('https://api.getlago.com/api/v1/events/batch', { method: 'POST', body: JSON.stringify({ events: list }) }); }`,
  ],
  [
    'a batch, one by one',
    `${SEND} async function onBatch(events, settings) { for (const event of events) { if (event.type !== 'track') continue; await send({ ${WHO}, code: event.event }, settings); } }`,
  ],
  [
    'a batch, all at once',
    `${SEND} async function onBatch(events, settings) { await Promise.all(events.map((event) => send({ ${WHO}, code: event.type }, settings))); }`,
  ],
  [
    'a batch beside single ones',
    `${SEND} async function onTrack(event, settings) { await send({ ${WHO}, code: event.event }, settings); } async function onBatch(events, settings) { return Promise.all(events.map((event) => onTrack(event, settings))); }`,
  ],
  [
    'all at once, to Hyperline',
    `async function onTrack(event, settings) { await fetch('https://ingest.hyperline.co/v1/events/batch', { method: 'POST', body: JSON.stringify([{ customer_id: event.context.groupId || event.userId, event_type: event.event, timestamp: event.timestamp, record: { id: event.messageId, ...event.properties, ok: event.properties.isTest || false } }]) }); }`,
  ],
  [
    'records of an entity',
    `const onIdentify = async (event, settings) => { const record = { id: event.userId, deleted_at: event.traits.deleted_at ?? null }; if (event.traits.plan) record.plan = event.traits.plan; await fetch(settings.endpoint + '/v1/events', { method: 'POST', body: JSON.stringify({ customer_id: event.userId, event_type: 'users', timestamp: new Date(event.timestamp), record }) }); };`,
  ],
])('%s is billed as by the code', async (_, source) => {
  expect(await expectSame(source)).toBeGreaterThan(0);
});

test('text of several parts and numbers times a constant are sent as by the code', async () => {
  const source =
    onTrack(`const p = event.properties; await send({ ${WHO}, code: \`m-\${event.event}\`, properties: {
    who: event.messageId + ':' + (event.context.groupId ?? event.timestamp), halves: p['two words'] / 2, tokens: 4 * Number(p.tokens || 0) } }, settings);`);
  expect(await expectSame(source, ['halves', 'tokens'])).toBeGreaterThan(0);
});

test('properties of every kind are sent as by the code', async () => {
  const source = onTrack(`const p = event.properties; await send({ ${WHO}, code: 'x', properties: {
    tokens: Number(p.tokens || 0), seconds: parseFloat(p.duration_s), words: +p['two words'], plan: String(p.region),
    dotted: p['a.b'], fixed: 3, name: \`\${event.event}\`, test: p.isTest === true, kind: 'k', cost: p.cost?.amount } }, settings);`);
  expect(await expectSame(source, ['tokens', 'seconds', 'words'])).toBeGreaterThan(0);
});
