import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseConfig } from '@meterbridge/config';
import { writeDraft } from '@meterbridge/config-draft';
import { readFunction } from './read-function.js';

const PASTED = new URL('../test/pasted-functions/', import.meta.url);
const pasted = (name: string) => readFileSync(new URL(`${name}.txt`, PASTED), 'utf8');

const configOf = (source: string) =>
  writeDraft({
    about: [],
    sources: [{ name: 'backend', writeKeyVariable: 'K' }],
    destinations: readFunction(source).destinations,
  });

const faultsOf = (source: string) => readFunction(source).faults.map(({ code, line }) => `${line} ${code}`);

test("what was wrong in Lago's recipe, line by line", () => {
  expect(faultsOf(pasted('lago-recipe'))).toEqual([
    '7 time_missing',
    '8 fields_not_read',
    '9 customer_not_read',
    '17 response_ignored',
    '17 outage_is_dropped',
  ]);
});

test("what was wrong in Hyperline's recipe, line by line", () => {
  expect(faultsOf(pasted('hyperline-recipe'))).toEqual([
    '4 does_not_parse',
    '16 refusal_is_success',
    '16 empty_answer_fails',
  ]);
});

test("the rules of Lago's recipe, with where they come from", () => {
  const text = configOf(pasted('lago-recipe'));
  expect(text.slice(text.indexOf('rules:'))).toBe(`rules:
      # From onTrack, the request in line 17.
      - name: track
        when: type = "track"
        code: { path: event }
        # The function named the customer: Lago is asked for the customer's subscription.
        subscription: { lookup: customer, customer: userId }
        properties:
          invoiceId: properties.invoice_id
`);
});

test('rules of two metrics, a batch request, and an origin of one’s own', () => {
  const text = configOf(pasted('lago-metrics'));
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how variables are written
  expect(text).toContain('url: ${LAGO_API_URL:-https://lago.acme.example} #');
  expect(text.slice(text.indexOf('- name: export'))).toBe(`- name: export
        when: type = "track" and event = "Export"
        code: export
        subscription: [properties.subscription_id, context.groupId, userId]
        properties:
          "*": properties
          tokens: { path: properties.tokens, as: number, default: 0 }
          seconds: { path: properties.duration_s, as: number, default: 1 }
          account: { path: context.groupId, default: null }
`);
  expect(readFunction(pasted('lago-metrics')).differences).toEqual([
    { line: 11, what: 'parseInt cut the decimals off; `as: number` sends them' },
    { line: 11, what: expect.stringContaining('`|| 1` stood for 0') },
  ]);
});

test('users: masks, fallbacks, and an address that is a setting', () => {
  const text = configOf(pasted('hyperline-users'));
  expect(text.slice(text.indexOf('- name: users'))).toBe(`- name: users
        when: type = "identify" and userId != null and userId != ""
        customer: [context.groupId, userId]
        eventType: { value: users }
        record:
          id: userId
          first_name: { path: traits.first_name, mask: true }
          work_email: { path: traits.email, mask: true }
          plan: traits.plan
          deleted_at: { path: traits.deleted_at, default: null }
        # The id leaves the customer out, as the function did. Were two customers ever to share one, the newer would
        # take the other's usage: then write a template with both, and take this line out.
        uniqueIds: true
`);
  const { faults, differences, requests } = readFunction(pasted('hyperline-users'));
  expect(faults).toEqual([]);
  expect(requests).toEqual([{ handler: 'onIdentify', line: 15, to: 'hyperline' }]);
  expect(differences.map(({ line }) => line)).toEqual([15, 36, 37]);
});

const WHO =
  'transaction_id: event.messageId, external_subscription_id: event.userId, code: "x", timestamp: Date.parse(event.timestamp) / 1000';
const URL_LAGO = "'https://api.getlago.com/api/v1/events'";

/** A handler whose line 2 has the request, and line 3 what is done with the answer. */
const answered = (handling: string) => `async function onTrack(event, settings) {
const response = await fetch(${URL_LAGO}, { method: 'POST', body: JSON.stringify({ event: { ${WHO} } }) });
${handling}
}`;
const tried = (handling: string, caught: string) => `async function onTrack(event, settings) {
try { const response = await fetch(${URL_LAGO}, { method: 'POST', body: JSON.stringify({ event: { ${WHO} } }) });
${handling} } catch (error) { ${caught} }
}`;
const unreachable = '2 outage_is_dropped';

