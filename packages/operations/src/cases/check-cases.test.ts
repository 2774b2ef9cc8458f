import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { pipelineOf } from '../../test/pipeline-of.js';
import { checkCases } from './check-cases.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const example = readFileSync(join(ROOT, 'meterbridge.config.yaml'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'meterbridge-check-cases-'));
const configFile = join(folder, 'meterbridge.config.yaml');
const casesFile = join(folder, 'meterbridge.cases.yaml');
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => cpSync(join(ROOT, 'meterbridge.cases.yaml'), casesFile));

const check = (text = example) => checkCases(configFile, pipelineOf(text).pipeline.config);

test('cases that come out as expected are one finding a file', () => {
  expect(check()).toEqual([
    {
      level: 'ok',
      what: 'meterbridge.cases.yaml',
      detail: expect.stringMatching(/^all \d+ cases come out as expected$/),
    },
  ]);
});

test('a filter for another event than the one that comes is found by its cases', () => {
  const found = check(example.replace('event = "API Call"', 'event = "API Calls"'));
  expect(found.map(({ level }) => level)).toEqual(['fail', 'fail', 'fail', 'fail']);
  expect(found[0]).toEqual({
    level: 'fail',
    what: expect.stringMatching(/^meterbridge\.cases\.yaml, line \d+$/),
    detail: expect.stringMatching(
      /^"an API call is billed .*" does not come out as expected; meterbridge test/,
    ),
  });
});

test('a case that fails in a mapping says why', () => {
  const found = check(
    example.replace('tokens: { path: properties.tokens,', 'tokens: { path: properties.tokns,'),
  );
  expect(found[0]!.detail).toContain('(lago api-calls: properties.tokns is missing; a value was expected)');
});

test('a file that cannot be read is a finding, and no file is none', () => {
  writeFileSync(casesFile, 'cases: []');
  expect(check()).toMatchObject([{ level: 'fail', what: 'meterbridge.cases.yaml' }]);
  rmSync(casesFile);
  expect(check()).toEqual([]);
});
