import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { pipelineOf } from '../../test/pipeline-of.js';
import { findCaseFiles, readCases } from './read-cases.js';
import { runCase, show } from './run-case.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const EXAMPLE = join(ROOT, 'meterbridge.config.yaml');
const { pipeline } = pipelineOf(readFileSync(EXAMPLE, 'utf8'));
const { config } = pipeline;

const folder = mkdtempSync(join(tmpdir(), 'meterbridge-cases-'));
afterAll(() => rmSync(folder, { recursive: true }));

function casesOf(text: string) {
  const file = join(folder, 'a.cases.yaml');
  writeFileSync(file, text);
  return readCases(file, config);
}

/** One case about a page that the user u looked at. */
function pageExpects(expected: string, change = ''): string {
  return `cases:\n  - name: a page\n    event: { type: page, userId: u, messageId: m, timestamp: 2026-01-31T12:00:00Z${change} }\n    expect: ${expected}\n`;
}

const documented = /```yaml\n(cases:\n[\s\S]*?)```/.exec(
  readFileSync(join(ROOT, 'docs/cli.md'), 'utf8'),
)![1]!;

test('the documented cases are right by the example', () => {
  const cases = casesOf(documented);
  expect(cases).toHaveLength(2);
  for (const each of cases) expect(runCase(each, pipeline)).toMatchObject({ ok: true });
});

const example = findCaseFiles(EXAMPLE).flatMap((file) => readCases(file, config));

test.each(example.map((each) => [each.name, each] as const))('the example: %s', (_, each) => {
  expect(runCase(each, pipeline)).toMatchObject({ ok: true });
});

test("the example's cases show each of its rules, a filter that does not match, a mask and a failure", () => {
  const rules = config.destinations.flatMap(({ name, rules }) => rules.map((rule) => `${name} ${rule.name}`));
  const shown = example.flatMap(({ expect }) =>
    typeof expect === 'string'
      ? []
      : Object.entries(expect).flatMap(([destination, byRule]) =>
          typeof byRule === 'string'
            ? []
            : Object.keys(byRule)
                .filter((rule) => typeof byRule[rule] === 'object')
                .map((rule) => `${destination} ${rule}`),
        ),
  );
  expect([...new Set(shown)].toSorted()).toEqual(rules.toSorted());
  const text = JSON.stringify(example.map(({ expect }) => expect));
  for (const part of ['"filtered"', 'l***.c***@', '"missing_value"']) expect(text).toContain(part);
});

test.each<[string, string, string]>([
  ['filtered', '', 'filtered'],
  ['{}', '', 'filtered'],
  ['{ lago: filtered }', '', 'filtered'],
  ['invalid_field', ', properties: text', 'invalid_field'],
  ['timestamp_out_of_range', ', receivedAt: 2024-01-01T00:00:00Z', 'timestamp_out_of_range'],
])('expecting %s of a page%s is right', (expected, change, actual) => {
  const [only] = casesOf(pageExpects(expected, change));
  expect(runCase(only!, pipeline)).toMatchObject({
    ok: true,
    actual: actual === 'filtered' ? {} : actual,
  });
});

test.each(['ignored', '{ hyperline: { usage: missing_value } }'])(
  'expecting %s of a page is wrong',
  (expected) => {
    const [only] = casesOf(pageExpects(expected));
    const result = runCase(only!, pipeline);
    expect([result.ok, show(result.actual)]).toEqual([false, 'filtered']);
  },
);

test('what is not expected is wrong, and so is one value that differs', () => {
  const call = (expected: string) => `
cases:
  - name: a call
    receivedAt: 2026-01-31T12:00:00Z
    event: { type: track, event: API Call, userId: u, messageId: m, properties: { tokens: 5 } }
    expect:
      lago: { api-calls: missing_value }
${expected}`;
  const record = (tokens: number) => `
      hyperline:
        usage: { record: { tokens: ${tokens}, id: m }, timestamp: 2026-01-31T12:00:00.000Z, event_type: API Call, customer_id: u }
`;
  const ran = (text: string) => {
    const [only] = casesOf(call(text));
    return runCase(only!, pipeline);
  };
  expect(ran(record(5)).ok).toBe(true);
  const wrong = ran(record(6));
  expect(wrong.ok).toBe(false);
  expect(wrong).toMatchObject({
    expected: { hyperline: { usage: { record: { tokens: 6 } } } },
    actual: { hyperline: { usage: { record: { tokens: 5 } } } },
    details: ['lago api-calls: properties.model is missing; a value was expected'],
  });
  const unexpected = ran('');
  expect(unexpected.ok).toBe(false);
  expect(unexpected.actual).toHaveProperty('hyperline');
});