test.each<[string, string, string[]]>([
  ['nothing', answered(''), ['2 response_ignored', unreachable]],
  ['a log', answered('console.log(response.status);'), ['2 response_ignored', unreachable]],
  [
    'its JSON, whatever it says',
    answered('const json = await response.json(); if (json.error) { console.log(json.error); }'),
    ['2 response_ignored', unreachable],
  ],
  ['an error for what is not ok', answered("if (!response.ok) throw new Error('no');"), [unreachable]],
  [
    'a RetryError for what is not ok',
    answered("if (!response.ok) throw new RetryError('no');"),
    ['2 refusal_is_repeated', unreachable],
  ],
  [
    'a RetryError for 5xx',
    answered("if (response.status >= 500) throw new RetryError('no');"),
    ['2 refusal_is_success', '2 outage_is_success', unreachable],
  ],
  [
    'an error for 4xx alone',
    answered("if (response.status >= 400 && response.status < 500) throw new InvalidEventPayload('no');"),
    ['2 outage_is_success', '2 outage_is_dropped'],
  ],
  [
    'all as it should be',
    tried(
      "if (response.status === 429 || response.status >= 500) throw new RetryError('later'); if (!response.ok) throw new InvalidEventPayload('no');",
      'if (error instanceof InvalidEventPayload) throw error; throw new RetryError(error.message);',
    ),
    [],
  ],
  [
    'everything swallowed',
    tried("if (!response.ok) throw new Error('no');", 'console.log(error);'),
    ['2 response_ignored'],
  ],
  [
    'everything again',
    tried("if (!response.ok) throw new Error('no');", 'throw new RetryError(error.message);'),
    ['2 refusal_is_repeated'],
  ],
  [
    'a switch',
    answered(
      "switch (response.status) { case 200: return; case 429: case 500: case 503: throw new RetryError('later'); default: throw new InvalidEventPayload('no'); }",
    ),
    [unreachable],
  ],
  [
    'by a helper',
    `${answered('check(response);')}\nfunction check({ ok, status }) { if (ok) return; throw status >= 500 || status === 429 ? new RetryError('later') : new ValidationError('no'); }`,
    [unreachable],
  ],
])('what is done with the answer: %s', (_, source, expected) => {
  expect(faultsOf(source)).toEqual(expected);
});

/** A function without a fault but the one that it is about. */
const lago = (event: string, before = '', headers = '{}') => `${before}
async function onTrack(event, settings) {
  let response;
  try { response = await fetch(${URL_LAGO}, { method: 'POST', headers: ${headers}, body: JSON.stringify({ event: {
    ${event} } }) }); } catch (error) { throw new RetryError(error.message); }
  if (response.status === 429 || response.status >= 500) throw new RetryError('later');
  if (!response.ok) throw new InvalidEventPayload('no');
}`;
const hyperline = (body: string) =>
  lago('X')
    .replace(URL_LAGO, "'https://ingest.hyperline.co/v1/events'")
    .replace(/\{ event: \{\s*X \} \}/, `{ ${body} }`);

