import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT, RULES, readRules } from './files.js';

const rules = readRules();

test.each(rules.map((rule) => [rule.alert, rule] as const))('%s is a whole rule', (_name, rule) => {
  const { alert, expr, annotations, labels, for: pending, ...others } = rule;
  expect(others).toEqual({});
  expect(alert).toMatch(/^Meterbridge[A-Z][A-Za-z]+$/);
  expect(rules.filter((other) => other.alert === alert)).toHaveLength(1);
  expect(expr.split('(').length).toBe(expr.split(')').length);
  expect(pending ?? '1m').toMatch(/^\d+[smhd]$/);
  expect(labels).toEqual({ severity: expect.stringMatching(/^(critical|warning)$/) });
  expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook']);
});

test('every alert points at a section of the runbook that is there', () => {
  const headings = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8').match(/^## .+$/gm)!;
  const anchors = headings.map(
    (heading) =>
      `docs/runbook.md#${heading
        .slice(3)
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-')}`,
  );
  for (const { annotations } of rules) expect(anchors).toContain(annotations.runbook);
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

// Debian: apt-get install prometheus. Without it the tests above are what there is.
(hasPromtool ? test : test.skip)('promtool reads the rules, and they fire when they should', () => {
  const run = (...args: string[]) => execFileSync('promtool', args, { encoding: 'utf8', stdio: 'pipe' });
  expect(run('check', 'rules', RULES)).toContain(`${rules.length} rules found`);
  expect(run('test', 'rules', join(import.meta.dirname, 'meterbridge.rules.test.yaml'))).toContain('SUCCESS');
});