test('every problem of a file is told at once, with its line', () => {
  const text = `cases:
  - name: wrong words
    event: { type: track }
    expect: nothing
  - name: typo
    sorce: web
    event: { type: track, event: A, userId: u, timestamp: 2026-01-01T00:00:00Z }
    expect:
      lago: { api-calls: missing_valu }
      hyperline: 5
  - event: []
  - name: no time
    event: { type: page, userId: u }
    expect: filtered
`;
  const problem = (() => {
    try {
      casesOf(text);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  })();
  for (const part of [
    'has 8 problems',
    'line 4, cases[0].expect: expected what becomes of it by destination, or one of filtered, ignored, not_an_object',
    'line 6, cases[1].sorce: unknown key; did you mean source?',
    'line 9, cases[1].expect.lago.api-calls: expected a usage event, or one of missing_value, wrong_type',
    'line 10, cases[1].expect.hyperline: expected what each rule that takes it makes of it, or one of filtered',
    'line 11, cases[2].name: expected text; found nothing',
    'line 11, cases[2].event: expected an object',
    'line 11, cases[2].expect: expected what becomes of it',
    'line 13, cases[3].event: has no time of its own: say receivedAt',
  ]) {
    expect(problem).toContain(part);
  }
});

test('names that the configuration does not have would be expected in vain', () => {
  const text = `cases:
  - name: names
    source: web
    event: { type: page, userId: u, timestamp: 2026-01-01T00:00:00Z }
    expect:
      lago: { api-call: missing_value }
      stripe: filtered
`;
  expect(() => casesOf(text)).toThrow(
    /3 problems:\n {2}line 3, .*source: no source.*\n {2}line 6, .*api-call: the destination has no such rule\n {2}line 7, .*stripe: no destination/,
  );
  expect(() => readCases(join(folder, 'none.cases.yaml'), config)).toThrow('cannot be read (ENOENT)');
  rmSync(join(folder, 'a.cases.yaml'));
  expect(() => findCaseFiles(join(folder, 'meterbridge.config.yaml'))).toThrow('no *.cases.yaml beside');
});

test('a number in a case is the one that is written, as it is where a client sends it', () => {
  const [read] = casesOf(pageExpects('filtered', ', properties: { n: 12345678901234567890, m: 1.5 }'));
  expect(read!.event.properties).toEqual({ n: '12345678901234567890', m: 1.5 });
});

test.each([
  ['1769860800', true],
  ['"1769860800"', true],
  ['"1769860800.0"', true],
  ['"1769860800.001"', false],
  ['"2026-01-31T12:00:00Z"', false],
])(
  'a time of %s is the time that is sent, 1769860800.000, where Lago has the same number: %s',
  (time, ok) => {
    const [given] = casesOf(
      `cases:
  - name: a call
    event: { type: track, event: API Call, userId: u, messageId: m, timestamp: 2026-01-31T12:00:00Z, properties: { tokens: 1, model: small } }
    expect: { lago: { api-calls: { timestamp: ${time} } } }
`,
    );
    const { actual } = runCase(given!, pipeline);
    const [rules] = Object.values(actual as Record<string, Record<string, { timestamp?: string }>>);
    const [name, usage] = Object.entries(rules!).find(([, each]) => each.timestamp === '1769860800.000')!;
    const [destination] = Object.keys(actual);
    const expected = {
      ...(actual as object),
      [destination!]: { ...rules, [name]: { ...usage, timestamp: JSON.parse(time) } },
    };
    expect(runCase({ ...given!, expect: expected }, pipeline).ok).toBe(ok);
  },
);