test.each<[string, string, string[]]>([
  ['as it should be', lago(WHO), []],
  ['a time in ISO 8601', lago(`${WHO}, timestamp: event.timestamp`), ['time_not_read']],
  ['a time in ISO 8601, of a date', lago(`${WHO}, timestamp: new Date(event.timestamp)`), ['time_not_read']],
  [
    'a time in milliseconds',
    lago(`${WHO}, timestamp: new Date(event.timestamp).getTime()`),
    ['time_not_read'],
  ],
  ['the time of sending', lago(`${WHO}, timestamp: Math.round(Date.now() / 1000)`), ['time_missing']],
  ['a new id each time', lago(`${WHO}, transaction_id: crypto.randomUUID()`), ['id_made_up']],
  ['an id of the clock', lago(`${WHO}, transaction_id: event.userId + '-' + Date.now()`), ['id_made_up']],
  [
    'no id',
    lago('external_subscription_id: event.userId, code: "x", timestamp: Date.parse(event.timestamp) / 1000'),
    ['fields_missing'],
  ],
  [
    'a customer',
    lago(
      'transaction_id: event.messageId, external_customer_id: event.userId, code: "x", timestamp: Date.parse(event.timestamp) / 1000',
    ),
    ['customer_not_read'],
  ],
  ['a key in the code', lago(WHO, '', "{ Authorization: 'Bearer 7d6f8a9c-very-secret' }"), ['key_in_code']],
  [
    'an object as the body',
    lago(WHO).replace('JSON.stringify({ event: {', '({ event: {'),
    ['body_is_no_text'],
  ],
  [
    'two requests with one id',
    `${lago(WHO)}\nasync function onPage(event) {}`.replace(
      'if (!response.ok)',
      `await fetch(${URL_LAGO}, { method: 'POST', body: JSON.stringify({ event: { ${WHO}, code: 'y' } }) }); if (!response.ok)`,
    ),
    ['id_shared'],
  ],
  [
    'Hyperline as it should be',
    hyperline(
      'customer_id: event.userId, event_type: event.event, timestamp: event.timestamp, record: { id: event.messageId }',
    ),
    [],
  ],
  [
    'Hyperline in camelCase',
    hyperline(
      'customerId: event.userId, eventType: event.event, timestamp: event.timestamp, record: { id: event.messageId }',
    ),
    ['fields_not_read'],
  ],
  [
    'Hyperline in seconds',
    hyperline(
      'customer_id: event.userId, event_type: event.event, timestamp: Date.parse(event.timestamp) / 1000, record: { id: event.messageId }',
    ),
    ['time_not_read'],
  ],
  [
    'Hyperline now',
    hyperline(
      'customer_id: event.userId, event_type: event.event, timestamp: new Date().toISOString(), record: { id: event.messageId }',
    ),
    ['time_missing'],
  ],
  [
    'Hyperline without an id',
    hyperline(
      'customer_id: event.userId, event_type: event.event, timestamp: event.timestamp, record: { a: event.properties.a }',
    ),
    ['fields_missing'],
  ],
  [
    'Hyperline with an id by chance',
    hyperline(
      'customer_id: event.userId, event_type: event.event, timestamp: event.timestamp, record: { id: Math.random() }',
    ),
    ['id_made_up'],
  ],
])('what is wrong in the request: %s', (_, source, expected) => {
  const reading = readFunction(source);
  expect(reading.faults.map(({ code }) => code)).toEqual(expected);
  expect(reading.open).toEqual([]);
});

test.each<[string, string, string, string]>([
  [
    'text that is changed',
    `${WHO}, code: event.event.toLowerCase().replace(/ /g, '_')`,
    'code',
    "event.event.toLowerCase().replace(/ /g, '_')",
  ],
  [
    'something computed',
    `${WHO}, properties: { a: event.properties.a % 2 }`,
    'properties.a',
    'event.properties.a % 2',
  ],
  [
    'two values added',
    `${WHO}, properties: { a: event.properties.a + event.properties.b }`,
    'properties.a',
    'event.properties.a + event.properties.b',
  ],
  [
    'text put together',
    `${WHO}, external_subscription_id: \`\${event.userId}-\${event.properties.plan ?? 'free'}\``,
    'subscription',
    '',
  ],
  ['a setting', `${WHO}, properties: { region: settings.region }`, 'properties.region', ''],
  ['the time of sending', `${WHO}, properties: { at: Date.now() }`, 'properties.at', ''],
  [
    'a length',
    `${WHO}, properties: { n: event.properties.items.length }`,
    'properties.n',
    'event.properties.items.length',
  ],
  ['an object', `${WHO}, properties: { where: { region: event.properties.region } }`, 'properties.where', ''],
  ['the whole event', `${WHO}, properties: { event }`, 'properties.event', ''],
  ['a function that is not there', `${WHO}, properties: priceOf(event)`, 'properties', 'priceOf(event)'],
  [
    'a field by another field',
    `${WHO}, properties: { [event.properties.kind]: 1 }`,
    'properties',
    '[event.properties.kind]: 1',
  ],
  [
    'a fallback of two kinds',
    `${WHO}, properties: { a: Number(event.properties.a) || event.properties.b }`,
    'properties.a',
    '',
  ],
  ['nobody', `${WHO}, external_subscription_id: undefined`, 'subscription', ''],
])('what cannot be translated stays empty: %s', (_, event, field, code) => {
  const source = lago(event);
  const { open } = readFunction(source);
  expect(open).toEqual([{ line: 5, field, code, why: expect.stringMatching(/\w/), inRule: true }]);
  const text = configOf(source);
  expect(text).toMatch(
    new RegExp(`# line 5, ${field.replace('.', '\\.')}: .*To be written here, or taken out\\.\n +\\w+: ""`),
  );
  const loaded = parseConfig(text, {}, { allowUnset: true });
  expect(loaded.ok).toBe(false);
});

test.each([
  ['a setting', "settings.environment === 'production'"],
  ['a pattern', '/^API/.test(event.event)'],
  ['a computed value', 'event.properties.a % 2 === 0'],
  ['two fields', 'event.userId === event.properties.owner'],
  ['a list in the event', "event.properties.tags.includes('paid')"],
])('a condition that nobody can tell keeps the file from loading: %s', (_, condition) => {
  const source = lago(WHO).replace(
    'let response;',
    `if (event.event !== 'Call' || !(${condition})) return; let response;`,
  );
  const { open } = readFunction(source);
  expect(open).toEqual([
    { line: 3, field: 'when', code: condition, why: expect.stringMatching(/\w/), inRule: true },
  ]);
  const text = configOf(source);
  expect(text).toMatch(/# line 3, when: .*\n +when: type = "track" and event = "Call" and\n/);
  const loaded = parseConfig(text, {}, { allowUnset: true });
  expect(loaded).toMatchObject({ ok: false, problems: [{ path: ['destinations', 0, 'rules', 0, 'when'] }] });
});

test.each<[string, string]>([
  ['a text that is no JavaScript', `${lago(WHO)} }`],
  ['an event that is changed', lago(WHO).replace('let response;', "event.userId = 'x'; let response;")],
  [
    'more ways than can be read',
    lago(
      `${WHO}, properties: { ${Array.from({ length: 9 }, (_, n) => `f${n}: event.properties.f${n} === 1`)} }`,
    ),
  ],
  [
    'a body from elsewhere',
    lago(WHO).replace(/JSON\.stringify\(.*\n.*\}\)/, 'JSON.stringify(toLago(event))'),
  ],
])('%s is not passed over', (_, source) => {
  expect(readFunction(source).open.length).toBeGreaterThan(0);
});

test.each([
  ['a field set by a library', "_.set(usage, 'code', 'y');"],
  ['a property taken out of all', 'delete usage.properties.secret;'],
  ['an item of a list replaced', 'list[0] = usage;'],
  ['an event that is changed', 'event.userId = event.properties.owner;'],
  ['something that is called for its own sake', 'await notify(usage);'],
  ['a count on the event', 'event.properties.count++;'],
])('what may have changed the usage is not passed over: %s', (_, statement) => {
  const source = `async function onTrack(event, settings) {
  const list = [1];
  const usage = { ${WHO}, properties: { ...event.properties } };
  ${statement}
  await fetch(${URL_LAGO}, { method: 'POST', body: JSON.stringify({ event: usage }) });
}`;
  expect(readFunction(source).open).toEqual([
    {
      line: 4,
      field: 'onTrack',
      code: expect.stringMatching(/\w/),
      why: expect.stringMatching(/\w/),
      inRule: false,
    },
  ]);
});

test('what another API answers decides nothing without a word', () => {
  const source = lago(`${WHO}, properties: { plan: account.plan }`).replace(
    'let response;',
    "const found = await fetch('https://accounts.acme.example/' + event.userId); const account = await found.json(); if (!account.active) return; let response;",
  );
  expect(readFunction(source).open).toEqual([
    { line: 3, field: 'when', code: 'account.active', why: 'what the API answered', inRule: true },
    { line: 5, field: 'properties.plan', code: 'account.plan', why: 'what the API answered', inRule: true },
  ]);
});

test('a handler that sends by something unknown is not taken for one that sends nothing', () => {
  const source = `${lago(WHO)}
async function onIdentify(event, settings) { await new Client(settings).send(event); }
async function onGroup(event) { throw new EventNotSupported('no'); }
async function onDelete(event) { await fetch('x'); }`;
  const { open, differences } = readFunction(source);
  expect(open).toEqual([
    {
      line: 9,
      field: 'onIdentify',
      code: 'new Client(settings).send(event)',
      why: expect.stringContaining('it may send usage'),
      inRule: false,
    },
  ]);
  expect(differences).toEqual([{ line: 11, what: 'onDelete: Meterbridge takes no such event; left out' }]);
});

test('other requests are named and left out', () => {
  const source = lago(WHO).replace(
    'let response;',
    "await fetch('https://hooks.slack.example/T0/secret-path', { method: 'POST', body: '{}' }); await fetch('https://api.getlago.com/api/v1/customers', { method: 'POST', body: '{}' }); let response;",
  );
  const { differences, open, destinations } = readFunction(source);
  expect(open).toEqual([]);
  expect(destinations).toHaveLength(1);
  expect(differences.map(({ what }) => what)).toEqual([
    'a request to hooks.slack.example: neither Lago nor Hyperline; left out',
    "a request to Lago's /api/v1/customers: no usage; left out",
  ]);
});

test('no key of the code gets into the file or the report', () => {
  const key = 'sk_live_0123456789abcdef';
  const source = lago(
    `${WHO}, properties: { a: sign(event.userId, '${key}'), b: "${key}" === event.properties.b, c: \`${key}\` + event.userId }`,
    `const KEY = '${key}';\n`,
    `{ Authorization: 'Bearer ${key}', 'X-Key': KEY }`,
  );
  const reading = readFunction(source);
  expect(JSON.stringify([reading.faults, reading.differences, reading.open])).not.toContain(key);
});

test('a loop is read once, and said to be', () => {
  const source = lago(WHO).replace(
    'let response;',
    'let response; for (let i = 0; i < 3; i++) { console.log(i); }',
  );
  expect(readFunction(source).differences).toEqual([{ line: 3, what: expect.stringContaining('loop') }]);
});

test.each([
  '',
  '// nothing',
  'export default {}',
  'const x = 1;',
  'function onTrack() {}',
  'onTrack = 5',
  '{{{',
  'on: [push]',
])('%j has no request, and is no accident either', (source) => {
  expect(readFunction(source)).toMatchObject({ requests: [], destinations: [] });
});

test('whatever is cut off anywhere is read without an accident', () => {
  for (const name of readdirSync(PASTED)) {
    const source = readFileSync(new URL(name, PASTED), 'utf8');
    for (let end = 0; end < source.length; end += 17) {
      const { open, faults } = readFunction(source.slice(0, end));
      // What does not parse is never taken for what it says.
      const isCut = faults.some(({ what }) => /Unexpected|Unterminated/.test(what));
      if (isCut) expect(open).not.toEqual([]);
    }
  }
});

test('any other code is read without an accident', () => {
  const folder = new URL('./', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(10);
  for (const name of files) {
    const source = readFileSync(new URL(name, folder), 'utf8');
    readFunction(source.replaceAll('export function', 'async function on') + lago(WHO));
    readFunction(`async function onTrack(event) { ${source} }`);
  }
});

test('values of several parts, and numbers times a constant, are said as rules', () => {
  const source = answered('').replace(
    WHO,
    `${WHO}, properties: { who: \`\${event.context.groupId ?? event.userId}:\${event.properties['a|b']}\`, gb: Number(event.properties.bytes) / 1e9, mib: event.properties.bytes / 1024 / 1024, cents: 100 * (event.properties.price ?? 0) }`,
  );
  const { open, differences } = readFunction(source);
  expect(open).toEqual([]);
  const text = configOf(source);
  for (const line of [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how templates are written
    "who: { template: '${context.groupId | userId}:${properties.a\\\\|b}' }",
    "gb: { path: properties.bytes, as: number, times: '0.000000001' }",
    "mib: { path: properties.bytes, as: number, times: '0.00000095367431640625' }",
    "cents: { path: properties.price, as: number, times: '100', default: 0 }",
  ]) {
    expect(text.replaceAll('"', "'")).toContain(line);
  }
  expect(differences.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      expect.stringContaining('where a part is missing'),
      expect.stringContaining('is exact; the function rounded'),
    ]),
  );
});
